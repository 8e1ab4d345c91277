package translate

// Adjustments collects what was dropped, clamped or weakened on the way (TRANSLATION 0.1), each pair once.
type Adjustments struct{ list []Adjustment }

// Adjustment is one entry of x-outcrop-adjusted: the member with array indexes as [], and the reason in snake_case.
type Adjustment struct{ Param, Reason string }

// Add notes an adjustment unless it is there already.
func (a *Adjustments) Add(param, reason string) {
	for _, x := range a.list {
		if x.Param == param && x.Reason == reason {
			return
		}
	}
	a.list = append(a.list, Adjustment{param, reason})
}

// List gives the adjustments in the order of the table in TRANSLATION 1.2.
func (a *Adjustments) List() []Adjustment { return a.list }
