package server

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/nearest"
	"outcrop/openai"
)

// get serves a path for GET, and for HEAD, which has the same answer without its body.
func get(e *echo.Echo, path string, h echo.HandlerFunc, with ...echo.MiddlewareFunc) {
	e.Match([]string{http.MethodGet, http.MethodHead}, path, h, with...)
}

// oneSlash is the rule for slashes at the end of a path: they mean nothing, on any route.
func oneSlash(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		for len(u.Path) > 1 && strings.HasSuffix(u.Path, "/") {
			u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
		}
		return next(c)
	}
}

// unknownURL is the 404 for a path that nobody serves, with the one that was meant, or those that there are.
func unknownURL(c echo.Context) *openai.Error {
	r := c.Request()
	asked := r.Method + " " + cut(r.URL.Path, 200)
	hint := "There are POST /v1/chat/completions, POST /v1/embeddings, POST /v1/moderations and GET /v1/models."
	if near := nearestRoute(c.Echo(), r); near != "" {
		hint = "Did you mean " + near + "?"
	}
	return &openai.Error{Kind: openai.NotFound, Code: "unknown_url", Message: "Unknown request URL: " +
		asked + ". " + hint}
}

// nearestRoute gives method and path of the route that is nearest to what was asked for; one of the same method rather
// than another.
func nearestRoute(e *echo.Echo, r *http.Request) string {
	var same, other []string
	for _, route := range e.Routes() {
		switch {
		case strings.Contains(route.Path, "*") || strings.Contains(route.Path, ":") ||
			route.Method == http.MethodHead:
		case route.Method == r.Method:
			same = append(same, route.Path)
		case route.Method == http.MethodGet || route.Method == http.MethodPost:
			other = append(other, route.Path)
		}
	}
	slices.Sort(same) // the list comes out of a map
	slices.Sort(other)
	if near := cmp.Or(behind(r.URL.Path, same), nearest.Spelling(r.URL.Path, same)); near != "" {
		return r.Method + " " + near
	}
	near := nearest.Spelling(r.URL.Path, other)
	for _, route := range e.Routes() {
		if near != "" && route.Path == near && route.Method != http.MethodHead {
			return route.Method + " " + near
		}
	}
	return ""
}

// behind gives the longest route that a path ends with: clients put a prefix in front of one that their users have set
// already.
func behind(path string, routes []string) string {
	longest := ""
	for _, route := range routes {
		if len(route) > max(len(longest), 1) && strings.HasSuffix(path, route) {
			longest = route
		}
	}
	return longest
}

// modelsFor are the names that a caller may ask for.
func (s *Server) modelsFor(c echo.Context) []string {
	if s.Models == nil {
		return nil
	}
	var names []string
	for _, m := range s.Models.Models(time.Now()) {
		if s.May == nil || s.May(principalOf(c), m.ID) {
			names = append(names, m.ID)
		}
	}
	return names
}

// fromEcho translates the errors that Echo itself makes.
func fromEcho(c echo.Context, he *echo.HTTPError) *openai.Error {
	r := c.Request()
	switch he.Code {
	case http.StatusNotFound:
		return unknownURL(c)
	case http.StatusMethodNotAllowed:
		return &openai.Error{Kind: openai.MethodNotAllowed, Code: "method_not_allowed", Message: "Not allowed to " +
			cut(r.Method, 20) + " on " + cut(r.URL.Path, 200) + "."}
	}
	return nil
}

// refused tells an error that says that the caller may not, or not now.
func refused(err error) bool {
	var oe *openai.Error
	if !errors.As(err, &oe) {
		return false
	}
	switch oe.Kind {
	case openai.Unauthenticated, openai.Forbidden, openai.RateLimited, openai.TokensLimited, openai.QuotaExceeded:
		return true
	}
	return false
}
