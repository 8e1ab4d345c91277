package inspect

import (
	"slices"

	"outcrop/openai"
	"outcrop/policy"
)

// tell moves the places that a delta tells to where they lie in the content that goes out. What is told of a place that
// is not decided yet waits until it is, and all that comes behind it waits too.
func (l *textStream) tell(d *openai.Delta) {
	told := openai.Delta{ReasoningDetails: d.ReasoningDetails, Annotations: d.Annotations, Citations: d.Citations}
	if len(told.ReasoningDetails)+len(told.Annotations)+len(told.Citations) == 0 {
		return
	}
	if len(l.waiting) > 0 || !l.moved(&told, false) {
		l.waiting = append(l.waiting, told)
		d.ReasoningDetails, d.Annotations, d.Citations = nil, nil, nil
	}
}

// tellWaiting sends what waited for places that are decided by now; at the end of the text all are.
func (l *textStream) tellWaiting(end bool) {
	for len(l.waiting) > 0 && !l.left && !l.blocked && !slices.Contains(l.closed, l.place.Choice) {
		if !l.moved(&l.waiting[0], end) {
			return
		}
		l.send(l.of(l.waiting[0]))
		l.waiting = l.waiting[1:]
	}
}

// moved moves all places that a delta tells, or none where one is not decided.
func (l *textStream) moved(d *openai.Delta, end bool) bool {
	places := d.Places()
	to := make([]int, len(places))
	for k, p := range places {
		var known bool
		if to[k], known = l.where(*p); !known && !end {
			return false
		}
	}
	for k, p := range places {
		*p = to[k]
	}
	return true
}

// where is the place in what goes out of a place in what the model said, through all that changes the text on its way.
func (l *textStream) where(p int) (place int, known bool) {
	known = true
	if l.Managed.Looks(policy.Output) {
		known = l.judgedMoves.Known(p)
		p = l.judgedMoves.Place(p)
	}
	p, decided := l.stream.Place(p)
	p, released := l.restore.Place(p)
	return p, known && decided && released
}
