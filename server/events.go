package server

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/call"
	"outcrop/internal/dialect"
	"outcrop/internal/flow"
	"outcrop/openai"
)

// stream answers with server-sent events (TRANSLATION 3). The status line is held until the first part or the hold
// limit: until then an error is an ordinary HTTP answer, and from then on one error event.
func (s *Server) stream(c echo.Context, call *call.Call, events dialect.Stream) (err error) {
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	w := s.newEventWriter(c, events, cancel)
	defer w.stop()
	defer func() {
		if r := recover(); r != nil {
			err = w.fail(panicked(r))
		}
	}()
	reply, err := s.Handle(flow.With(ctx, w.flow), call)
	w.head(call, reply.Head)
	if err != nil {
		return w.fail(err)
	}
	for part, err := range reply.Parts {
		if err != nil {
			return w.fail(err)
		}
		if !w.part(part) {
			return w.lost
		}
	}
	w.done()
	return w.lost
}

// eventWriter writes the events of one stream. Its timer sends the status line when the hold is over and a sign of life
// whenever nothing was written for a while, whatever the pipeline is doing (R-STR-03, R-STR-04); so every write is
// under the lock.
type eventWriter struct {
	s      *Server
	c      echo.Context
	rc     *http.ResponseController
	cancel context.CancelFunc

	flow *flow.Flow

	mu      sync.Mutex
	events  dialect.Stream
	timer   *time.Timer
	late    *time.Timer // writes what is pending, should nobody who reads wait: a stage may be at work for long
	buf     []byte      // what is pending
	last    time.Time   // of the last write
	dated   time.Time   // when the write deadline was set
	begun   bool        // the status line is out
	stopped bool
	lost    error // the client is gone
}

func (s *Server) newEventWriter(c echo.Context, events dialect.Stream, cancel context.CancelFunc) *eventWriter {
	rc := http.NewResponseController(c.Response().Writer)
	w := &eventWriter{s: s, c: c, rc: rc, cancel: cancel, events: events, buf: make([]byte, 0, 1024)}
	w.timer = time.AfterFunc(time.Duration(math.MaxInt64), w.tick)
	w.late = time.AfterFunc(time.Duration(math.MaxInt64), w.flush)
	w.flow = flow.New(w.flush)
	w.timer.Reset(s.cfg.StreamHold) // only now may tick run, and see the timer
	return w
}

// tick runs on the timer: it begins the answer when the hold is over, and keeps it alive afterwards.
func (w *eventWriter) tick() {
	if !w.mu.TryLock() { // something is being written just now
		w.timer.Reset(w.s.cfg.StreamKeepAlive)
		return
	}
	defer w.mu.Unlock()
	defer w.caught()
	if w.stopped || w.lost != nil {
		return
	}
	wait := w.s.cfg.StreamKeepAlive
	if quiet := time.Since(w.last); w.begun && quiet < wait {
		w.timer.Reset(wait - quiet)
		return
	}
	w.begin()
	w.write(w.events.AppendPing(w.buf))
	w.timer.Reset(wait)
}

// caught ends the stream at a panic, on a goroutine of a timer's too, where it would end the process.
func (w *eventWriter) caught() {
	if r := recover(); r != nil {
		w.lost = call.Recovered(r)
		w.cancel()
	}
}

// head sets the headers of the answer, unless the hold has sent them off already.
func (w *eventWriter) head(call *call.Call, h call.Head) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.begun {
		w.s.describe(w.c, call, h)
	} else {
		visitOf(w.c).head = h
	}
}

func (w *eventWriter) begin() {
	if w.begun {
		return
	}
	w.begun = true
	h := w.c.Response().Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	w.s.stamp(w.c)
	w.c.Response().WriteHeader(http.StatusOK)
}

// Events that arrive together are written together: for so long, and so much.
const (
	pendingFor  = 2 * time.Millisecond
	pendingSize = 16 << 10
)

// part writes one part, or leaves that until whoever reads the next one is about to wait; it is false when the client
// is gone.
func (w *eventWriter) part(p openai.Part) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := len(w.buf)
	b := w.events.AppendPart(w.buf, p)
	if len(b) == before {
		return w.lost == nil
	}
	if !w.begun {
		w.begin()
		w.timer.Reset(w.s.cfg.StreamKeepAlive)
	}
	if w.flow.Running() && len(b) < pendingSize {
		if w.buf = b; before == 0 {
			w.late.Reset(pendingFor)
		}
		return w.lost == nil
	}
	w.write(b)
	return w.lost == nil
}

// flush writes what is pending.
func (w *eventWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.caught()
	if len(w.buf) > 0 && !w.stopped {
		w.write(w.buf)
	}
}

// done writes the end of a complete answer.
func (w *eventWriter) done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin()
	w.write(w.events.AppendEnd(w.buf))
}

// fail ends the answer with an error: as HTTP when nothing was written yet, else as the last event (R-STR-15). The body
// ends properly: tearing the connection would make some clients report that instead of the error.
func (w *eventWriter) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if !w.begun {
		return err
	}
	visitOf(w.c).err = err
	if w.lost != nil || clientGone(w.c, err) {
		return nil
	}
	w.write(w.events.AppendFail(w.buf, w.s.known(w.c, err)))
	return nil
}

// write sends b at once, with a deadline of its own: a client that stops reading must not hold a stream for ever.
func (w *eventWriter) write(b []byte) {
	if len(w.buf) > 0 {
		w.late.Stop()
	}
	w.buf = b[:0]
	if w.lost != nil {
		return
	}
	w.last = time.Now()
	if err := w.deadline(); err != nil {
		w.lose(err)
		return
	}
	if _, err := w.c.Response().Write(b); err != nil {
		w.lose(err)
		return
	}
	if err := w.rc.Flush(); err != nil {
		w.lose(err)
	}
}

// deadline sets the time by which the client has to take what is written: not for each write anew, which is a deadline
// that is late by as much.
func (w *eventWriter) deadline() error {
	again := min(time.Second, w.s.cfg.WriteTimeout/8)
	if w.last.Sub(w.dated) < again {
		return nil
	}
	w.dated = w.last
	return writeBy(w.rc, w.last.Add(w.s.cfg.WriteTimeout+again))
}

// writeBy sets the time by which a client has to take what is written, where the connection knows such a time.
func writeBy(rc *http.ResponseController, deadline time.Time) error {
	if err := rc.SetWriteDeadline(deadline); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

func (w *eventWriter) lose(err error) {
	w.lost = errors.Join(errGone, err)
	w.cancel()
}

func (w *eventWriter) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
	w.late.Stop()
}
