package server

import "github.com/labstack/echo/v4"

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
