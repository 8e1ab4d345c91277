package server

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/access"
	"outcrop/openai"
)

// reportUsage answers GET …/outcrop/usage?from=&to=&group_by=&tenant=&key=&format=json|csv. A key sees the usage of its own tenant; one
// without a tenant its own. Only where there are no keys everything is seen.
func (s *Server) reportUsage(c echo.Context) error {
	args := c.QueryParams()
	q, argument, err := access.ParseUsageQuery(args.Get("from"), args.Get("to"), args.Get("group_by"), time.Now())
	if err != nil {
		return openai.Invalidf(openai.CodeInvalidValue, argument, "The argument '%s' %s.", argument, err)
	}
	format := strings.ToLower(args.Get("format"))
	if format != "" && format != "json" && format != "csv" {
		return openai.Invalidf(openai.CodeInvalidValue, "format", "The argument 'format' must be json or csv.")
	}
	if err := s.mayRead(c, &q); err != nil {
		return err
	}
	report, err := s.Usage.Read(c.Request().Context(), q)
	if err != nil {
		return &openai.Error{Kind: openai.Unavailable, Code: openai.CodeOverloaded, Message: "The usage cannot be read at the moment. Try again, or ask for less.", Err: err}
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

// mayRead narrows a query to what the caller asks for and may see. That others exist does not show.
func (s *Server) mayRead(c echo.Context, q *access.UsageQuery) error {
	args, p := c.QueryParams(), principalOf(c)
	if args.Has("tenant") {
		tenant := args.Get("tenant")
		q.Tenant = &tenant
	}
	if args.Has("key") {
		key := args.Get("key")
		q.Key = &key
	}
	if p.KeyID == "" { // nobody needs a key
		return nil
	}
	if q.Tenant != nil && *q.Tenant != p.Tenant || p.Tenant == "" && q.Key != nil && *q.Key != p.KeyID {
		return &openai.Error{Kind: openai.Forbidden, Code: "tenant_not_allowed", Message: "This API key may only see the usage of its own tenant.",
			Err: errors.New("usage of another tenant was asked for")}
	}
	q.Tenant = &p.Tenant
	if p.Tenant == "" {
		q.Key = &p.KeyID
	}
	return nil
}
