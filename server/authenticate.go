package server

import (
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/openai"
)

// authenticate admits the caller before the body is read, so that an unknown one cannot make us parse it. OpenAI's SDKs
// send a bearer key; api-key is the header of Azure's. endpoint is the name by which a key may be kept from it.
func (s *Server) authenticate(endpoint string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if h := c.Request().Header; (len(h["Authorization"]) > 1 || len(h["Api-Key"]) > 1) && !s.Gate.Open() {
				return errTwoKeys // whoever stands in front of us may have looked at the other one
			}
			addr, _ := netip.ParseAddr(c.RealIP()) // the zero address is in no network
			p, err := s.Gate.Admit(keys.Credential{Key: credential(c), Addr: addr, Endpoint: endpoint})
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

func credential(c echo.Context) string {
	h := c.Request().Header
	if scheme, key, ok := strings.Cut(h.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(key)
	}
	return h.Get("Api-Key")
}

func principalOf(c echo.Context) access.Principal { return visitOf(c).principal }
