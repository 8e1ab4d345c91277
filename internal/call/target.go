package call

import (
	"context"
	"errors"

	"outcrop/internal/access"
	"outcrop/internal/catalog"
	"outcrop/openai"
)

// Planned is the first target of a call's plan, the zero value before there is one.
func Planned(c *Call) catalog.Target {
	if len(c.Plan.Targets) == 0 {
		return catalog.Target{}
	}
	return c.Plan.Targets[0]
}

// ModelLabel is bounded: clients can make up model names, but not rows of the catalogue.
func ModelLabel(t catalog.Target) string {
	switch {
	case t.Row == nil:
		return "none"
	case !t.Row.Known:
		return "other"
	}
	return t.Row.ID
}

// OutcomeOf is how a call has ended, in a word of a closed list: "ok", "canceled", "panic" or the code of an error.
func OutcomeOf(err error) string {
	if err == nil {
		return "ok"
	}
	var e *openai.Error
	switch {
	case panicked(err):
		return "panic"
	case errors.As(err, &e) && e.Code != "":
		return e.Code
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return "error"
}

// UpstreamCode is the word for an error that came from Bedrock; "" for any other.
func UpstreamCode(err error) string {
	var e *openai.Error
	if errors.As(err, &e) && e.UpstreamID != "" {
		return OutcomeOf(e)
	}
	return ""
}

// RatesOf is what a target charges.
func RatesOf(c *Call, t *catalog.Target) access.Rates {
	if t.Row == nil {
		return access.Rates{}
	}
	p := t.Row.PriceFor(t.CalledID)
	write := p.CacheWrite5m
	if p.CacheWrite1h > 0 && c.Request.Facts().CacheHour {
		write = p.CacheWrite1h
	}
	return access.RatesOf(p.Input, p.Output, p.CacheRead, write)
}

// First is the target that a call's answer is kept for.
func First(c *Call) catalog.Target { return c.Plan.Targets[0] }
