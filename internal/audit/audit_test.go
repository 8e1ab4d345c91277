package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func keys(t testing.TB) Keys {
	t.Helper()
	k, err := NewKeys(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func config(dir string) Config {
	c := Default()
	c.Enabled, c.Dir = true, dir
	return c
}

func record(i int) Record {
	return Record{ID: fmt.Sprintf("req_%d", i), At: time.Unix(int64(i), 0), Status: 200, Outcome: "ok", Asked: "auto",
		Answers: []string{"aa"}}
}

// write makes a chain of n records and gives its files.
func write(t testing.TB, cfg Config, n int) []string {
	t.Helper()
	files, err := NewFiles(cfg, time.Unix(1e9, 0), "x")
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(cfg, keys(t), files, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		e, err := l.Open("", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		e.Record = record(i)
		e.Keep(e.At)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	paths, err := Paths(cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func verify(t testing.TB, paths []string) *Report {
	t.Helper()
	all, err := Verify(paths, Check{Public: []ed25519.PublicKey{keys(t).PublicKey()}})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d chains, %v", len(all), err)
	}
	return all[0]
}

func TestChain(t *testing.T) {
	cfg := config(t.TempDir())
	cfg.MaxBytes = 4000
	paths := write(t, cfg, 100)
	r := verify(t, paths)
	if !r.OK() || r.Records != 100 || r.Unsealed != 0 || r.Files != len(paths) || len(paths) < 4 || r.Missing != 0 {
		t.Errorf("%+v in %d files", r, len(paths))
	}
	for _, p := range paths {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o600 || info.Size() > cfg.MaxBytes+1000 {
			t.Errorf("%s: %v %v", p, info, err)
		}
	}
	other, _ := NewKeys(bytes.Repeat([]byte{8}, 32))
	if all, _ := Verify(paths, Check{Public: []ed25519.PublicKey{other.PublicKey()}}); all[0].OK() {
		t.Error("a chain of another key passes")
	}
}

// Every change of a byte, and every line taken out, doubled or moved, must show.
func TestTampering(t *testing.T) {
	paths := write(t, config(t.TempDir()), 12)
	text, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, changed []byte) {
		t.Helper()
		p := filepath.Join(t.TempDir(), "audit-a-0001.jsonl")
		if err := os.WriteFile(p, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := Verify([]string{p}, Check{Public: []ed25519.PublicKey{keys(t).PublicKey()}})
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(all, func(r *Report) bool { return !r.OK() }) || len(all) == 0 {
			return
		}
		t.Errorf("%s does not show", what)
	}
	for i := range text {
		if i%7 != 0 && i < len(text)-600 { // all of the end, with its seal, and a sample of the rest
			continue
		}
		changed := bytes.Clone(text)
		changed[i] ^= 1
		check(fmt.Sprintf("a change of byte %d (%q)", i, text[i]), changed)
	}
	lines := bytes.SplitAfter(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	lines[len(lines)-1] = append(bytes.Clone(lines[len(lines)-1]), '\n')
	for i := range lines[:len(lines)-1] { // without the last line, the seal, the end is open
		check(fmt.Sprintf("line %d taken out", i), bytes.Join(slices.Delete(slices.Clone(lines), i, i+1), nil))
		check(fmt.Sprintf("line %d doubled", i), bytes.Join(slices.Insert(slices.Clone(lines), i, lines[i]), nil))
	}
	check("two lines exchanged", bytes.Join(append([][]byte{lines[0], lines[2], lines[1]}, lines[3:]...), nil))
}

func TestMissingFiles(t *testing.T) {
	cfg := config(t.TempDir())
	cfg.MaxBytes = 4000
	paths := write(t, cfg, 100)
	for i := range paths[:len(paths)-1] {
		if r := verify(t, slices.Delete(slices.Clone(paths), i, i+1)); r.OK() {
			t.Errorf("a chain without file %d passes", i+1)
		}
	}
}

func TestUnsealedTail(t *testing.T) {
	paths := write(t, config(t.TempDir()), 5)
	text, _ := os.ReadFile(paths[0])
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	if err := os.WriteFile(paths[0], []byte(strings.Join(lines[:len(lines)-3], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, paths); !r.OK() || r.Unsealed != 5 || r.Sealed != 0 || r.Records != 4 {
		t.Errorf("%+v", r)
	}
}

// stuck is a disk that takes nothing until it is freed.
type stuck struct {
	Stream
	free chan struct{}
	full atomic.Bool
}

func (s *stuck) Flush() error {
	<-s.free
	if s.full.Load() {
		return errors.New("no space left")
	}
	return s.Stream.Flush()
}

func TestSlowDiskNeverBlocks(t *testing.T) {
	for _, closed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			sink := &stuck{Stream: *NewStream(&out), free: make(chan struct{}, 1)}
			sink.free <- struct{}{} // for the header
			cfg := config("")
			cfg.Queue, cfg.FailClosed = 16, closed
			l, err := New(cfg, keys(t), sink, Options{})
			if err != nil {
				t.Fatal(err)
			}
			refused := 0
			for i := range 100 {
				e, err := l.Open("", time.Time{})
				switch {
				case errors.Is(err, ErrUnavailable):
					refused++
				case err != nil:
					t.Fatal(err)
				default:
					e.Record = record(i)
					e.Keep(e.At)
				}
				synctest.Wait()
			}
			if closed != (refused > 0) || closed == (l.State().Lost > 0) || l.State().Refused != int64(refused) {
				t.Errorf("fail closed %v: refused %d, %+v", closed, refused, l.State())
			}
			lost := l.State().Lost
			close(sink.free)
			if err := l.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			p := filepath.Join(t.TempDir(), "audit-a-0001.jsonl")
			if err := os.WriteFile(p, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			if r := verify(t, []string{p}); !r.OK() || r.Missing != lost || r.Records+refused+int(lost) != 100 {
				t.Errorf("%+v, lost %d", r, lost)
			}
		})
	}
}

func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		sink := &stuck{Stream: *NewStream(&out), free: make(chan struct{}, 1)}
		sink.free <- struct{}{}
		cfg := config("")
		cfg.FailClosed = true
		var mu sync.Mutex
		var told []error
		l, err := New(cfg, keys(t), sink,
			Options{OnError: func(err error) { mu.Lock(); told = append(told, err); mu.Unlock() }})
		if err != nil {
			t.Fatal(err)
		}
		close(sink.free)
		sink.full.Store(true)
		first, err := l.Open("1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		first.Keep(time.Now())
		synctest.Wait()
		if _, err := l.Open("2", time.Now()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("a full disk: %v", err)
		}
		sink.full.Store(false)
		time.Sleep(2 * cfg.SealEvery)
		synctest.Wait()
		again, err := l.Open("3", time.Now())
		if err != nil {
			t.Fatalf("the disk works again: %v", err)
		}
		again.Keep(time.Now())
		again.Keep(time.Now()) // counts once
		if err := l.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if len(told) != 2 || told[0] == nil || told[1] != nil {
			t.Errorf("told %v", told)
		}
		if n := strings.Count(out.String(), `"record":`); n != 2 || l.State().Lost != 0 {
			t.Errorf("%d records, %+v: what was written when the disk was full waits for it", n, l.State())
		}
	})
}

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "signing.key")
	first, err := LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadKeys(path)
	if err != nil || again.Digest("x") != first.Digest("x") {
		t.Errorf("the key does not last: %v", err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	public, err := ReadPublic(first.Public())
	if err != nil || !Signed(public, []byte("s"), first.Sign([]byte("s"))) ||
		Signed(public, []byte("t"), first.Sign([]byte("s"))) {
		t.Errorf("public half: %v", err)
	}
	if _, err := ReadPublic([]byte("x")); err == nil {
		t.Error("anything is a public key")
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(path); err == nil {
		t.Error("anything is a key")
	}
}

func BenchmarkKeep(b *testing.B) {
	cfg := config(b.TempDir())
	cfg.Queue = 1 << 20
	files, err := NewFiles(cfg, time.Now(), "x")
	if err != nil {
		b.Fatal(err)
	}
	l, err := New(cfg, keys(b), files, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		e, err := l.Open("req_1", time.Now())
		if err != nil {
			b.Fatal(err)
		}
		e.Keep(time.Now())
	}
	if err := l.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
