package upstream

import "time"

// Took is how long the current call has been under way.
func (s *Search) Took() time.Duration { return time.Since(s.slot.began) }

// Where names the target at a place of the plan for clients: model and region, never an ARN or profile.
func (s *Search) Where(i int) (model, region string) { return s.list[i].model, s.list[i].region }

// Failed tells how the current call failed, and gives its slot back. called is whether Bedrock was: a call that our own
// translation refused says nothing of the target's health.
func (s *Search) Failed(o Outcome, called bool) {
	c := s.current
	if o == ContextLength {
		s.window = max(s.window, s.plan[s.index()].Row.Context, 1)
	}
	if o == Unsupported {
		s.model = s.plan[s.index()].Row.ID
	}
	if !called {
		s.report(errNotItsOf)
		s.calls--
		s.slot.of.abandon(s.slot.tokens)
		return
	}
	if s.calls > 1 {
		s.targets.budget.charge()
	}
	s.report(verdict(o))
	if o == Throttled || o == Capacity {
		c.throttled(s.slot.began)
	}
	c.again = s.slot.more && o.passing()
	c.ended[o].Add(1)
	c.release(0)
}

// Left counts that the request goes on to another target.
func (s *Search) Left() { s.current.left.Add(1) }

func (s *Search) index() int {
	for i := range s.list {
		if &s.list[i] == s.current {
			return i
		}
	}
	return 0 // there is a current one while a call is under way
}

// Begun tells that the current call has its first event, or its whole answer.
func (s *Search) Begun() {
	if s.slot.probe {
		s.report(nil) // who waits for a healed target need not wait for the end of a stream
	}
}

// Release tells how a call that has begun ended, and gives its slot back. used is the tokens that it took, 0 when
// nobody knows. It may be called once only.
func (s *Search) Release(o Outcome, used int64) {
	t := s.slot.of
	t.ended[o].Add(1)
	if !s.slot.probe {
		s.report(late(o))
	} else if o.broken() {
		if report, err := t.breaker.Allow(); err == nil {
			report(errBroken)
		}
	}
	beyond := 0.0
	if used > 0 {
		beyond = float64(used) - s.slot.tokens
	}
	t.release(beyond)
}

// late is the verdict on a call that had begun: also one whose reader left has shown that the target answers.
func late(o Outcome) error {
	if o.broken() {
		return errBroken
	}
	return nil
}

func (s *Search) report(verdict error) {
	if s.slot.report != nil {
		s.slot.report(verdict)
	}
}
