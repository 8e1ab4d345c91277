package memory_test

import (
	"testing"

	"outcrop/internal/store/memory"
	"outcrop/internal/test/storetest"
)

func TestKeys(t *testing.T) {
	storetest.Keys(t, func(*testing.T) storetest.KeyStore { return memory.New() })
}

func TestBudgets(t *testing.T) {
	storetest.Budgets(t, func(*testing.T) storetest.BudgetStore { return memory.New() })
}

func TestUsage(t *testing.T) {
	storetest.Usage(t, func(*testing.T) storetest.UsageStore { return memory.New() })
}
