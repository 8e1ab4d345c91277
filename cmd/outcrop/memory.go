package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// useMemory sets Go's collector by what the machine gives. The live heap of a gateway is small beside what its requests
// allocate, so that Go's default collects needlessly often; and without a limit a burst of large requests grows past
// what a container may have (docs/performance.md has the figures). GOGC and GOMEMLIMIT of the user's own stay, whatever
// they say.
func useMemory(getenv func(string) string, root fs.FS) {
	const percent = 400
	if getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if limit := cgroupLimit(root); limit > 0 && getenv("GOMEMLIMIT") == "" {
		// what is not Go's heap needs room too: SQLite, stacks of the system, caches of files
		debug.SetMemoryLimit(limit / 4 * 3)
	}
}

// cgroupLimit is how much memory the process's control group, or one around it, may use, in bytes; 0 is no limit. The
// files are those of Linux, of either version of control groups. Inside of a container the path in /proc is often the
// host's, which is not to be seen: then the container's own group stands at the root.
func cgroupLimit(root fs.FS) int64 {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	least := int64(math.MaxInt64)
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // "0::/a/b", or "9:memory:/a/b" of version 1
		if len(parts) != 3 {
			continue
		}
		top, file := "sys/fs/cgroup", "memory.max"
		if parts[1] == "memory" {
			top, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		} else if parts[1] != "" {
			continue
		}
		for dir := path.Join("/", parts[2]); ; dir = path.Dir(dir) {
			if b, err := fs.ReadFile(root, path.Join(top, dir, file)); err == nil {
				if n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64); err == nil && n > 0 { // "max" is none
					least = min(least, n)
				}
			}
			if dir == "/" {
				break
			}
		}
	}
	const none = 1 << 50 // version 1 writes a number near the greatest
	if least >= none {
		return 0
	}
	return least
}

// memoryOf is how much memory a machine with Linux has, in bytes; 0 is not known.
func memoryOf(root fs.FS) int64 {
	text, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0
	}
	var kib int64
	if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kib); err != nil { // the first line
		return 0
	}
	return kib << 10
}

func machine() fs.FS { return os.DirFS("/") }
