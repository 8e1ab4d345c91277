package pipeline

import (
	"context"

	"outcrop/translate/chat"
)

// Bound refuses a request for more choices than the gateway makes, before limits count them and before anything is made of each
// (R-PAR-10).
func Bound(next Handler) Handler {
	return func(ctx context.Context, c *Call) (Reply, error) {
		n := c.Request.Facts().Choices
		if fault := chat.ChoicesFault(&n, c.Options.MaxChoices); fault != nil {
			return Reply{}, fault
		}
		return next(ctx, c)
	}
}
