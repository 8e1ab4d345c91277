package server

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/access"
	"outcrop/internal/access/usage"
	"outcrop/openai"
)

// reportUsage answers GET …/outcrop/usage?from=&to=&group_by=&tenant=&key=&model=&tag:NAME=&format=json|csv. A key sees
// the usage of its own tenant; one without a tenant its own. Only where there are no keys everything is seen.
func (s *Server) reportUsage(c echo.Context) error {
	args := c.QueryParams()
	q, argument, err := usage.ParseQuery(args.Get("from"), args.Get("to"), args.Get("group_by"), time.Now())
	if err != nil {
		return openai.Invalidf(openai.CodeInvalidValue, argument, "The argument '%s' %s.", argument, err)
	}
	format := strings.ToLower(args.Get("format"))
	if format != "" && format != "json" && format != "csv" {
		return openai.Invalidf(openai.CodeInvalidValue, "format", "The argument 'format' must be json or csv.")
	}
	if err := narrow(&q, args); err != nil {
		return err
	}
	if err := mayRead(principalOf(c), &q); err != nil {
		return err
	}
	report, err := s.Usage.Read(c.Request().Context(), q)
	if err != nil {
		return &openai.Error{Kind: openai.Unavailable, Code: openai.CodeOverloaded,
			Message: "The usage cannot be read at the moment. Try again, or ask for less.", Err: err}
	}
	if format == "csv" {
		var b bytes.Buffer
		if err := report.WriteCSV(&b); err != nil {
			return err
		}
		return c.Blob(http.StatusOK, "text/csv; charset=utf-8", b.Bytes())
	}
	return c.Blob(http.StatusOK, jsonType, report.AppendJSON(nil))
}

// narrow takes over what else the arguments ask for. One that nobody knows is refused, or the sums would be of more
// than was meant.
func narrow(q *usage.Query, args url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(args)) {
		switch name {
		case "from", "to", "group_by", "format":
		default:
			if !q.Only(name, args.Get(name)) {
				return openai.Invalidf(openai.CodeUnknownParameter, name,
					"Unknown argument: '%s'. There are from, to, group_by, format, tenant, key, model and tag:NAME.", name)
			}
		}
	}
	return nil
}

// mayRead refuses what the caller may not see, and narrows the query to what is left. That others exist does not show.
func mayRead(p access.Principal, q *usage.Query) error {
	if p.KeyID == "" { // nobody needs a key
		return nil
	}
	if q.Tenant != nil && *q.Tenant != p.Tenant || p.Tenant == "" && q.Key != nil && *q.Key != p.KeyID {
		return &openai.Error{Kind: openai.Forbidden, Code: "tenant_not_allowed",
			Message: "This API key may only see the usage of its own tenant.",
			Err:     errors.New("usage of another tenant was asked for")}
	}
	q.Tenant = &p.Tenant
	if p.Tenant == "" {
		q.Key = &p.KeyID
	}
	return nil
}
