package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/access/limits"
)

const headerBudgetWarning = "x-outcrop-budget-warning"

// admit counts the request against the requests per minute of its key and tenant, right after it is known whose it is: one that is
// refused has its body unread.
func (s *Server) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.Limiter == nil {
			return next(c)
		}
		v := visitOf(c)
		standing, err := s.Limiter.Arrive(c.Request().Context(), &v.principal)
		limitHeaders(c.Response().Header(), standing)
		if err != nil {
			return err
		}
		v.standing = standing
		return next(c)
	}
}

// limitHeaders says how the limits stand, where there are any, as OpenAI does (R-ERR-67, R-ERR-81).
func limitHeaders(h http.Header, s limits.Standing) {
	for _, l := range [...]struct {
		window                  limits.Window
		limit, remaining, reset string
	}{
		{s.Requests, "X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
		{s.Tokens, "X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
	} {
		if l.window.Limit > 0 {
			h.Set(l.limit, strconv.FormatInt(l.window.Limit, 10))
			h.Set(l.remaining, strconv.FormatInt(l.window.Left, 10))
			h.Set(l.reset, resetText(l.window.Reset))
		}
	}
}

// resetText writes a duration in OpenAI's way, 12ms, 1s, 6m0s, rounded up, so that waiting for so long is enough.
func resetText(d time.Duration) string {
	return (max(d, 0) + time.Millisecond - 1).Truncate(time.Millisecond).String()
}
