package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/call"
	"outcrop/internal/dialect"
	"outcrop/internal/pipeline"
	"outcrop/openai"
)

// endpoint is a path below the prefixes whose requests go through the pipeline.
type endpoint struct {
	path     string
	endpoint *call.Endpoint
	dialect  *dialect.Dialect
}

// endpoints has one row each.
func endpoints() []endpoint {
	return []endpoint{
		{"/chat/completions", pipeline.ChatCompletions, dialect.Chat},
		{"/responses", pipeline.Responses, dialect.Responses},
		{"/completions", pipeline.Completions, dialect.Completions},
		{"/embeddings", pipeline.Embeddings, dialect.Embeddings},
		{"/moderations", pipeline.Moderations, dialect.Moderations},
	}
}

// speaks is the dialect of what was asked for: that of its route, so that whatever refuses a request speaks it too, and
// OpenAI's anywhere else.
func (s *Server) speaks(c echo.Context) *dialect.Dialect {
	if d := s.dialects[c.Path()]; d != nil {
		return d
	}
	return dialect.OpenAI
}

// routes lists everything that is served.
func (s *Server) routes(e *echo.Echo) {
	e.Use(s.observe, s.shield, s.record, s.ownSite)
	if len(s.cfg.AllowedOrigins) > 0 {
		e.Use(s.cors())
	}
	s.operation(e)
	if !s.cfg.Metrics.Apart {
		get(e, "/metrics", echo.WrapHandler(s.Recorder.Handler()), s.mayReadMetrics)
	}

	s.dialects = map[string]*dialect.Dialect{}
	for _, prefix := range s.cfg.Prefixes {
		prefix = strings.TrimSuffix(prefix, "/")
		for _, call := range s.served {
			s.dialects[prefix+call.path] = call.dialect
			e.POST(prefix+call.path, s.call(call.endpoint, call.dialect), s.authenticate(call.endpoint.Name), s.admit)
		}
		if s.Explain != nil {
			e.POST(prefix+"/outcrop/route", s.explainRoute, s.authenticate("outcrop.route"), s.admit)
		}
		if s.Usage != nil {
			get(e, prefix+"/outcrop/usage", s.reportUsage, s.authenticate("outcrop.usage"))
		}
		if s.Targets != nil {
			get(e, prefix+"/outcrop/targets", s.listTargets, s.authenticate("outcrop.targets"))
		}
		if s.Audit != nil {
			get(e, prefix+"/outcrop/provenance/key", s.provenanceKey, s.authenticate("outcrop.provenance"))
		}
		get(e, prefix+"/models", s.listModels, s.authenticate("models")) // R-MOD-03: also with a slash, see oneSlash
		get(e, prefix+"/models/*", s.getModel(prefix+"/models/"), s.authenticate("models"))
		e.GET(prefix+"/responses/:id", notStored, s.authenticate("responses"))
		e.DELETE(prefix+"/responses/:id", notStored, s.authenticate("responses"))
		e.GET(prefix+"/responses/:id/input_items", notStored, s.authenticate("responses"))
		e.POST(prefix+"/responses/:id/cancel", notStored, s.authenticate("responses"))
	}
}

// operation are the routes that say how this process is doing.
func (s *Server) operation(e *echo.Echo) {
	get(e, "/health", func(c echo.Context) error { return c.Blob(http.StatusOK, jsonType, []byte(`{"status":"ok"}`)) })
	get(e, "/ready", s.ready)
}

func (s *Server) ready(c echo.Context) error {
	if s.draining.Load() {
		return c.Blob(http.StatusServiceUnavailable, jsonType, []byte(`{"status":"draining"}`))
	}
	if s.Ready != nil && s.Ready() != nil { // why is for the log: AWS's text names accounts and identities
		return c.Blob(http.StatusServiceUnavailable, jsonType, []byte(`{"status":"no_credentials"}`))
	}
	return c.Blob(http.StatusOK, jsonType, []byte(`{"status":"ready"}`))
}

// notStored answers for a response that is not kept: none is.
func notStored(c echo.Context) error {
	return &openai.Error{Kind: openai.NotFound, Message: "Response with id '" + cut(c.Param("id"), 100) + "' not found."}
}

func (s *Server) listModels(c echo.Context) error {
	list := s.Models.Models(time.Now())
	if s.May != nil {
		who := principalOf(c)
		list = slices.DeleteFunc(list, func(m openai.Model) bool { return !s.May(who, m.ID) })
	}
	return c.Blob(http.StatusOK, jsonType, openai.AppendModelList(nil, list))
}

// getModel takes everything behind the prefix as the id, percent-decoded once: colons, slashes and ARNs work encoded or
// not (R-MOD-03).
func (s *Server) getModel(prefix string) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := strings.TrimPrefix(c.Request().URL.EscapedPath(), prefix)
		if plain, err := url.PathUnescape(id); err == nil {
			id = plain
		}
		visitOf(c).asked = id
		m, ok := s.Models.Model(id, time.Now())
		if !ok || s.May != nil && !s.May(principalOf(c), id) {
			return openai.ModelNotFound(id)
		}
		return c.Blob(http.StatusOK, jsonType, m.AppendJSON(nil))
	}
}
