package pipeline

import (
	"context"

	"outcrop/internal/call"
	"outcrop/translate/chat"
)

// Bound refuses a request for more choices than the gateway makes, before limits count them and before anything is made
// of each (R-PAR-10).
func Bound(next call.Handler) call.Handler {
	return func(ctx context.Context, c *call.Call) (call.Reply, error) {
		asked := c.Request.Facts()
		n := asked.Choices / max(asked.Prompts, 1)
		if fault := chat.ChoicesFault(&n, c.Options.MaxChoices); fault != nil {
			return call.Reply{}, fault
		}
		return next(ctx, c)
	}
}
