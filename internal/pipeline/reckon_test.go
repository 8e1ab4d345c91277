package pipeline

import (
	"context"
	"errors"
	"math"
	"testing"

	"outcrop/internal/access"
	"outcrop/openai"
)

func TestMendA1ProductsSaturate(t *testing.T) {
	for _, e := range []reckoning{
		{calls: 4_500_000_000, input: 1, output: math.MaxInt32},
		{calls: math.MaxInt64, input: math.MaxInt64, output: math.MaxInt64},
		{calls: 1 << 32, input: 1 << 32, output: 0},
		{calls: 2, input: 0, output: math.MaxInt64/2 + 1},
		{calls: 1, input: math.MaxInt64, output: math.MaxInt64},
	} {
		if n := e.total(); n != mostTokens {
			t.Errorf("%+v: %d", e, n)
		}
	}
	for _, e := range []reckoning{{calls: -3, input: 5, output: 5}, {calls: 3, input: -1, output: -5}, {calls: 0, input: math.MaxInt64}} {
		if n := e.total(); n != 0 {
			t.Errorf("%+v: %d", e, n)
		}
	}
	if n := (reckoning{calls: 128, input: 8_000_000, output: math.MaxInt32}).total(); n != 128*(8_000_000+math.MaxInt32) {
		t.Errorf("what may be asked for is counted exactly, not as %d", n)
	}
}

// TestMendA1LimitsHoldForAnyNumber asks the stages alone, without the bounds before them.
func TestMendA1LimitsHoldForAnyNumber(t *testing.T) {
	never := func(context.Context, *Call) (Reply, error) { t.Error("called"); return Reply{}, nil }
	stage, c := limiting(t, `,"n":4500000000,"max_tokens":2147483647`, access.Limits{TokensPerMinute: 1000})
	var e *openai.Error
	if _, err := stage(never)(t.Context(), c); !errors.As(err, &e) || e.Kind != openai.TokensLimited || !e.Final {
		t.Errorf("a limit of tokens: %v", err)
	}
	b := newBooks()
	c = priced(t, `,"n":9223372036854775807,"max_tokens":9223372036854775807`, plenty)
	reserved := int64(0)
	if _, err := b.account(func(context.Context, *Call) (Reply, error) { reserved = b.spent(t); return Reply{}, errors.New("no") })(t.Context(), c); err == nil ||
		reserved < plenty*1000 {
		t.Errorf("a budget: %d nano-USD reserved, %v", reserved, err)
	}
	c = chatCall(t, ask(`,"n":9`))
	if _, err := Bound(never)(t.Context(), c); !errors.As(err, &e) || e.Param != "n" {
		t.Errorf("R-PAR-10 the default of 8: %v", err)
	}
	c.Options.MaxChoices = 9
	if _, err := Bound(func(context.Context, *Call) (Reply, error) { return Reply{}, nil })(t.Context(), c); err != nil {
		t.Errorf("R-PAR-10 a setting: %v", err)
	}
}

// TestMendA1ALimitOfTokensTakesNoMoreThanAModelWrites: what is taken of a target's quota is missing to all others until the answer ends.
func TestMendA1ALimitOfTokensTakesNoMoreThanAModelWrites(t *testing.T) {
	for rest, want := range map[string]float64{
		"": 1 + usualOutput, `,"max_tokens":100`: 1 + 100, `,"max_tokens":2147483647`: 1 + 5000, `,"max_completion_tokens":9223372036854775807`: 1 + 5000,
	} {
		c := priced(t, rest, plenty)
		c.Plan.Targets[0].Row.MaxOutput = 5000
		if n := estimate(c); n != want {
			t.Errorf("%s: %v", rest, n)
		}
		c.Plan.Targets[0].Row.MaxOutput = 0
		if n := estimate(c); n > 1+longestOutput {
			t.Errorf("an unknown model, %s: %v", rest, n)
		}
	}
}
