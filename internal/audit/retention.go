package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// oldFile is a file that is to be removed.
type oldFile struct {
	pruned
	path string
}

// Before is the newest whole line of the newest other chain in the folder.
func (f *Files) Before() *point {
	all, _ := Paths(f.dir) // a folder that cannot be read has nothing to name
	for i := len(all) - 1; i >= 0; i-- {
		if strings.HasPrefix(filepath.Base(all[i]), f.name) {
			continue
		}
		if p, ok := lastLine(all[i]); ok {
			return &p
		}
	}
	return nil
}

// stillWritten is how long after its last change a file of another chain may be one that another process writes.
const stillWritten = time.Hour

// Old gives, the oldest first, the files of this chain beyond max_files and those of the folder beyond the retention. A
// file of which nothing can be said under the seal, since no line of it is whole, stays, as does one that somebody else
// may be writing.
func (f *Files) Old(now time.Time) []oldFile {
	if f.cfg.MaxFiles == 0 && f.cfg.Retention == (Retention{}) {
		return nil
	}
	all, total := f.folder()
	own := 0
	for _, x := range all {
		if x.own {
			own++
		}
	}
	var old []oldFile
	for _, x := range all {
		r := f.cfg.Retention
		tooMany := x.own && f.cfg.MaxFiles > 0 && own > f.cfg.MaxFiles
		tooOld := r.Days > 0 && now.Sub(x.changed) > time.Duration(r.Days)*24*time.Hour
		tooMuch := r.Bytes > 0 && total > r.Bytes
		busy := x.path == f.path || !x.own && now.Sub(x.changed) < stillWritten
		if busy || !tooMany && !tooOld && !tooMuch {
			continue
		}
		if !f.stuck[x.path] { // which counts for nothing, so that no others go in its place
			last, ok := lastLine(x.path)
			if !ok {
				continue
			}
			old = append(old, oldFile{pruned{fileNumber(x.path), last}, x.path})
		}
		total -= x.size
		if x.own {
			own--
		}
	}
	return old
}

// Remove removes files. One that somebody else has removed is as good.
func (f *Files) Remove(old []oldFile) (err error) {
	for _, x := range old {
		if e := f.remove(x.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			f.stuck[x.path] = true
			err = errors.Join(err, fmt.Errorf("remove an old file of the audit log: %w", e))
		}
	}
	return err
}

// Room tells how many bytes the files of the folder have, and how many its disk has left.
func (f *Files) Room() (used, free int64) {
	_, used = f.folder()
	return used, freeBytes(f.dir)
}

type folderFile struct {
	path    string
	size    int64
	changed time.Time
	own     bool
}

func (f *Files) folder() (all []folderFile, total int64) {
	paths, _ := Paths(f.dir) // a folder that cannot be read fails where it is written
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil {
			all = append(all, folderFile{p, info.Size(), info.ModTime(), strings.HasPrefix(filepath.Base(p), f.name)})
			total += info.Size()
		}
	}
	return all, total
}

// fileNumber is the number of a file in its chain, by its name; 0 where that tells none.
func fileNumber(path string) int {
	name := strings.TrimSuffix(filepath.Base(path), ".jsonl")
	n, err := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
	if err != nil {
		return 0
	}
	return n
}

// lastLine reads the last whole line of a file.
func lastLine(path string) (p point, ok bool) {
	file, err := os.Open(path)
	if err != nil {
		return p, false
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return p, false
	}
	const tail = 2 * mostRecord // more than a line has
	text, err := io.ReadAll(io.NewSectionReader(file, max(info.Size()-tail, 0), tail))
	if err != nil {
		return p, false
	}
	for len(text) > 0 {
		end := bytes.LastIndexByte(text, '\n')
		if end < 0 {
			return p, false
		}
		text = text[:end]
		begin := bytes.LastIndexByte(text, '\n') + 1
		if json.Unmarshal(text[begin:], &p) == nil && p.Chain != "" && p.Seq > 0 && p.Hash != "" {
			return p, true
		}
		text = text[:begin]
	}
	return p, false
}
