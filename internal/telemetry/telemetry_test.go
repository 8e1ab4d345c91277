package telemetry

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"short": "short",
		"User: arn:aws:iam::123456789012:user/bob is not allowed":            "User: [redacted] is not allowed",
		"account 123456789012.":                                              "account [redacted].",
		"key AKIAIOSFODNN7EXAMPLE here":                                      "key [redacted] here",
		"Authorization: Bearer abc.def":                                      "Authorization: [redacted]",
		"Error while downloading https://host/a.png?X-Amz-Signature=abcdef.": "Error while downloading https://host/a.png?[redacted]",
		"1234567890123 has thirteen digits":                                  "1234567890123 has thirteen digits",
	} {
		if got := Redact(in); got != want {
			t.Errorf("R-GEN-08: %q becomes %q, want %q", in, got, want)
		}
	}
}

func TestLoggerRedacts(t *testing.T) {
	var b bytes.Buffer
	log := NewLogger(&b, slog.LevelInfo, true)
	log.Debug("not this")
	log.Info("call", "error", errors.New("role arn:aws:iam::123456789012:role/x"), "name",
		"arn:aws:bedrock:us-east-1:123456789012:inference-profile/y")
	if line := b.String(); strings.Contains(line, "123456789012") || strings.Contains(line, "not this") ||
		strings.Count(line, "[redacted]") != 2 {
		t.Error(line)
	}
}

func TestInstruments(t *testing.T) {
	r := New()
	end := r.Begin()
	r.HTTP("/v1/chat/completions", http.StatusOK)
	r.Call("chat.completions", "m", "ok", time.Second)
	r.FirstPart("chat.completions", "m", 10*time.Millisecond)
	r.Used("chat.completions", "m", Tokens{Prompt: 3, Completion: 2, CacheRead: 1})
	r.UpstreamError("m", "rate_limit_exceeded")
	r.Unknown("event", 2)
	r.Unknown("event", 0)
	end()
	rec := httptest.NewRecorder()
	r.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`outcrop_http_requests_total{route="/v1/chat/completions",status="200"} 1`,
		`outcrop_requests_total{endpoint="chat.completions",model="m",outcome="ok"} 1`,
		`outcrop_request_duration_seconds_sum{endpoint="chat.completions",model="m"} 1`,
		`outcrop_time_to_first_part_seconds_bucket{endpoint="chat.completions",model="m",le="0.01"} 1`,
		`outcrop_tokens_total{endpoint="chat.completions",kind="cache_read",model="m"} 1`,
		`outcrop_upstream_errors_total{code="rate_limit_exceeded",model="m"} 1`,
		`outcrop_unknown_total{what="event"} 2`, "outcrop_requests_in_flight 0",
	} {
		if !strings.Contains(rec.Body.String(), want+"\n") {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// TestMendD5RequestIDsStay: the last part of AWS's ids may look like an account number.
func TestMendD5RequestIDsStay(t *testing.T) {
	const id = "1b2c3d4e-0000-4000-8000-123456789012"
	for text, want := range map[string]string{
		id:                                   id,
		"request " + id + " of 123456789012": "request " + id + " of [redacted]",
		"arn:aws:bedrock:us-east-1:123456789012:x/" + id: "[redacted]",
		"x" + id: "x1b2c3d4e-0000-4000-8000-[redacted]",
	} {
		if got := Redact(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
