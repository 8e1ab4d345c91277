package upstream

import (
	"container/list"
	"time"
)

// Priority is a class of requests: a better one waits less.
type Priority uint8

// The priorities, best first.
const (
	Interactive Priority = iota
	Normal
	Batch
	priorities
)

// ParsePriority reads a name of a priority; ok is false for anything else.
func ParsePriority(name string) (p Priority, ok bool) {
	switch name {
	case "interactive":
		return Interactive, true
	case "normal":
		return Normal, true
	case "batch":
		return Batch, true
	}
	return Normal, false
}

// waiter is a request that waits for a slot.
type waiter struct {
	want  demand
	since time.Time
	ready chan error // nil: it has its slot
	place *list.Element
}

// queue is bounded, in order of arrival within a priority. Among the first of each, the one with the earliest arrival
// goes first, with aging added for each step of priority: so a better one overtakes, but only who came up to that much
// later, and nobody starves.
type queue struct {
	classes [priorities]list.List
	length  int
}

func (q *queue) push(w *waiter) {
	w.place = q.classes[w.want.priority].PushBack(w)
	q.length++
}

// remove takes a waiter out and tells whether it was still in.
func (q *queue) remove(w *waiter) bool {
	if w.place == nil {
		return false
	}
	q.classes[w.want.priority].Remove(w.place)
	w.place = nil
	q.length--
	return true
}

// head is whose turn is next, nil when nobody waits.
func (q *queue) head(aging time.Duration) *waiter {
	var best *waiter
	var bestTurn time.Time
	for p := range q.classes {
		front := q.classes[p].Front()
		if front == nil {
			continue
		}
		w := front.Value.(*waiter)
		if turn := w.since.Add(time.Duration(p) * aging); best == nil || turn.Before(bestTurn) {
			best, bestTurn = w, turn
		}
	}
	return best
}

// last is the newest waiter of the worst priority that is worse than p, nil without one: it makes room for a better one
// when the queue is full.
func (q *queue) last(p Priority) *waiter {
	for worst := priorities - 1; worst > p; worst-- {
		if back := q.classes[worst].Back(); back != nil {
			return back.Value.(*waiter)
		}
	}
	return nil
}
