package pipeline

import (
	"context"
	"errors"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// fallback is the end of the chain: it tries the plan's targets in order with the endpoint's Attempt. The next target gets
// its turn while the failure is one of Bedrock's that another target may not share; nothing was sent to the client yet.
func (e *engine) fallback(ctx context.Context, c *Call) (Reply, error) {
	var upstream []string
	for i, t := range c.Plan.Targets {
		reply, err := e.try(ctx, c, t)
		if err == nil {
			reply.Head.Target = t
			reply.Head.Attempts = i + 1
			reply.Head.Upstream = append(upstream, reply.Head.Upstream...)
			return reply, nil
		}
		var oe *openai.Error
		isOurs := errors.As(err, &oe)
		if isOurs && oe.UpstreamID != "" {
			upstream = append(upstream, oe.UpstreamID)
		}
		upstreamFailed(e.Recorder, modelLabel(t), err)
		last := i == len(c.Plan.Targets)-1
		if last || !isOurs || !elsewhere(oe) || ctx.Err() != nil {
			return Reply{Head: Head{Target: t, Attempts: i + 1, Upstream: upstream, Adjusted: reply.Head.Adjusted}}, err
		}
	}
	return Reply{}, openai.ModelNotFound(c.Request.ModelName())
}

func (e *engine) try(ctx context.Context, c *Call, t catalog.Target) (Reply, error) {
	backend, err := e.Backends(t)
	if err != nil {
		return Reply{}, err
	}
	return c.Endpoint.Attempt(ctx, e, backend, c, t)
}

// elsewhere tells whether another target may succeed where this one failed.
func elsewhere(err *openai.Error) bool {
	switch err.Kind {
	case openai.RateLimited, openai.TokensLimited, openai.QuotaExceeded, openai.BadUpstream, openai.Unavailable, openai.Timeout, openai.Internal:
		return true
	}
	return false
}
