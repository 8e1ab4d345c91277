package pipeline

import (
	"context"
	"errors"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// Measure counts and times every call, from its arrival to the end of its parts.
func Measure(rec *telemetry.Recorder) Stage {
	return func(next Handler) Handler {
		return func(ctx context.Context, c *Call) (Reply, error) {
			end := rec.Begin()
			returned := false
			defer func() {
				if !returned { // a panic, which goes on its way
					rec.Call(c.Endpoint.Name, modelLabel(planned(c)), outcome(errPanicked), time.Since(c.At))
					end()
				}
			}()
			u := c.Request.Unknown()
			rec.Unknown("request_member", len(u.Top))
			rec.Unknown("nested_member", len(u.Nested))
			reply, err := next(ctx, c)
			returned = true
			if err != nil {
				rec.Call(c.Endpoint.Name, modelLabel(planned(c)), outcome(err), time.Since(c.At))
				end()
				return reply, err
			}
			parts, model := reply.Parts, modelLabel(reply.Head.Target)
			if state := cacheResult(&reply.Head.Cache); state != "" {
				rec.Cached(c.Endpoint.Name, model, state)
			}
			reply.Parts = func(yield func(openai.Part, error) bool) {
				last := errPanicked // unless the end is reached or the reader leaves
				first := true
				defer func() {
					rec.Call(c.Endpoint.Name, model, outcome(last), time.Since(c.At))
					end()
				}()
				for part, err := range parts {
					if first {
						rec.FirstPart(c.Endpoint.Name, model, time.Since(c.At))
						first = false
					}
					if err != nil {
						last = err
						upstreamFailed(rec, model, err)
						yield(nil, err)
						return
					}
					u := part.Tokens()
					if u != nil {
						rec.Saved(c.Endpoint.Name, model, saved(c, &reply.Head, u))
					}
					if u != nil && reply.Head.Cache.State != "hit" { // a hit has used none
						rec.Used(c.Endpoint.Name, model, telemetry.Tokens{
							Prompt: u.Prompt - reply.Head.Cache.Saved, Completion: u.Completion, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite})
					}
					if !yield(part, nil) {
						last = context.Canceled
						return
					}
				}
				last = nil
			}
			return reply, nil
		}
	}
}

// cacheResult is what became of a call at the cache; "" where there is none.
func cacheResult(s *CacheStatus) string {
	if s.State == "miss" && s.Hits > 0 {
		return "partial"
	}
	return s.State
}

// saved is what an answer of this usage would have cost, as far as it came from the cache.
func saved(c *Call, head *Head, u *openai.Usage) int64 {
	if head.Target.Row == nil {
		return 0
	}
	tokens := access.Tokens{Input: head.Cache.Saved}
	if head.Cache.State == "hit" {
		tokens = access.Tokens{Input: u.Prompt, Output: u.Completion, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite}
	}
	if tokens == (access.Tokens{}) {
		return 0
	}
	return int64(ratesOf(c, &head.Target).Cost(tokens))
}

// upstreamFailed counts an error that came from Bedrock.
func upstreamFailed(rec *telemetry.Recorder, model string, err error) {
	var e *openai.Error
	if errors.As(err, &e) && e.UpstreamID != "" {
		rec.UpstreamError(model, outcome(e))
	}
}

func planned(c *Call) catalog.Target {
	if len(c.Plan.Targets) == 0 {
		return catalog.Target{}
	}
	return c.Plan.Targets[0]
}

// modelLabel is bounded: clients can make up model names, but not rows of the catalogue.
func modelLabel(t catalog.Target) string {
	switch {
	case t.Row == nil:
		return "none"
	case !t.Row.Known:
		return "other"
	}
	return t.Row.ID
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	var e *openai.Error
	switch {
	case panicked(err):
		return "panic"
	case errors.As(err, &e) && e.Code != "":
		return e.Code
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return "error"
}
