package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"outcrop/openai"
)

// Values that stand in every answer, made once. They are never changed.
var (
	nosniff    = []string{"nosniff"}
	nothing    = []string{"default-src 'none'; frame-ancestors 'none'"}
	noReferrer = []string{"no-referrer"}
	noStore    = []string{"no-store"}
	oneYear    = []string{"max-age=31536000"}
)

// shield sets the headers that keep browsers from making something else of an answer than data.
func (s *Server) shield(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h["X-Content-Type-Options"], h["Content-Security-Policy"], h["Referrer-Policy"] = nosniff, nothing, noReferrer
		h["Cache-Control"] = noStore // answers to a key in api-key would be fair game for a shared cache
		if s.cfg.TLS != nil {
			h["Strict-Transport-Security"] = oneYear
		}
		return next(c)
	}
}

// exposed are the headers that a page of another origin may read.
var exposed = []string{
	headerRequestID, headerUpstream, headerAdjusted, headerAttempts, headerRoute, headerCache, headerShouldRetry, headerProcessing, "retry-after",
	"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
	"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", "x-outcrop-provenance", headerBudgetWarning,
}

// cors answers preflights, which bring no key, and lets the pages of the configured origins read answers. Cookies play no part.
func (s *Server) cors() echo.MiddlewareFunc {
	return middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins:  s.cfg.AllowedOrigins,
		AllowMethods:  []string{http.MethodGet, http.MethodPost},
		ExposeHeaders: []string{strings.ToLower(strings.Join(exposed, ","))},
		MaxAge:        600,
	})
}

// Metrics says who may read /metrics besides this host itself.
type Metrics struct {
	Networks []netip.Prefix // from where it may be read without a token
	Token    string         // bearer token that opens it to others; "" is none
}

// metrics are for the operator: an API key does not open them, and without a rule only this host may read them. What a proxy on this
// host passes on does not count as this host's.
func (s *Server) metrics(next echo.HandlerFunc) echo.HandlerFunc {
	want := sha256.Sum256([]byte(s.cfg.Metrics.Token))
	return func(c echo.Context) error {
		got := sha256.Sum256([]byte(credential(c)))
		byToken := s.cfg.Metrics.Token != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
		if !byToken && !fromThisHost(c.Request()) && !s.mayReadMetrics(c.RealIP()) {
			return &openai.Error{Kind: openai.Forbidden, Code: "metrics_not_allowed", Message: "Metrics may not be read from this address."}
		}
		return next(c)
	}
}

func (s *Server) mayReadMetrics(address string) bool {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(s.cfg.Metrics.Networks, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}
