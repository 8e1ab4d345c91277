//go:build linux || darwin || freebsd

package audit

import "syscall"

// freeBytes is what the disk of a folder has left for this process; -1 when that is not known.
func freeBytes(dir string) int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize) //nolint:gosec,unconvert // the types differ between systems
}
