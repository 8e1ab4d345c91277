package finding

import (
	"cmp"
	"slices"
)

// Resolve drops findings that lie over a better one, so that those left do not touch and stand in the order of the
// text. A finding wins by rank when its kind is proven, else by length, score and place: the outcome does not hang on
// the order in which detectors ran.
func Resolve(found []Finding) []Finding {
	slices.SortFunc(found, InText)
	for i := 1; i < len(found); i++ {
		if found[i].Text == found[i-1].Text && found[i].Start < found[i-1].End {
			return separate(found)
		}
	}
	return found
}

// separate is resolve for findings of which some touch, in the order of the text.
func separate(found []Finding) []Finding {
	kept := found[:0]
	for from := 0; from < len(found); {
		to, end := from+1, found[from].End
		for to < len(found) && found[to].Text == found[from].Text && found[to].Start < end {
			end = max(end, found[to].End)
			to++
		}
		kept = append(kept, unbeaten(found[from:to])...)
		from = to
	}
	return kept
}

// unbeaten leaves of findings of one text those that no better one lies over. What was kept is counted by where it
// starts and by where it ends: where more has started before a finding's end than has ended at its start, something
// lies over it.
func unbeaten(found []Finding) []Finding {
	if len(found) == 1 {
		return found
	}
	places := make([]int, 0, 2*len(found))
	for i := range found {
		places = append(places, found[i].Start, found[i].End)
	}
	slices.Sort(places)
	places = slices.Compact(places)
	starts, ends := make(prefixSums, len(places)+1), make(prefixSums, len(places)+1)
	order := make([]contender, len(found))
	for i, f := range found {
		order[i] = contender{f, Rank(f.Kind)}
	}
	slices.SortFunc(order, better)
	kept := found[:0]
	for _, f := range order {
		start, _ := slices.BinarySearch(places, f.Start)
		end, _ := slices.BinarySearch(places, f.End)
		if starts.upTo(end) > ends.upTo(start+1) {
			continue
		}
		starts.add(start)
		ends.add(end)
		kept = append(kept, f.Finding)
	}
	slices.SortFunc(kept, InText)
	return kept
}

// InText is the order of the text.
func InText(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}

// contender is a finding with the rank of its kind, looked up once.
type contender struct {
	Finding
	rank int
}

func better(a, b contender) int {
	return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.End-b.Start, a.End-a.Start), cmp.Compare(b.Score, a.Score),
		cmp.Compare(a.Start, b.Start), cmp.Compare(a.Kind, b.Kind))
}

// prefixSums are numbers at places, of which the sum up to any place is known in few steps (a Fenwick tree). It has one
// more than there are places.
type prefixSums []int32

func (c prefixSums) add(place int) {
	for i := place + 1; i < len(c); i += i & -i {
		c[i]++
	}
}

// upTo is the sum of those below a place.
func (c prefixSums) upTo(place int) (sum int32) {
	for i := place; i > 0; i -= i & -i {
		sum += c[i]
	}
	return sum
}
