package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/dialect"
	"outcrop/openai"
)

// Metrics says who may read /metrics besides this host itself.
type Metrics struct {
	Networks []netip.Prefix // from where it may be read without a token
	Token    string         // bearer token that opens it to others; "" is none
	Apart    bool           // whether /metrics is on the listener of ServeMetrics only
}

// mayReadMetrics lets the operator pass: an API key does not open metrics, and without a rule only this host may read
// them. What a proxy passes on, or a page of another site has caused, does not count as this host's; nor does a proxy
// that nobody trusts to tell who calls lend its own address to others.
func (s *Server) mayReadMetrics(next echo.HandlerFunc) echo.HandlerFunc {
	want := sha256.Sum256([]byte(s.cfg.Metrics.Token))
	return func(c echo.Context) error {
		r := c.Request()
		got := sha256.Sum256([]byte(s.speaks(c).Key(dialect.Header(r.Header))))
		byToken := s.cfg.Metrics.Token != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
		peer, _ := addressOf(r.RemoteAddr)
		direct := !passedOn(r.Header)
		here := direct && peer.IsLoopback() && s.cfg.foreign(r) == nil
		network := (direct || s.cfg.trusts(peer)) && s.cfg.Metrics.openTo(c.RealIP())
		if !byToken && !here && !network {
			return &openai.Error{Kind: openai.Forbidden, Code: "metrics_not_allowed",
				Message: "Metrics may not be read from this address."}
		}
		return next(c)
	}
}

func (m *Metrics) openTo(address string) bool {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(m.Networks, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// gauges is the listener of the operator, beside that of the callers.
type gauges struct {
	http    *http.Server
	handler atomic.Pointer[echo.Echo]
}

func newGauges(faults *log.Logger) *gauges {
	g := &gauges{}
	g.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter,
			r *http.Request) {
			g.handler.Load().ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 10 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          faults,
	}
	return g
}

func (g *gauges) close() { _ = g.http.Close() } // nobody waits for the rest of it

// ServeMetrics answers /metrics, /health and /ready, and nothing else, on a listener of their own until the server
// stops; then it gives nil. Who may read metrics is the same as anywhere.
func (s *Server) ServeMetrics(l net.Listener) error {
	if err := s.gauges.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// gaugeRoutes lists what ServeMetrics serves. No key is asked for there.
func (s *Server) gaugeRoutes(e *echo.Echo) {
	e.Use(s.observe, s.shield, s.ownSite)
	s.operation(e)
	get(e, "/metrics", echo.WrapHandler(s.Recorder.Handler()), s.mayReadMetrics)
}
