package server

import (
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/access/limits"
	"outcrop/internal/dialect"
)

const headerBudgetWarning = "x-outcrop-budget-warning"

// admit counts the request against the requests per minute of its key and tenant, right after it is known whose it is:
// one that is refused has its body unread.
func (s *Server) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.Limiter == nil {
			return next(c)
		}
		v := visitOf(c)
		standing, err := s.Limiter.Arrive(c.Request().Context(), &v.principal)
		s.limits(c, standing)
		if err != nil {
			return err
		}
		v.standing = standing
		return next(c)
	}
}

// limits says in the headers of an answer how the limits stand, as its dialect does.
func (s *Server) limits(c echo.Context, now limits.Standing) {
	to := dialect.Header(c.Response().Header())
	s.speaks(c).Limits(to, dialect.Window(now.Requests), dialect.Window(now.Tokens), time.Now())
}
