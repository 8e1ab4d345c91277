package bedrock

import (
	"testing"

	"go.uber.org/goleak"
)

// The SDK's credentials cache asks on its own behalf and goes on for a while when its caller has left; that goroutine
// is not ours to end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/aws/aws-sdk-go-v2/internal/sync/singleflight.(*Group).doCall"))
}
