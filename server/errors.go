package server

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// rendering is how a kind of error looks to a client: status, OpenAI's error type, whether a retry makes sense, and when
// (R-ERR-03).
type rendering struct {
	status int
	typ    string
	retry  bool
	after  time.Duration
}

// renderings is the one table from kind to HTTP (TRANSLATION 4.2, 4.3).
var renderings = map[openai.Kind]rendering{
	openai.Internal:         {http.StatusInternalServerError, "server_error", true, 0},
	openai.Misconfigured:    {http.StatusInternalServerError, "server_error", false, 0},
	openai.Invalid:          {http.StatusBadRequest, "invalid_request_error", false, 0},
	openai.Unauthenticated:  {http.StatusUnauthorized, "invalid_request_error", false, 0},
	openai.Forbidden:        {http.StatusForbidden, "invalid_request_error", false, 0},
	openai.NotFound:         {http.StatusNotFound, "invalid_request_error", false, 0},
	openai.MethodNotAllowed: {http.StatusMethodNotAllowed, "invalid_request_error", false, 0},
	openai.RequestTimeout:   {http.StatusRequestTimeout, "invalid_request_error", true, 0},
	openai.Conflict:         {http.StatusConflict, "invalid_request_error", false, 0},
	openai.TooLarge:         {http.StatusRequestEntityTooLarge, "invalid_request_error", false, 0},
	openai.UnsupportedMedia: {http.StatusUnsupportedMediaType, "invalid_request_error", false, 0},
	openai.RateLimited:      {http.StatusTooManyRequests, "requests", true, time.Second},
	openai.TokensLimited:    {http.StatusTooManyRequests, "tokens", true, 5 * time.Second},
	openai.QuotaExceeded:    {http.StatusTooManyRequests, "insufficient_quota", false, time.Second},
	openai.BadUpstream:      {http.StatusBadGateway, "server_error", true, 0},
	openai.Unavailable:      {http.StatusServiceUnavailable, "server_error", true, 2 * time.Second},
	openai.Timeout:          {http.StatusGatewayTimeout, "server_error", true, 0},
}

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
	oe := s.helpful(c, s.known(c, err))
	r := renderings[oe.Kind]
	h := c.Response().Header()
	h.Set(headerShouldRetry, strconv.FormatBool(r.retry && !oe.Final))
	if after := cmp.Or(oe.After, r.after); after > 0 {
		h.Set("retry-after", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	}
	if oe.Kind == openai.Unauthenticated {
		h.Set("www-authenticate", "Bearer")
	}
	if id := upstreamIDs(oe.UpstreamID); id != "" && h.Get(headerUpstream) == "" {
		h.Set(headerUpstream, id)
	}
	s.stamp(c)
	_ = c.Blob(r.status, jsonType, oe.AppendJSON(nil, r.typ)) // the client's connection is all that can fail here
}

// errGone marks failures to read from or write to the client.
var errGone = errors.New("the client is gone")

// clientGone tells an error that only says that nobody is listening any more.
func clientGone(c echo.Context, err error) bool {
	ctx := c.Request().Context()
	return errors.Is(err, errGone) || errors.Is(err, context.Canceled) && ctx.Err() != nil && !errors.Is(context.Cause(ctx), errDraining)
}

// known gives the error that a client may see. Whatever nobody has given a meaning becomes a 500 that holds only the
// request id (R-ERR-08).
func (s *Server) known(c echo.Context, err error) *openai.Error {
	var oe *openai.Error
	var he *echo.HTTPError
	switch {
	case errors.Is(err, context.Canceled) && errors.Is(context.Cause(c.Request().Context()), errDraining):
		return draining()
	case errors.As(err, &oe) && oe.Message != "":
		return oe
	case errors.As(err, &he):
		if e := fromEcho(c, he); e != nil {
			return e
		}
	}
	return &openai.Error{Kind: openai.Internal, Err: err,
		Message: "The server had an error while processing your request. Quote the request id req_" + visitOf(c).id + " when you report it."}
}

func draining() *openai.Error {
	return &openai.Error{Kind: openai.Unavailable, Code: openai.CodeOverloaded, Message: "The gateway is shutting down. Try again."}
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

// upstreamIDs is the value of headerUpstream. What has not the form of AWS's ids is left out: it was made by somebody in between, and
// may hold anything.
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
