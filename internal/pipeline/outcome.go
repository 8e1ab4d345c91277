package pipeline

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"outcrop/internal/audit"
	"outcrop/openai"
)

// What became of a call has two ends. Served is what one caller got, Called what one call of a model did: a request that was answered from
// memory has the first alone, and several that share a call under way have one of the second between them. Each is filled by one
// observer (Outside, Inside), and told once, when it has ended, to everybody who counts.

// Served is what became of a request, as far as its caller goes. It belongs to whoever ranges over the answer, until it is told.
type Served struct {
	Call     *Call
	Head     Head          // as far as it is known, of a refusal too
	Answered bool          // there was an answer, whatever became of it
	First    time.Time     // when its first part was there; zero when there was none
	Usage    *openai.Usage // as the answer told it
	Answers  []string      // digests of its choices, and
	Text     *audit.Text   // their texts, as far as they are to be on record
	Err      error         // how it ended: nil when it is whole, context.Canceled when its reader left, a *Panic
}

// Called is what became of one call of a model, all its choices and attempts together. Those who joined it have it in their heads; until
// it has ended they may ask for Bytes and Cost alone.
type Called struct {
	Call     *Call
	Head     Head
	Answered bool          // there was an answer, whatever became of it
	Usage    *openai.Usage // as the answer told it
	Err      error         // as of Served

	bytes     atomic.Int64
	nanos     atomic.Int64 // of a USD
	estimated atomic.Bool
	known     atomic.Bool
}

// Bytes is how long the texts of the answer are so far, as long as nobody told the usage. Nil is no call, and has none.
func (k *Called) Bytes() int {
	if k == nil {
		return 0
	}
	return int(k.bytes.Load())
}

// SetCost says what the call has cost, in billionths of a USD, and whether that is an estimate.
func (k *Called) SetCost(nanos int64, estimated bool) {
	k.nanos.Store(nanos)
	k.estimated.Store(estimated)
	k.known.Store(true)
}

// Cost is what the call has cost, as far as that is known, which is when it has ended.
func (k *Called) Cost() (nanos int64, estimated, known bool) {
	if k == nil || !k.known.Load() {
		return 0, false, false
	}
	return k.nanos.Load(), k.estimated.Load(), true
}

// observer is told how a call goes: what is known when it returns, each part, and once how it has ended.
type observer interface {
	head(h *Head, answered bool)
	see(openai.Part)
	end(error)
}

// observed is a call under observation. Its end is told exactly once, whatever happens: with the error that it ended with, nil at its own
// end, context.Canceled when the reader left, the context's error should that end before anybody reads, or errPanicked.
type observed struct {
	ctx     context.Context
	by      observer
	once    sync.Once
	parts   iter.Seq2[openai.Part, error]
	unwatch func() bool // keeps gone from being called
}

func (o *observed) observe(c *Call, next Handler) (reply Reply, err error) {
	passed := false
	defer func() {
		if !passed { // a panic, which goes on its way
			o.by.end(errPanicked)
		}
	}()
	reply, err = next(o.ctx, c)
	passed = true
	o.by.head(&reply.Head, err == nil)
	if err != nil {
		o.by.end(err)
		return reply, err
	}
	o.unwatch = context.AfterFunc(o.ctx, o.gone)
	o.parts = reply.Parts
	reply.Parts = o.follow
	return reply, nil
}

func (o *observed) finish(err error) { o.once.Do(func() { o.by.end(err) }) }

// gone is called when the context has ended and nobody has read.
func (o *observed) gone() { _ = guarded(func() error { o.finish(o.ctx.Err()); return nil }) }

func (o *observed) follow(yield func(openai.Part, error) bool) {
	if !o.unwatch() {
		o.finish(o.ctx.Err()) // is under way, if it is not over: the reader finds it told
		o.parts(yield)        // late, but what is open inside must close
		return
	}
	last := errPanicked
	defer func() { o.finish(last) }()
	for part, err := range o.parts {
		if err != nil {
			last = err
			yield(nil, err)
			return
		}
		o.by.see(part)
		if !yield(part, nil) {
			last = context.Canceled
			return
		}
	}
	last = nil
}
