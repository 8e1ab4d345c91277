package pipeline

import (
	"cmp"

	"outcrop/internal/upstream"
	"outcrop/openai"
)

// want is what the choice of a target has to know of a request.
func (e *engine) want(c *Call) upstream.Want {
	w := upstream.Want{Priority: priority(c), Home: c.Plan.Home, Group: c.group}
	if chat, ok := c.Request.(*openai.ChatRequest); ok && chat.PromptCacheKey != nil && *chat.PromptCacheKey != "" && len(c.Plan.Targets) > 1 {
		w.Affinity = cmp.Or(c.Principal.Tenant, c.Principal.Key) + "\x00" + *chat.PromptCacheKey // R-CACHE-12: of one tenant
	}
	if len(e.Upstream.Config().Rates) > 0 {
		w.Tokens = estimate(c.Request)
	}
	return w
}

// priority is what the header says, else the service tier, else the key; and never better than the key's.
func priority(c *Call) upstream.Priority {
	own, capped := upstream.ParsePriority(c.Principal.Priority)
	p, said := upstream.ParsePriority(c.Tune.Priority)
	if !said {
		p, said = tierPriority(c.Request)
	}
	switch {
	case !said:
		return own
	case capped && p < own:
		return own
	}
	return p
}

func tierPriority(req openai.Request) (p upstream.Priority, said bool) {
	chat, ok := req.(*openai.ChatRequest)
	if !ok || chat.ServiceTier == nil {
		return upstream.Normal, false
	}
	switch *chat.ServiceTier {
	case "flex":
		return upstream.Batch, true
	case "priority", "fast":
		return upstream.Interactive, true
	}
	return upstream.Normal, false
}

// estimate guesses the tokens of a call: four bytes of text each, and the answer as long as it may get, where the request says.
func estimate(req openai.Request) float64 {
	bytes := 0
	for _, text := range req.Texts() {
		bytes += len(*text)
	}
	tokens := float64(bytes) / 4
	chat, ok := req.(*openai.ChatRequest)
	if !ok {
		return tokens
	}
	const usual = 500
	switch {
	case chat.MaxCompletionTokens != nil:
		return tokens + float64(*chat.MaxCompletionTokens)
	case chat.MaxTokens != nil:
		return tokens + float64(*chat.MaxTokens)
	}
	return tokens + usual
}
