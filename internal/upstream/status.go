package upstream

import (
	"cmp"
	"slices"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Status is how a target is doing. Targets of one model in one region that differ only in profile or role are one here.
type Status struct {
	Model, Region string
	State         string           // of its breaker: "closed", "half-open" or "open"
	InFlight      int              // calls
	Waiting       int              // requests in its queue
	Limit         int              // of calls in flight
	Ended         [outcomes]uint64 // attempts by outcome, by Outcome
	Left          uint64           // requests that went on to another target
}

// Report is the state of all targets, and of the retry budget since the start.
type Report struct {
	Targets                        []Status // by model and region
	RetriesGranted, RetriesRefused uint64
}

// Outcomes names the places of Status.Ended.
func Outcomes() []string { return names[:] }

// Report looks at all targets.
func (u *Targets) Report() Report {
	u.mu.RLock()
	list := make([]Status, 0, len(u.all))
	for _, t := range u.all {
		list = append(list, t.status())
	}
	u.mu.RUnlock()
	slices.SortFunc(list, func(a, b Status) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Region, b.Region))
	})
	merged := list[:0]
	for _, s := range list {
		if n := len(merged); n > 0 && merged[n-1].Model == s.Model && merged[n-1].Region == s.Region {
			merged[n-1].add(&s)
		} else {
			merged = append(merged, s)
		}
	}
	return Report{merged, u.budget.granted.Load(), u.budget.refused.Load()}
}

func (t *target) status() Status {
	s := Status{Model: t.label, Region: t.region, State: t.breaker.State().String(), Left: t.left.Load()}
	for i := range t.ended {
		s.Ended[i] = t.ended[i].Load()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s.InFlight, s.Waiting, s.Limit = t.inFlight, t.waiting.length, int(t.limitNow(time.Now()))
	return s
}

// add merges another way to the same model and region: the worse state counts.
func (s *Status) add(o *Status) {
	for _, worst := range []string{gobreaker.StateOpen.String(), gobreaker.StateHalfOpen.String()} {
		if s.State == worst || o.State == worst {
			s.State = worst
			break
		}
	}
	s.InFlight += o.InFlight
	s.Waiting += o.Waiting
	s.Limit += o.Limit
	s.Left += o.Left
	for i := range s.Ended {
		s.Ended[i] += o.Ended[i]
	}
}
