package pipeline

import (
	"context"
	"iter"

	"outcrop/openai"
)

// observed shows every part of a sequence, and calls end exactly once: with the error that it ended with, nil at its own end,
// context.Canceled when the reader left, the context's error should that end before anybody reads, or errPanicked.
func observed(ctx context.Context, parts iter.Seq2[openai.Part, error], see func(openai.Part), end func(error)) iter.Seq2[openai.Part, error] {
	unwatch := context.AfterFunc(ctx, func() { end(ctx.Err()) })
	return func(yield func(openai.Part, error) bool) {
		if !unwatch() {
			parts(yield) // late, but what is open inside must close
			return
		}
		last := errPanicked
		defer func() { end(last) }()
		for part, err := range parts {
			if err != nil {
				last = err
				yield(nil, err)
				return
			}
			see(part)
			if !yield(part, nil) {
				last = context.Canceled
				return
			}
		}
		last = nil
	}
}
