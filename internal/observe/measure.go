package observe

import (
	"context"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// Measure counts and times every call, from its arrival to the end of its parts.
func Measure(rec *telemetry.Recorder) func(context.Context, *call.Served) {
	return func(_ context.Context, s *call.Served) {
		c, model := s.Call, call.ModelLabel(s.Head.Target)
		unknown := c.Request.Unknown()
		rec.Unknown("request_member", len(unknown.Top))
		rec.Unknown("nested_member", len(unknown.Nested))
		if !s.Answered {
			model = call.ModelLabel(call.Planned(c))
		} else {
			answered(rec, s, model)
		}
		rec.Call(c.Endpoint.Name, model, call.OutcomeOf(s.Err), time.Since(c.At))
	}
}

// answered counts what there is to count of an answer.
func answered(rec *telemetry.Recorder, s *call.Served, model string) {
	c, cache := s.Call, &s.Head.Cache
	if state := cacheResult(cache); state != "" {
		rec.Cached(c.Endpoint.Name, model, state)
	}
	if !s.First.IsZero() {
		rec.FirstPart(c.Endpoint.Name, model, s.First.Sub(c.At))
	}
	if code := call.UpstreamCode(s.Err); code != "" {
		rec.UpstreamError(model, code)
	}
	u := s.Usage
	if u == nil {
		return
	}
	rec.Saved(c.Endpoint.Name, model, saved(c, &s.Head, u))
	if cache.State != "hit" { // which has used none
		rec.Used(c.Endpoint.Name, model, telemetry.Tokens{
			Prompt: u.Prompt - cache.Saved, Completion: u.Completion, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite})
	}
}

// Gaps counts streams that came to their end without telling what they have used (R-STR-14).
func Gaps(rec *telemetry.Recorder) func(context.Context, *call.Called) {
	return func(_ context.Context, k *call.Called) {
		if k.Err == nil && k.Usage == nil && k.Call.Request.Facts().Stream {
			rec.Unknown("usage_missing", 1)
		}
	}
}

// cacheResult is what became of a call at the cache; "" where there is none.
func cacheResult(s *call.CacheStatus) string {
	if s.State == "miss" && s.Hits > 0 {
		return "partial"
	}
	return s.State
}

// saved is what an answer of this usage would have cost, as far as it came from the cache.
func saved(c *call.Call, head *call.Head, u *openai.Usage) int64 {
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
	return int64(call.RatesOf(c, &head.Target).Cost(tokens))
}
