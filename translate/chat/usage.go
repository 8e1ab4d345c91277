package chat

import (
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
)

// usage turns Bedrock's numbers into OpenAI's, whose prompt includes the cache (R-USE-01 to -03); nil stays nil, since
// numbers are never invented. reasoned tells that the reply holds reasoning, whose share Bedrock does not tell.
func usage(u *types.TokenUsage, reasoned bool) *openai.Usage {
	if u == nil {
		return nil
	}
	read, write := int64(deref(u.CacheReadInputTokens)), int64(deref(u.CacheWriteInputTokens))
	out := openai.Usage{
		Prompt:     int64(deref(u.InputTokens)) + read + write,
		Completion: int64(deref(u.OutputTokens)),
		CacheRead:  read,
		CacheWrite: write,
	}
	if !reasoned {
		out.Reasoning = new(int64)
	}
	return &out
}

// tier gives the service tier in OpenAI's words (R-RES-14).
func tier(t *types.ServiceTier) string {
	switch {
	case t == nil || t.Type == "":
		return "default"
	case t.Type == types.ServiceTierTypeReserved:
		return "scale"
	}
	return string(t.Type)
}
