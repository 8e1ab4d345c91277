package pipeline

import (
	"context"
	"errors"
	"time"

	"outcrop/openai"
)

// Deadline bounds requests that are not streamed. What comes too late is a 504 (R-ERR-71).
func Deadline(limit time.Duration) Stage {
	return func(next Handler) Handler {
		return func(ctx context.Context, c *Call) (Reply, error) {
			if c.Request.WantsStream() {
				return next(ctx, c)
			}
			timed, cancel := context.WithTimeoutCause(ctx, limit, errDeadline)
			reply, err := next(timed, c)
			if err != nil {
				defer cancel()
				return reply, late(timed, err)
			}
			parts := reply.Parts
			reply.Parts = func(yield func(openai.Part, error) bool) {
				defer cancel()
				for part, err := range parts {
					if !yield(part, late(timed, err)) {
						return
					}
				}
			}
			return reply, nil
		}
	}
}

var errDeadline = errors.New("the gateway's deadline has passed")

func late(ctx context.Context, err error) error {
	if err == nil || !errors.Is(context.Cause(ctx), errDeadline) {
		return err
	}
	return &openai.Error{Kind: openai.Timeout, Code: openai.CodeTimeout, Message: "The request took too long and was given up.", Err: err}
}
