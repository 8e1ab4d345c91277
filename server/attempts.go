package server

import (
	"strconv"
	"strings"

	"outcrop/internal/call"
	"outcrop/internal/upstream"
	"outcrop/openai"
)

// headerAttempts says what happened at the targets that a request went to.
const headerAttempts = "X-Outcrop-Attempts"

// headerUnchecked lists the categories of a moderation that nobody looked for.
const headerUnchecked = "X-Outcrop-Unchecked"

// attempts is the value of headerAttempts, "1:MODEL@REGION=throttled(429);2:MODEL@REGION=ok": the target as public
// catalogue id and region, never as the profile or ARN that was called, and how the attempt ended, with the status that
// it would have been for the client. "" when no target was tried.
func attempts(tries []call.Try, status func(*openai.Error) int) string {
	if len(tries) == 0 {
		return ""
	}
	const most = 16 // each choice of a request has attempts of its own
	var b strings.Builder
	b.Grow(48 * min(len(tries), most))
	for i, t := range tries[:min(len(tries), most)] {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(strconv.Itoa(i + 1))
		b.WriteByte(':')
		b.WriteString(t.Model)
		b.WriteByte('@')
		b.WriteString(t.Region)
		b.WriteByte('=')
		b.WriteString(t.Outcome.String())
		if t.Outcome != upstream.OK && t.Outcome != upstream.Canceled {
			b.WriteByte('(')
			b.WriteString(strconv.Itoa(status(&openai.Error{Kind: t.Kind})))
			b.WriteByte(')')
		}
	}
	return b.String()
}
