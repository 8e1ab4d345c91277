package server

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/access"
	"outcrop/internal/access/limits"
	"outcrop/internal/audit"
	"outcrop/internal/call"
	"outcrop/internal/dialect"
	"outcrop/openai"
)

// The headers that Outcrop adds to answers. All names of headers are spelled as net/http keeps them: it would make that
// spelling anew for each use of another one, which is an allocation for every name that it does not know.
const (
	headerRequestID   = "X-Request-Id"
	headerUpstream    = "X-Outcrop-Upstream-Id"
	headerAdjusted    = "X-Outcrop-Adjusted"
	headerCache       = "X-Outcrop-Cache"
	headerShouldRetry = "X-Should-Retry"
	headerProcessing  = "Openai-Processing-Ms"

	jsonType = "application/json"
)

// visit is what the middlewares and handlers of one request share.
type visit struct {
	id    string // letters and digits; x-request-id is "req_" + id
	at    time.Time
	err   error        // how it ended
	call  *call.Call   // nil: none was made
	head  call.Head    // of its answer
	entry *audit.Entry // its record; nil where none is kept
	asked string       // the model that the request names, as it stands there
	held  int64        // bytes of bodies that are counted as held for it

	principal access.Principal // who asks; the zero value until that is known
	standing  limits.Standing  // how the limits stood when the request came
}

// requestID is the id as clients see it.
func (v *visit) requestID() string { return "req_" + v.id }

const visitKey = "outcrop.visit"

func visitOf(c echo.Context) *visit {
	v, ok := c.Get(visitKey).(*visit)
	if !ok { // Echo's own errors before the first middleware
		v = &visit{id: newID(), at: time.Now()}
		c.Set(visitKey, v)
	}
	return v
}

// observe gives the request its id, keeps a panic from ending the process, renders errors, and writes the access log.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		v := visitOf(c)
		s.speaks(c).Head(dialect.Header(c.Response().Header()), v.requestID())
		if s.lastOfConnection(c.Request()) {
			c.Response().Header().Set("Connection", "close")
		}
		if id := clientID(c.Request().Header); id != "" {
			c.Response().Header().Set(headerClientRequestID, id)
		}
		defer func() { s.bodies.give(v.held) }()
		if err := guarded(c, next); err != nil {
			v.err = err
			s.fail(err, c)
		}
		s.log(c, v)
		return nil
	}
}

// lastOfConnection tells whether nothing else should come on a request's connection: while this process is about to
// leave, and behind a body in chunks. One that had a length too must be the last one (RFC 9112, 6.1), for whoever
// stands in front may have believed the length and takes what follows for another's request. net/http removes that
// length before anybody sees it, so all of them are.
func (s *Server) lastOfConnection(r *http.Request) bool {
	return s.draining.Load() || r.ProtoMajor == 1 && len(r.TransferEncoding) > 0
}

// guarded turns a panic into an error. http.ErrAbortHandler passes: it is net/http's own way to cut a connection.
func guarded(c echo.Context, next echo.HandlerFunc) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
	}()
	return next(c)
}

func panicked(r any) error {
	if r == http.ErrAbortHandler { //nolint:errorlint // net/http compares this sentinel by identity
		panic(r)
	}
	return call.Recovered(r)
}

func (s *Server) log(c echo.Context, v *visit) {
	status, route := c.Response().Status, routeOf(c)
	s.Recorder.HTTP(route, status)
	fault := v.err
	if v.call != nil && v.call.Served != nil {
		fault = cmp.Or(fault, v.call.Served.Fault)
	}
	var p *call.Panic
	if errors.As(fault, &p) && p.First() {
		s.Log.Error("panic", "request_id", v.requestID(), "panic", fmt.Sprint(p.Value), "stack", string(p.Stack))
	}
	level := slog.LevelInfo
	switch {
	case route == "/health" || route == "/ready" || route == "/metrics":
		level = slog.LevelDebug
	case status >= 500:
		level = slog.LevelWarn
	}
	ctx := c.Request().Context()
	if !s.Log.Enabled(ctx, level) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 32),
		slog.String("request_id", v.requestID()), slog.String("method", c.Request().Method), slog.String("route", route),
		slog.Int("status", status), slog.Int64("ms", time.Since(v.at).Milliseconds()), slog.Int64("bytes", c.Response().Size))
	if id := clientID(c.Request().Header); id != "" {
		attrs = append(attrs, slog.String("client_request_id", id))
	}
	attrs = v.explain(attrs)
	if v.err != nil {
		attrs = append(attrs, slog.Any("error", v.err))
		if refused(v.err) {
			attrs = append(attrs, slog.String("addr", c.RealIP()))
		}
		var oe *openai.Error
		if errors.As(v.err, &oe) {
			attrs = append(attrs, slog.String("code", oe.Code), slog.String("upstream_id", oe.UpstreamID))
		}
	}
	s.Log.LogAttrs(ctx, level, "request", attrs...)
}

// explain adds what operators ask of a request: for whom, where it went and why, what it used and cost. What there is
// nothing to say of is left out.
func (v *visit) explain(attrs []slog.Attr) []slog.Attr {
	text := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	text("key", v.principal.KeyID)
	text("key_name", v.principal.Name)
	text("tenant", v.principal.Tenant)
	if v.call == nil {
		return attrs
	}
	text("asked", audit.Name(v.call.Request.Facts().Model))
	if t := &v.head.Target; t.Row != nil {
		text("model", t.Row.ID)
		if t.CalledID != t.Row.ID {
			text("called", t.CalledID)
		}
		text("region", cmp.Or(t.Region, v.call.Plan.Home))
	}
	text("rule", v.call.Plan.Rule)
	text("tier", v.call.Plan.Tier)
	if v.head.Attempts > 1 {
		attrs = append(attrs, slog.Int("attempts", v.head.Attempts))
	}
	text("cache", v.head.Cache.State)
	served := v.call.Served
	if served == nil {
		served = &call.Served{}
	}
	if u := served.Usage; u != nil {
		attrs = append(attrs, slog.Int64("prompt_tokens", u.Prompt), slog.Int64("completion_tokens", u.Completion))
	}
	if nanos, _, known := v.head.Called.Cost(); known && v.head.Cache.State != "hit" {
		attrs = append(attrs, slog.Float64("cost_usd", float64(nanos)/1e9))
	}
	if !served.First.IsZero() {
		attrs = append(attrs, slog.Int64("first_ms", served.First.Sub(v.at).Milliseconds()))
	}
	text("adjusted", v.head.Adjusted.Header())
	return attrs
}

// routeOf is the route's pattern: a path may hold an ARN, and has no bound as a label.
func routeOf(c echo.Context) string {
	if p := c.Path(); p != "" {
		return p
	}
	return "none"
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID makes 29 random letters and digits, as many as OpenAI's ids have (R-RES-01). Ids must be unique and need not be
// secret, since knowing one opens nothing: Go's own generator will do, which is ChaCha8, seeded by the system in every
// process, and costs no call of it.
func newID() string {
	var b [29]byte
	var bits uint64
	for i := range b {
		if i%10 == 0 { // 62 to the power of 10 is below 2 to the power of 60
			bits = rand.Uint64() //nolint:gosec // see above
		}
		b[i] = alphabet[bits%uint64(len(alphabet))]
		bits /= uint64(len(alphabet))
	}
	return string(b[:])
}
