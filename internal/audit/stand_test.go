package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// opened is a log on a folder, with what it was told of its errors.
type opened struct {
	*Log
	t    *testing.T
	dir  string
	mu   sync.Mutex
	told []string
}

func open(t *testing.T, change func(*Config)) *opened {
	t.Helper()
	cfg := config(filepath.Join(t.TempDir(), "audit"))
	if change != nil {
		change(&cfg)
	}
	return openAs(t, cfg, "x", time.Now())
}

func openAs(t *testing.T, cfg Config, name string, at time.Time) *opened {
	t.Helper()
	files, err := NewFiles(cfg, at, name)
	if err != nil {
		t.Fatal(err)
	}
	o := &opened{t: t, dir: cfg.Dir}
	o.Log, err = New(cfg, keys(t), files, Options{OnError: func(err error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if err == nil {
			o.told = append(o.told, "")
		} else {
			o.told = append(o.told, err.Error())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// keep keeps a record, and waits until the log has done what it does with it.
func (o *opened) keep(i int) {
	o.t.Helper()
	e, err := o.Open("", time.Time{})
	if err != nil {
		o.t.Fatalf("record %d: %v", i, err)
	}
	e.Record = record(i)
	e.Keep(e.At)
	synctest.Wait()
}

func (o *opened) end() {
	o.t.Helper()
	if err := o.Close(context.Background()); err != nil {
		o.t.Error(err)
	}
}

// A file that is removed, replaced or cut while it is written: no record goes to where nobody finds it, the chain says
// how many are gone, and a log that is to fail closed refuses until it stands again.
func TestMendE2RecordsOfAFileThatWasReplaced(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, path string){
		"file removed":    func(t *testing.T, path string) { must(t, os.Remove(path)) },
		"folder removed":  func(t *testing.T, path string) { must(t, os.RemoveAll(filepath.Dir(path))) },
		"file moved away": func(t *testing.T, path string) { must(t, os.Rename(path, path+".1")) },
		"file replaced": func(t *testing.T, path string) {
			text, err := os.ReadFile(path)
			must(t, err)
			must(t, os.Remove(path))
			must(t, os.WriteFile(path, text, 0o600))
		},
		"file cut": func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) },
	} {
		for _, closed := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := open(t, func(c *Config) { c.FailClosed = closed })
					o.keep(1)
					time.Sleep(time.Second)
					o.keep(2)
					paths, _ := Paths(o.dir)
					harm(t, paths[0])
					time.Sleep(time.Second)
					o.keep(3)
					if _, err := o.Open("", time.Now()); closed != errors.Is(err, ErrUnavailable) {
						t.Errorf("right after it, fail closed %v: %v", closed, err)
					}
					if s := o.State(); s.Lost != 2 || !s.Failing {
						t.Errorf("%+v", s)
					}
					time.Sleep(2 * Default().SealEvery)
					o.keep(4)
					o.end()
					paths, _ = Paths(o.dir)
					var ids []string
					all, err := Verify(paths[len(paths)-1:],
						Check{Partial: true, Each: func(f Found) { ids = append(ids, f.Record.ID) }})
					if err != nil || len(all) != 1 || all[0].Missing != 2 || all[0].Sealed == 0 || !all[0].Closed {
						t.Fatalf("%+v, %v", all, err)
					}
					if got := strings.Join(ids, " "); got != "req_3 req_4" {
						t.Errorf("kept %s", got)
					}
					if len(all[0].Faults) != 1 ||
						!strings.Contains(all[0].Faults[0], "file 1 of the chain was removed, replaced or cut") {
						t.Errorf("%q", all[0].Faults)
					}
					if len(o.told) != 2 || !strings.Contains(o.told[0], "2 records are gone") || o.told[1] != "" {
						t.Errorf("told %q", o.told)
					}
				})
			})
		}
	}
}

// Without any request, the seal looks too.
func TestMendE2AFileThatWasRemovedIsNoticedWithoutRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t, nil)
		o.keep(1)
		must(t, os.RemoveAll(o.dir))
		time.Sleep(2 * Default().SealEvery)
		synctest.Wait()
		paths, _ := Paths(o.dir)
		if len(paths) != 1 || o.State().Lost != 1 {
			t.Errorf("%v, %+v", paths, o.State())
		}
		o.end()
	})
}

// A folder that cannot be made again: what comes waits in memory, those who fail closed are refused, and nothing is
// lost when it can.
func TestMendE2AFolderThatCannotBeMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t, func(c *Config) { c.FailClosed = true })
		o.keep(1)
		must(t, os.RemoveAll(o.dir))
		must(t, os.WriteFile(o.dir, nil, 0o600)) // a file in the folder's place
		time.Sleep(time.Second)
		o.keep(2)
		time.Sleep(3 * Default().SealEvery)
		if _, err := o.Open("", time.Now()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		must(t, os.Remove(o.dir))
		time.Sleep(3 * Default().SealEvery)
		o.keep(3)
		o.end()
		paths, _ := Paths(o.dir)
		all, err := Verify(paths, Check{Partial: true})
		if err != nil || len(all) != 1 || all[0].Records != 2 || all[0].Missing != 1 {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

// syncs counts what is brought to the disk.
type syncs struct {
	*Files
	n atomic.Int64
}

func (s *syncs) Sync() error {
	s.n.Add(1)
	return s.Files.Sync()
}

func TestMendA6SealsAreSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config(t.TempDir())
		files, err := NewFiles(cfg, time.Now(), "x")
		must(t, err)
		sink := &syncs{Files: files}
		l, err := New(cfg, keys(t), sink, Options{})
		must(t, err)
		o := &opened{Log: l, t: t, dir: cfg.Dir}
		o.keep(1)
		before := sink.n.Load()
		time.Sleep(cfg.SealEvery)
		synctest.Wait()
		paths, _ := Paths(cfg.Dir)
		if r := verify(t, paths); sink.n.Load() != before+1 || r.Sealed != 2 {
			t.Errorf("%d syncs for a seal, %+v", sink.n.Load()-before, r)
		}
		time.Sleep(5 * cfg.SealEvery)
		synctest.Wait()
		if sink.n.Load() != before+1 {
			t.Error("nothing was written, and it was brought to the disk")
		}
		o.end()
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
