package openai

import "cmp"

// Usage counts the tokens of one answer (TRANSLATION 2.3). Prompt holds plain, cached and cache-written input together,
// as OpenAI counts it.
type Usage struct {
	Prompt     int64
	Completion int64
	CacheRead  int64
	CacheWrite int64
	// Reasoning is the number of reasoning tokens; nil when the reply holds reasoning and nobody counted it (R-USE-03).
	Reasoning *int64
}

// Total is prompt and completion together.
func (u *Usage) Total() int64 { return u.Prompt + u.Completion }

// Plus is the sum of both; nil counts as nothing.
func (u *Usage) Plus(v *Usage) *Usage {
	if u == nil || v == nil {
		return cmp.Or(u, v)
	}
	sum := Usage{Prompt: u.Prompt + v.Prompt, Completion: u.Completion + v.Completion, CacheRead: u.CacheRead +
		v.CacheRead, CacheWrite: u.CacheWrite + v.CacheWrite}
	if u.Reasoning != nil && v.Reasoning != nil {
		n := *u.Reasoning + *v.Reasoning
		sum.Reasoning = &n
	}
	return &sum
}

// AppendJSON appends the usage as chat has it.
func (u *Usage) AppendJSON(b []byte) []byte { return u.appendJSON(b) }

func (u *Usage) appendJSON(b []byte) []byte {
	b = appendInt(b, `{"prompt_tokens":`, u.Prompt)
	b = appendInt(b, `,"completion_tokens":`, u.Completion)
	b = appendInt(b, `,"total_tokens":`, u.Total())
	b = appendInt(b, `,"prompt_tokens_details":{"cached_tokens":`, u.CacheRead)
	b = appendInt(b, `,"cache_write_tokens":`, u.CacheWrite)
	b = append(b, `,"audio_tokens":0},"completion_tokens_details":{`...)
	if u.Reasoning != nil {
		b = appendInt(b, `"reasoning_tokens":`, *u.Reasoning)
		b = append(b, ',')
	}
	return append(b, `"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`...)
}
