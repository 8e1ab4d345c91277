// Package flow lets the one end of a stream tell the other that it is about to wait. Events that arrive together can
// then be written together, and none is held back while the next one is awaited.
//
// It must not carry anything that decides about an answer: without a Flow, and with one that nobody uses, everything is
// the same but for the number of writes.
//
// Start at Flow.
package flow

import (
	"context"
	"sync/atomic"
)

// Flow stands between the writer of an answer and those who read what it is made of from a connection, in whatever
// goroutines. A nil Flow is one without a writer.
type Flow struct {
	running atomic.Int32 // readers that work, and will wait or end
	flush   func()
}

// New makes a Flow whose writer's flush writes what is pending. It is called from the goroutines of readers.
func New(flush func()) *Flow { return &Flow{flush: flush} }

// Begin adds a reader that is at work.
func (f *Flow) Begin() {
	if f != nil {
		f.running.Add(1)
	}
}

// Wait has everything written before the reader waits; Begin follows when it has what it waited for.
func (f *Flow) Wait() {
	if f != nil {
		f.running.Add(-1)
		f.flush()
	}
}

// End takes a reader away that needs nothing written: the end of the answer, or its next part, comes at once.
func (f *Flow) End() {
	if f != nil {
		f.running.Add(-1)
	}
}

// Running tells the writer whether somebody will call Wait or End: what is not written now is written then.
func (f *Flow) Running() bool { return f.running.Load() > 0 }

type key struct{}

// With gives readers a Flow; nil takes one from them.
func With(ctx context.Context, f *Flow) context.Context { return context.WithValue(ctx, key{}, f) }

// Of gives the Flow of a context, or nil.
func Of(ctx context.Context) *Flow {
	f, _ := ctx.Value(key{}).(*Flow)
	return f
}
