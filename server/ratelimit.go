package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/access"
)

const (
	headerBudgetWarning = "x-outcrop-budget-warning"

	standingKey = "outcrop.standing"
)

// admit counts the request against the requests per minute of its key and tenant, right after it is known whose it is: one that is
// refused has its body unread.
func (s *Server) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.Limiter == nil {
			return next(c)
		}
		p := principalOf(c)
		standing, err := s.Limiter.Arrive(c.Request().Context(), &p)
		limitHeaders(c.Response().Header(), standing)
		if err != nil {
			return err
		}
		if standing != (access.Standing{}) {
			c.Set(standingKey, standing)
		}
		return next(c)
	}
}

func standingOf(c echo.Context) access.Standing {
	s, _ := c.Get(standingKey).(access.Standing)
	return s
}

// limitHeaders says how the limits stand, where there are any, as OpenAI does (R-ERR-67, R-ERR-81).
func limitHeaders(h http.Header, s access.Standing) {
	for _, l := range [...]struct {
		window                  access.Window
		limit, remaining, reset string
	}{
		{s.Requests, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
		{s.Tokens, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"},
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
