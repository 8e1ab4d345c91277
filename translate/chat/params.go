package chat

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

func trimSpace(s string) string { return strings.TrimSpace(s) }

// judgeMembers gives their outcome to the members that nothing in Bedrock answers to.
func (c *chat) judgeMembers() {
	for i := range unanswered {
		m := &unanswered[i]
		if !m.asked(c.req) {
			continue
		}
		if m.refused {
			c.refuse(openai.CodeUnsupported, m.name, "Unsupported parameter: '%s' is not supported with this model.", m.name)
		} else {
			c.adjust(m.name, "unsupported")
		}
	}
	c.judgeStreamOptions()
	c.judgeModalities()
	if fault := ChoicesFault(c.req.N, c.opts.MaxChoices); fault != nil {
		c.note(fault)
	}
}

// ChoicesFault is the fault of a request for n choices where the gateway makes so many at most, nil for none; n nil asks for
// one, and most 0 is 8 (R-PAR-10).
func ChoicesFault(n *int64, most int) *openai.Error {
	if most == 0 {
		most = 8
	}
	if n == nil || *n <= int64(most) {
		return nil
	}
	return openai.Invalidf(openai.CodeIntegerAboveMax, "n", "Invalid 'n': integer above maximum value. Expected a value <= %d, but got %d instead.", most, *n)
}

// unanswered are the members that are adjusted, or refused where an answer without them would not be what was asked for.
var unanswered = [...]struct {
	name    string
	refused bool
	asked   func(*openai.ChatRequest) bool
}{
	{"verbosity", false, func(r *openai.ChatRequest) bool { return r.Verbosity != nil && *r.Verbosity != "medium" }},
	{"seed", false, func(r *openai.ChatRequest) bool { return r.Seed != nil }},
	{"presence_penalty", false, func(r *openai.ChatRequest) bool { return r.PresencePenalty != nil && *r.PresencePenalty != 0 }},
	{"frequency_penalty", false, func(r *openai.ChatRequest) bool { return r.FrequencyPenalty != nil && *r.FrequencyPenalty != 0 }},
	{"logit_bias", true, func(r *openai.ChatRequest) bool { return r.LogitBias != nil && !emptyObject(r.LogitBias) }},
	{"logprobs", true, func(r *openai.ChatRequest) bool { return r.Logprobs != nil && *r.Logprobs }},
	{"top_logprobs", true, func(r *openai.ChatRequest) bool { return r.TopLogprobs != nil && *r.TopLogprobs > 0 }},
	{"audio", true, func(r *openai.ChatRequest) bool { return r.Audio != nil }},
	{"prediction", false, func(r *openai.ChatRequest) bool { return r.Prediction != nil }},
	{"web_search_options", true, func(r *openai.ChatRequest) bool { return r.WebSearchOptions != nil }},
	{"store", false, func(r *openai.ChatRequest) bool { return r.Store != nil && *r.Store }},
	{"moderation", true, func(r *openai.ChatRequest) bool { return r.Moderation != nil }},
	{"prompt_variables", true, func(r *openai.ChatRequest) bool { return r.PromptVariables != nil }},
}

func (c *chat) judgeStreamOptions() {
	o := c.req.StreamOptions
	if o == nil {
		return
	}
	if !c.req.Stream {
		c.refuse(openai.CodeUnsupported, "stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	} else if o.IncludeObfuscation != nil && *o.IncludeObfuscation {
		c.adjust("stream_options.include_obfuscation", "unsupported")
	}
}

func (c *chat) judgeModalities() {
	for i, m := range c.req.Modalities {
		switch m {
		case "text":
		case "audio":
			c.refuse(openai.CodeUnsupportedValue, "modalities", "Unsupported value: 'modalities' does not support 'audio' with this model.")
		default:
			c.refuse(openai.CodeInvalidValue, at("modalities", i, ""), "Invalid value: '%s'. Supported values are: 'text' and 'audio'.", m)
		}
	}
}

// inference is inferenceConfig, made when the first member is set.
func (c *chat) inference() *types.InferenceConfiguration {
	if c.in.InferenceConfig == nil {
		c.in.InferenceConfig = &types.InferenceConfiguration{}
	}
	return c.in.InferenceConfig
}

// tokenLimit is the limit that counts and the member's name; 0 without one. The cap of the caller's key counts as the
// client's own limit (R-LIM-03).
func (c *chat) tokenLimit() (n int64, member string) {
	if p := c.req.MaxCompletionTokens; p != nil {
		n, member = *p, "max_completion_tokens"
	} else if p := c.req.MaxTokens; p != nil {
		n, member = *p, "max_tokens"
	}
	if most := c.opts.MaxTokens; most > 0 && (member == "" || n > most) {
		return most, first(member, "max_completion_tokens")
	}
	return n, member
}

// limit sets maxTokens and stopSequences (TRANSLATION 1.11).
func (c *chat) limit() {
	if a, b := c.req.MaxCompletionTokens, c.req.MaxTokens; a != nil && b != nil && *a != *b {
		c.adjust("max_tokens", "overridden")
	}
	n, member := c.tokenLimit()
	if c.out.Limit = member; member != "" {
		if n == c.opts.MaxTokens && !c.askedFor(n) {
			c.adjust(member, "capped_at_"+itoa(n))
		}
		if most := int64(c.row.MaxOutput); c.row.MaxOutputFirm && most > 0 && n > most {
			c.adjust(member, "clamped_to_"+itoa(most))
			n = most
		}
		c.inference().MaxTokens = ptr(int32(min(max(n, 1), 1<<31-1)))
	}
	if stop := c.stops(); len(stop) > 0 {
		c.inference().StopSequences = stop
	}
}

// askedFor tells whether the client itself gave this limit.
func (c *chat) askedFor(n int64) bool {
	asked := c.req.MaxCompletionTokens
	if asked == nil {
		asked = c.req.MaxTokens
	}
	return asked != nil && *asked == n
}

// mostStops is how many stop sequences Bedrock takes (FACTS 1.2.3).
const mostStops = 2500

func (c *chat) stops() []string {
	stop := c.req.Stop
	if len(stop) > mostStops {
		c.refuse(openai.CodeArrayAboveMax, "stop", "Invalid 'stop': array too long. Expected an array with maximum length %d, but got an array with length %d instead.", mostStops, len(stop))
		return nil
	}
	drop := func(s string) bool { return s == "" || c.caps.BlankStopRefused && blank(s) }
	if !slices.ContainsFunc(stop, drop) {
		return stop
	}
	var kept []string
	for _, s := range stop {
		switch {
		case !drop(s):
			kept = append(kept, s)
		case s != "":
			c.adjust("stop", "blank_dropped")
		}
	}
	return kept
}

// sample sets temperature, top-p and top-k (TRANSLATION 1.10, R-EXT-01).
func (c *chat) sample() {
	temperature, topP, topK := c.req.Temperature, c.req.TopP, c.req.TopK
	if temperature != nil && *temperature > 1 {
		c.adjust("temperature", "clamped_to_1")
		temperature = ptr(1.0)
	}
	s := &c.caps.Sampling
	switch {
	case c.thinking.dropsSampling:
		c.drop("temperature", whyDropped(s.Temperature), &temperature)
		c.drop("top_p", whyDropped(s.TopP), &topP)
		if topK != nil && c.thinking.on {
			if *topK != 1 {
				c.adjust("top_k", "unsupported_with_reasoning")
			}
			topK = nil
		}
	default:
		if s.Temperature == catalog.No {
			c.drop("temperature", "unsupported", &temperature)
		}
		if s.TopP == catalog.No {
			c.drop("top_p", "unsupported", &topP)
		}
	}
	if temperature != nil && topP != nil && s.Both == catalog.No {
		switch {
		case *topP == 1:
			topP = nil
		case *temperature == 1:
			temperature = nil
		default:
			c.adjust("top_p", "conflicts_with_temperature")
			topP = nil
		}
	}
	if temperature != nil {
		c.inference().Temperature = ptr(float32(*temperature))
	}
	if topP != nil {
		c.inference().TopP = ptr(float32(*topP))
	}
	c.sampleTopK(topK)
}

// whyDropped is what a model that reasons is said not to take: a model that never takes a parameter is not to be had by switching
// the reasoning off (R-SMP-04 before R-SMP-05).
func whyDropped(takes catalog.Tri) string {
	if takes == catalog.No {
		return "unsupported"
	}
	return "unsupported_with_reasoning"
}

// drop leaves the value out, and reports that unless it was 1, the default.
func (c *chat) drop(member, reason string, v **float64) {
	if *v != nil && **v != 1 {
		c.adjust(member, reason)
	}
	*v = nil
}

// sampleTopK sends top_k where the family has a place for it; models that refuse temperature refuse it too (R-SMP-04).
func (c *chat) sampleTopK(k *int64) {
	if k == nil {
		return
	}
	switch path := c.caps.Sampling.TopKPath; {
	case path == "" || c.caps.Sampling.Temperature == catalog.No:
		if *k != 1 || path == "" {
			c.adjust("top_k", "unsupported")
		}
	case path == "inferenceConfig.topK":
		c.fields.add("inferenceConfig", []byte(`{"topK":`+itoa(*k)+`}`))
	default:
		c.fields.add(path, []byte(itoa(*k)))
	}
}

// describe sets requestMetadata, serviceTier, performanceConfig and the paths of additional reply fields (1.14, 1.3).
func (c *chat) describe() {
	c.metadata()
	c.tier()
	if p := c.req.PerformanceConfig; p != nil {
		switch p.Latency {
		case "standard", "optimized":
			c.in.PerformanceConfig = &types.PerformanceConfiguration{Latency: types.PerformanceConfigLatency(p.Latency)}
		case "":
			c.missing("performance_config.latency")
		default:
			c.refuse(openai.CodeInvalidValue, "performance_config.latency", "Invalid value: '%s'. Supported values are: 'standard' and 'optimized'.", p.Latency)
		}
	}
	if paths := c.req.AdditionalModelResponseFieldPaths; len(paths) > 0 {
		for i, p := range paths {
			if !strings.HasPrefix(p, "/") {
				c.refuse(openai.CodeInvalidValue, at("additional_model_response_field_paths", i, ""), "Invalid value: '%s'. Expected a JSON Pointer, which starts with '/'.", p)
			}
		}
		c.in.AdditionalModelResponseFieldPaths = paths
	}
}

// tier sets the service tier: the request's, or the target's own for a request that leaves it open (R-MET-03).
func (c *chat) tier() {
	asked := "auto"
	if c.req.ServiceTier != nil {
		asked = *c.req.ServiceTier
	}
	switch asked {
	case "auto":
		if own := c.to.ServiceTier; own != "" && own != string(types.ServiceTierTypeDefault) {
			c.in.ServiceTier = &types.ServiceTier{Type: types.ServiceTierType(own)}
		}
	case "default":
	case "flex":
		c.in.ServiceTier = &types.ServiceTier{Type: types.ServiceTierTypeFlex}
	case "priority", "fast":
		c.in.ServiceTier = &types.ServiceTier{Type: types.ServiceTierTypePriority}
	case "scale":
		c.in.ServiceTier = &types.ServiceTier{Type: types.ServiceTierTypeReserved}
	default:
		c.refuse(openai.CodeInvalidValue, "service_tier", "Invalid value: '%s'. Supported values are: 'auto', 'default', 'flex', 'priority', 'fast' and 'scale'.", *c.req.ServiceTier)
	}
}

// Bedrock's limits of requestMetadata (FACTS 1.2).
const (
	mostMetadata  = 16
	longestLabel  = 256
	labelSpecials = " \t\n\r\f\v:_@$#=/+,-."
)

func (c *chat) metadata() {
	if c.opts.NoMetadata || len(c.req.Metadata)+len(c.req.RequestMetadata) == 0 {
		return
	}
	out := make(map[string]string, len(c.req.Metadata)+len(c.req.RequestMetadata))
	for _, from := range []map[string]string{c.req.Metadata, c.req.RequestMetadata} {
		seen := make(map[string]bool, len(from))
		for _, key := range slices.Sorted(maps.Keys(from)) { // two keys may become one: which one wins must not vary
			k, v := label(key), label(from[key])
			if k == "" {
				k = "_"
			}
			if k != key || v != from[key] || seen[k] {
				c.adjust("metadata", "sanitised")
			}
			if !seen[k] {
				seen[k], out[k] = true, v
			}
		}
	}
	if len(out) > mostMetadata {
		c.refuse(openai.CodeInvalidValue, "request_metadata", "Invalid 'request_metadata': together with 'metadata' it has %d pairs, and at most %d are possible.", len(out), mostMetadata)
	}
	c.in.RequestMetadata = out
}

// label makes a text fit for requestMetadata.
func label(s string) string {
	fit := func(r rune) rune {
		if r < utf8.RuneSelf && letterOrDigit(byte(r)) || r <= unicode.MaxASCII && strings.ContainsRune(labelSpecials, r) {
			return r
		}
		return '_'
	}
	s = strings.Map(fit, s)
	return s[:min(len(s), longestLabel)]
}
