package attempt

import (
	"context"
	"errors"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/upstream"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/embed"
)

// attemptEmbeddings answers an embedding request through as many InvokeModel calls as the family needs. The first
// failure cancels the others and is the answer (R-EMB-07).
func attemptEmbeddings(ctx context.Context, e *engine, b Invoker, c *call.Call, t catalog.Target) (call.Reply, error) {
	options := c.Options
	options.InputType, options.Known = c.Plan.InputType, c.Known
	calls, back, err := embed.Inputs(c.Request.(*openai.EmbeddingRequest), t, options)
	if err != nil {
		return call.Reply{}, err
	}
	replies := make([]embed.Reply, len(calls))
	ids := make([]string, len(calls))
	e.upstream.Traffic(len(calls) - 1)
	upstream.Split(ctx, len(calls))
	err = call.FanOut(ctx, len(calls), e.EmbeddingCalls, e.invokes, func(ctx context.Context, i int) error {
		out, tokens, err := b.InvokeModel(ctx, calls[i])
		if err != nil {
			var oe *openai.Error
			if errors.As(err, &oe) {
				back.Locate(i, oe)
			}
			return err
		}
		replies[i] = embed.Reply{Body: out.Body, InputTokens: tokens}
		ids[i], _ = awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
		return nil
	})
	if err != nil {
		return call.Reply{Head: call.Head{Adjusted: back.Adjusted}}, err
	}
	whole, err := embed.Output(replies, &back, translate.Meta{Model: t.Public})
	if err != nil {
		return call.Reply{Head: call.Head{Adjusted: back.Adjusted}}, withUpstream(err, ids[0])
	}
	return call.Reply{Head: call.Head{Upstream: ids, Adjusted: back.Adjusted}, Parts: call.One(whole)}, nil
}
