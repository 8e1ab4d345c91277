package server

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"outcrop/openai"
)

// While no key is asked for, being able to reach the gateway is all that a caller needs, and any page that the user's
// browser shows can reach what listens on the user's machine. What a browser says of a page cannot be forged by the
// page:
//
//   - Origin stands in every POST and in every request whose answer a script may read (Fetch standard, 3.2);
//   - Sec-Fetch-Site stands in all others too, those of images and of links, where the address is trustworthy (Fetch Metadata);
//   - Host is the name that the page's own address has, which gives a name away that was bound to this address (DNS rebinding).
//
// Programs that are no browsers send none of the first two.

// ownSite refuses what pages of other sites have caused, on every route, for as long as no key is asked for.
func (s *Server) ownSite(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.Gate.Open() {
			if err := s.cfg.foreign(c.Request()); err != nil {
				return err
			}
		}
		return next(c)
	}
}

// foreign gives the 403 of a request that a page of another site has caused, or may have; nil of any other.
func (c *Config) foreign(r *http.Request) error {
	if !c.knowsHost(r.Host) {
		return forbidden("host_not_allowed", "This gateway asks for no API key, and so answers only to names that it "+
			"knows, not to %q. "+
			"If the name is yours, add it to server.hosts (OUTCROP_SERVER_HOSTS), or require API keys.", r.Host)
	}
	allowed := slices.Contains(c.AllowedOrigins, "*")
	for _, origin := range r.Header["Origin"] {
		if origin == "" {
			continue
		}
		if !sameOrigin(origin, r.Host) && !c.allowsOrigin(origin) {
			return forbidden("origin_not_allowed", "This gateway asks for no API key, and so answers no web pages of other "+
				"origins: not %q. "+
				"If the page is yours, add its origin to ALLOWED_ORIGINS (server.allowed_origins), or require API keys.", origin)
		}
		allowed = true
	}
	if site := r.Header.Get("Sec-Fetch-Site"); !allowed && site != "" && site != "none" && site != "same-origin" {
		return forbidden("origin_not_allowed", "This gateway asks for no API key, and so answers nothing that web pages "+
			"of other origins cause "+
			"(sec-fetch-site: %q). A page whose origin stands in ALLOWED_ORIGINS (server.allowed_origins) may fetch it by a "+
			"script.", site)
	}
	return nil
}

func forbidden(code, format, what string) *openai.Error {
	const longest = 200
	e := openai.Invalidf(code, "", format, cut(what, longest))
	e.Kind = openai.Forbidden
	return e
}

// knowsHost tells whether a Host is one that no page of somebody else can have: an IP address, a loopback name, a name
// without dots, as container networks have them, or one of the configuration. HTTP/1.0 knows no Host, and browsers do
// not speak it.
func (c *Config) knowsHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") ||
		strings.HasSuffix(name, ".localhost") {
		return true
	}
	return slices.ContainsFunc(c.Hosts, func(known string) bool { return fits(strings.ToLower(known), name) })
}

// allowsOrigin tells whether the pages of an origin may call.
func (c *Config) allowsOrigin(origin string) bool {
	return slices.ContainsFunc(c.AllowedOrigins,
		func(known string) bool { return fits(strings.ToLower(known), strings.ToLower(origin)) })
}

// fits tells whether a name is the known one, in which one * stands for any characters but a slash.
func fits(known, name string) bool {
	before, behind, wild := strings.Cut(known, "*")
	if !wild || known == "*" {
		return wild || known == name
	}
	rest, begins := strings.CutPrefix(name, before)
	middle, ends := strings.CutSuffix(rest, behind)
	return begins && ends && middle != "" && !strings.Contains(middle, "/")
}

// sameOrigin tells whether an origin is the one that this gateway itself has for its caller.
func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && host != "" && strings.EqualFold(u.Host, host)
}

// exposed are the headers that a page of another origin may read.
var exposed = []string{
	headerRequestID, headerUpstream, headerAdjusted, headerAttempts, headerUnchecked, headerRoute, headerCache,
	headerShouldRetry, headerProcessing, "retry-after",
	"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
	"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", "x-outcrop-provenance",
	headerBudgetWarning,
}

// cors answers preflights, which bring no key, and lets the pages of the configured origins read answers. Cookies play
// no part.
func (s *Server) cors() echo.MiddlewareFunc {
	settings := middleware.CORSConfig{
		AllowMethods:  []string{http.MethodGet, http.MethodHead, http.MethodPost},
		ExposeHeaders: []string{strings.ToLower(strings.Join(exposed, ","))},
		MaxAge:        600,
	}
	if slices.Contains(s.cfg.AllowedOrigins, "*") {
		settings.AllowOrigins = []string{"*"}
	} else {
		settings.AllowOriginFunc = func(origin string) (bool, error) { return s.cfg.allowsOrigin(origin), nil }
	}
	return middleware.CORSWithConfig(settings)
}
