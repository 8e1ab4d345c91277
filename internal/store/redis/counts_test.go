package redis_test

import (
	"testing"

	"outcrop/internal/test/redistest"
	"outcrop/internal/test/storetest"
)

func TestBudgets(t *testing.T) {
	storetest.Budgets(t, func(t *testing.T) storetest.BudgetStore { return open(t, redistest.Start(t).URL) })
}

func TestUsage(t *testing.T) {
	storetest.Usage(t, func(t *testing.T) storetest.UsageStore { return open(t, redistest.Start(t).URL) })
}
