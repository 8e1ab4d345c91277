package observe

import (
	"context"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/call"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// arrived counts what no rule knows of a request.
func arrived(rec *telemetry.Recorder, c *call.Call) {
	unknown := c.Request.Unknown()
	rec.Unknown("request_member", len(unknown.Top))
	rec.Unknown("nested_member", len(unknown.Nested))
}

// remembered counts what became of an answered call at the cache, where there is one.
func remembered(rec *telemetry.Recorder, s *call.Served) {
	if state := cacheResult(&s.Head.Cache); state != "" {
		rec.Cached(s.Call.Endpoint.Name, call.ModelLabel(s.Head.Target), state)
	}
}

// Measure counts and times every call, from its arrival to the end of its parts. What is known sooner Outside counts as
// soon as it is.
func Measure(rec *telemetry.Recorder) func(context.Context, *call.Served) {
	return func(_ context.Context, s *call.Served) {
		c, model := s.Call, call.ModelLabel(s.Head.Target)
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
