package bedrock

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// maxKeptBody is the largest buffer that is kept for the next request.
const maxKeptBody = 1 << 20

// body is the body of a request in a buffer that is used again when nobody reads it any more: neither who made the call
// nor the transport, which may go on writing when the answer is here.
type body struct {
	encoder encoder
	readers atomic.Int32
}

var bodies = sync.Pool{New: func() any { return new(body) }}

func newBody() *body {
	b := bodies.Get().(*body)
	b.encoder = encoder{buf: b.encoder.buf[:0]}
	b.readers.Store(1)
	return b
}

// release ends the reading of one.
func (b *body) release() {
	if b.readers.Add(-1) == 0 && cap(b.encoder.buf) <= maxKeptBody {
		b.encoder.model = ""
		bodies.Put(b)
	}
}

// attach makes the body that of a request. It can be read again where nothing of it was written.
func (b *body) attach(r *http.Request) {
	r.ContentLength = int64(len(b.encoder.buf))
	r.GetBody = func() (io.ReadCloser, error) {
		b.readers.Add(1)
		return &bodyReader{body: b, rest: b.encoder.buf}, nil
	}
	r.Body, _ = r.GetBody()
}

// bodyReader reads a body once. A transport may close it while it reads.
type bodyReader struct {
	mu   sync.Mutex
	body *body // nil when it is closed
	rest []byte
}

func (r *bodyReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.body == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *bodyReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.body != nil {
		r.body.release()
		r.body, r.rest = nil, nil
	}
	return nil
}
