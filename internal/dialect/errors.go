package dialect

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"outcrop/internal/nearest"
	"outcrop/openai"
)

// rendering is how a kind of error looks to a client: status and type of OpenAI's, whether a retry makes sense, and
// when (R-ERR-03).
type rendering struct {
	status int
	typ    string
	retry  bool
	after  time.Duration
}

// renderings is the one table of the kinds (TRANSLATION 4.2, 4.3). An API with other statuses or types derives them
// from it.
var renderings = [...]rendering{
	openai.Internal:         {http.StatusInternalServerError, "server_error", true, 0},
	openai.Misconfigured:    {http.StatusInternalServerError, "server_error", false, 0},
	openai.Invalid:          {http.StatusBadRequest, "invalid_request_error", false, 0},
	openai.Unauthenticated:  {http.StatusUnauthorized, "invalid_request_error", false, 0},
	openai.Forbidden:        {http.StatusForbidden, "invalid_request_error", false, 0},
	openai.NotFound:         {http.StatusNotFound, "invalid_request_error", false, 0},
	openai.MethodNotAllowed: {http.StatusMethodNotAllowed, "invalid_request_error", false, 0},
	openai.RequestTimeout:   {http.StatusRequestTimeout, "invalid_request_error", true, 0},
	openai.Conflict:         {http.StatusConflict, "invalid_request_error", false, 0},
	openai.TooLarge:         {http.StatusRequestEntityTooLarge, "invalid_request_error", false, 0},
	openai.UnsupportedMedia: {http.StatusUnsupportedMediaType, "invalid_request_error", false, 0},
	openai.RateLimited:      {http.StatusTooManyRequests, "requests", true, time.Second},
	openai.TokensLimited:    {http.StatusTooManyRequests, "tokens", true, 5 * time.Second},
	openai.QuotaExceeded:    {http.StatusTooManyRequests, "insufficient_quota", false, time.Second},
	openai.BadUpstream:      {http.StatusBadGateway, "server_error", true, 0},
	openai.Unavailable:      {http.StatusServiceUnavailable, "server_error", true, 2 * time.Second},
	openai.Timeout:          {http.StatusGatewayTimeout, "server_error", true, 0},
}

// Retry tells whether a request that has failed so is worth another try, and after what time; 0 is at any.
func Retry(err *openai.Error) (again bool, after time.Duration) {
	r := &renderings[err.Kind]
	return r.retry && !err.Final, cmp.Or(err.After, r.after)
}

// Helpful adds to the 404 of a model what helps to find the one that was meant: its name, where the text does not hold
// it, and the nearest of the names that the caller may use, which says nothing of others.
func Helpful(err *openai.Error, asked string, names func() []string) *openai.Error {
	if err.Kind != openai.NotFound || err.Code != openai.CodeModelNotFound || asked == "" {
		return err
	}
	const longest = 200
	better, shown := *err, asked
	if len(shown) > longest {
		shown = shown[:longest] + "…"
	}
	if !strings.Contains(err.Message, shown) {
		better.Message = strings.TrimSuffix(err.Message, ".") + ". The request asks for `" + shown + "`."
	}
	if near := nearest.Part(asked, names()); near != "" && near != asked {
		better.Message += " Did you mean `" + near + "`?"
	}
	return &better
}

// Known gives the error that a client may see. Whatever nobody has given a meaning is an internal one that holds only
// the id of the request (R-ERR-08).
func Known(err error, id string) *openai.Error {
	if oe := (*openai.Error)(nil); errors.As(err, &oe) && oe.Message != "" {
		return oe
	}
	return &openai.Error{Kind: openai.Internal, Err: err,
		Message: "The server had an error while processing your request. " +
			"Quote the request id " + id + " when you report it."}
}
