package telemetry

import (
	"io"
	"log/slog"
	"regexp"
	"strings"
	"unicode"
)

// ours are attributes whose values this gateway makes itself, from closed lists or its own randomness: looking for
// secrets in them on every request would cost more than the rest of the line.
var ours = map[string]bool{slog.LevelKey: true, slog.MessageKey: true, "request_id": true, "method": true,
	"route": true, "model": true, "code": true,
	"key": true, "region": true, "rule": true, "tier": true, "cache": true}

// NewLogger writes text or JSON lines to w. Every string and error that comes from elsewhere passes [Redact].
func NewLogger(w io.Writer, level slog.Level, json bool) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { return clean(a) }}
	if json {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// clean takes out of an attribute what no log may hold.
func clean(a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		if !ours[a.Key] {
			a.Value = slog.StringValue(tame(Redact(a.Value.String())))
		}
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok {
			a.Value = slog.StringValue(tame(Redact(err.Error())))
		}
	}
	return a
}

// tame replaces what a terminal could take for an order, or show in another direction, and JSON leaves as it is: DEL,
// the C1 controls and format characters. Both handlers escape line breaks and the ASCII controls.
func tame(s string) string {
	wild := func(r rune) bool { return r >= 0x7f && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
	if !strings.ContainsFunc(s, wild) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if wild(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// secrets are what no log line may hold (R-GEN-08): ARNs, account numbers, roles and sessions, access keys and session
// tokens, signatures, bearer and API keys. Host names may stand there: who looks for a fault needs them.
//
// AWS's request ids come first, and are no secrets: the last part of such an id may look like an account number.
var secrets = regexp.MustCompile(strings.Join([]string{
	`\b` + requestID + `\b`,
	`arn:aws[a-z-]*:[^\s"']*`,
	`\b\d{12}\b`,
	`\bassumed-role/[^\s"',]+`,
	`\b(?:AKIA|ASIA|AROA|AIDA|ABSK)[A-Za-z0-9+/=]{8,}`,
	`\bIQoJ[A-Za-z0-9+/=]{16,}`,
	`\b[0-9a-fA-F]{64}\b`,
	`\bbedrock-api-key-[A-Za-z0-9+/=_-]+`,
	`\bBearer\s+[^\s"']+`,
	`\b(?:sk|oc)-[A-Za-z0-9_-]{8,}`,
}, "|"))

const requestID = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`

var isRequestID = regexp.MustCompile(`^` + requestID + `$`)

// queries are where signed URLs carry their signature.
var queries = regexp.MustCompile(`(https?://[^\s?"']+)\?[^\s"']*`)

// Redact removes ARNs, account numbers, credentials and the queries of URLs from s.
func Redact(s string) string {
	if len(s) < 10 {
		return s
	}
	return secrets.ReplaceAllStringFunc(queries.ReplaceAllString(s, "$1?[redacted]"), func(found string) string {
		if isRequestID.MatchString(found) {
			return found
		}
		return "[redacted]"
	})
}
