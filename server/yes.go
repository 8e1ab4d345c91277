package server

import (
	"net/http"
	"strings"

	"outcrop/openai"
)

const (
	headerStrict          = "X-Outcrop-Strict"
	headerClientRequestID = "X-Client-Request-Id"
)

// yes reads a header that says yes or no, in any of the usual spellings; without one it is no.
func yes(h http.Header, name string) (bool, *openai.Error) {
	switch strings.ToLower(strings.TrimSpace(h.Get(name))) {
	case "", "false", "0", "no", "off":
		return false, nil
	case "true", "1", "yes", "on":
		return true, nil
	}
	return false, unreadable(name, "must be true or false")
}

// clientID is the id that the caller has given its request, kept beside ours; "" where it is none that may stand in a
// header and in the log: up to 128 printable ASCII characters without spaces.
func clientID(h http.Header) string {
	const longest = 128
	id := h.Get(headerRequestID)
	if len(id) > longest || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}
