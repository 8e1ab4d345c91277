package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"outcrop/internal/access/keys"
	"outcrop/internal/call"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// TestAttackLogInjection: whatever a caller sends, a line of the log stays one line, and nothing in it moves a
// terminal's cursor.
func TestAttackLogInjection(t *testing.T) {
	const forged = "\ntime=2026-01-01T00:00:00Z level=INFO msg=\"all is well\" " +
		"request_id=req_forged\r\n{\"msg\":\"forged\"}\x1b[2K\x1b[31m\u2028\u0085\u009b2J\u202e\x7f\x00"
	quoted, _ := json.Marshal(forged)
	evil := strings.Trim(string(quoted), `"`)
	handle := func(_ context.Context, c *call.Call) (call.Reply, error) {
		switch name := c.Request.Facts().Model; {
		case strings.HasPrefix(name, "panic"):
			panic("a bug at " + name)
		case strings.HasPrefix(name, "plain"):
			return call.Reply{}, errors.New("it fails with " + name)
		default:
			return call.Reply{}, &openai.Error{Kind: openai.BadUpstream, Code: "bad_upstream_response", Message: "No.",
				UpstreamID: "aws" + forged, Err: fmt.Errorf("said %s", name)}
		}
	}
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			var log lines
			with := collaborators(handle)
			with.Log = telemetry.NewLogger(&log, slog.LevelDebug, format == "json")
			with.Gate = keys.NewGate(keys.Config{APIKeys: []string{"the-one-good-key"}}, nil, keys.NewAttempts(3))
			srv := start(t, config(), with)
			sent := 0
			send := func(method, path, body string, header ...string) {
				sent++
				requested(t, method, srv+path, body, header...)
			}
			for _, model := range []string{"panic", "plain", "other"} {
				for _, rest := range []string{"", `,"stream":true`} {
					send("POST", "/v1/chat/completions",
						`{"model":"`+model+evil+`","user":"`+evil+`","messages":[{"role":"user","content":"`+evil+`"}]`+rest+`}`,
						"authorization", "Bearer the-one-good-key", "user-agent", "x\tforged")
				}
			}
			send("GET", "/v1/models/"+url.PathEscape(forged), "", "api-key", "the-one-good-key")
			send("GET", "/"+url.PathEscape(forged), "")
			for range 6 { // refused, then limited
				send("GET", "/v1/models", "", "api-key", "forged\ttime=now")
			}
			send("POST", "/v1/chat/completions", evil, "api-key", "the-one-good-key", "content-type",
				"text/plain; x="+url.PathEscape(forged))

			begins, accessed := regexp.MustCompile(`^(time=\d{4}-\d\d-\d\dT\S+ level=[A-Z]+ msg=|\{"time":"\d{4}-)`), 0
			for _, line := range strings.Split(strings.TrimSuffix(log.text(), "\n"), "\n") {
				if !begins.MatchString(line) {
					t.Errorf("a line of the caller's: %q", line)
				}
				if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u202e' }) {
					t.Errorf("control characters: %q", line)
				}
				if format == "json" {
					var members map[string]any
					if err := json.Unmarshal([]byte(line), &members); err != nil || members["msg"] == "forged" ||
						members["request_id"] == "req_forged" {
						t.Errorf("%v: %s", err, line)
					}
				}
				if strings.Contains(line, "msg=request ") || strings.Contains(line, `"msg":"request"`) {
					accessed++
				}
				if strings.Contains(line, "the-one-good-key") {
					t.Errorf("a key: %s", line)
				}
			}
			if accessed != sent {
				t.Errorf("%d lines for %d requests", accessed, sent)
			}
		})
	}
}
