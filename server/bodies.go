package server

import (
	"io"
	"sync/atomic"
	"time"

	"outcrop/openai"
)

// bodies bounds the bytes of request bodies that are held at a time, by all requests together: each costs several times
// its size until it is answered, and a limit for one body says nothing of a hundred.
type bodies struct{ held atomic.Int64 }

// take takes room for so many bytes; false when there is none. A limit of 0 is none.
func (b *bodies) take(n, limit int64) bool {
	if b.held.Add(n) > limit && limit > 0 {
		b.held.Add(-n)
		return false
	}
	return true
}

func (b *bodies) give(n int64) { b.held.Add(-n) }

func full() *openai.Error {
	return &openai.Error{Kind: openai.Unavailable, Code: openai.CodeOverloaded, After: time.Second,
		Message: "The gateway holds as many request bodies as it has memory for. Try again."}
}

// counted reads a body that did not say how long it is, and takes room for it as it comes.
type counted struct {
	io.Reader
	s *Server
	v *visit
}

func (r *counted) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 && !r.s.hold(r.v, int64(n)) {
		return 0, full()
	}
	return n, err
}

// hold takes room for bytes of a request's body until the request has ended.
func (s *Server) hold(v *visit, n int64) bool {
	if !s.bodies.take(n, s.cfg.BodiesInFlight) {
		return false
	}
	v.held += n
	return true
}
