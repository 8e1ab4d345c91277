package memory_test

import (
	"testing"

	"outcrop/internal/store/memory"
	"outcrop/internal/test/storetest"
)

func TestDocuments(t *testing.T) {
	storetest.Documents(t, func(*testing.T) storetest.DocumentStore { return memory.New() })
}

func TestBudgets(t *testing.T) {
	storetest.Budgets(t, func(*testing.T) storetest.BudgetStore { return memory.New() })
}

func TestUsage(t *testing.T) {
	storetest.Usage(t, func(*testing.T) storetest.UsageStore { return memory.New() })
}
