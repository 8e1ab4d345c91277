package server

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// connections closes connections whose answer ended in an error event, once that answer is complete (R-STR-15): net/http
// decides on keep-alive when the headers go out, which is too early to know.
type connections struct{ marked sync.Map } // net.Conn → *atomic.Bool

type connKey struct{}

// open is net/http's ConnContext: it gives every request of a connection the connection's mark.
func (cs *connections) open(ctx context.Context, c net.Conn) context.Context {
	mark := new(atomic.Bool)
	cs.marked.Store(c, mark)
	return context.WithValue(ctx, connKey{}, mark)
}

// state is net/http's ConnState: between two requests it closes what was marked.
func (cs *connections) state(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateIdle:
		if mark, ok := cs.marked.Load(c); ok && mark.(*atomic.Bool).Load() {
			_ = c.Close()
		}
	case http.StateClosed, http.StateHijacked:
		cs.marked.Delete(c)
	}
}

// closeAfter marks the connection of a request.
func closeAfter(ctx context.Context) {
	if mark, ok := ctx.Value(connKey{}).(*atomic.Bool); ok {
		mark.Store(true)
	}
}
