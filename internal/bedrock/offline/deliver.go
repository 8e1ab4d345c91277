package offline

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"outcrop/internal/bedrock/offline/wire"
)

// deliver sends a reply, at its pace and with the faults that were asked for. It returns early when the client leaves.
func deliver(w http.ResponseWriter, r *http.Request, rep *wire.Reply, f fault) {
	ctx := r.Context()
	if f.mute {
		<-ctx.Done()
		return
	}
	if !pause(ctx, f.delay) {
		return
	}
	rep = f.spoil(rep)
	for name, values := range rep.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	out := &writer{w: w, flush: http.NewResponseController(w), split: f.split}
	if rep.Stream {
		sendFrames(ctx, out, rep, f)
		return
	}
	sendBody(ctx, out, rep, f)
}

func sendBody(ctx context.Context, out *writer, rep *wire.Reply, f fault) {
	if f.split == 0 {
		out.w.Header().Set("Content-Length", strconv.Itoa(len(rep.Body)))
	}
	out.w.WriteHeader(rep.Status)
	switch {
	case f.tearing:
		out.write(rep.Body[:len(rep.Body)/2])
		panic(http.ErrAbortHandler) // the way of net/http to tear a connection
	case f.muting:
		out.write(nil)
		<-ctx.Done()
	default:
		out.write(rep.Body)
	}
}

func sendFrames(ctx context.Context, out *writer, rep *wire.Reply, f fault) {
	out.w.WriteHeader(rep.Status)
	out.write(nil) // the headers go out before the first event
	for i, fr := range rep.Frames {
		switch {
		case f.tearing && i == f.cut:
			out.write(fr.Bytes[:len(fr.Bytes)/2])
			panic(http.ErrAbortHandler)
		case f.muting && i == f.silent:
			<-ctx.Done()
			return
		}
		if i > 0 && !pause(ctx, f.pace) || !out.write(fr.Bytes) {
			return
		}
	}
	if f.tearing {
		panic(http.ErrAbortHandler)
	}
	if f.muting {
		<-ctx.Done()
	}
}

// pause waits and tells whether the client is still there.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// writer writes and flushes, in pieces of split bytes if that is set.
type writer struct {
	w     http.ResponseWriter
	flush *http.ResponseController
	split int
}

// write reports whether the client took the bytes.
func (o *writer) write(b []byte) bool {
	for o.split > 0 && len(b) > o.split {
		if !o.piece(b[:o.split]) {
			return false
		}
		b = b[o.split:]
	}
	return o.piece(b)
}

func (o *writer) piece(b []byte) bool {
	if _, err := o.w.Write(b); err != nil {
		return false
	}
	return o.flush.Flush() == nil
}
