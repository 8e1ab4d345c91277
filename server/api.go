package server

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/call"
	"outcrop/internal/dialect"
	"outcrop/openai"
	"outcrop/translate"
)

// call is the way of one API call: a place among those under way, the body, its decoding and validation, the pipeline,
// and the answer as JSON or as events, as its dialect writes them.
func (s *Server) call(endpoint *call.Endpoint, speaks *dialect.Dialect) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !s.calls.begin() {
			c.Response().Header().Set("connection", "close")
			return draining()
		}
		defer s.calls.end()
		body, err := s.body(c)
		if err != nil {
			return err
		}
		req, bad := speaks.Decode(body, dialect.Header(c.Request().Header))
		asked(c, req)
		if bad != nil {
			return bad
		}
		tuned, bad := tune(c.Request().Header)
		if bad != nil {
			return bad
		}
		options, bad := s.options(c.Request().Header)
		if bad != nil {
			return bad
		}
		v := visitOf(c)
		call := &call.Call{
			ID: v.id, At: v.at, Principal: v.principal, Endpoint: endpoint, Request: req, Options: options,
			Tune: tuned, Standing: v.standing, Entry: v.entry,
		}
		v.call = call
		if req.Facts().Stream {
			return s.stream(c, call, speaks.Stream(req, spoken(call)))
		}
		return s.plain(c, call, speaks)
	}
}

// spoken is what a dialect has to know of a call.
func spoken(c *call.Call) dialect.Call { return dialect.Call{ID: c.ID, At: c.At, Now: time.Now} }

// plain answers with the one part of a plain reply.
func (s *Server) plain(c echo.Context, call *call.Call, speaks *dialect.Dialect) error {
	reply, err := s.Handle(c.Request().Context(), call)
	s.describe(c, call, reply.Head)
	if err != nil {
		return err
	}
	room := s.rooms.Get().(*[]byte)
	out := (*room)[:0]
	for part, err := range reply.Parts {
		if err != nil {
			return err
		}
		out = speaks.Plain(out, call.Request, spoken(call), part)
	}
	s.recorded(c)
	s.stamp(c)
	limit := s.cfg.WriteTimeout + time.Duration(len(out)>>18)*time.Second // a slow line may take 256 KB a second
	if err := writeBy(http.NewResponseController(c.Response().Writer), time.Now().Add(limit)); err != nil {
		return errors.Join(errGone, err)
	}
	err = c.Blob(http.StatusOK, jsonType, out)
	const most = 64 << 10 // what is larger is too rare to be kept
	if err == nil && cap(out) <= most {
		*room = out
		s.rooms.Put(room) // after an error HTTP/2 may be at work on it still
	}
	return err
}

// body reads the request's body: JSON, not compressed, no larger than the limit and not slower than the read timeout.
func (s *Server) body(c echo.Context) ([]byte, error) {
	r := c.Request()
	if err := acceptable(r.Header); err != nil {
		return nil, err
	}
	rc := http.NewResponseController(c.Response().Writer)
	deadline := rc.SetReadDeadline(time.Now().Add(s.cfg.ReadTimeout))
	if r.ContentLength > s.cfg.BodyLimit {
		return nil, s.tooLarge(r)
	}
	if !s.hold(visitOf(c), max(r.ContentLength, 0)) {
		return nil, full()
	}
	body, err := s.read(c)
	if err == nil {
		if deadline == nil {
			_ = rc.SetReadDeadline(time.Time{})
		}
		return body, nil
	}
	// The deadline stays: net/http reads on behind an answer, to save the connection, and must not wait for ever.
	var large *http.MaxBytesError
	var oe *openai.Error
	switch {
	case errors.As(err, &oe):
		return nil, oe
	case errors.As(err, &large):
		return nil, s.tooLarge(r)
	case !errors.Is(err, os.ErrDeadlineExceeded) && (errors.Is(err, io.ErrUnexpectedEOF) || r.Context().Err() != nil):
		return nil, errors.Join(errGone, err) // the client left in the middle of its own request
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &openai.Error{Kind: openai.Invalid, Code: openai.CodeInvalidJSON, Err: err,
			Message: "The body of the request could not be read: its transfer encoding is broken."}
	}
	return nil, &openai.Error{Kind: openai.RequestTimeout, Code: openai.CodeTimeout, Err: err,
		Message: "The body of the request did not arrive in time."}
}

// read reads a body whose announced size is within the limit. Room for a large one is made as it comes.
func (s *Server) read(c echo.Context) ([]byte, error) {
	const large = 1 << 20
	r := c.Request()
	n := r.ContentLength
	if n >= 0 && n <= large {
		body := make([]byte, n)
		_, err := io.ReadFull(r.Body, body) // net/http gives no more than was announced
		return body, err
	}
	var b bytes.Buffer
	b.Grow(int(min(max(n, 0), large)) + bytes.MinRead)
	var from io.Reader = http.MaxBytesReader(c.Response().Writer, r.Body, s.cfg.BodyLimit)
	if n < 0 {
		from = &counted{from, s, visitOf(c)}
	}
	_, err := b.ReadFrom(from)
	return b.Bytes(), err
}

func acceptable(h http.Header) *openai.Error {
	if enc := h.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return unsupportedMedia("The body must not be compressed.")
	}
	ct := h.Get("Content-Type")
	if ct == "" || ct == jsonType {
		return nil
	}
	typ, params, err := mime.ParseMediaType(ct)
	charset := params["charset"]
	if err == nil && (typ == jsonType || strings.HasSuffix(typ, "+json")) &&
		(charset == "" || strings.EqualFold(charset, "utf-8")) {
		return nil
	}
	return unsupportedMedia("The body must be JSON in UTF-8: send the header content-type: application/json.")
}

func unsupportedMedia(message string) *openai.Error {
	return &openai.Error{Kind: openai.UnsupportedMedia, Code: "unsupported_media_type", Message: message}
}

// tooLarge reads past what is left of a body, within reason: a client that is still writing when the connection closes
// sees a broken pipe and never the answer. One that waits for our leave to write (Expect) has it at once.
func (s *Server) tooLarge(r *http.Request) *openai.Error {
	limit := s.cfg.BodyLimit
	if r.Header.Get("expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, 2*limit)
	}
	return &openai.Error{Kind: openai.TooLarge, Code: "request_too_large",
		Message: "The body of the request is larger than the limit of " + size(limit) + "."}
}

// options are the translation's settings, with what this request's headers say: strict mode (R-GEN-04) and a guardrail
// as on Bedrock's own OpenAI endpoint (R-GRD-01).
func (s *Server) options(h http.Header) (translate.Options, *openai.Error) {
	o := s.cfg.Options
	strict, bad := yes(h, headerStrict)
	o.Strict = o.Strict || strict
	o.Guardrail = translate.Guardrail{
		Identifier: h.Get("X-Amzn-Bedrock-Guardrailidentifier"),
		Version:    h.Get("X-Amzn-Bedrock-Guardrailversion"),
		Trace:      strings.ToLower(h.Get("X-Amzn-Bedrock-Trace")),
	}
	return o, bad
}

// describe turns what is known of an answer before its first part into headers.
func (s *Server) describe(c echo.Context, call *call.Call, head call.Head) {
	visitOf(c).head = head
	h := c.Response().Header()
	s.limits(c, head.Standing)
	if head.Warning != "" && head.Cache.State != "hit" {
		h.Set(headerBudgetWarning, head.Warning)
	}
	if route := routed(call, head); route != "" {
		h.Set(headerRoute, route)
	}
	if adjusted := dialect.Adjusted(call.Request, &head.Adjusted); adjusted != "" {
		h.Set(headerAdjusted, adjusted)
	}
	if cache := cacheHeader(head.Cache); cache != "" {
		h.Set(headerCache, cache)
	}
	if tried := attempts(head.Tries, s.speaks(c).Status); tried != "" {
		h.Set(headerAttempts, tried)
	}
	if len(head.Unchecked) > 0 {
		h.Set(headerUnchecked, strings.Join(head.Unchecked, ","))
	}
	if n := len(head.Upstream); n > 0 {
		const most = 16 // an embedding request may need thousands of calls
		if ids := upstreamIDs(head.Upstream[:min(n, most)]...); ids != "" {
			h.Set(headerUpstream, ids)
		}
	}
}
