package translate

import (
	"fmt"
	"strings"
	"testing"
)

func TestAdjustmentsHeader(t *testing.T) {
	list := func(pairs ...string) *Adjustments {
		var a Adjustments
		for i := 0; i < len(pairs); i += 2 {
			a.Add(pairs[i], pairs[i+1])
		}
		return &a
	}
	for _, c := range []struct {
		name, want string
		of         *Adjustments
	}{
		{"R-GEN-03 empty list has no header", "", list()},
		{"R-GEN-03 order of the table", "temperature:clamped_to_1,seed:unsupported,top_k:unsupported,odd:unknown_parameter",
			list("odd", UnknownParameter, "top_k", "unsupported", "seed", "unsupported", "temperature", "clamped_to_1")},
		{"R-GEN-03 each pair once", "seed:unsupported", list("seed", "unsupported", "seed", "unsupported")},
		{"R-GEN-03 paths rank by their first member", "messages[].name:ignored,stop:blank_dropped",
			list("stop", "blank_dropped", "messages[].name", "ignored")},
		{"R-GEN-03 made-up names are encoded, brackets too", "a%2C%5B%C3%A9-_.:unknown_parameter",
			list("a,[é-_.", UnknownParameter)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.of.Header(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAdjustmentsHeaderIsCut(t *testing.T) {
	t.Run("R-GEN-03 beyond 2,000 bytes the list ends with more:N", func(t *testing.T) {
		for n := 1; n < 120; n++ {
			var a Adjustments
			for i := range n {
				a.Add(fmt.Sprintf("member_%02d_%s", i, strings.Repeat("x", n%7)), UnknownParameter)
			}
			h := a.Header()
			if len(h) > maxHeader {
				t.Fatalf("%d entries: %d bytes", n, len(h))
			}
			shown := strings.Count(h, ":"+UnknownParameter)
			more := 0
			if i := strings.LastIndex(h, "more:"); i >= 0 {
				if _, err := fmt.Sscanf(h[i:], "more:%d", &more); err != nil {
					t.Fatal(err)
				}
			}
			if shown+more != n {
				t.Fatalf("%d entries: %d shown and %d more", n, shown, more)
			}
			if more > 0 && len(h) < maxHeader-100 {
				t.Fatalf("%d entries: cut too early, at %d bytes", n, len(h))
			}
		}
	})
}
