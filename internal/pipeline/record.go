package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"outcrop/internal/audit"
	"outcrop/openai"
)

// Record fills the record of a call, which the server has opened and hands over: what was asked and said, as keyed digests of what
// the client sent and gets, who served, what the policy decided, and what it cost. Status and outcome are the server's to tell.
//
// The text itself is kept only for keys that ask for it, as redact leaves it; with a nil redact it never is.
func Record(redact func(string) string) Stage {
	return func(next Handler) Handler {
		return func(ctx context.Context, c *Call) (Reply, error) {
			if c.Entry == nil {
				return next(ctx, c)
			}
			r := &recording{call: c, entry: c.Entry}
			if rights := c.Principal.Rights; redact != nil && rights != nil && rights.StoreText {
				r.text = &storing{redact: redact}
			}
			r.asked()
			reply, err := next(ctx, c)
			r.head(&reply.Head)
			if err != nil {
				r.entry.Served = "" // it was called, but nothing was served
				r.end()
				return reply, err
			}
			reply.Parts = r.follow(reply.Parts)
			return reply, nil
		}
	}
}

// Bill is what an answer has cost. Account sets it when that is known, which is when the parts have ended; Record reads it.
type Bill struct {
	nanos     atomic.Int64 // of a USD
	state     atomic.Int32 // 0: not known
	estimated atomic.Bool
}

// Set says what the answer has cost, in billionths of a USD, and whether that is an estimate.
func (b *Bill) Set(nanos int64, estimated bool) {
	b.nanos.Store(nanos)
	b.estimated.Store(estimated)
	b.state.Store(1)
}

// Get is what the answer has cost, as far as that is known.
func (b *Bill) Get() (nanos int64, estimated, known bool) {
	if b == nil || b.state.Load() == 0 {
		return 0, false, false
	}
	return b.nanos.Load(), b.estimated.Load(), true
}

// recording is the record of one call under way.
type recording struct {
	call   *Call
	entry  *audit.Entry
	bill   *Bill
	usage  *openai.Usage
	answer *audit.Answer
	text   *storing // nil: no text is kept
}

// asked takes down the request as the client sent it: later stages rewrite its texts.
func (r *recording) asked() {
	c, e := r.call, r.entry
	e.Endpoint, e.Stream = c.Endpoint.Name, c.Request.Facts().Stream
	e.Asked = audit.Name(c.Request.Facts().Model)
	digest := e.PromptDigest()
	for place, text := range c.Request.Texts() {
		digest.Text(place.Role, *text)
		r.text.prompt(place, *text)
	}
	e.Prompt = digest.Sum()
}

// head takes down who serves.
func (r *recording) head(h *Head) {
	c, e := r.call, r.entry
	e.Rule, e.Tier, e.Cache, e.Attempts, e.Upstream = c.Plan.Rule, c.Plan.Tier, h.Cache.State, h.Attempts, h.Upstream
	if t := &h.Target; t.Row != nil {
		e.Served, e.Called, e.Region = audit.Name(t.Public), audit.Name(t.CalledID), cmp.Or(t.Region, c.Plan.Home)
	}
	r.bill = h.Bill
}

// follow takes down the parts as they go by, and signs them where the client asks for it.
func (r *recording) follow(parts iter.Seq2[openai.Part, error]) iter.Seq2[openai.Part, error] {
	r.answer = r.entry.Digest()
	digests := []*audit.Answer{r.answer}
	var signing *audit.Signing
	if r.call.Tune.Manifest {
		signing = r.entry.Sign()
		digests = append(digests, signing.Digest())
	}
	followed := func(yield func(openai.Part, error) bool) {
		defer r.end()
		for part, err := range parts {
			if err == nil {
				r.part(part, digests)
			}
			if !yield(part, err) {
				return
			}
		}
	}
	if signing == nil {
		return followed
	}
	return r.signed(followed, signing)
}

func (r *recording) part(p openai.Part, digests []*audit.Answer) {
	if u := p.Tokens(); u != nil {
		r.usage = u
	}
	if r.call.Endpoint.Digest == nil {
		return
	}
	for _, d := range digests {
		r.call.Endpoint.Digest(d, p)
	}
	r.text.answer(p)
}

// end completes the record. It may be told twice.
func (r *recording) end() {
	e := r.entry
	if e.Kept() {
		return
	}
	e.Policy = r.call.Findings
	if r.answer != nil {
		e.Answers = r.answer.Sums()
	}
	nanos, estimated, known := r.bill.Get()
	if e.Cache == "hit" {
		nanos, estimated, known = 0, false, true
	}
	if known {
		e.Cost = dollars(nanos)
	}
	if u := r.usage; u != nil {
		e.Usage = audit.Usage{Prompt: u.Prompt, Completion: u.Completion, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite}
	}
	e.Usage.Estimated = estimated
	e.Text = r.text.kept()
}

// dollars writes billionths of a USD as a decimal.
func dollars(nanos int64) string {
	s := fmt.Sprintf("%d.%09d", nanos/1e9, nanos%1e9)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// marked is a part whose object "outcrop" can be added to.
type marked interface{ Say(*openai.Extension) }

// signed puts the manifest into a plain answer, and of a stream into the chunk after which no text comes: the one with the usage where
// the client sees it, else the last one that ends a choice. SDKs read a choice off every other chunk, so it gets none of its own.
func (r *recording) signed(parts iter.Seq2[openai.Part, error], signing *audit.Signing) iter.Seq2[openai.Part, error] {
	sign := func(p openai.Part) openai.Part {
		if m, ok := p.(marked); ok {
			r.entry.Answers = r.answer.Sums()
			m.Say(&openai.Extension{Provenance: signing.Manifest(time.Now())})
		}
		return p
	}
	return func(yield func(openai.Part, error) bool) {
		var last openai.Part // ends a choice, and waits for what comes next
		for part, err := range parts {
			chunk, streamed := part.(*openai.ChatChunk)
			usage := streamed && len(chunk.Choices) == 0
			if last != nil {
				held := last
				last = nil
				if usage && !r.call.Request.Facts().Usage {
					sign(held)
				}
				if !yield(held, nil) {
					return
				}
			}
			switch {
			case err != nil:
			case streamed && ends(chunk):
				last = part
				continue
			case !streamed || usage && r.call.Request.Facts().Usage:
				sign(part)
			}
			if !yield(part, err) {
				return
			}
		}
		if last != nil {
			yield(sign(last), nil)
		}
	}
}

func ends(c *openai.ChatChunk) bool {
	for i := range c.Choices {
		if c.Choices[i].FinishReason != "" {
			return true
		}
	}
	return false
}
