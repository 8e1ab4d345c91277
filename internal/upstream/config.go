package upstream

import (
	"errors"
	"time"
)

// Config says when a target is left, skipped, waited for and tried again.
type Config struct {
	Attempt     Attempt         `yaml:"attempt"`
	Fallback    Fallback        `yaml:"fallback"`
	Breaker     Breaker         `yaml:"breaker"`
	Concurrency Concurrency     `yaml:"concurrency"`
	Queue       Queue           `yaml:"queue"`
	RetryBudget RetryBudget     `yaml:"retry_budget"`
	Rates       map[string]Rate `yaml:"rates" validate:"dive,keys,required,max=2048,endkeys" help:"id of a model: how much of it is called a minute, in each region"`
}

// Attempt bounds one try against one target.
type Attempt struct {
	FirstEvent time.Duration `yaml:"first_event" validate:"gt=0" help:"how long a target may be silent before a stream's first event"`
	Answer     time.Duration `yaml:"answer" validate:"min=0" help:"how long a target may take for an answer that is not streamed where the request has other targets; 0 is five times first_event"`
}

// Fallback says which failures of a target send a request on to the next.
type Fallback struct {
	On []string `yaml:"on" validate:"unique,dive,oneof=throttled quota capacity not_ready timeout server_error access_denied not_found context_length unsupported" help:"failures after which the next target of a plan is tried; an empty list switches fallback off"`
}

// Breaker says when a target is taken for broken, and when it is asked again.
type Breaker struct {
	Window   time.Duration `yaml:"window" validate:"min=1s" help:"how long a target's calls count for its health"`
	Calls    int           `yaml:"calls" validate:"min=1,max=1000000" help:"calls within the window before a target can be taken for broken"`
	Failures float64       `yaml:"failures" validate:"gt=0,max=1" help:"share of failures within the window at which it is"`
	Open     time.Duration `yaml:"open" validate:"gt=0" help:"how long a broken target is left alone before probes"`
	Probes   int           `yaml:"probes" validate:"min=1,max=1000" help:"calls in a row that must succeed before a broken target counts as healthy"`
}

// Concurrency limits the calls in flight at each target: down by a factor when Bedrock throttles, up by a number a
// second.
type Concurrency struct {
	Floor    int     `yaml:"floor" validate:"min=1,max=1000000" help:"lowest limit of calls in flight at a target"`
	Ceiling  int     `yaml:"ceiling" validate:"min=1,max=1000000" help:"highest limit, and the one to begin with"`
	Increase float64 `yaml:"increase" validate:"gt=0,max=1000000" help:"calls by which the limit grows in a second without throttling"`
	Decrease float64 `yaml:"decrease" validate:"gt=0,max=0.99" help:"factor to which calls in flight are cut when Bedrock throttles"`
}

// Queue holds the requests that wait for a slot of a target.
type Queue struct {
	Length int           `yaml:"length" validate:"min=0,max=1000000" help:"requests that may wait for one target; 0 refuses at once"`
	Aging  time.Duration `yaml:"aging" validate:"min=0" help:"how much longer a request may wait than one of the next higher priority"`
}

// RetryBudget bounds tries after the first of a request, by the SDK or at another target.
type RetryBudget struct {
	Share float64 `yaml:"share" validate:"min=0,max=1" help:"retries allowed, as a share of requests in the last ten seconds"`
	Floor int     `yaml:"floor" validate:"min=0,max=1000000" help:"retries a second that are allowed at any time"`
}

// Rate keeps the calls of one model, in each region, under a known quota; 0 is no limit.
type Rate struct {
	Requests int `yaml:"requests_per_minute" validate:"min=0,max=1000000000" help:"requests a minute; 0 is no limit"`
	Tokens   int `yaml:"tokens_per_minute" validate:"min=0,max=1000000000000" help:"tokens a minute, prompt and answer, estimated first and settled by what was used; 0 is no limit"`
}

// Default limits nothing on a good day.
func Default() Config {
	return Config{
		Attempt: Attempt{FirstEvent: 60 * time.Second},
		Fallback: Fallback{On: []string{"throttled", "quota", "capacity", "not_ready", "timeout", "server_error",
			"access_denied",
			"not_found", "context_length", "unsupported"}},
		Breaker:     Breaker{Window: 10 * time.Second, Calls: 10, Failures: 0.5, Open: 10 * time.Second, Probes: 2},
		Concurrency: Concurrency{Floor: 8, Ceiling: 10_000, Increase: 5, Decrease: 0.7},
		Queue:       Queue{Length: 1000, Aging: 10 * time.Second},
		RetryBudget: RetryBudget{Share: 0.2, Floor: 10},
	}
}

// Faults tells what no setting alone can be blamed for.
func (c *Concurrency) Faults() map[string]error {
	if c.Ceiling < c.Floor {
		return map[string]error{"ceiling": errors.New("must not be below the floor")}
	}
	return nil
}

// wholeAnswer is how long a target may take for a plain answer where the request has others.
func (a Attempt) wholeAnswer() time.Duration {
	if a.Answer > 0 {
		return a.Answer
	}
	return 5 * a.FirstEvent
}

// Patience is how long an attempt may go on without a first event (streamed) or without an answer (plain); 0 is without
// end. A plain answer is there only when it is complete, so that silence and long work look the same: it is given up
// only where the request has other targets. That they have all failed, or are broken, changes nothing: a request must
// not hang for the one that is left.
func (a Attempt) Patience(streamed, others bool) time.Duration {
	switch {
	case streamed:
		return a.FirstEvent
	case others:
		return a.wholeAnswer()
	}
	return 0
}
