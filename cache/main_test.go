package cache

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

// Every goroutine of the stores and of their libraries ends with close.
func TestMain(m *testing.M) {
	redis.SetLogger(&logging.VoidLogger{}) // it would tell of every connection to a Redis that a test has killed
	goleak.VerifyTestMain(m)
}
