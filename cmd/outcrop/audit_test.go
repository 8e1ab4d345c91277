package main_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// answered asks a gateway and keeps header and body of the answer in a file.
func answered(t *testing.T, url, body string, headers ...string) (id, path string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/chat/completions",
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "answer")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return res.Header.Get("x-outcrop-provenance"), path
}

func save(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAudit(t *testing.T) {
	dir := t.TempDir()
	env := []string{"OUTCROP_STATE=" + filepath.Join(dir, "outcrop.db")}
	r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	const ask = `{"model":"amazon.nova-lite-v1:0","messages":[{"role":"user","content":"Say hello"}]}`
	id, plain := answered(t, r.url, ask, "x-outcrop-provenance", "manifest")
	streamID, stream := answered(t, r.url, strings.Replace(ask, `{"model"`, `{"stream":true,"model"`, 1))
	_, _ = answered(t, r.url, `{`)
	// While it runs, the last lines may not be sealed; nothing is wrong with that.
	if out := ends(t, 0, env, "audit", "verify"); !strings.Contains(out, "3 records in 1 file") ||
		!strings.Contains(out, ": holds") {
		t.Error(out)
	}
	r.stop(t)

	if out := ends(t, 0, env, "audit", "verify"); !strings.Contains(out,
		"3 records in 1 file, sealed up to line 5 by key ") || strings.Contains(out, "not sealed") {
		t.Error(out)
	}
	if out := ends(t, 0, env, "audit", "verify", "--json"); !strings.Contains(out, `"ok":true`) {
		t.Error(out)
	}
	text := save(t, "This is amazon.nova-lite-v1:0, offline. I see 1 turn. You said: Say hello\n")
	other := save(t, "This is something else.")
	public := save(t, ends(t, 0, env, "audit", "key", "--public"))
	for name, c := range map[string]struct {
		code int
		says string
		args []string
	}{
		"JSON":             {0, "the JSON is choice 0 of 1 of the answer of ", []string{id, "--answer", plain}},
		"stream":           {0, "the stream is choice 0 of 1", []string{streamID, "--answer", stream}},
		"text":             {0, "by amazon.nova-lite-v1:0", []string{id, "--answer", text}},
		"text of a stream": {0, ", sealed", []string{streamID, "--answer", text}},
		"another text":     {1, "not proven", []string{id, "--answer", other}},
		"no such record":   {1, "no record", []string{"req_x", "--answer", text}},
		"manifest":         {0, "signed by key", []string{"--answer", text, "--manifest", plain, "--public", public}},
		"another, signed":  {1, "not proven", []string{"--answer", other, "--manifest", plain, "--public", public}},
		"of another id":    {1, "not proven", []string{streamID, "--answer", text, "--manifest", plain, "--public", public}},
		"no manifest":      {1, "holds no manifest", []string{"--answer", text, "--manifest", stream}},
	} {
		if out := ends(t, c.code, env, append([]string{"audit", "prove"}, c.args...)...); !strings.Contains(out, c.says) {
			t.Errorf("%s: %s", name, out)
		}
	}
	// Whoever has but the files and the public key can verify, anywhere.
	folder := filepath.Join(dir, "audit")
	if out := ends(t, 0, nil, "audit", "verify", folder, "--public", public); !strings.Contains(out, ": holds") ||
		strings.Contains(out, "note:") {
		t.Error(out)
	}
	if out := ends(t, 0, nil, "audit", "prove", id, "--answer", plain, "--dir", folder); !strings.Contains(out, "PROVEN") {
		t.Error(out)
	}
	paths, err := filepath.Glob(filepath.Join(folder, "audit-*.jsonl"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%v %v", paths, err)
	}
	lines, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lines), "hello") {
		t.Error("a record holds text")
	}
	if err := os.WriteFile(paths[0], []byte(strings.Replace(string(lines), `"status":400`, `"status":200`, 1)),
		0o600); err != nil {
		t.Fatal(err)
	}
	if out := ends(t, 1, env, "audit", "verify"); !strings.Contains(out, "FAULT") || !strings.Contains(out, "broken") {
		t.Error(out)
	}
}

// A chain of which the first file is gone is broken, unless somebody says that this is how retention leaves it.
func TestAuditVerifyMissesTheFirstFile(t *testing.T) {
	dir := t.TempDir()
	env := []string{"OUTCROP_STATE=" + filepath.Join(dir, "outcrop.db"), "OUTCROP_AUDIT_MAX_BYTES=65536"}
	r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	var id, answer string
	for range 120 {
		id, answer = answered(t, r.url,
			`{"model":"amazon.nova-lite-v1:0","messages":[{"role":"user","content":"Say hello"}]}`)
	}
	r.stop(t)
	paths, err := filepath.Glob(filepath.Join(dir, "audit", "audit-*.jsonl"))
	if err != nil || len(paths) < 2 {
		t.Fatalf("%v %v", paths, err)
	}
	if out := ends(t, 0, env, "audit", "verify"); !strings.Contains(out, "120 records in ") {
		t.Error(out)
	}
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	if out := ends(t, 1, env, "audit", "verify"); !strings.Contains(out, "FAULT") {
		t.Error(out)
	}
	if out := ends(t, 0, env, "audit", "verify", "--partial"); !strings.Contains(out, "begins with file 2: holds") {
		t.Error(out)
	}
	if out := ends(t, 0, env, "audit", "prove", id, "--answer", answer); !strings.Contains(out, "PROVEN") {
		t.Error(out)
	}
}

// The folder of the records is removed under a running gateway: what comes afterwards is on record, and what is gone is
// told.
func TestMendE2RecordsOfARemovedFolder(t *testing.T) {
	dir := t.TempDir()
	env := []string{"OUTCROP_STATE=" + filepath.Join(dir, "outcrop.db"), "OUTCROP_AUDIT_DIR=" +
		filepath.Join(dir, "audit"), "OUTCROP_AUDIT_KEY_FILE=" + filepath.Join(dir, "key")}
	const ask = `{"model":"amazon.nova-lite-v1:0","messages":[{"role":"user","content":"Say hello"}]}`
	r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	_, _ = answered(t, r.url, ask)
	folder := filepath.Join(dir, "audit")
	r.until(t, "the first record", func() bool { // it is written after its answer has gone out
		paths, err := filepath.Glob(filepath.Join(folder, "audit-*.jsonl"))
		if err != nil || len(paths) == 0 {
			return false
		}
		text, err := os.ReadFile(paths[0])
		return err == nil && strings.Contains(string(text), `"status":200`)
	})
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	id, answer := answered(t, r.url, ask)
	r.stop(t)
	if out := ends(t, 1, env, "audit", "verify"); !strings.Contains(out, "1 record in 1 file") ||
		!strings.Contains(out, "removed, replaced or cut while the gateway wrote it, with 1 records") {
		t.Error(out)
	}
	if !strings.Contains(r.said(), "records are gone") {
		t.Error(r.said())
	}
	// the chain does not hold
	if out := ends(t, 1, env, "audit", "prove", id, "--answer", answer); !strings.Contains(out, "not proven") {
		t.Error(out)
	}
}

// A gateway that was killed, and one that came after it: nothing is wrong, and what the second has seen of the first is
// vouched for.
func TestMendE7AKilledGatewayIsTold(t *testing.T) {
	dir := t.TempDir()
	env := []string{"OUTCROP_STATE=" + filepath.Join(dir, "outcrop.db")}
	const ask = `{"model":"amazon.nova-lite-v1:0","messages":[{"role":"user","content":"Say hello"}]}`
	r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	_, _ = answered(t, r.url, ask)
	r.stop(t)
	paths, _ := filepath.Glob(filepath.Join(dir, "audit", "audit-*.jsonl"))
	text, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	// a killed process would have left the beginning, the record and half a line
	lines := strings.SplitAfter(string(text), "\n")
	if err := os.WriteFile(paths[0], []byte(lines[0]+lines[1]+lines[2][:9]), 0o600); err != nil {
		t.Fatal(err)
	}
	next := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	next.stop(t)
	if out := ends(t, 0, env, "audit", "verify"); !strings.Contains(out,
		"not closed, as a killed process leaves it: the next chain vouches up to line 2") {
		t.Error(out)
	}
	if err := os.Remove(paths[0]); err != nil {
		t.Fatal(err)
	}
	if out := ends(t, 1, env, "audit", "verify"); !strings.Contains(out, "which was there before this one, is missing") {
		t.Error(out)
	}
}

// Before the first start there is nothing to check, and the commands say so in plain words.
func TestMendE7AuditBeforeTheFirstStart(t *testing.T) {
	env := []string{"OUTCROP_STATE=" + filepath.Join(t.TempDir(), "never", "outcrop.db")}
	for says, args := range map[string][]string{
		"there are no records yet":   {"verify"},
		"no records yet: a gateway":  {"verify", "--json"},
		"there is no signing key in": {"key", "--public"},
		"makes it at its first":      {"prove", "req_x", "--answer", save(t, "x")},
	} {
		if out := ends(t, 1, env, append([]string{"audit"}, args...)...); !strings.Contains(out, says) ||
			strings.Contains(out, `"ok":true`) {
			t.Errorf("%v: %s", args, out)
		}
	}
	if out := ends(t, 1, env, "audit", "verify", filepath.Join(t.TempDir(), "nowhere")); !strings.Contains(out,
		"no such file") {
		t.Errorf("a path that somebody has named: %s", out)
	}
}

func TestAuditWithoutAPlace(t *testing.T) {
	file := save(t, "a file, and no folder")
	bad := filepath.Join(file, "audit")
	if out := ends(t, 1, []string{"OUTCROP_AUDIT_DIR=" + bad}, "serve", "--offline", "--addr",
		"127.0.0.1:0"); !strings.Contains(out, "audit.enabled: false") {
		t.Error(out)
	}
	// the last as in a container with nothing to write to
	for _, env := range [][]string{{"OUTCROP_AUDIT_ENABLED=false"}, {"HOME="}} {
		r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
		if id, _ := answered(t, r.url, `{`); id != "" {
			t.Errorf("%v: provenance %q without a record", env, id)
		}
		if warned := strings.Contains(r.said(), "NO RECORDS"); warned != (env[0] != "OUTCROP_AUDIT_ENABLED=false") {
			t.Errorf("%v: %s", env, r.said())
		}
	}
}
