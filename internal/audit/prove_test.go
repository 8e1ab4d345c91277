package audit

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func sum(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// The form of the digests is a contract with whoever checks them in another language.
func TestDigestForm(t *testing.T) {
	a := plainHashes().answer()
	a.Text(1, "no ")
	a.Text(0, "Hel")
	a.Call(1, 1, "g", "{")
	a.Text(0, "lo")
	a.Call(1, 0, "f", "{}")
	a.Call(1, 1, "", "}")
	a.Text(1, strings.Repeat("x", 2000))
	long := "no " + strings.Repeat("x", 2000)
	want := []string{
		sum("Hello"),
		sum("\xffcalls\n", sum(long), "\n", sum("f"), " ", sum("{}"), "\n", sum("g"), " ", sum("{}"), "\n"),
	}
	if got := a.Sums(); !slices.Equal(got, want) || !slices.Equal(a.Sums(), want) {
		t.Errorf("got %v, want %v", got, want)
	}

	v := plainHashes().answer()
	v.Vector([]byte("[1, 2.50 ,\n3]"))
	v.VectorText("AAAA")
	if got := v.Sums(); !slices.Equal(got, []string{sum("[1,2.50,3]\nAAAA\n")}) {
		t.Errorf("vectors: %v", got)
	}

	k := keys(t)
	p := k.Prompt()
	p.Text("user", "hi")
	p.Text("tools", "")
	m := hmac.New(sha256.New, derived(t, "digest"))
	m.Write([]byte("user\n2\nhitools\n0\n"))
	if got := p.Sum(); got != hex.EncodeToString(m.Sum(nil)) || p.Sum() != got {
		t.Errorf("prompt: %s", got)
	}
}

// derived is how the documentation says that keys come from the seed.
func derived(t *testing.T, what string) []byte {
	t.Helper()
	m := hmac.New(sha256.New, []byte(strings.Repeat("\x07", 32)))
	m.Write([]byte("outcrop audit " + what))
	return m.Sum(nil)
}

func TestReadAnswer(t *testing.T) {
	const call = `{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}`
	whole := `{"choices":[{"index":0,"message":{"content":"Hi","refusal":null,"tool_calls":[` + call +
		`]}},{"index":1,"message":{"content":null,"refusal":"no"}}]}`
	stream := `data: {"choices":[{"index":1,"delta":{"content":"n"}}]}

: keep-alive

data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null}}]}
data: {"choices":[{"index":0,"delta":{"content":"Hi"}},{"index":1,"delta":{"content":"o"}}]}
data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_2","type":"function","function":{"name":"f","arguments":"{\"a\""}}]}}]}
data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]}
data: {"choices":[],"usage":{}}
data: [DONE]
`
	pretty, _ := json.MarshalIndent(json.RawMessage(whole), "", "   ")
	want := []string{sum("\xffcalls\n", sum("Hi"), "\n", sum("f"), " ", sum(`{"a":1}`), "\n"), sum("no")}
	for _, file := range []string{whole, string(pretty), stream, strings.ReplaceAll(stream, "\n", "\r\n")} {
		all := ReadAnswer([]byte(file))
		a := plainHashes().answer()
		all[len(all)-1].replay(a)
		if got := a.Sums(); !slices.Equal(got, want) {
			t.Errorf("%s\n got %v\nwant %v", file, got, want)
		}
	}
	legacy := plainHashes().answer()
	all := ReadAnswer([]byte(
		`{"choices":[{"index":0,"message":{"content":null,"function_call":{"name":"f","arguments":"{}"}}}]}`))
	all[len(all)-1].replay(legacy)
	if got := legacy.Sums(); got[0] != sum("\xffcalls\n", sum(""), "\n", sum("f"), " ", sum("{}"), "\n") {
		t.Errorf("legacy call: %v", got)
	}
}

func TestProve(t *testing.T) {
	cfg := config(t.TempDir())
	files, err := NewFiles(cfg, time.Unix(1e9, 0), "x")
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(cfg, keys(t), files, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"req_a", "req_none"} {
		e, err := l.Open(id, time.Unix(1e9, 0))
		if err != nil {
			t.Fatal(err)
		}
		e.Served = "m"
		if id == "req_a" {
			d := e.Digest()
			d.Text(0, "one")
			d.Text(1, `{"two":2}`) // an answer that is JSON itself
			e.Answers = d.Sums()
			if want := "req_a; chain=" + l.Chain() + "; answer=" + strings.Join(e.Answers, ","); e.Provenance() != want {
				t.Errorf("header %q, want %q", e.Provenance(), want)
			}
		}
		e.Keep(e.At.Add(time.Second))
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	paths, _ := Paths(cfg.Dir)
	strict := Check{Public: []ed25519.PublicKey{keys(t).PublicKey()}}
	for file, want := range map[string][]int{
		"one": {0}, "one\n": {0}, "one\r\n": {0}, `{"two":2}`: {1}, "two": nil, "one\n\n": nil, "": nil,
		`{"choices":[{"index":0,"message":{"content":"one"}},{"index":1,"message":{"content":"{\"two\":2}"}}]}`: {0, 1},
		`{"choices":[{"index":0,"message":{"content":"one"}}]}`:                                                 {0},
		`{"choices":[{"index":0,"message":{"content":"one"}},{"index":1,"message":{"content":"else"}}]}`:        nil,
		`{"choices":[{"index":7,"message":{"content":"else"}}]}`:                                                nil,
	} {
		p, err := Prove(paths, keys(t), strict, "req_a", []byte(file))
		if want == nil {
			if !errors.Is(err, ErrNotProven) {
				t.Errorf("%q: %+v %v", file, p, err)
			}
			continue
		}
		if err != nil || !slices.Equal(p.Choices, want) || !p.Sealed || p.Of != 2 || p.Served != "m" ||
			p.Record.Millis != 1000 {
			t.Errorf("%q: %+v %v", file, p, err)
		}
	}
	for id, says := range map[string]string{"req_b": "no record", "req_none": "without text"} {
		if _, err := Prove(paths, keys(t), strict, id, []byte("one")); !errors.Is(err, ErrNotProven) ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", id, err)
		}
	}
	text, _ := os.ReadFile(paths[0])
	if err := os.WriteFile(paths[0], []byte(strings.Replace(string(text), `"served":"m"`, `"served":"x"`, 1)),
		0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Prove(paths, keys(t), strict, "req_a", []byte("one")); !errors.Is(err, ErrNotProven) ||
		!strings.Contains(err.Error(), "does not hold") {
		t.Errorf("a changed record: %v", err)
	}
}

func TestManifest(t *testing.T) {
	l, err := New(config(""), keys(t), NewStream(io.Discard), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close(t.Context()) }()
	e := &Entry{Record: Record{ID: "req_a", Asked: "al\nias", Served: "m"}, log: l}
	s := e.Sign()
	d := e.Digest()
	d.Text(0, "one")
	s.Digest().Text(0, "one")
	e.Answers = d.Sums()
	var m Manifest
	if err := json.Unmarshal(s.Manifest(time.Unix(1e9, 0)), &m); err != nil {
		t.Fatal(err)
	}
	want := "outcrop provenance manifest\n1\nreq_a\n" + l.Chain() + "\n2001-09-09T01:46:40Z\nal?ias\nm\n" + sum("one") +
		"\n" + e.Answers[0] + "\n" + m.Key + "\n"
	if string(m.statement()) != want {
		t.Errorf("got %q, want %q", m.statement(), want)
	}
	public := []ed25519.PublicKey{make(ed25519.PublicKey, 32), keys(t).PublicKey()}
	if err := m.Verify(public); err != nil {
		t.Error(err)
	}
	for what, change := range map[string]func(*Manifest){
		"id": func(m *Manifest) { m.ID += "x" }, "time": func(m *Manifest) { m.Time += "0" },
		"served": func(m *Manifest) { m.Served = "x" },
		"digest": func(m *Manifest) { m.SHA256 = []string{sum("two")} }, "record": func(m *Manifest) { m.Records = nil },
		"version": func(m *Manifest) { m.Version = 2 }, "chain": func(m *Manifest) { m.Chain = "" },
		"asked":     func(m *Manifest) { m.Asked = "" },
		"signature": func(m *Manifest) { m.Signature = "" }, "key": func(m *Manifest) { m.Key = "" },
	} {
		other := m
		if change(&other); other.Verify(public) == nil {
			t.Errorf("a changed %s passes", what)
		}
	}
}

func TestPartialAndTorn(t *testing.T) {
	cfg := config(t.TempDir())
	cfg.MaxBytes, cfg.MaxFiles = 4000, 2
	paths := write(t, cfg, 100)
	if len(paths) != 2 {
		t.Fatalf("%d files are left", len(paths))
	}
	if r := verify(t, paths); !r.OK() {
		t.Errorf("a seal says which files the settings have removed: %v", r.Faults)
	}
	partial := Check{Partial: true}
	all, err := Verify(paths, partial)
	if err != nil || len(all) != 1 || !all[0].OK() || all[0].First < 3 || all[0].Files != 2 || all[0].Records == 0 {
		t.Errorf("what retention leaves: %+v %v", all, err)
	}
	last := paths[1]
	text, _ := os.ReadFile(last)
	for _, cut := range []int{2, 40, 80} { // inside of the last line, as a process leaves it that was killed
		if err := os.WriteFile(last, text[:len(text)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := Verify(paths, partial)
		if err != nil || !all[0].OK() || !all[0].Torn || all[0].Unsealed == 0 {
			t.Errorf("cut by %d: %+v %v", cut, all[0], err)
		}
	}
	first, _ := os.ReadFile(paths[0])
	if err := os.WriteFile(paths[0], first[:len(first)-40], 0o600); err != nil {
		t.Fatal(err)
	}
	if all, _ := Verify(paths, partial); all[0].OK() {
		t.Error("a cut in the middle of a chain passes")
	}
}

// Processes that start together share one key.
func TestKeyIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "signing.key")
	var made [8]string
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			k, err := LoadKeys(path)
			if err != nil {
				t.Error(err)
				return
			}
			made[i] = k.Digest("x")
		})
	}
	wg.Wait()
	if slices.ContainsFunc(made[:], func(s string) bool { return s != made[0] }) {
		t.Errorf("%v", made)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%v", left)
	}
	if _, err := ReadKeys(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading makes no key: %v", err)
	}
}

func TestName(t *testing.T) {
	for in, want := range map[string]string{
		"m": "m",
		"arn:aws:bedrock:us-east-1:111122223333:provisioned-model/abc": "arn:aws:bedrock:us-east-1:************:provisioned-model/abc",
		"123456789012":            "123456789012",
		strings.Repeat("é", 1000): strings.Repeat("é", 128) + "…",
	} {
		if got := Name(in); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for in, want := range map[string]string{"abc": "req_abc", "req_abc": "req_abc",
		"req_abc; chain=1; answer=2": "req_abc"} {
		if got := RecordID(in); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
