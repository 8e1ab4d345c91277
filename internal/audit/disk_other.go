//go:build !linux && !darwin && !freebsd

package audit

// freeBytes is not known here.
func freeBytes(string) int64 { return -1 }
