package server

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/audit"
	"outcrop/internal/call"
	"outcrop/openai"
)

// headerProvenance names the record of an answer; in a request it asks for a manifest (docs/provenance.md).
const headerProvenance = "X-Outcrop-Provenance"

// record sees to it that every answer leaves exactly one record, whoever gives it: it opens the entry that the pipeline
// fills, and hands it over when the answer is known. What only says how this process is doing is no answer, nor is a
// preflight.
func (s *Server) record(next echo.HandlerFunc) echo.HandlerFunc {
	if s.Audit == nil {
		return next
	}
	return func(c echo.Context) error {
		if r := c.Request(); operational(r) {
			return next(c)
		}
		v := visitOf(c)
		entry, err := s.Audit.Open(v.requestID(), v.at)
		if err != nil {
			return &openai.Error{Kind: openai.Unavailable, Code: "audit_unavailable", Err: err,
				Message: "The gateway cannot keep its records at the moment, and answers nothing without them. Try again."}
		}
		v.entry = entry
		c.Response().Header().Set(headerProvenance, entry.ID)
		err = errUnfinished // a panic on its way through
		defer func() { s.keep(c, err) }()
		err = next(c)
		return err
	}
}

var errUnfinished error = &call.Panic{}

func operational(r *http.Request) bool {
	switch r.URL.Path {
	case "/health", "/ready", "/metrics":
		return true
	}
	return r.Method == http.MethodOptions && r.Header.Get("access-control-request-method") != ""
}

// keep hands the record over, unless that was done before. err is how the handler ended.
func (s *Server) keep(c echo.Context, err error) {
	v := visitOf(c)
	e := v.entry
	if e == nil || e.Kept() {
		return
	}
	who := principalOf(c)
	e.Tenant, e.Key = who.Tenant, who.KeyID
	if e.Endpoint == "" {
		e.Endpoint = s.endpointOf(c)
	}
	e.Status, e.Outcome = c.Response().Status, "ok"
	if err = cmp.Or(err, v.err); err != nil {
		status, code := s.ending(c, err)
		if !c.Response().Committed {
			e.Status = status
		}
		e.Outcome = code
		if refused(err) {
			e.From = c.RealIP()
		}
	}
	e.Keep(time.Now())
}

// ending is the status that an error would have, and a word for it.
func (s *Server) ending(c echo.Context, err error) (status int, code string) {
	if clientGone(c, err) {
		return statusClientGone, "canceled"
	}
	oe := s.known(c, err)
	status = s.speaks(c).Status(oe)
	var p *call.Panic
	if errors.As(err, &p) {
		return status, "panic"
	}
	return status, cmp.Or(oe.Code, "error")
}

// endpointOf names what was asked for after its route: "models" of /v1/models/*; "" where nothing is served.
func (s *Server) endpointOf(c echo.Context) string {
	longest, name := -1, ""
	for _, p := range s.cfg.Prefixes {
		p = strings.TrimSuffix(p, "/")
		if path, ok := strings.CutPrefix(c.Path(), p+"/"); ok && len(p) > longest { // "" is in front of all
			longest, name = len(p), strings.ReplaceAll(strings.Trim(path, "/*"), "/", ".")
		}
	}
	return name
}

// asked takes down what a request asks for, before anything can refuse it.
func asked(c echo.Context, req openai.Request) {
	if req == nil {
		return
	}
	visitOf(c).asked = req.Facts().Model
	if e := visitOf(c).entry; e != nil {
		e.Asked, e.Stream = audit.Name(req.Facts().Model), req.Facts().Stream
	}
}

// recorded hands over the record of a plain answer that is about to go out, and names it with its digests.
func (s *Server) recorded(c echo.Context) {
	if e := visitOf(c).entry; e != nil {
		s.keep(c, nil)
		c.Response().Header().Set(headerProvenance, e.Provenance())
	}
}

// wantsManifest reads what a request says of its provenance.
func wantsManifest(h http.Header) (bool, *openai.Error) {
	switch text := strings.TrimSpace(h.Get(headerProvenance)); {
	case text == "":
		return false, nil
	case strings.EqualFold(text, "manifest"):
		return true, nil
	}
	return false, unreadable(headerProvenance, "must be manifest")
}

// provenanceKey gives the public key that seals and manifests are checked with, in PEM.
func (s *Server) provenanceKey(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/x-pem-file", s.Audit.Keys().Public())
}
