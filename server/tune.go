package server

import (
	"net/http"
	"strings"
	"time"

	"outcrop/internal/call"
	"outcrop/internal/upstream"
	"outcrop/openai"
)

const (
	headerTimeout  = "X-Outcrop-Timeout"
	headerPriority = "X-Outcrop-Priority"
)

// tune is what this request's headers say to the stages.
func tune(h http.Header) (call.Tune, *openai.Error) {
	tuned := call.Tune{Tier: strings.TrimSpace(h.Get("X-Outcrop-Tier")),
		Priority: strings.ToLower(strings.TrimSpace(h.Get(headerPriority)))}
	if _, ok := upstream.ParsePriority(tuned.Priority); !ok && tuned.Priority != "" {
		return tuned, unreadable(headerPriority, "must be interactive, normal or batch")
	}
	var err *openai.Error
	if tuned.Timeout, err = timeout(strings.TrimSpace(h.Get(headerTimeout))); err != nil {
		return tuned, err
	}
	if tuned.CacheControl, err = cacheControl(h); err != nil {
		return tuned, err
	}
	tuned.Manifest, err = wantsManifest(h)
	return tuned, err
}

// timeout reads headerTimeout: seconds, or a duration with its unit such as 1500ms; "" says nothing.
func timeout(text string) (time.Duration, *openai.Error) {
	if text == "" {
		return 0, nil
	}
	d, ok := lifetime(text)
	if !ok || d == 0 {
		return 0, unreadable(headerTimeout, "must be a number of seconds above 0, or a duration such as 1500ms")
	}
	return min(d, longest), nil
}

// unreadable is the 400 for a header that says nothing readable. Clients know headers in small letters.
func unreadable(header, must string) *openai.Error {
	name := strings.ToLower(header)
	return openai.Invalidf(openai.CodeInvalidValue, name, "The header %s %s.", name, must)
}

// longest keeps absurd durations from overflowing; the gateway's own deadline is far below.
const longest = 24 * time.Hour
