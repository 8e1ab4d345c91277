package pipeline

import (
	"fmt"
	"runtime/debug"

	"outcrop/openai"
)

// guarded turns a panic in one of our own goroutines into an error, as the server does in its own: one bad call must not end
// the process (R-ERR-08).
func guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &openai.Error{Kind: openai.Internal, Err: fmt.Errorf("panic: %v\n%s", r, debug.Stack())}
		}
	}()
	return do()
}
