package server

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/access"
	"outcrop/internal/audit"
	"outcrop/internal/pipeline"
	"outcrop/openai"
)

// The headers that Outcrop adds to answers. All names of headers are spelled as net/http keeps them: it would make that spelling
// anew for each use of another one, which is an allocation for every name that it does not know.
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
	err   error         // how it ended
	model string        // public id that served, for the log
	usage *openai.Usage // of the answer, for the log
	entry *audit.Entry  // its record; nil where none is kept

	principal access.Principal // who asks; the zero value until that is known
	standing  access.Standing  // how the limits stood when the request came
}

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
		c.Response().Header().Set(headerRequestID, "req_"+v.id)
		if err := guarded(c, next); err != nil {
			v.err = err
			s.fail(err, c)
		}
		s.log(c, v)
		return nil
	}
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
	return pipeline.Recovered(r)
}

func (s *Server) log(c echo.Context, v *visit) {
	status, route := c.Response().Status, routeOf(c)
	s.Recorder.HTTP(route, status)
	var p *pipeline.Panic
	if errors.As(v.err, &p) && p.First() {
		s.Log.Error("panic", "request_id", "req_"+v.id, "panic", fmt.Sprint(p.Value), "stack", string(p.Stack))
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
	attrs := []slog.Attr{
		slog.String("request_id", "req_"+v.id), slog.String("method", c.Request().Method), slog.String("route", route),
		slog.Int("status", status), slog.Int64("ms", time.Since(v.at).Milliseconds()), slog.Int64("bytes", c.Response().Size),
	}
	if v.model != "" {
		attrs = append(attrs, slog.String("model", v.model))
	}
	if v.usage != nil {
		attrs = append(attrs, slog.Int64("prompt_tokens", v.usage.Prompt), slog.Int64("completion_tokens", v.usage.Completion))
	}
	if v.err != nil {
		attrs = append(attrs, slog.Any("error", v.err))
		var oe *openai.Error
		if errors.As(v.err, &oe) {
			attrs = append(attrs, slog.String("code", oe.Code), slog.String("upstream_id", oe.UpstreamID))
		}
	}
	s.Log.LogAttrs(ctx, level, "request", attrs...)
}

// routeOf is the route's pattern: a path may hold an ARN, and has no bound as a label.
func routeOf(c echo.Context) string {
	if p := c.Path(); p != "" {
		return p
	}
	return "none"
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID makes 29 random letters and digits, as many as OpenAI's ids have (R-RES-01). Ids must be unique and need not be secret, since
// knowing one opens nothing: Go's own generator will do, which is ChaCha8, seeded by the system in every process, and costs no call of it.
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
