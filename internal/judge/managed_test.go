package judge

import (
	"context"
	"slices"
	"testing"

	"outcrop/policy"
)

// counting is a judge that notes what it was asked.
type counting struct{ asked []string }

func (*counting) Name() string    { return "counting" }
func (*counting) Version() string { return "1" }

func (c *counting) Judge(_ context.Context, _ policy.Direction, _, text string) (policy.Opinion, error) {
	c.asked = append(c.asked, text)
	return policy.Opinion{}, nil
}

func TestOpinionsAreBounded(t *testing.T) {
	for cache, want := range map[int][]string{0: {"a", "b", "a", "c", "a", "b"}, 2: {"a", "b", "c", "b"}} {
		j := &counting{}
		cfg := Default()
		cfg.Cache = cache
		m := New(cfg, nil, j)
		for _, text := range []string{"a", "b", "a", "c", "a", "b"} {
			if _, err := m.ask(t.Context(), j, policy.Input, "user", text); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(j.asked, want) {
			t.Errorf("with room for %d: asked %q, want %q", cache, j.asked, want)
		}
	}
}
