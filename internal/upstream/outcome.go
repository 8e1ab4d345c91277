package upstream

import (
	"context"
	"errors"
	"slices"

	"outcrop/openai"
)

// Outcome is how an attempt ended. The list is closed; its names stand in settings, metrics and the header
// x-outcrop-attempts.
type Outcome uint8

// The outcomes.
const (
	OK            Outcome = iota
	Throttled             // too many requests or tokens
	Quota                 // a quota that does not come back in minutes
	Capacity              // Bedrock is unavailable, or cannot be reached
	NotReady              // the model is still being loaded
	Timeout               // no answer, or none in time
	ServerError           // any other 5xx, and replies that cannot be read
	Denied                // the gateway may not call the model, or its credentials are refused
	NotFound              // the model is not there, or not any more
	ContextLength         // the prompt does not fit into the model's window
	Unsupported           // the model cannot do what the request asks for
	Overloaded            // the gateway's own queue is full
	Invalid               // the request is at fault
	Canceled              // the caller has left, or its own time was up
	outcomes
)

// names is never changed.
var names = [outcomes]string{"ok", "throttled", "quota", "capacity", "not_ready", "timeout", "server_error",
	"access_denied", "not_found",
	"context_length", "unsupported", "overloaded", "invalid", "canceled"}

// String gives the name.
func (o Outcome) String() string { return names[o] }

func outcomeNamed(name string) Outcome {
	if i := slices.Index(names[:], name); i >= 0 {
		return Outcome(i) //nolint:gosec // an index of the closed list
	}
	return Invalid // settings have been validated; and Invalid never goes on
}

// OutcomeOf judges the error of an attempt; nil is OK.
func OutcomeOf(err error) Outcome {
	var e *openai.Error
	switch {
	case err == nil:
		return OK
	case errors.Is(err, context.Canceled):
		return Canceled
	case !errors.As(err, &e):
		return ServerError
	}
	switch e.Kind {
	case openai.RateLimited, openai.TokensLimited:
		return Throttled
	case openai.QuotaExceeded:
		return Quota
	case openai.Unavailable:
		return unavailable(e.Code)
	case openai.Timeout, openai.RequestTimeout:
		return Timeout
	case openai.Internal, openai.BadUpstream:
		if e.Final { // the model's own server blamed the request (R-ERR-46)
			return Invalid
		}
		return ServerError
	case openai.Forbidden, openai.Misconfigured:
		return Denied
	case openai.NotFound:
		return NotFound
	case openai.Invalid:
		return refused(e.Code)
	}
	return Invalid
}

func unavailable(code string) Outcome {
	switch code {
	case "model_not_ready":
		return NotReady
	case openai.CodeOverloaded:
		return Overloaded
	}
	return Capacity
}

func refused(code string) Outcome {
	switch code {
	case openai.CodeContextLength:
		return ContextLength
	case openai.CodeUnsupported, openai.CodeUnsupportedValue, "unsupported_file":
		return Unsupported
	}
	return Invalid
}

// broken tells outcomes that speak against the target's health. What the request itself is to blame for does not,
// whatever the status.
func (o Outcome) broken() bool {
	switch o {
	case Throttled, Quota, Capacity, NotReady, Timeout, ServerError, Denied, NotFound:
		return true
	}
	return false
}

// passing tells failures that may be over in a moment. Silence is not among them: waiting for it again would cost too
// much.
func (o Outcome) passing() bool {
	return o == Throttled || o == Capacity || o == NotReady || o == ServerError
}

// rank orders failures by their use to a client when no target has answered: what a retry in a moment may cure comes
// first.
func (o Outcome) rank() int {
	return slices.Index([]Outcome{Throttled, Overloaded, NotReady, Capacity, Timeout, ServerError, Quota, ContextLength,
		Unsupported}, o)
}

// Beats tells whether a failure is of more use to a client than another one.
func (o Outcome) Beats(other Outcome) bool {
	mine, theirs := o.rank(), other.rank()
	return mine >= 0 && (theirs < 0 || mine < theirs)
}
