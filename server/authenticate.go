package server

import (
	"net/netip"

	"github.com/labstack/echo/v4"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/internal/dialect"
	"outcrop/openai"
)

// authenticate admits the caller before the body is read, so that an unknown one cannot make us parse it. endpoint is
// the name by which a key may be kept from it.
func (s *Server) authenticate(endpoint string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			speaks, h := s.speaks(c), dialect.Header(c.Request().Header)
			if !speaks.OneKey(h) && !s.Gate.Open() {
				return errTwoKeys
			}
			addr, _ := netip.ParseAddr(c.RealIP()) // the zero address is in no network
			p, err := s.Gate.Admit(keys.Credential{Key: speaks.Key(h), Addr: addr, Endpoint: endpoint})
			visitOf(c).principal = p // of a refusal too, as far as it is known
			if err != nil {
				return err
			}
			return next(c)
		}
	}
}

var errTwoKeys = &openai.Error{Kind: openai.Unauthenticated, Code: "invalid_api_key",
	Message: "More than one API key was sent. Send one, in one Authorization header: Authorization: Bearer YOUR_KEY."}

func principalOf(c echo.Context) access.Principal { return visitOf(c).principal }
