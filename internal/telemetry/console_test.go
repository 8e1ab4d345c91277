package telemetry

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestMendC5OneShortLineARequest(t *testing.T) {
	var b strings.Builder
	log := NewConsole(&b, slog.LevelInfo, false)
	log.Debug("not this")
	log.Info("request", "request_id", "req_1", "method", "POST", "route", "/v1/chat/completions", "status", 200,
		"ms", int64(12), "bytes", int64(400),
		"asked", "gpt-4o", "model", "m-1", "region", "us-east-1", "prompt_tokens", int64(5), "completion_tokens", int64(23),
		"cost_usd", 0.0004, "cache", "miss", "key", "")
	log.With("part", "models").Warn("the list failed", "error", errors.New("arn:aws:bedrock:x:123456789012:y\nsays no"))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines:\n%s", len(lines), b.String())
	}
	for i, want := range []string{
		" 200 POST /v1/chat/completions 12ms gpt-4o → m-1@us-east-1 5+23 tokens $0.0004 request_id=req_1 cache=miss",
		` WARN the list failed part=models error="[redacted]\nsays no"`,
	} {
		if got := lines[i][len("15:04:05"):]; got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	b.Reset()
	NewConsole(&b, slog.LevelInfo, true).Error("no", "error", "\x1b[31mred\u202e")
	if got := b.String(); !strings.Contains(got, red+"ERROR"+plain) || strings.Count(got, red) != 1 ||
		strings.Contains(got, "\u202e") {
		t.Errorf("got %q", got)
	}
}

// TestMendC5NoClientWritesToTheTerminal: what a caller names, or a library says, neither breaks a line nor gives the
// terminal an order, and what a logger always says is as clean as the rest.
func TestMendC5NoClientWritesToTheTerminal(t *testing.T) {
	const order = "gpt\n12:00:00 200 POST\x1b[2J\r"
	var b strings.Builder
	log := NewConsole(&b, slog.LevelInfo, false).With("identity", "arn:aws:iam::123456789012:role/x")
	log.Info("request", "method", "POST", "route", "/v1/chat/completions", "status", 404, "ms", int64(1), "asked", order)
	log.Info("request", "method", "POST", "route", "/v1/chat/completions", "status", 200, "ms", int64(1), "asked", order,
		"model", "m-1", "tenant", order)
	log.Warn("a library says " + order)
	if got := b.String(); strings.Count(got, "\n") != 3 || strings.ContainsAny(got, "\x1b\r") ||
		strings.Contains(got, "123456789012") {
		t.Errorf("got %q", got)
	}
}
