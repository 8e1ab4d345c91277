package rules

import (
	"slices"

	"outcrop/internal/bedrock/offline/wire"
)

// NoCaching is what models without a prompt cache say of cache points.
const NoCaching = "You invoked an unsupported model or your request did not allow prompt caching."

// cacheRule: [FACTS 2.9, 4.3]. Only the text for models without caching is known; those for number and order are
// Anthropic's own.
func cacheRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	points := r.Points()
	if len(points) == 0 {
		return nil
	}
	m := t.Model
	if wire.Denies(m.Caching.Explicit) {
		name := m.Traits.NoCacheError
		if name == "" {
			name = "AccessDeniedException"
		}
		return &wire.Exception{Name: name, Message: NoCaching}
	}
	if e := placement(r, m.Traits); e != nil {
		return e
	}
	if len(points) > 4 {
		return wire.RefusedByModel("A maximum of 4 blocks with cache_control may be provided. Found %d.", len(points))
	}
	short := false
	for _, p := range points {
		switch {
		case m.Caching.Fields != nil && !slices.Contains(m.Caching.Fields, p.Field):
			return wire.Unsupported("cachePoint")
		case p.TTL == "1h" && m.Caching.TTL != nil && !slices.Contains(m.Caching.TTL, "1h"):
			return wire.Unsupported("cachePoint.ttl")
		case p.TTL == "1h" && short:
			return wire.RefusedByModel("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. " +
				"Note that blocks are " +
				"processed in the following order: `tools`, `system`, `messages`.")
		}
		short = short || p.TTL != "1h"
	}
	return nil
}

// placement: a cache point is not the first of its list, not after another one and not after a document or video (texts
// unconfirmed); on Nova neither after a tool result or an image, on Claude neither after reasoning [F 2.10].
func placement(r *wire.ConverseRequest, f wire.Family) *wire.Exception {
	if r.Tools != nil {
		for i, d := range r.Tools.Tools {
			if d.CachePoint != nil && (i == 0 || r.Tools.Tools[i-1].CachePoint != nil) {
				return misplaced("toolConfig.tools.%d", i)
			}
		}
	}
	for i, b := range r.System {
		if b.CachePoint != nil && (i == 0 || r.System[i-1].CachePoint != nil) {
			return misplaced("system.%d", i)
		}
	}
	for i, m := range r.Messages {
		for j, b := range m.Content {
			if b.CachePoint == nil {
				continue
			}
			if j == 0 || m.Content[j-1].CachePoint != nil || m.Content[j-1].Document != nil || m.Content[j-1].Video != nil {
				return misplaced("messages.%d.content.%d", i, j)
			}
			switch before := m.Content[j-1]; {
			case f.AfterText && (before.ToolResult != nil || before.Image != nil):
				return wire.Invalid("Malformed input request: #/messages/%d/content/%d: extraneous key [cachePoint] is not "+
					"permitted, please "+
					"reformat your input and try again.", i, j)
			case f.Claude && before.Reasoning != nil:
				return wire.Invalid("Cache point cannot be inserted after reasoning block. Please remove the invalid cache " +
					"point and try again.")
			}
		}
	}
	return nil
}

func misplaced(where string, at ...any) *wire.Exception {
	return wire.Invalid("The cachePoint block at "+where+" is not allowed there. A cachePoint can't be the first block "+
		"and can't follow another "+
		"cachePoint, a document or a video.", at...)
}
