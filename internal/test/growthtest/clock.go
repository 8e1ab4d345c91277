//go:build unix && growth && !race

package growthtest

import (
	"syscall"
	"time"
)

const measurable = true

// processTime is the processor's time that this process has used, all threads together.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
