package server

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/dialect"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// statusClientGone is nginx's status for a client that hung up; it is only ever seen in the log.
const statusClientGone = 499

// fail renders an error as an HTTP answer. It is Echo's HTTPErrorHandler and the only place where that happens.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	v := visitOf(c)
	if v.err == nil {
		v.err = err
	}
	if clientGone(c, err) {
		_ = c.NoContent(statusClientGone) // to nobody; but never a 200
		return
	}
	oe := dialect.Helpful(s.known(c, err), v.asked, func() []string { return s.modelsFor(c) })
	speaks, h := s.speaks(c), c.Response().Header()
	again, after := dialect.Retry(oe)
	h.Set(headerShouldRetry, strconv.FormatBool(again))
	if after > 0 {
		h.Set("retry-after", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	}
	if oe.Kind == openai.Unauthenticated {
		h.Set("www-authenticate", "Bearer")
	}
	if id := upstreamIDs(oe.UpstreamID); id != "" && h.Get(headerUpstream) == "" {
		h.Set(headerUpstream, id)
	}
	s.stamp(c)
	// The client's connection is all that can fail here.
	_ = c.Blob(speaks.Status(oe), jsonType, speaks.Fail(nil, oe, v.requestID()))
}

// errGone marks failures to read from or write to the client.
var errGone = errors.New("the client is gone")

// clientGone tells an error that only says that nobody is listening any more.
func clientGone(c echo.Context, err error) bool {
	ctx := c.Request().Context()
	return errors.Is(err, errGone) ||
		errors.Is(err, context.Canceled) && ctx.Err() != nil && !errors.Is(context.Cause(ctx), errDraining)
}

// known gives the error that a client may see.
func (s *Server) known(c echo.Context, err error) *openai.Error {
	if errors.Is(err, context.Canceled) && errors.Is(context.Cause(c.Request().Context()), errDraining) {
		return draining()
	}
	if he := (*echo.HTTPError)(nil); errors.As(err, &he) {
		if e := fromEcho(c, he); e != nil {
			return e
		}
	}
	v := visitOf(c)
	oe := dialect.Known(err, v.requestID())
	if v.call != nil {
		oe = dialect.Named(v.call.Request, oe)
	}
	return oe
}

func draining() *openai.Error {
	return &openai.Error{Kind: openai.Unavailable, Code: openai.CodeOverloaded,
		Message: "The gateway is shutting down. Try again."}
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

// stamp sets the header that says how long the gateway took.
func (s *Server) stamp(c echo.Context) {
	c.Response().Header().Set(headerProcessing, strconv.FormatInt(time.Since(visitOf(c).at).Milliseconds(), 10))
}

// upstreamIDs is the value of headerUpstream. What has not the form of AWS's ids is left out: it was made by somebody
// in between, and may hold anything.
func upstreamIDs(ids ...string) string {
	bad := func(id string) bool { return !isUpstreamID(id) }
	if slices.ContainsFunc(ids, bad) {
		ids = slices.DeleteFunc(slices.Clone(ids), bad)
	}
	return strings.Join(ids, ",")
}

func isUpstreamID(id string) bool {
	const uuid, longest = 36, 128
	hex := len(id) == uuid
	for i := range len(id) {
		switch c := id[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', c == '-':
		case 'g' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
			hex = false
		default:
			return false
		}
	}
	return hex || id != "" && len(id) <= longest && telemetry.Redact(id) == id
}
