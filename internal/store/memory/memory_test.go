package memory_test

import (
	"testing"

	"outcrop/internal/store/memory"
	"outcrop/internal/store/storetest"
)

func TestKeys(t *testing.T) {
	storetest.Keys(t, func(*testing.T) storetest.KeyStore { return memory.New() })
}
