package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// Size is a number of bytes, written with a unit: 32MB is 32,000,000 bytes and 32MiB 33,554,432.
type Size int64

const megabyte Size = 1_000_000

type unit struct {
	name  string
	bytes Size
}

// sizeUnits are tried in this order when a size is written.
func sizeUnits() []unit {
	return []unit{
		{"GB", 1e9}, {"GiB", 1 << 30}, {"MB", megabyte}, {"MiB", 1 << 20}, {"kB", 1e3}, {"KB", 1e3},
		{"KiB", 1 << 10}, {"B", 1},
	}
}

// String writes the size in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits() {
		if s != 0 && s%u.bytes == 0 {
			return fmt.Sprintf("%d%s", s/u.bytes, u.name)
		}
	}
	return "0B"
}

// MarshalText writes the size as String does.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

var sizeForm = regexp.MustCompile(`^([0-9]+) ?([a-zA-Z]*)$`)

// UnmarshalText reads a whole number and its unit.
func (s *Size) UnmarshalText(text []byte) error {
	m := sizeForm.FindSubmatch(text)
	if m == nil {
		return fmt.Errorf("must be a size such as 32MB, not %s", quote(string(text)))
	}
	if len(m[2]) == 0 {
		return fmt.Errorf("%s has no unit, write %sMB, %[2]sKB or %[2]sB", quote(string(text)), m[1])
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	for _, u := range sizeUnits() {
		if u.name != string(m[2]) {
			continue
		}
		if err != nil || n > math.MaxInt64/int64(u.bytes) {
			return fmt.Errorf("%s is too large", quote(string(text)))
		}
		*s = Size(n) * u.bytes
		return nil
	}
	return fmt.Errorf("unknown unit in %s, use B, KB, MB, GB, KiB, MiB or GiB", quote(string(text)))
}
