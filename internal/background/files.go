package background

import "os"

// Files notices that files were rewritten or replaced. It is for one goroutine.
type Files struct{ seen map[string]os.FileInfo }

// Changed names those of the paths that are not as they were when it was last called with them: rewritten, replaced
// (also by a link that leads elsewhere, as Kubernetes does it), gone or come. A path that is new to it has not changed;
// "" is none.
func (f *Files) Changed(paths ...string) []string {
	if f.seen == nil {
		f.seen = map[string]os.FileInfo{}
	}
	var changed []string
	for _, path := range paths {
		if path == "" {
			continue
		}
		now, err := os.Stat(path)
		if err != nil {
			now = nil // one that cannot be seen is no file to whoever reads it
		}
		before, known := f.seen[path]
		if known && !same(before, now) {
			changed = append(changed, path)
		}
		f.seen[path] = now
	}
	return changed
}

func same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
