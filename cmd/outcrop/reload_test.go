package main_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// rewrite replaces a configuration file as an operator does.
func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// hangup sends SIGHUP and waits until the log says what became of it; it gives the line.
func (r *running) hangup(t *testing.T, says string) string {
	t.Helper()
	before := len(r.said())
	if err := r.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		for line := range strings.Lines(r.said()[before:]) {
			if strings.Contains(line, "taken over") && strings.HasSuffix(line, "\n") {
				if !strings.Contains(line, says) {
					t.Fatalf("after SIGHUP the log does not say %q: %s", says, line)
				}
				return line
			}
		}
		select {
		case <-tick.C:
		case <-r.done:
			t.Fatalf("SIGHUP ended the program: %s", r.said())
		case <-ctx.Done():
			t.Fatalf("nothing became of SIGHUP: %s", r.said())
		}
	}
}

const takenOver, notTakenOver = "the configuration is taken over", "the configuration is not taken over"

// a configuration that a reload changes in every way that matters to callers.
const before = `
access:
  api_keys_file: KEYS
server:
  allowed_origins: ["https://old.example"]
models:
  aliases: {old: amazon.nova-lite-v1:0}
`

const after = `
access:
  api_keys_file: KEYS
server:
  allowed_origins: ["https://new.example"]
  body_limit: 1000B
models:
  aliases: {new: amazon.nova-micro-v1:0}
max_choices: 1
`

func TestReload(t *testing.T) {
	keys := settings(t, "the-first-key-of-this-test\n")
	path := settings(t, strings.ReplaceAll(before, "KEYS", keys))
	r := start(t, nil, "serve", "--offline", "--pace", "5ms", "--config", path, "--addr", "127.0.0.1:0")
	chat := r.url + "/v1/chat/completions"

	stream := r.post(t, `{"model":"old","stream":true,"messages":[{"role":"user","content":"count to 300"}]}`,
		"authorization", "Bearer the-first-key-of-this-test")
	if _, err := io.ReadFull(stream.Body, make([]byte, 500)); err != nil {
		t.Fatal(err)
	}
	rewrite(t, keys, "the-second-key-of-this-test\n")
	rewrite(t, path, strings.ReplaceAll(after, "KEYS", keys))
	line := r.hangup(t, takenOver)
	for _, want := range []string{"access.api_keys", "server.allowed_origins", "server.body_limit", "models.aliases",
		"max_choices", "need_restart=[]"} {
		if !strings.Contains(line, want) {
			t.Errorf("the log does not say %q: %s", want, line)
		}
	}
	if strings.Contains(r.said(), "-key-of-this-test") {
		t.Errorf("a key in the log: %s", r.said())
	}

	long := strings.Replace(asksFor("new"), "hi", strings.Repeat("hi ", 400), 1)
	for name, tt := range map[string]struct {
		key, body string
		status    int
	}{
		"the new key, the new alias": {"the-second-key-of-this-test", asksFor("new"), 200},
		"the old key":                {"the-first-key-of-this-test", asksFor("new"), 401},
		"the old alias":              {"the-second-key-of-this-test", asksFor("old"), 404},
		"the limit of bodies":        {"the-second-key-of-this-test", long, 413},
		"a setting of the translation": {"the-second-key-of-this-test", strings.Replace(asksFor("new"), "{", `{"n":2,`, 1),
			400},
	} {
		if status, _, body := called(t, chat, tt.key, tt.body); status != tt.status {
			t.Errorf("%s: %d, want %d: %s", name, status, tt.status, body)
		}
	}
	for origin, want := range map[string]string{"https://old.example": "", "https://new.example": "https://new.example"} {
		res := r.post(t, "{}", "origin", origin)
		if got := res.Header.Get("access-control-allow-origin"); got != want {
			t.Errorf("origin %s: %q, want %q", origin, got, want)
		}
	}
	rest, err := io.ReadAll(stream.Body)
	if err != nil || !strings.HasSuffix(string(rest), "data: [DONE]\n\n") ||
		!strings.Contains(string(rest), `"content":" 300"`) {
		t.Errorf("the stream that began before ends with %v, %.300q", err, rest[max(0, len(rest)-300):])
	}
}

func TestReloadOfAFaultyFileChangesNothing(t *testing.T) {
	const good = "models:\n  aliases: {here: amazon.nova-lite-v1:0}\n"
	path := settings(t, good)
	r := start(t, nil, "serve", "--offline", "--config", path, "--addr", "127.0.0.1:0")
	for name, tt := range map[string]struct {
		text string
		says []string
	}{
		"an unknown setting, with its place": {"models:\n  aliases: {gone: amazon.nova-lite-v1:0}\n  aliasses: {}\n",
			[]string{path + ":3:3: ", "did you mean aliases"}},
		"no YAML":                {"models: [\n", []string{path + ":"}},
		"a value that cannot be": {"server:\n  body_limit: -5\n", []string{path + ":2:"}},
		"a rule that cannot be": {"router:\n  rules:\n    - {when: 'nonsense(', use: here}\n",
			[]string{path + ":"}},
		"a setting with a secret in it": {"access:\n  api_keys: [do-not-show-this-one]\n", []string{path + ":2:"}},
	} {
		t.Run(name, func(t *testing.T) {
			rewrite(t, path, tt.text)
			line := r.hangup(t, notTakenOver)
			for _, want := range tt.says {
				if !strings.Contains(line, want) {
					t.Errorf("the log does not say %q: %s", want, line)
				}
			}
			if strings.Contains(line, "do-not-show") {
				t.Errorf("a secret in the log: %s", line)
			}
			if res := r.post(t, asksFor("here")); res.StatusCode != 200 {
				t.Errorf("afterwards: %d", res.StatusCode)
			}
		})
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	r.hangup(t, notTakenOver)
	rewrite(t, path, good)
	if line := r.hangup(t, takenOver); !strings.Contains(line, "changed=[]") {
		t.Errorf("nothing has changed after all: %s", line)
	}
}

func TestReloadNamesWhatNeedsARestart(t *testing.T) {
	path := settings(t, "models:\n  aliases: {a: amazon.nova-lite-v1:0}\n")
	r := start(t, nil, "serve", "--offline", "--config", path, "--addr", "127.0.0.1:0")
	rewrite(t, path, "server:\n  read_header_timeout: 3s\ncache:\n  enabled: false\nstream:\n  idle: 1m\n  hold: 5s\n")
	for _, changed := range []string{"cache.enabled", "changed=[]"} { // what is pending is named again by the next reload
		line := r.hangup(t, changed)
		_, late, _ := strings.Cut(line, "need_restart=")
		for name, want := range map[string]bool{
			"cache.enabled": true, "server.read_header_timeout": true, "stream.idle": true, "stream.hold": false,
			"models.aliases": false,
		} {
			if strings.Contains(late, name) != want {
				t.Errorf("%s: %v in %s", name, !want, line)
			}
		}
	}
}

// TestReloadWhileManyCall: callers do not notice reloads, one after the other.
func TestReloadWhileManyCall(t *testing.T) {
	path := settings(t, "models:\n  aliases: {a: amazon.nova-lite-v1:0}\n")
	r := start(t, nil, "serve", "--offline", "--config", path, "--addr", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 4)
	for range cap(done) {
		go func() {
			for n := 0; ; n++ {
				if ctx.Err() != nil {
					done <- nil
					return
				}
				req, err := http.NewRequest(http.MethodPost, r.url+"/v1/chat/completions", strings.NewReader(asksFor("a")))
				if err != nil {
					done <- err
					return
				}
				req.Header.Set("content-type", "application/json")
				res, err := http.DefaultClient.Do(req)
				if err == nil {
					_, err = io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
				if err != nil {
					done <- fmt.Errorf("call %d: %w", n, err)
					return
				}
				if res.StatusCode != 200 {
					done <- fmt.Errorf("call %d: status %d", n, res.StatusCode)
					return
				}
			}
		}()
	}
	for i := range 20 {
		rewrite(t, path, fmt.Sprintf("models:\n  aliases: {a: amazon.nova-lite-v1:0, b%d: amazon.nova-micro-v1:0}\n", i))
		r.hangup(t, takenOver)
	}
	cancel()
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestHangupWhileStarting: a signal that comes too early must not end the process, which is what the system does by
// itself.
func TestHangupWhileStarting(t *testing.T) {
	path := settings(t, "models:\n  aliases: {a: amazon.nova-lite-v1:0}\n")
	r := start(t, nil, "serve", "--offline", "--config", path, "--addr", "127.0.0.1:0")
	r.hangup(t, takenOver) // the greeting is a moment old
	if res := r.post(t, asksFor("a")); res.StatusCode != 200 {
		t.Errorf("status %d", res.StatusCode)
	}
}
