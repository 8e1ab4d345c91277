// Package injection tells texts that try to take a model over, and text that is hidden from readers.
//
// It must not decide what becomes of them. Start at [Scanner.ScoreContext].
package injection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Config is what makes a text count as an attempt to take the model over.
type Config struct {
	Patterns      []string // phrases of the user's own, found in any case and spacing
	PatternWeight float64  // what one of them adds, 0 to 1; 0 is the default of 0.5, which flags and does not block
	Threshold     float64  // score from which a text counts as an attack, 0 to 1; 0 is the default of 0.8
}

// The defaults of an InjectionConfig.
const (
	DefaultPatternWeight = 0.5
	defaultThreshold     = 0.8
)

// Scanner tells how likely it is that a text tries to give a model orders that its reader has no right to give. It
// knows no language model: it undoes the usual disguises, reads words by what they mean to a model, and weighs what
// they form together. It is safe for concurrent use.
type Scanner struct {
	reader    reader
	patterns  []string
	pool      sync.Pool // of *reading
	weight    float64
	threshold float64
}

// Signal is one reason of a score. It never holds the text.
type Signal struct {
	Name   string
	Weight float64
}

// New refuses patterns without a letter and weights outside 0 to 1.
func New(cfg Config) (*Scanner, error) {
	d := &Scanner{
		reader:    reader{newLexicon()},
		weight:    cmp.Or(cfg.PatternWeight, DefaultPatternWeight),
		threshold: cmp.Or(cfg.Threshold, defaultThreshold),
	}
	d.pool.New = func() any { return new(reading) }
	if d.weight < 0 || d.weight > 1 || d.threshold < 0 || d.threshold > 1 {
		return nil, errors.New("weight and threshold of the injection scan must lie between 0 and 1")
	}
	var t reading
	for _, p := range cfg.Patterns {
		d.reader.read(p, &t)
		if len(t.words) == 0 {
			return nil, fmt.Errorf("the pattern %q has no word", p)
		}
		d.patterns = append(d.patterns, join(t.words))
	}
	return d, nil
}

// Threshold is the score from which a text counts as an attack.
func (d *Scanner) Threshold() float64 { return d.threshold }

// join gives words each between spaces, so that a phrase is found only at borders of words.
func join(words []word) string {
	var b strings.Builder
	b.WriteByte(' ')
	for i := range words {
		b.WriteString(words[i].text)
		b.WriteByte(' ')
	}
	return b.String()
}

// A long text is read in windows that overlap by more than an attack needs. Weak signs that stand far apart in a long
// text then do not add up.
const (
	Window  = 4 << 10
	overlap = 1 << 10
)

// Score is [Injection.ScoreContext] of a text that nobody waits for.
func (d *Scanner) Score(text string) (float64, []Signal) {
	score, why, _ := d.ScoreContext(context.Background(), text) // which never ends
	return score, why
}

// ScoreContext tells how much a text looks like an attack, 0 to 1, and why. Of a long text the worst window counts. The
// error is the context's.
func (d *Scanner) ScoreContext(ctx context.Context, text string) (float64, []Signal, error) {
	if len(text) <= Window {
		score, why := d.score(text, true)
		return score, why, nil
	}
	worst, why := 0.0, []Signal(nil)
	for at := 0; ; {
		if err := ctx.Err(); err != nil {
			return worst, why, err
		}
		end := min(len(text), at+Window)
		s, w := d.score(text[at:cut(text, end)], true)
		if s > worst {
			worst, why = s, w
		}
		if end == len(text) {
			return worst, why, nil
		}
		at = cut(text, end-overlap)
	}
}

// cut moves a place back to the end of a word, as far as one is near.
func cut(text string, at int) int {
	if at >= len(text) {
		return at
	}
	if i := strings.LastIndexByte(text[at-64:at], ' '); i >= 0 {
		return at - 64 + i
	}
	for !utf8.RuneStart(text[at]) && at > 0 {
		at--
	}
	return at
}

// score reads one window; decode tells whether to read what is encoded in it too.
func (d *Scanner) score(text string, decode bool) (float64, []Signal) {
	t := d.pool.Get().(*reading)
	defer d.pool.Put(t)
	d.reader.read(text, t)
	var found tally
	found.matchRules(t)
	found.matchPhrases(text)
	if len(d.patterns) > 0 {
		plain := join(t.words)
		for i, p := range d.patterns {
			if strings.Contains(plain, p) {
				found.add(fmt.Sprintf("pattern %d", i+1), d.weight)
			}
		}
	}
	d.disguises(text, t, &found, decode)
	return found.total()
}

// tally adds up signals as independent reasons: 1 - product of (1 - weight).
type tally struct{ signals []Signal }

// add notes a signal; of several of one name the heaviest counts.
func (t *tally) add(name string, weight float64) {
	for i := range t.signals {
		if t.signals[i].Name == name {
			t.signals[i].Weight = max(t.signals[i].Weight, weight)
			return
		}
	}
	t.signals = append(t.signals, Signal{name, weight})
}

func (t *tally) total() (float64, []Signal) {
	rest := 1.0
	for _, s := range t.signals {
		rest *= 1 - s.Weight
	}
	slices.SortFunc(t.signals, func(a, b Signal) int { return cmp.Compare(b.Weight, a.Weight) })
	return 1 - rest, t.signals
}
