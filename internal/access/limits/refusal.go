package limits

import (
	"fmt"
	"time"

	"outcrop/internal/store"
	"outcrop/openai"
)

// refusal is the 429 of demands that were not granted (R-ERR-67), in the words of OpenAI's own.
func refusal(list []store.Demand, v store.Verdict) error {
	if v.Refused < 0 {
		return nil
	}
	d := &list[v.Refused]
	e := &openai.Error{Kind: openai.RateLimited, Code: openai.CodeRateLimited, After: max(v.Wait, time.Millisecond)}
	unit := "requests per minute (RPM)"
	switch d.What {
	case store.Tokens:
		e.Kind, unit = openai.TokensLimited, "tokens per minute (TPM)"
	case store.Slots:
		unit, e.After = "requests at the same time", time.Second
	case store.Requests:
	}
	if d.Take > d.Limit {
		e.Final, e.After = true, 0
		e.Message = fmt.Sprintf("Request too large%s for %s: Limit %d, Requested %d. The request must be made smaller; "+
			"waiting does not help.", of(d), unit, d.Limit, d.Take)
		return e
	}
	e.Message = fmt.Sprintf("Rate limit reached%s on %s: Limit %d, Used %d, Requested %d. Please try again in %s.",
		of(d), unit, d.Limit, d.Limit-v.Stands[v.Refused].Left, d.Take, e.After.Round(time.Millisecond))
	return e
}

func of(d *store.Demand) string {
	switch d.Of.Kind {
	case 't':
		return " for your organization"
	case 'u':
		return " for this end user"
	}
	return " for this API key"
}

func away(cause error) error {
	return &openai.Error{Kind: openai.Unavailable, Code: openai.CodeOverloaded,
		Message: "Limits cannot be checked at the moment. Try again.", After: time.Second, Err: cause}
}
