package call

import (
	"sync/atomic"
	"time"

	"outcrop/openai"
)

// What became of a call has two ends. Served is what one caller got, Called what one call of a model did: a request
// that was answered from memory has the first alone, and several that share a call under way have one of the second
// between them. Each is filled by one observer (Outside, Inside), and told once, when it has ended, to everybody who
// counts.

// Served is what became of a request, as far as its caller goes. It belongs to whoever ranges over the answer, until it
// is told.
type Served struct {
	Call     *Call
	Head     Head          // as far as it is known, of a refusal too
	Answered bool          // there was an answer, whatever became of it
	First    time.Time     // when its first part was there; zero when there was none
	Usage    *openai.Usage // as the answer told it
	Err      error         // how it ended: nil when it is whole, context.Canceled when its reader left, a *Panic
	Fault    error         // a *Panic of somebody who was told, which is nothing to the answer
}

// Called is what became of one call of a model, all its choices and attempts together. Those who joined it have it in
// their heads; until it has ended they may ask for Bytes and Cost alone.
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

// Read takes note of so many bytes of its texts.
func (k *Called) Read(bytes int) { k.bytes.Add(int64(bytes)) }

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
