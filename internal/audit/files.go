package audit

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// most is how much may wait in memory for a disk that does not take it.
const most = 8 << 20

var errBehind = errors.New("the disk of the audit log is full or too slow")

// buffer collects lines between flushes. What could not be written stays in it, so that a full disk loses nothing at
// once.
type buffer struct{ lines []byte }

func (b *buffer) Write(line []byte) (int, error) {
	if len(b.lines)+len(line) > most {
		return 0, errBehind
	}
	b.lines = append(b.lines, line...)
	return len(line), nil
}

// Files writes a folder of files named after the time at which the process began: audit-<time>-<random>-0001.jsonl.
type Files struct {
	buffer
	dir, name string
	cfg       Config
	count     int
	file      *os.File
	path      string
	size      int64 // what is surely in the file
	remove    func(path string) error
	stuck     map[string]bool // files that could not be removed
}

// NewFiles makes the folder; the first file is made with the first line.
func NewFiles(cfg Config, at time.Time, random string) (*Files, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the audit log: %w", err)
	}
	return &Files{dir: cfg.Dir, name: "audit-" + at.UTC().Format("20060102T150405Z") + "-" + random, cfg: cfg,
		remove: os.Remove, stuck: map[string]bool{}}, nil
}

// Due tells whether the present file is full.
func (f *Files) Due() bool { return f.file != nil && f.size+int64(len(f.lines)) >= f.cfg.MaxBytes }

// Next begins a file when there is none, or the present one is full. A folder that was removed is made again.
func (f *Files) Next(header func() []byte) error {
	if f.file != nil && !f.Due() {
		return nil
	}
	if err := f.Flush(); err != nil {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the audit log: %w", err)
	}
	path := filepath.Join(f.dir, fmt.Sprintf("%s-%04d.jsonl", f.name, f.count+1))
	next, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		if f.file != nil {
			return nil // the old file goes on: better too large than not kept
		}
		return fmt.Errorf("make a file of the audit log: %w", err)
	}
	if f.file != nil {
		err = errors.Join(f.Sync(), f.file.Close())
	}
	f.file, f.path, f.size, f.count = next, path, 0, f.count+1
	f.lines = append(f.lines, header()...)
	return err
}

// Lost looks for the file under its name. Who removes, replaces or cuts it does not touch the one that is open, which
// nobody finds any more. A name that cannot be looked up for another reason is for writing to tell.
func (f *Files) Lost() (path string, waiting []byte, gone bool) {
	if f.file == nil {
		return f.path, nil, false
	}
	there, err := os.Stat(f.path)
	own, ownErr := f.file.Stat()
	if ownErr != nil || err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return f.path, nil, false
	}
	if err == nil && os.SameFile(there, own) && there.Size() >= f.size {
		return f.path, nil, false
	}
	waiting = f.lines
	_ = f.file.Close() // nothing more is written to it
	f.file, f.size, f.lines = nil, 0, nil
	return f.path, waiting, true
}

// Flush writes what waits. After a failure the file is cut back to its last whole line.
func (f *Files) Flush() error {
	if len(f.lines) == 0 || f.file == nil {
		return nil
	}
	if _, err := f.file.WriteAt(f.lines, f.size); err != nil {
		return errors.Join(fmt.Errorf("write the audit log: %w", err), f.file.Truncate(f.size))
	}
	f.size += int64(len(f.lines))
	f.lines = f.lines[:0]
	return nil
}

// Sync brings to the disk what was written.
func (f *Files) Sync() error {
	if f.file == nil {
		return nil
	}
	if err := f.file.Sync(); err != nil {
		return fmt.Errorf("bring the audit log to the disk: %w", err)
	}
	return nil
}

// Close writes what waits and brings it to the disk.
func (f *Files) Close() error {
	if f.file == nil {
		return nil
	}
	return errors.Join(f.Flush(), f.Sync(), f.file.Close())
}

// Stream writes to a pipe or terminal, which has no files.
type Stream struct {
	buffer
	to    io.Writer
	begun bool
}

// NewStream writes lines to to, which it does not close.
func NewStream(to io.Writer) *Stream { return &Stream{to: to} }

// Next writes the header once.
func (s *Stream) Next(header func() []byte) error {
	if !s.begun {
		s.begun = true
		s.lines = append(s.lines, header()...)
	}
	return nil
}

// Flush writes what waits.
func (s *Stream) Flush() error {
	if len(s.lines) == 0 {
		return nil
	}
	n, err := s.to.Write(s.lines)
	s.lines = s.lines[:copy(s.lines, s.lines[n:])]
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

// Due is never: a stream has one beginning.
func (*Stream) Due() bool { return false }

// Lost is never: a stream that ends fails.
func (*Stream) Lost() (path string, waiting []byte, gone bool) { return "", nil, false }

// Before is nothing.
func (*Stream) Before() *point { return nil }

// Old is nothing.
func (*Stream) Old(time.Time) []oldFile { return nil }

// Remove is never asked for.
func (*Stream) Remove([]oldFile) error { return nil }

// Room is not known.
func (*Stream) Room() (used, free int64) { return 0, -1 }

// Sync does nothing: what keeps the lines of a stream is at its other end.
func (*Stream) Sync() error { return nil }

// Close writes what waits.
func (s *Stream) Close() error { return s.Flush() }

// Paths gives the files of a folder in the order of their chains, or the file itself.
func Paths(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	all, err := filepath.Glob(filepath.Join(path, "audit-*.jsonl"))
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(strings.Compare(a[:strings.LastIndexByte(a, '-')], b[:strings.LastIndexByte(b, '-')]),
			cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	return all, err
}
