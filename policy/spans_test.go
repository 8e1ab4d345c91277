package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"outcrop/internal/test/growthtest"
	"outcrop/policy/finding"
	"outcrop/policy/form"
)

// TestMendA2SpansAreFoundAsBefore compares with the rule in its plainest form: each value is looked for by itself.
func TestMendA2SpansAreFoundAsBefore(t *testing.T) {
	kinds := []string{KindURL, KindPerson, "AGE"}
	for seed := range 3000 {
		x := uint32(seed)*2654435761 + 1
		next := func(n int) int { x = x*1664525 + 1013904223; return int(x>>16) % n }
		some := func(n int) string {
			return repeat(1+next(n), func(int) string { return []string{"a", "b", " ", "é", "-", "aa"}[next(6)] })
		}
		text, s := some(40), &spans{}
		var plain []Finding
		for range 1 + next(5) {
			kind, value, score := kinds[next(3)], some(3), 0.8
			s.add(kind, value, score)
			for at := 0; ; {
				i := strings.Index(text[at:], value)
				if i < 0 {
					break
				}
				start := at + i
				at = start + len(value)
				if border(text, start) && border(text, at) {
					plain = append(plain, Finding{Kind: kind, Start: start, End: at, Score: score})
				} else {
					_, at = 0, start+1 // what stands inside of a word hides nothing
				}
			}
		}
		got, err := s.Detect(t.Context(), Input, one(text))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(plain, finding.InText)
		if got, want := finding.Resolve(got), finding.Resolve(slices.Compact(plain)); !slices.Equal(got, want) {
			t.Fatalf("in %q: %v\nwant %v", text, got, want)
		}
	}
}

// TestMendA2GrowthOfSpans looks for n values in texts of n of them.
func TestMendA2GrowthOfSpans(t *testing.T) {
	p := acting(t, Redact)
	for name, c := range map[string]struct {
		n     int
		value func(i int) string
	}{
		"different values":               {500, func(i int) string { return "Zoltan Quab" + letters(i) }},
		"values that lie in one another": {160, func(i int) string { return strings.Repeat("zo ", i%16) + "zo" }},
	} {
		t.Run(name, func(t *testing.T) {
			growthtest.Check(t, c.n, func(n int) func() {
				texts, said := make([]Text, n), make([]Opinion, n)
				for i := range texts {
					value := c.value(i)
					texts[i] = Text{Value: value + " left.", Role: "user"}
					said[i].Findings = []Judged{{Finding: Finding{Kind: KindPerson, End: len(value), Score: 1}}}
				}
				return func() {
					if v, err := p.Begin().InspectWith(t.Context(), Input, texts, said); err != nil ||
						v.Texts[n-1] != "<PERSON> left." {
						t.Fatal(v.Texts[n-1], err)
					}
				}
			})
		})
	}
}

// TestMendA2ExpressionsAreFoundAsBefore compares the matches in long texts with those that are found at once.
func TestMendA2ExpressionsAreFoundAsBefore(t *testing.T) {
	line := func(i int) string { return fmt.Sprintf("staff E-%06d, %s wrote 12345678901.\n", i, letters(i)) }
	texts := []string{repeat(3000, line), strings.ReplaceAll(repeat(3000, line), "\n", " "), strings.Repeat("a", 70_000),
		strings.Repeat("1", 70_000) + "\xff1", repeat(3000, line) + "end"}
	for _, pattern := range []string{`E-\d{6}`, `\bE-(\d{6})\b`, `(?m)^staff`, `(?m)\.$`, `^staff`, `end$`, `1+`,
		`a.*b|end`, `(?s)staff.*end`, `\d{7}`, `[a-z]+ wrote`, `(aaa)|(\d)`, `\b(?i:STAFF)\b|.\z`} {
		e, err := compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			got, err := e.each(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			if want := e.FindAllStringSubmatchIndex(text, -1); !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("%s in text %d: %d matches, want %d", pattern, i, len(got), len(want))
			}
		}
	}
}

// TestMendA2NobodyWaitsForOneText: what reads one long text asks whether anybody waits while it reads.
func TestMendA2NobodyWaitsForOneText(t *testing.T) {
	e, err := compile(`[A-Z]-\d{6}`)
	if err != nil {
		t.Fatal(err)
	}
	s := &spans{}
	s.add(KindPerson, "Maria Lopez", 1)
	text := strings.Repeat("the blue tariff of Maria Lopez at http://a.example/b ", 10_000)
	for name, read := range map[string]func(ctx context.Context) error{
		"expressions": func(ctx context.Context) error { _, err := e.each(ctx, text); return err },
		"links":       func(ctx context.Context) error { _, err := form.Links(ctx, text); return err },
		"runs of words": func(ctx context.Context) error {
			return eachRun(ctx, text, 8, func(uint64, int, int) bool { return true })
		},
		"spans": func(ctx context.Context) error { _, err := s.Detect(ctx, Input, one(text)); return err },
	} {
		t.Run(name, func(t *testing.T) {
			if err := read(&asked{Context: t.Context(), left: 3}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}
