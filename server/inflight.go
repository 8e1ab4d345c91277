package server

import "sync"

// inFlight counts the calls under way, and refuses new ones once it is closed.
type inFlight struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{}
}

// begin takes a place; the caller must end it. It is false once closed.
func (f *inFlight) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.n++
	return true
}

func (f *inFlight) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n--
	if f.closed && f.n == 0 {
		close(f.idle)
	}
}

// close refuses new calls; the channel closes when the last call has ended. It is called once.
func (f *inFlight) close() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.idle = make(chan struct{})
	if f.n == 0 {
		close(f.idle)
	}
	return f.idle
}
