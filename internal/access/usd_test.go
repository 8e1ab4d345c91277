package access

import (
	"math"
	"testing"

	"github.com/go-json-experiment/json"
)

func TestMicroUSD(t *testing.T) {
	for text, want := range map[string]struct {
		micros MicroUSD
		shown  string
	}{
		"0": {0, "0.00"}, "12": {12_000_000, "12.00"}, "12.5": {12_500_000, "12.50"}, "0.000001": {1, "0.000001"},
		"1.230": {1_230_000, "1.23"}, "1000000": {1e12, "1000000.00"},
	} {
		var m MicroUSD
		if err := m.UnmarshalText([]byte(text)); err != nil || m != want.micros || m.String() != want.shown {
			t.Errorf("%s: %d %s, %v", text, m, m, err)
		}
	}
	for _, bad := range []string{"", ".5", "5.", "-1", "+1", "1e3", "1,5", "0.0000001", "1_000", "$5",
		"99999999999999999999", "1.2.3"} {
		var m MicroUSD
		if err := m.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is %s", bad, m)
		}
	}
	if got := MicroUSD(-1_500_000).String(); got != "-1.50" {
		t.Error(got)
	}
}

func TestCost(t *testing.T) {
	haiku := RatesOf(1, 5, 0.1, 1.25)
	for _, tt := range []struct {
		name  string
		rates Rates
		used  Tokens
		want  NanoUSD
	}{
		{"nothing", haiku, Tokens{}, 0},
		{"input and output", haiku, Tokens{Input: 1000, Output: 100}, 1_500_000},
		{"the cache is part of the input", haiku, Tokens{Input: 1000, CacheRead: 600, CacheWrite: 300},
			100*1000 + 600*100 + 300*1250},
		{"fractions are rounded up", RatesOf(0.0375, 0, 0, 0), Tokens{Input: 3}, 113},
		{"without prices of the cache it is input", RatesOf(2, 0, 0, 0), Tokens{Input: 10, CacheRead: 10}, 20_000},
		{"more cache than input", haiku, Tokens{Input: 1, CacheRead: 10}, 1000},
		{"below nothing", haiku, Tokens{Input: -5, Output: -7}, 0},
		{"without a price", Rates{}, Tokens{Input: 1000, Output: 1000}, 0},
		{"absurd", RatesOf(1e9, math.Inf(1), math.NaN(), -1), Tokens{Input: math.MaxInt64, Output: math.MaxInt64},
			math.MaxInt64 / 2 / 1000},
	} {
		if got := tt.rates.Cost(tt.used); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	for n, want := range map[NanoUSD]string{0: "0.00", 1: "0.000000001", 1_500_000_000: "1.50", -20_000_000: "-0.02",
		math.MinInt64: "-9223372036.854775808"} {
		if n.String() != want {
			t.Errorf("%d is written %s, want %s", n, n, want)
		}
	}
	if n := MicroUSD(math.MaxInt64).Nano(); n != math.MaxInt64 {
		t.Error(n)
	}
}

// TestBudgetAsKept: what stores hold of a budget is a number of millionths, as it always was.
func TestBudgetAsKept(t *testing.T) {
	const kept = `{"amount_micros":12500000,"period":"day","soft_percent":80}`
	var b Budget
	if err := json.Unmarshal([]byte(kept), &b); err != nil ||
		b != (Budget{Amount: 12_500_000, Period: "day", SoftPercent: 80}) {
		t.Errorf("%+v, %v", b, err)
	}
	if got, err := json.Marshal(b); err != nil || string(got) != kept {
		t.Errorf("%s, %v", got, err)
	}
	if json.Unmarshal([]byte(`{"amount_micros":"12.50"}`), &b) == nil {
		t.Error("an amount that is no number is taken")
	}
}
