package main_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestMendC2TryingThingsOutLeavesTheUsersOwnStoreAlone(t *testing.T) {
	home := t.TempDir()
	env := []string{"XDG_STATE_HOME=" + home}
	ends(t, 0, env, "key", "create", "--name", "mine")
	store := filepath.Join(home, "outcrop", "outcrop.db")
	before, err := os.Stat(store)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	if res := r.post(t, hello); res.StatusCode != 200 {
		t.Errorf("the tour: status %d", res.StatusCode)
	}
	if after, err := os.Stat(store); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the user's store was written to: %v", err)
	}
	r.stop(t) // from here on all of its greeting is there
	if said := r.said(); !strings.Contains(said, "in memory") || strings.Contains(said, "authorization") {
		t.Errorf("the greeting: %s", said)
	}
	named := start(t, append(env, "OUTCROP_STATE="+store), "serve", "--offline", "--addr", "127.0.0.1:0")
	res := named.post(t, hello)
	named.stop(t)
	if res.StatusCode != 401 || !strings.Contains(named.said(), "authorization: Bearer YOUR_KEY") ||
		!strings.Contains(named.said(), store) {
		t.Errorf("a store that is named: status %d, %s", res.StatusCode, named.said())
	}
	if out := ends(t, 0, env, "key", "revoke", "mine"); !strings.Contains(out, "last key") ||
		!strings.Contains(out, store) || !strings.Contains(out, "OUTCROP_STATE") {
		t.Errorf("revoke: %s", out)
	}
}

func TestMendC4TheGreetingIsTrue(t *testing.T) {
	dir := t.TempDir()
	r := start(t, []string{"HOST=0.0.0.0", "PORT=0", "OUTCROP_AUDIT_ENABLED=true", "OUTCROP_AUDIT_DIR=" + dir,
		"OUTCROP_CACHE_ENABLED=true"}, "serve", "--offline", "--insecure")
	said := r.said
	r.until(t, "the whole greeting", func() bool { return strings.Contains(said(), "level=WARN") })
	for _, want := range []string{"serves the OpenAI API on http://0.0.0.0:", "curl http://127.0.0.1:", "OFFLINE", dir,
		"cache    in memory", "policy   off", "keys     none", "level=WARN"} {
		anyHost := want == "serves the OpenAI API on http://0.0.0.0:" && strings.Contains(said(), "http://[::]:")
		if !anyHost && !strings.Contains(said(), want) {
			t.Errorf("it does not say %q: %s", want, said())
		}
	}
}

func TestMendC4ALogForMachinesHoldsNothingElse(t *testing.T) {
	env := []string{"OUTCROP_LOG_FORMAT=json", "REDIS_URL=redis://127.0.0.1:1", "OUTCROP_CACHE_ENABLED=true",
		"OUTCROP_API_KEYS=key-of-this-test-only"}
	r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	r.post(t, hello, "authorization", "Bearer key-of-this-test-only")
	r.stop(t)
	out := ends(t, 1, env, "serve", "--offline", "--addr", "203.0.113.1:1") // nobody's address here
	for line := range strings.Lines(r.said() + out) {
		if err := json.Unmarshal([]byte(line), new(map[string]any)); err != nil {
			t.Errorf("%v: %s", err, line)
		}
	}
	if !strings.Contains(r.said(), `"cache":"in memory and Redis"`) || !strings.Contains(out, "the gateway ends") {
		t.Errorf("%s%s", r.said(), out)
	}
}

func TestMendC8TheCommandLineSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		code int
		args string
		says []string
	}{
		{0, "--version", []string{"outcrop test-1"}},
		{0, "", []string{"Available Commands"}},
		{2, "sevre", []string{"did you mean serve?"}},
		{2, "key creat", []string{"did you mean create?", "outcrop key --help"}},
		{2, "key", []string{"create, list, revoke, rotate"}},
		{2, "serve --adr x", []string{"did you mean --addr?", "outcrop serve --help"}},
		{2, "serve extra", []string{"unexpected argument"}},
		{2, "key revoke", []string{"arg"}},
		{2, "completion", []string{"bash", "zsh"}},
		{2, "completion bsh", []string{"did you mean bash"}},
		{2, "key create --store k.db --endpoints chat", []string{"did you mean chat.completions?"}},
		{0, "key create --store k.db --models amazon.nova-lit-v1:0,eu.amazon.nova-lite-v1:0,amazon.nova-*",
			[]string{`"amazon.nova-lit-v1:0"`, "did you mean amazon.nova-lite-v1:0"}},
		{0, "key create --store k.db --models amazon.nova-lite-v1:0 --endpoints chat.*", nil},
		{0, "__complete usage --group-by tenant,k", []string{"tenant,key"}},
		{0, "__complete key create --endpoints chat", []string{"chat.completions"}},
	} {
		out := ends(t, tt.code, nil, strings.Fields(tt.args)...)
		for _, want := range tt.says {
			if !strings.Contains(out, want) {
				t.Errorf("outcrop %s does not say %q: %s", tt.args, want, out)
			}
		}
		if tt.says == nil && strings.Contains(out, "warning") {
			t.Errorf("outcrop %s: %s", tt.args, out)
		}
	}
}

func TestMendC8TheSecondSignalEndsTheProcessAtOnce(t *testing.T) {
	r := start(t, nil, "serve", "--offline", "--pace", "1s", "--addr", "127.0.0.1:0")
	stream := r.post(t, `{"model":"amazon.nova-lite-v1:0","stream":true,"messages":[{"role":"user","content":"count to 200"}]}`)
	if _, err := io.ReadFull(stream.Body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the first signal",
		func() bool { return strings.Contains(r.said(), "a second signal ends the process at once") })
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-r.done
	_ = r.cmd.Wait()
	if code := r.cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

func TestMendC8AnInterruptedScanEndsAs130(t *testing.T) {
	cmd := command(t, nil, "scan")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(in, `{"text":"hello"}`+"\n")
	if _, err := io.ReadFull(out, make([]byte, 5)); err != nil { // it works
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// The endpoints that keys may name are those that are served.
func TestMendC8EveryEndpointOfKeysIsServed(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "server", "routes.go"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := exec.CommandContext(t.Context(), binary, "__complete", "key", "create", "--endpoints", "").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Fields(string(list))
	for _, part := range strings.Split(string(source), `s.authenticate("`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			t.Errorf("key create does not know the endpoint %s", name)
		}
	}
}
