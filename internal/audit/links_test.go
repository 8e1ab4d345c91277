package audit

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// lives lets processes follow each other in one folder. One that is killed leaves its last records without a seal.
func lives(t *testing.T, cfg Config, killed ...bool) (paths []string) {
	t.Helper()
	for i, kill := range killed {
		at := time.Unix(1e9+int64(i), 0)
		if !kill {
			o := openAs(t, cfg, "x", at)
			o.keep(i)
			o.end()
			continue
		}
		files, err := NewFiles(cfg, at, "x")
		must(t, err)
		c, err := newChain(keys(t), files, time.Now)
		must(t, err)
		first, second := record(i), record(i)
		must(t, c.append(&first))
		must(t, c.seal())
		must(t, c.append(&second))
		must(t, c.flush())
		must(t, files.file.Close())
	}
	paths, err := Paths(cfg.Dir)
	must(t, err)
	return paths
}

func reports(t *testing.T, paths []string) []*Report {
	t.Helper()
	all, err := Verify(paths, Check{Public: []ed25519.PublicKey{keys(t).PublicKey()}})
	must(t, err)
	return all
}

func faults(all []*Report) string {
	var list []string
	for _, r := range all {
		list = append(list, r.Faults...)
	}
	return strings.Join(list, "\n")
}

func TestMendE7ARemovedChainShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		paths := lives(t, config(t.TempDir()), false, false, true, false)
		if f := faults(reports(t, paths)); f != "" || len(paths) != 4 {
			t.Fatal(f)
		}
		for i := range paths[:3] { // of the last one nothing tells
			if f := faults(reports(t, slices.Delete(slices.Clone(paths), i, i+1))); !strings.Contains(f,
				"which was there before this one, is missing") {
				t.Errorf("chain %d was removed: %q", i, f)
			}
		}
		if all, _ := Verify(paths[1:], Check{Partial: true}); faults(all) != "" {
			t.Error("partial: " + faults(all))
		}
	})
}

func TestMendE7AnUnsealedEndWithASuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		paths := lives(t, config(t.TempDir()), true, false)
		all := reports(t, paths)
		if r := all[0]; !r.OK() || r.Closed || r.Sealed != 2 || r.Vouched != 4 || r.Unsealed != 0 || !all[1].Closed {
			t.Errorf("killed: %+v", r)
		}
		text, err := os.ReadFile(paths[0])
		must(t, err)
		lines := bytes.SplitAfter(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
		must(t, os.WriteFile(paths[0], bytes.Join(lines[:3], nil), 0o600))
		if f := faults(reports(t, paths)); !strings.Contains(f, "the end was removed: line 3 is the last") {
			t.Errorf("what was not sealed is cut off: %q", f)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t.TempDir())
		files, err := NewFiles(cfg, time.Unix(1e9, 0), "w")
		must(t, err)
		c, err := newChain(keys(t), files, time.Now)
		must(t, err)
		lives(t, cfg, false) // has seen the first line only
		r := record(1)
		must(t, c.append(&r))
		must(t, c.flush())
		must(t, files.file.Close())
		paths, _ := Paths(cfg.Dir)
		all := reports(t, paths)
		if r := all[0]; !r.OK() || r.Followed != all[1].Chain || r.Unsealed != 1 || r.Closed || all[1].Followed != "" {
			t.Errorf("%+v", r)
		}
	})
}

func TestMendE7AMissingFileOfASeries(t *testing.T) {
	cfg := config(t.TempDir())
	cfg.MaxBytes = 4000
	paths := write(t, cfg, 100)
	if r := verify(t, paths); !r.OK() || !r.Closed || len(paths) < 4 {
		t.Fatalf("%+v", r)
	}
	for i, path := range paths {
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, os.Remove(path))
		rest := slices.Delete(slices.Clone(paths), i, i+1)
		if r := verify(t, rest); r.OK() {
			t.Errorf("without file %d of %d: %+v", i+1, len(paths), r)
		}
		must(t, os.WriteFile(path, text, 0o600))
	}
	// A file that is begun while the others are verified is not missing.
	if r := verify(t, paths[:len(paths)-1]); !r.OK() || r.Closed {
		t.Errorf("%+v", r)
	}
}

func TestMendD8PruningIsToldFromAMissingFile(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Config)
		left   int // of 4 chains of one file each
	}{
		"by days":   {func(c *Config) { c.Retention.Days = 30 }, 2},
		"by bytes":  {func(c *Config) { c.Retention.Bytes = 1 }, 1},
		"never":     {func(*Config) {}, 4},
		"not yet":   {func(c *Config) { c.Retention = Retention{Days: 50, Bytes: 1 << 40} }, 4},
		"old files": {func(c *Config) { c.Retention.Days = 1 }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t.TempDir())
			var paths []string
			synctest.Test(t, func(t *testing.T) { paths = lives(t, cfg, false, true, false) })
			for i, p := range paths {
				age := time.Now().AddDate(0, 0, 20*i-45) // 45, 25, 5 days
				must(t, os.Chtimes(p, age, age))
			}
			tt.change(&cfg)
			if name == "by days" {
				age := time.Now().AddDate(0, 0, -31)
				must(t, os.Chtimes(paths[1], age, age))
			}
			o := openAs(t, cfg, "x", time.Unix(1e9+9, 0))
			if err := o.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			left, _ := Paths(cfg.Dir)
			all := reports(t, left)
			if len(left) != tt.left || faults(all) != "" {
				t.Fatalf("%d files: %s", len(left), faults(all))
			}
			if len(left) > 1 { // one that nobody has pruned
				if f := faults(reports(t, left[1:])); f == "" {
					t.Error("a missing chain is taken for a pruned one")
				}
			}
		})
	}
}

// A seal that falls due together with a file vouches for the line before it, as any other does.
func TestMendE7ASealInANewFileVouchesForItsBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t, func(c *Config) { c.MaxBytes = 1 }) // whatever is written next goes into a new file
		for i := range 3 {
			o.keep(i)
			time.Sleep(o.cfg.SealEvery)
			synctest.Wait()
		}
		o.end()
		paths, _ := Paths(o.dir)
		if r := verify(t, paths); !r.OK() || !r.Closed || len(paths) < 3 {
			t.Errorf("%d files, %+v", len(paths), r)
		}
	})
}

// A file that cannot be removed is told once; records are kept all the same, and nobody is refused.
func TestMendD8AFileThatStaysRefusesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t.TempDir())
		cfg.MaxFiles, cfg.MaxBytes, cfg.FailClosed = 2, 4000, true
		files, err := NewFiles(cfg, time.Now(), "x")
		must(t, err)
		files.remove = func(path string) error { return &os.PathError{Op: "remove", Path: path, Err: os.ErrPermission} }
		told := map[string]int{}
		l, err := New(cfg, keys(t), files, Options{
			OnError: func(err error) { t.Errorf("records are said to fail: %v", err) },
			OnStuck: func(err error) { told[err.Error()]++ },
		})
		must(t, err)
		for i := range 100 {
			e, err := l.Open("id", time.Now())
			must(t, err)
			e.Record = record(i)
			e.Keep(e.At)
			time.Sleep(time.Second)
		}
		time.Sleep(3 * houseEvery)
		synctest.Wait()
		last, err := l.Open("id", time.Now())
		must(t, err)
		last.Keep(last.At)
		must(t, l.Close(t.Context()))
		paths, _ := Paths(cfg.Dir)
		if len(told) == 0 || len(paths) < 4 || faults(reports(t, paths)) != "" {
			t.Errorf("%d files, told %v, %s", len(paths), told, faults(reports(t, paths)))
		}
		for what, n := range told {
			if n != 1 {
				t.Errorf("told %d times: %s", n, what)
			}
		}
	})
}

// A file that another process may be writing is not taken from it, however old its chain is.
func TestMendD8WhatSomebodyElseWritesStays(t *testing.T) {
	cfg := config(t.TempDir())
	var paths []string
	synctest.Test(t, func(t *testing.T) { paths = lives(t, cfg, false, true) })
	idle := time.Now().Add(-2 * stillWritten)
	must(t, os.Chtimes(paths[0], idle, idle))
	must(t, os.Chtimes(paths[1], time.Now(), time.Now()))
	cfg.Retention.Bytes = 1
	must(t, openAs(t, cfg, "x", time.Unix(1e9+9, 0)).Close(t.Context()))
	if left, _ := Paths(cfg.Dir); len(left) != 2 || left[0] != paths[1] {
		t.Errorf("left are %v", left)
	}
}

func TestMendD8FilesBeyondTheMostAreToldToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t, func(c *Config) { c.MaxFiles, c.MaxBytes = 2, 4000 })
		for i := range 100 {
			o.keep(i)
		}
		time.Sleep(houseEvery)
		synctest.Wait()
		o.end()
		paths, _ := Paths(o.dir)
		r := verify(t, paths)
		if len(paths) > 3 || !r.OK() || r.First < 2 || r.Pruned == 0 {
			t.Errorf("%d files, %+v", len(paths), r)
		}
		if r := verify(t, paths[1:]); r.OK() {
			t.Error("a file that was not pruned is not missed")
		}
	})
}
