package recall

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"outcrop/internal/call"
	"outcrop/internal/flow"
	"outcrop/openai"
)

// What a flight holds. Parts that everybody has read stay, for those who join later and for the cache, until there are
// flightBytes of them; from then on nobody joins, the answer is not kept, and the call waits for its readers.
const (
	flightBytes = 4 << 20
	partBytes   = 400             // of a part beside its texts, about
	patience    = 5 * time.Second // for the slowest of several readers, once the flight is full
)

// flights are the calls under way that equal requests share.
type flights struct {
	mu    sync.Mutex
	byKey map[key]*flight
	// landed is how many flights have landed so far. Where it has not changed, what memory did not have then it does not
	// have now.
	landed atomic.Uint64
}

func newFlights() *flights { return &flights{byKey: map[key]*flight{}} }

// join gives a reader of the flight of a key. Who leads is the first, and must have the flight produced; begin makes
// it.
func (fs *flights) join(k key, begin func() *flight) (s *reader, leads bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.byKey[k]
	if f == nil || f.full() {
		f, leads = begin(), true
		fs.byKey[k] = f
	}
	return f.addReader(), leads
}

// land takes the flight out when what it has to keep is kept, so that whoever comes too late to join finds that.
func (fs *flights) land(f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.forget(f)
	fs.landed.Add(1)
}

func (fs *flights) forget(f *flight) {
	if fs.byKey[f.key] == f {
		delete(fs.byKey, f.key)
	}
}

// leave takes a reader out. With the last of them a call that has not ended is given up, and has ended when leave
// returns; nobody can join in between.
func (fs *flights) leave(s *reader) {
	f := s.flight
	fs.mu.Lock()
	empty := f.dropReader(s)
	if empty {
		fs.forget(f)
		f.cancel()
	}
	fs.mu.Unlock()
	if empty {
		<-f.done
	}
}

// flight is one call and those who wait for its answer. The call runs under a context of its own, so that it goes on
// when the request that began it is given up.
type flight struct {
	key      key
	streamed bool // the form of its parts
	ctx      context.Context
	cancel   context.CancelFunc
	done     chan struct{} // closed when the call has ended

	mu       sync.Mutex
	change   chan struct{} // closed at the next change, for those who wait; nil when nobody does
	begun    bool          // head and refusal are there
	first    call.Head
	refusal  error         // there are no parts
	parts    []openai.Part // those before dropped are gone
	sizes    []int         // of parts, in bytes
	dropped  int
	bytes    int
	overfull bool // has been full, once
	ended    bool
	err      error // how it ended
	readers  map[*reader]struct{}
}

// reader is one reader of a flight.
type reader struct {
	flight *flight
	next   int  // part
	thrown bool // out, for being too slow
}

func newFlight(ctx context.Context, k key, limit time.Duration, streamed bool) *flight {
	f := &flight{key: k, streamed: streamed, done: make(chan struct{}), readers: map[*reader]struct{}{}}
	// A flight has many readers: none of them may hold it up by being slow, as a writer of its own could.
	f.ctx, f.cancel = context.WithTimeoutCause(flow.With(context.WithoutCancel(ctx), nil), limit, call.ErrDeadline)
	return f
}

func (f *flight) addReader() *reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &reader{flight: f}
	f.readers[s] = struct{}{}
	return s
}

// dropReader tells whether nobody is left who waits for more.
func (f *flight) dropReader(s *reader) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.readers, s)
	f.changed()
	return len(f.readers) == 0 && !f.ended
}

func (f *flight) unread() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.readers) == 0
}

func (f *flight) full() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.overfull
}

// changed wakes everybody. The lock is held.
func (f *flight) changed() {
	if f.change != nil {
		close(f.change)
		f.change = nil
	}
}

// waiting is closed at the next change. The lock is held.
func (f *flight) waiting() <-chan struct{} {
	if f.change == nil {
		f.change = make(chan struct{})
	}
	return f.change
}

// opened tells what is known before the first part. With an error there will be no part.
func (f *flight) opened(h call.Head, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun, f.first, f.refusal = true, h, err
	f.changed()
}

// end is the last thing that happens to the parts.
func (f *flight) end(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.begun {
		f.begun, f.refusal = true, err // a panic
	}
	f.ended, f.err = true, err
	f.changed()
	close(f.done)
}

// load takes the parts in; size tells the bytes of a part's texts.
func (f *flight) load(parts iter.Seq2[openai.Part, error], size func(openai.Part) int) error {
	for part, err := range parts {
		if err != nil {
			return err
		}
		n := partBytes + size(part)
		f.mu.Lock()
		f.parts, f.sizes = append(f.parts, part), append(f.sizes, n)
		f.bytes += n
		f.changed()
		f.overfull = f.overfull || f.bytes > flightBytes
		wait := f.overfull
		f.mu.Unlock()
		if wait {
			if err := f.waitForReaders(); err != nil {
				return err
			}
		}
	}
	return nil
}

// waitForReaders waits until the readers have caught up so far that the flight is no longer full. One that keeps others
// waiting for too long is thrown out; who reads alone takes the time that it needs.
func (f *flight) waitForReaders() error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	late := false
	for {
		f.mu.Lock()
		slowest := f.drop()
		if late && len(f.readers) > 1 && f.bytes > flightBytes {
			slowest.thrown = true
			delete(f.readers, slowest)
			f.drop()
		}
		if f.bytes <= flightBytes {
			f.changed()
			f.mu.Unlock()
			return nil
		}
		change := f.waiting()
		f.mu.Unlock()
		late = false
		select {
		case <-change:
		case <-f.ctx.Done():
			return f.ctx.Err()
		case <-timer.C:
			late = true
			timer.Reset(patience)
		}
	}
}

// drop lets go of what everybody has read, and gives the slowest reader; nil when nobody reads. The lock is held.
func (f *flight) drop() (slowest *reader) {
	for s := range f.readers {
		if slowest == nil || s.next < slowest.next {
			slowest = s
		}
	}
	if slowest == nil {
		return nil
	}
	for f.dropped < slowest.next {
		f.bytes -= f.sizes[0]
		f.parts[0] = nil
		f.parts, f.sizes = f.parts[1:], f.sizes[1:]
		f.dropped++
	}
	return slowest
}

// all gives the parts when none of them is gone.
func (f *flight) all() ([]openai.Part, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.parts, !f.overfull
}

// head waits for what is known before the first part.
func (s *reader) head(ctx context.Context) (call.Head, error) {
	f := s.flight
	for {
		f.mu.Lock()
		if f.begun {
			defer f.mu.Unlock()
			return f.first, ownError(f.refusal)
		}
		change := f.waiting()
		f.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
			return call.Head{}, ctx.Err()
		}
	}
}

var errSlow = &openai.Error{Kind: openai.Timeout, Code: openai.CodeStreamTruncated,
	Message: "The answer was read too slowly, and others wait for it too. Try again."}

// parts are the parts of the answer, which belong to all who read them.
func (s *reader) parts(ctx context.Context) iter.Seq2[openai.Part, error] {
	return func(yield func(openai.Part, error) bool) {
		for {
			part, change, err := s.take()
			switch {
			case err != nil:
				yield(nil, err)
				return
			case part != nil:
				if !yield(part, nil) {
					return
				}
			case change == nil:
				return
			default:
				select {
				case <-change:
				case <-ctx.Done():
					yield(nil, ctx.Err())
					return
				}
			}
		}
	}
}

// take gives the next part, or what to wait for, or nothing at the end.
func (s *reader) take() (openai.Part, <-chan struct{}, error) {
	f := s.flight
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case s.thrown:
		return nil, nil, ownError(errSlow)
	case s.next < f.dropped+len(f.parts):
		part := f.parts[s.next-f.dropped]
		s.next++
		if f.overfull {
			f.changed()
		}
		return part, nil, nil
	case f.ended:
		return nil, nil, ownError(f.err)
	}
	return nil, f.waiting(), nil
}

// ownError gives each reader an error of its own, since those on the way out may add to it.
func ownError(err error) error {
	var oe *openai.Error
	if !errors.As(err, &oe) {
		return err
	}
	own := *oe
	return &own
}
