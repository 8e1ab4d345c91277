package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// progress tells somebody at a terminal how far the work on lines has come, and at its end what came out. Anybody else
// gets nothing: scripts read standard output.
type progress struct {
	to     io.Writer // nil: nobody looks
	what   string    // "routed", "scanned"
	begun  time.Time
	last   time.Time
	counts map[string]int
	cost   float64 // USD
}

const progressEvery = 500 * time.Millisecond

// newProgress writes to out if that is a terminal.
func newProgress(out io.Writer, what string) *progress {
	p := &progress{what: what, begun: time.Now(), counts: map[string]int{}}
	if f, ok := out.(*os.File); ok && terminal(f) {
		p.to = out
	}
	return p
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// count adds one to what is summed up at the end.
func (p *progress) count(names ...string) {
	for _, name := range names {
		p.counts[name]++
	}
}

func (p *progress) spend(usd float64) {
	p.cost += usd
}

// seen shows how far the work has come, now and then.
func (p *progress) seen(lines, bad int) {
	if now := time.Now(); p.to != nil && now.Sub(p.last) >= progressEvery {
		p.last = now
		fmt.Fprintf(p.to, "\r%s: %d lines, %d faulty, %.0f/s ", p.what, lines, bad,
			float64(lines)/max(now.Sub(p.begun).Seconds(), .001))
	}
}

// end sums up.
func (p *progress) end() {
	if p.to == nil {
		return
	}
	fmt.Fprintf(p.to, "\r%s in %.1f s\n", p.what+strings.Repeat(" ", 40), time.Since(p.begun).Seconds())
	names := slices.SortedFunc(maps.Keys(p.counts), func(a, b string) int {
		if d := p.counts[b] - p.counts[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		fmt.Fprintf(p.to, "%9d  %s\n", p.counts[name], name)
	}
	if p.cost > 0 {
		fmt.Fprintf(p.to, "%9s  %.4f USD by the estimate, %.6f a line\n", "", p.cost, p.cost/float64(max(p.total(), 1)))
	}
}

// total is how many lines were worked on.
func (p *progress) total() int { return p.counts["lines"] }
