package eval

import (
	"cmp"
	"math"
	"slices"
)

// Figures are what an order of prompts is worth.
type Figures struct {
	// Area is the share of the quality gap that is recovered by sending the prompts of the highest scores to the strong
	// model, averaged over all shares of prompts sent there. The labels stand for the gap; chance gives 0.5.
	Area float64
	// Best is the area of an order by the labels themselves: nobody can reach more.
	Best float64
	// Rank is Spearman's rank correlation of scores and labels.
	Rank float64
	// Ties is the share of prompts whose score another prompt has too.
	Ties float64
}

// Measure compares scores with the labels of a set.
func Measure(s Set, scores []float64) Figures {
	labels := make([]float64, len(s.Items))
	for i, it := range s.Items {
		labels[i] = it.Difficulty
	}
	a, b := ranks(scores), ranks(labels)
	return Figures{Area: area(labels, a), Best: area(labels, b), Rank: correlation(a, b), Ties: ties(scores)}
}

// area: of n+1 cost points, a prompt of rank r (1 is the lowest score) is sent to the strong model at r of them.
// Prompts of one score share their places, as if they were drawn by lot.
func area(gaps, ranks []float64) float64 {
	got, all := 0.0, 0.0
	for i, g := range gaps {
		got += g * ranks[i] / float64(len(gaps)+1)
		all += g
	}
	if all == 0 {
		return 0.5
	}
	return got / all
}

// ranks are 1 for the lowest value; equal values share the mean of their places.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	r := make([]float64, len(values))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && values[order[j]] == values[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			r[k] = float64(i+j+1) / 2
		}
		i = j
	}
	return r
}

func correlation(a, b []float64) float64 {
	ma, mb := mean(a), mean(b)
	var ab, aa, bb float64
	for i := range a {
		x, y := a[i]-ma, b[i]-mb
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func ties(values []float64) float64 {
	seen := make(map[float64]int, len(values))
	for _, v := range values {
		seen[v]++
	}
	tied := 0
	for _, n := range seen {
		if n > 1 {
			tied += n
		}
	}
	return float64(tied) / float64(len(values))
}
