package server

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"outcrop/internal/call"
)

// headerRoute says why an answer came from where it did.
const headerRoute = "X-Outcrop-Route"

// routed is the value of headerRoute: the rule that fired, the tier, the target that served (the first one, while none
// did), and the score if a rule asked for it. A target is shown as public catalogue id and region, never as the profile
// or ARN that was called. What there is none of is left out; "" when the request was not routed.
func routed(call *call.Call, head call.Head) string {
	plan := &call.Plan
	if plan.Rule == "" {
		return ""
	}
	var b strings.Builder
	b.Grow(128)
	add := func(name, value string) {
		if value == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte(';')
		}
		b.WriteString(name)
		b.WriteByte('=')
		b.WriteString(value)
	}
	add("rule", plan.Rule)
	add("tier", plan.Tier)
	target := head.Target
	if target.Row == nil && len(plan.Targets) > 0 {
		target = plan.Targets[0]
	}
	if target.Row != nil && safe(target.Row.ID) {
		region := target.Region
		if region == "" {
			region = plan.Home
		}
		add("target", target.Row.ID+"@"+region)
	}
	if plan.Scored {
		add("score", strconv.FormatFloat(plan.Score, 'f', 2, 64))
	}
	return b.String()
}

// safe tells whether an id may stand in the header. Ids of the catalogue may; that of a row made up for what a client
// named could be anything long.
func safe(id string) bool {
	const longest = 200
	return id != "" && len(id) <= longest &&
		!strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == ';' || r == '=' || r == '/' })
}

// explainRoute answers what the router makes of a request, without calling anything.
func (s *Server) explainRoute(c echo.Context) error {
	body, err := s.body(c)
	if err != nil {
		return err
	}
	tuned, bad := tune(c.Request().Header)
	if bad != nil {
		return bad
	}
	out, err := s.Explain(body, principalOf(c), tuned)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, jsonType, out)
}
