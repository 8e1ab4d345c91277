// Package call is what a request is on its way: Call, what is known of an answer (Head, Reply), what became of it
// (Served, Called), and the function types that carry it, Handler and Stage.
//
// Rooms with stages stand on it, and it knows none of them: what it imports are the values that a Call holds. What
// several rooms work out Of a Call is here too: what it is reckoned with, what its target charges, how a panic becomes
// an error.
//
// Start at Call, then Reply.
package call

import (
	"context"
	"iter"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/access/budgets"
	"outcrop/internal/access/limits"
	"outcrop/internal/audit"
	"outcrop/internal/catalog"
	"outcrop/internal/media"
	"outcrop/internal/upstream"
	"outcrop/openai"
	"outcrop/router"
	"outcrop/translate"
)

// Call is one request on its way through. Each field names who sets it; nobody else writes it. Helpers that run things
// in parallel run on copies.
type Call struct {
	ID        string            // server: letters and digits, unique; part of every id that the client sees
	At        time.Time         // server: arrival
	Principal access.Principal  // server, before the body is read
	Endpoint  *Endpoint         // server
	Request   openai.Request    // server
	Options   translate.Options // server: what headers and settings say to the translation; Permit: what the key does
	Tune      Tune              // server: what headers say to the stages
	Standing  limits.Standing   // server: how the limits stand that it has asked before the body was read
	Plan      router.Plan       // Route
	Media     media.Set         // Fetch
	Known     []bool            // Recall: items of an embedding request that need no call; nil is none
	Entry     *audit.Entry      // server: the record of the answer; nil keeps none
	Findings  []audit.Finding   // Inspect: what the policy has decided, never the texts
	Allows    func(string) bool // Inspect: which addresses media may be fetched from; nil is any
	Hold      *budgets.Hold     // Account: what is reserved; its Send must succeed before anything goes to a model
	Admission *limits.Admission // Limit: what is taken
	Served    *Served           // Outside: what becomes of it
	Group     *upstream.Group   // Choices: the copies of one request
	Choice    int               // Choices: which copy it is
}

// Stamp is id, model and date of the answer to a call, whoever makes it; model is the public id of who serves.
func (c *Call) Stamp(model string) translate.Meta {
	return translate.Meta{ID: c.Endpoint.Prefix + c.ID, Model: model, Created: c.At.Unix()}
}

// Tune is what a request's headers say to the stages. The zero value says nothing.
type Tune struct {
	Tier         string        // x-outcrop-tier: a fact for the rules of the router
	Timeout      time.Duration // x-outcrop-timeout: shortens the deadline; 0 says nothing
	Priority     string        // x-outcrop-priority: "interactive", "normal" or "batch"
	CacheControl CacheControl  // cache-control and x-outcrop-cache-ttl
	Manifest     bool          // x-outcrop-provenance: the answer is to carry a signed manifest
}

// CacheControl is what a request says about the cache.
type CacheControl struct {
	NoCache bool          // do not answer from the cache, but keep the answer
	NoStore bool          // do not keep the answer
	MaxAge  time.Duration // oldest answer that will do, when HasAge
	HasAge  bool
	TTL     time.Duration // how long the answer is kept; more than 0 also asks that it is kept
}

// Head is what is known of an answer before its first part: it becomes response headers.
type Head struct {
	Target   catalog.Target // who served
	Attempts int            // tries against targets, the last included
	Tries    []Try          // those, and targets whose queue was full, in order
	Upstream []string       // AWS's request ids
	Adjusted translate.Adjustments
	Cache    CacheStatus
	// Unchecked are the categories of a moderation that nobody looked for.
	Unchecked []string
	Standing  limits.Standing // how the limits of the caller stand; the zero value is without limits
	Warning   string          // that a budget of the caller comes to its end; "" for none
	Called    *Called         // Inside: the call of a model that it comes from; nil: of none, or of one that is over
}

// Try is one target that a request went to, as clients may know it.
type Try struct {
	Model, Region string           // never an ARN or profile
	Outcome       upstream.Outcome // of the attempt; of a stream that has begun OK
	Kind          openai.Kind      // of the error, unless OK
	Unsent        bool             // Bedrock was never reached
	Part          int              // it was one of so many calls for the request; 0 is 1
}

// CacheStatus is what became of a request at the cache.
type CacheStatus struct {
	State string        // "hit", "miss", "bypass"; "" when there is no cache
	Age   time.Duration // of a hit
	Key   string        // short, public form of the key
	Items int           // of an embedding request, unless all of them were there
	Hits  int           // those of Items that were there
	Saved int64         // tokens of the usage that the answer shows and has not cost, when only some items were there
}

// Reply is an answer. Parts is ranged over exactly once; who opened a resource closes it inside the sequence.
type Reply struct {
	Head  Head
	Parts iter.Seq2[openai.Part, error]
}

// Handler carries every request. After an error nothing follows, and a Reply without error has Parts.
type Handler func(ctx context.Context, c *Call) (Reply, error)

// Stage is one concern around a Handler.
type Stage func(next Handler) Handler

// One is a sequence of a single part: a plain answer.
func One(p openai.Part) iter.Seq2[openai.Part, error] {
	return func(yield func(openai.Part, error) bool) { yield(p, nil) }
}

// Each is a sequence of parts.
func Each(parts []openai.Part) iter.Seq2[openai.Part, error] {
	return func(yield func(openai.Part, error) bool) {
		for _, p := range parts {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Chain puts the stages around end; the first is the outermost.
func Chain(end Handler, stages ...Stage) Handler {
	for i := len(stages) - 1; i >= 0; i-- {
		end = stages[i](end)
	}
	return end
}
