package telemetry

import (
	"io"
	"log/slog"
	"regexp"
)

// ours are attributes whose values this gateway makes itself, from closed lists or its own randomness: looking for secrets in
// them on every request would cost more than the rest of the line.
var ours = map[string]bool{slog.LevelKey: true, slog.MessageKey: true, "request_id": true, "method": true, "route": true, "model": true, "code": true}

// NewLogger writes text or JSON lines to w. Every string and error that comes from elsewhere passes [Redact].
func NewLogger(w io.Writer, level slog.Level, json bool) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Value.Kind() {
		case slog.KindString:
			if !ours[a.Key] {
				a.Value = slog.StringValue(Redact(a.Value.String()))
			}
		case slog.KindAny:
			if err, ok := a.Value.Any().(error); ok {
				a.Value = slog.StringValue(Redact(err.Error()))
			}
		}
		return a
	}}
	if json {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// secrets are what no log line may hold (R-GEN-08): ARNs, account numbers, access keys, bearer and API keys.
var secrets = regexp.MustCompile(`arn:aws[a-z-]*:[^\s"']*|\b\d{12}\b|\b(?:AKIA|ASIA|ABSK)[A-Za-z0-9+/=]{8,}|\bbedrock-api-key-[A-Za-z0-9+/=_-]+|\bBearer\s+[^\s"']+|\b(?:sk|oc)-[A-Za-z0-9_-]{8,}`)

// queries are where signed URLs carry their signature.
var queries = regexp.MustCompile(`(https?://[^\s?"']+)\?[^\s"']*`)

// Redact removes ARNs, account numbers, credentials and the queries of URLs from s.
func Redact(s string) string {
	if len(s) < 10 {
		return s
	}
	return secrets.ReplaceAllString(queries.ReplaceAllString(s, "$1?[redacted]"), "[redacted]")
}
