package converse

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// inference is inferenceConfig, made when the first member is set.
func (c *pass) inference() *types.InferenceConfiguration {
	if c.in.InferenceConfig == nil {
		c.in.InferenceConfig = &types.InferenceConfiguration{}
	}
	return c.in.InferenceConfig
}

// tokenLimit is the limit that counts and the member's name; 0 without one. The cap of the caller's key counts as the
// client's own limit (R-LIM-03).
func (c *pass) tokenLimit() (n int64, member string) {
	if c.req.Limit != nil {
		n, member = *c.req.Limit, c.req.LimitMember
	}
	if most := c.opts.MaxTokens; most > 0 && (member == "" || n > most) {
		return most, cmp.Or(member, c.req.Names.Limit)
	}
	return n, member
}

// limit sets maxTokens and stopSequences (TRANSLATION 1.11).
func (c *pass) limit() {
	n, member := c.tokenLimit()
	if c.out.Limit = member; member != "" {
		if n == c.opts.MaxTokens && (c.req.Limit == nil || *c.req.Limit != n) {
			c.Adjust(member, "capped_at_"+itoa(n))
		}
		if most := int64(c.row.MaxOutput); c.row.MaxOutputFirm && most > 0 && n > most {
			c.Adjust(member, "clamped_to_"+itoa(most))
			n = most
		}
		c.inference().MaxTokens = ptr(int32(min(max(n, 1), 1<<31-1)))
	}
	if stop := c.stops(); len(stop) > 0 {
		c.inference().StopSequences = stop
	}
}

// mostStops is how many stop sequences Bedrock takes (FACTS 1.2.3).
const mostStops = 2500

func (c *pass) stops() []string {
	stop := c.req.Stop
	if len(stop) > mostStops {
		c.Refuse(openai.CodeArrayAboveMax, "stop",
			"Invalid 'stop': array too long. Expected an array with maximum length %d, but got an array with length "+
				"%d instead.", mostStops, len(stop))
		return nil
	}
	drop := func(s string) bool { return s == "" || c.caps.BlankStopRefused && Blank(s) }
	if !slices.ContainsFunc(stop, drop) {
		return stop
	}
	var kept []string
	for _, s := range stop {
		switch {
		case !drop(s):
			kept = append(kept, s)
		case s != "":
			c.Adjust("stop", "blank_dropped")
		}
	}
	return kept
}

// sample sets temperature, top-p and top-k (TRANSLATION 1.10, R-EXT-01).
func (c *pass) sample() {
	temperature, topP, topK := c.req.Temperature, c.req.TopP, c.req.TopK
	if temperature != nil && *temperature > 1 {
		c.Adjust("temperature", "clamped_to_1")
		temperature = ptr(1.0)
	}
	s := &c.caps.Sampling
	if c.thinking.dropsSampling || s.Temperature == catalog.No {
		drop(c, "temperature", whyDropped(s.Temperature), &temperature)
	}
	if c.thinking.dropsSampling || s.TopP == catalog.No {
		drop(c, "top_p", whyDropped(s.TopP), &topP)
	}
	if c.thinking.on {
		drop(c, "top_k", whyDropped(catalog.Unknown), &topK)
	}
	if temperature != nil && topP != nil && s.Both == catalog.No {
		if *temperature == 1 && *topP != 1 {
			temperature = nil
		} else {
			drop(c, "top_p", "conflicts_with_temperature", &topP)
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

// whyDropped is what a model that reasons is said not to take: a model that never takes a parameter is not to be had
// by switching the reasoning off (R-SMP-04 before R-SMP-05).
func whyDropped(takes catalog.Tri) string {
	if takes == catalog.No {
		return "unsupported"
	}
	return "unsupported_with_reasoning"
}

// drop leaves the value out, and reports that unless it was 1, the default.
func drop[T int64 | float64](c *pass, member, reason string, v **T) {
	if *v != nil && **v != 1 {
		c.Adjust(member, reason)
	}
	*v = nil
}

// sampleTopK sends top_k where the family has a place for it; models that refuse temperature refuse it too (R-SMP-04).
func (c *pass) sampleTopK(k *int64) {
	if k == nil {
		return
	}
	switch path := c.caps.Sampling.TopKPath; {
	case path == "" || c.caps.Sampling.Temperature == catalog.No:
		if *k != 1 || path == "" {
			c.Adjust("top_k", "unsupported")
		}
	case path == "inferenceConfig.topK":
		c.fields.add("inferenceConfig", []byte(`{"topK":`+itoa(*k)+`}`))
	default:
		c.fields.add(path, []byte(itoa(*k)))
	}
}

// describe sets requestMetadata, serviceTier, performanceConfig and the paths of additional reply fields (1.14, 1.3).
func (c *pass) describe() {
	c.metadata()
	c.tier()
	if p := c.req.Latency; p != nil {
		switch p.Latency {
		case "standard", "optimized":
			c.in.PerformanceConfig = &types.PerformanceConfiguration{Latency: types.PerformanceConfigLatency(p.Latency)}
		case "":
			c.Missing("performance_config.latency")
		default:
			c.Refuse(openai.CodeInvalidValue, "performance_config.latency",
				"Invalid value: '%s'. Supported values are: 'standard' and 'optimized'.", p.Latency)
		}
	}
	if paths := c.req.FieldPaths; len(paths) > 0 {
		for i, p := range paths {
			if !strings.HasPrefix(p, "/") {
				c.Refuse(openai.CodeInvalidValue, At("additional_model_response_field_paths", i, ""),
					"Invalid value: '%s'. Expected a JSON Pointer, which starts with '/'.", p)
			}
		}
		c.in.AdditionalModelResponseFieldPaths = paths
	}
}

// tier sets the service tier: the request's, or the target's own for a request that leaves it open (R-MET-03).
func (c *pass) tier() {
	asked := "auto"
	if c.req.Tier != nil {
		asked = *c.req.Tier
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
		c.Refuse(openai.CodeInvalidValue, "service_tier",
			"Invalid value: '%s'. Supported values are: 'auto', 'default', 'flex', 'priority', 'fast' and "+
				"'scale'.", *c.req.Tier)
	}
}

// Bedrock's limits of requestMetadata (FACTS 1.2).
const (
	mostMetadata  = 16
	longestLabel  = 256
	labelSpecials = " \t\n\r\f\v:_@$#=/+,-."
)

func (c *pass) metadata() {
	n := 0
	for _, from := range c.req.Labels {
		n += len(from)
	}
	if c.opts.NoMetadata || n == 0 {
		return
	}
	out := make(map[string]string, n)
	for _, from := range c.req.Labels {
		seen := make(map[string]bool, len(from))
		for _, key := range slices.Sorted(maps.Keys(from)) { // two keys may become one: which one wins must not vary
			k, v := label(key), label(from[key])
			if k == "" {
				k = "_"
			}
			if k != key || v != from[key] || seen[k] {
				c.Adjust("metadata", "sanitised")
			}
			if !seen[k] {
				seen[k], out[k] = true, v
			}
		}
	}
	if len(out) > mostMetadata {
		c.Refuse(openai.CodeInvalidValue, "request_metadata",
			"Invalid 'request_metadata': together with 'metadata' it has %d pairs, and at most %d are "+
				"possible.", len(out), mostMetadata)
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
