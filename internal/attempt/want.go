package attempt

import (
	"cmp"

	"outcrop/internal/call"
	"outcrop/internal/upstream"
)

// want is what the choice of a target has to know of a request.
func (e *engine) want(c *call.Call) upstream.Want {
	w := upstream.Want{Priority: priority(c), Home: c.Plan.Home, Group: c.Group}
	if key := c.Request.Facts().Affinity; key != "" && len(c.Plan.Targets) > 1 {
		w.Affinity = cmp.Or(c.Principal.Tenant, c.Principal.Key) + "\x00" + key // R-CACHE-12: of one tenant
	}
	if len(e.upstream.Config().Rates) > 0 {
		w.Tokens = estimate(c)
	}
	return w
}

// priority is what the header says, else the service tier, else the key; and never better than the key's.
func priority(c *call.Call) upstream.Priority {
	own, capped := upstream.ParsePriority(c.Principal.Priority)
	p, said := upstream.ParsePriority(c.Tune.Priority)
	if !said {
		p, said = tierPriority(c.Request.Facts().ServiceTier)
	}
	switch {
	case !said:
		return own
	case capped && p < own:
		return own
	}
	return p
}

func tierPriority(tier string) (p upstream.Priority, said bool) {
	switch tier {
	case "flex":
		return upstream.Batch, true
	case "priority", "fast":
		return upstream.Interactive, true
	}
	return upstream.Normal, false
}

// usualOutput is what an answer without a limit takes of a target's tokens until it is known.
const usualOutput = 500

// estimate guesses the tokens of one call: the answer is as long as it may get, where the request says, but no longer
// than the targets' answers are: a limit beyond that, which costs a client nothing, would be taken from all who wait
// for the target.
func estimate(c *call.Call) float64 {
	e := call.Reckon(c, usualOutput)
	most := int64(0)
	for i := range c.Plan.Targets {
		most = max(most, int64(c.Plan.Targets[i].Row.MaxOutput))
	}
	if most == 0 {
		most = longestOutput
	}
	return float64(call.Sum(e.Input, min(e.Output, most)))
}

// longestOutput is how much an answer of a model of which nothing is known may be reckoned with.
const longestOutput = 128_000
