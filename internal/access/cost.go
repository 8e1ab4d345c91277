package access

import (
	"math"
	"strconv"
	"strings"
)

// NanoUSD is an amount of money in billionths of a USD.
type NanoUSD int64

// String writes the amount in USD with at least two decimals, and no more than it has.
func (n NanoUSD) String() string { return decimal(int64(n), 1e9) }

// decimal writes n parts of a USD that has so many of them, a power of ten.
func decimal(n int64, parts uint64) string {
	whole, sign := uint64(n), "" //nolint:gosec // negated below where it is negative
	if n < 0 {
		whole, sign = -whole, "-"
	}
	part := strconv.FormatUint(whole%parts+parts, 10)[1:]
	part = part[:2] + strings.TrimRight(part[2:], "0")
	return sign + strconv.FormatUint(whole/parts, 10) + "." + part
}

// Nano is the amount in billionths, as far as they can be counted.
func (m MicroUSD) Nano() NanoUSD {
	if m > math.MaxInt64/1000 {
		return math.MaxInt64
	}
	return NanoUSD(m) * 1000
}

// Rates are what a token costs, in millionths of a millionth of a USD, so that the smallest prices are whole numbers.
type Rates struct{ Input, Output, CacheRead, CacheWrite int64 }

// RatesOf makes rates of prices in USD per million tokens. Where no price of the cache is known it is that of the
// input.
func RatesOf(input, output, cacheRead, cacheWrite float64) Rates {
	r := Rates{rate(input), rate(output), rate(cacheRead), rate(cacheWrite)}
	if r.CacheRead == 0 {
		r.CacheRead = r.Input
	}
	if r.CacheWrite == 0 {
		r.CacheWrite = r.Input
	}
	return r
}

func rate(price float64) int64 {
	const highest = 1e6 // USD per million tokens; more is a slip
	return int64(math.Round(min(max(price, 0), highest) * 1e6))
}

// Known tells whether there is any price.
func (r Rates) Known() bool { return r != Rates{} }

// Tokens are counts of what a call used; Input holds those of the cache too.
type Tokens struct{ Input, Output, CacheRead, CacheWrite int64 }

// Cost is what tokens cost, rounded up.
func (r Rates) Cost(t Tokens) NanoUSD {
	read, write := count(t.CacheRead), count(t.CacheWrite)
	plain := max(count(t.Input)-read-write, 0)
	const picos = 1000
	sum := 0.0
	exact := int64(0)
	for _, x := range [...][2]int64{{plain, r.Input}, {count(t.Output), r.Output}, {read, r.CacheRead},
		{write, r.CacheWrite}} {
		sum += float64(x[0]) * float64(x[1])
		exact += x[0] * x[1]
	}
	if sum >= math.MaxInt64/2 { // far from all that can happen; the exact sum has overflowed or nearly so
		return math.MaxInt64 / 2 / picos
	}
	return NanoUSD((exact + picos - 1) / picos)
}

// count keeps absurd numbers from counting backwards.
func count(n int64) int64 { return min(max(n, 0), 1e12) }
