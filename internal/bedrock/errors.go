package bedrock

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"

	"outcrop/openai"
)

// Codes that only answers of Bedrock give (TRANSLATION 4.2).
const (
	codeModelAccess    = "model_access_denied"
	codeAccess         = "upstream_access_denied"
	codeAuthentication = "upstream_authentication"
	codeNotReady       = "model_not_ready"
	codeUnavailable    = "service_unavailable"
	codeModel          = "model_error"
	codeTooLarge       = "request_too_large"
	codeUnsupportedDoc = "unsupported_file"
)

// Texts that stand in for AWS's own, which name accounts, roles and keys, or for none.
const (
	accessText         = "The gateway's AWS identity is not allowed to make this call."
	modelAccessText    = "The model is not enabled for this gateway."
	authenticationText = "The gateway's own AWS credentials were refused."
	malformedCallText  = "The model wrote a tool call that Amazon Bedrock could not read. Try again."
	internalText       = "The gateway could not complete the call to Amazon Bedrock."
	unreachableText    = "Amazon Bedrock could not be reached."
	brokenText         = "Amazon Bedrock broke off the connection before it answered."
	unreadableText     = "The reply of Amazon Bedrock could not be read."
	cutText            = "The stream from Amazon Bedrock ended before the answer was complete."
	idleText           = "Amazon Bedrock sent nothing for too long."
	deadlineText       = "Amazon Bedrock did not answer in time."
	cancelledText      = "The request was cancelled."
)

// fault gives the *openai.Error for any error of a call. ctx is the caller's: when it has ended, that is the reason.
func (c *Client) fault(ctx context.Context, err error) *openai.Error {
	answer, answered := read(err)
	e := &openai.Error{Err: err, UpstreamID: requestID(err), Unsent: !answered && !sent(ctx)}
	var bad *smithy.DeserializationError
	var id *identityError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Kind, e.Message, e.Final, e.Err = openai.Internal, cancelledText, true, because(ctx, err)
	case ctx.Err() != nil:
		e.Kind, e.Code, e.Message, e.Err = openai.Timeout, openai.CodeTimeout, deadlineText, because(ctx, err)
	case errors.As(err, &id):
		e.Kind, e.Code, e.Message = openai.Misconfigured, codeAuthentication, authenticationText
	case e.Unsent && brokenOff(err):
		e.Kind, e.Code, e.Message = openai.Unavailable, codeUnavailable, unreachableText
	case errors.Is(err, errIdle):
		e.Kind, e.Code, e.Message = openai.Timeout, openai.CodeTimeout, idleText
	case !answered && errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Code, e.Message = openai.Timeout, openai.CodeTimeout, deadlineText
	case answered:
		c.render(e, answer)
	case errors.Is(err, errLost):
		e.Kind, e.Code, e.Message = openai.Timeout, openai.CodeTimeout, brokenText
	case errors.Is(err, errCut):
		e.Kind, e.Code, e.Message = openai.BadUpstream, openai.CodeStreamTruncated, cutText
	case errors.Is(err, errEmpty), errors.Is(err, errUnreadable), errors.As(err, &bad):
		e.Kind, e.Code, e.Message = openai.BadUpstream, openai.CodeBadUpstream, unreadableText
	case brokenOff(err):
		e.Kind, e.Code, e.Message = openai.Timeout, openai.CodeTimeout, brokenText
	default:
		e.Kind, e.Message = openai.Internal, internalText
	}
	return e
}

// because keeps both the context's error, which callers look for, and what the call made of it.
func because(ctx context.Context, err error) error { return fmt.Errorf("%w: %w", ctx.Err(), err) }

// render fills in what the table says about an answer.
func (c *Client) render(e *openai.Error, a answer) {
	r := a.row()
	e.Kind, e.Code, e.Param, e.Message, e.After = r.kind, r.code, r.param, r.message, r.after
	switch {
	case r.onDemand:
		e.Message = c.onDemand()
	case e.Message == "":
		e.Message = clean(a.text)
	}
	if e.Message == "" {
		e.Message = "Amazon Bedrock answered with " + a.name + "."
	}
	if a.after > 0 {
		e.After = a.after
	}
	e.Final = a.final(r)
}

// onDemand tells a client which id to use instead of a model's (R-ERR-23): the profile of this part of the world, the
// global one, or any.
func (c *Client) onDemand() string {
	const text = "This model cannot be called by its own id. Use an inference profile that contains it"
	profiles := c.target.Row.Profiles
	geography, _, _ := strings.Cut(c.region, "-")
	for _, prefix := range []string{geography + ".", "global.", ""} {
		i := slices.IndexFunc(profiles, func(p string) bool { return strings.HasPrefix(p, prefix) })
		if i >= 0 {
			return fmt.Sprintf("%s, for example `%s`.", text, profiles[i])
		}
	}
	return text + "."
}

// answer is an error as AWS sent it, in a reply or in a stream.
type answer struct {
	name     string // "ValidationException"
	text     string // AWS's own, not clean yet
	original int    // status that the model's own server gave, 0 without one
	after    time.Duration
}

// final tells of a fault in the request that only the model's own server noticed. A call that cannot be read is the
// model's, whatever status its server gives it.
func (a answer) final(r row) bool {
	return r.again == once && r.code != openai.CodeMalformedOutput && a.original >= 400 && a.original < 500
}

// read finds the answer of AWS in an error, if there is one (R-ERR-06).
func read(err error) (a answer, ok bool) {
	var api smithy.APIError
	var reply *awshttp.ResponseError
	var status int
	if errors.As(err, &reply) && reply.Response != nil {
		status, a.after = reply.HTTPStatusCode(), retryAfter(reply.Response.Header)
	}
	if errors.As(err, &api) {
		a.name, a.text = exceptionName(api.ErrorCode()), api.ErrorMessage()
	} else if status < 300 {
		return answer{}, false
	}
	if !slices.ContainsFunc(table, func(r row) bool { return slices.Contains(r.names, a.name) }) {
		a.name = nameOfStatus(status)
	}
	if a.text == unknownError {
		a.text = ""
	}
	a.original = originalStatus(err)
	return a, true
}

// unknownError is what the SDK says when a reply has no name or no text.
const unknownError = "UnknownError"

// exceptionName normalises a name: "#" and ":" set it off in headers and bodies, and streams begin it in lower case.
func exceptionName(s string) string {
	s = s[strings.LastIndexByte(s, '#')+1:]
	s, _, _ = strings.Cut(s, ":")
	if s != "" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}

// nameOfStatus stands in for a missing or unknown name.
func nameOfStatus(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "UnrecognizedClientException"
	case http.StatusForbidden:
		return "AccessDeniedException"
	case http.StatusNotFound:
		return "ResourceNotFoundException"
	case http.StatusRequestTimeout:
		return "ModelTimeoutException"
	case http.StatusConflict:
		return "ConflictException"
	case http.StatusRequestEntityTooLarge:
		return "RequestEntityTooLargeException"
	case http.StatusFailedDependency:
		return "ModelErrorException"
	case http.StatusTooManyRequests:
		return "ThrottlingException"
	case http.StatusServiceUnavailable, http.StatusProxyAuthRequired: // the latter never comes from AWS
		return "ServiceUnavailableException"
	}
	if status >= 400 && status < 500 {
		return "ValidationException"
	}
	return "InternalServerException"
}

func originalStatus(err error) int {
	var model *types.ModelErrorException
	var stream *types.ModelStreamErrorException
	switch {
	case errors.As(err, &model) && model.OriginalStatusCode != nil:
		return int(*model.OriginalStatusCode)
	case errors.As(err, &stream) && stream.OriginalStatusCode != nil:
		return int(*stream.OriginalStatusCode)
	}
	return 0
}

// retryAfter reads both forms of the header, seconds and a date.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(t).Round(time.Second))
	}
	return 0
}

func requestID(err error) string {
	var reply *awshttp.ResponseError
	if errors.As(err, &reply) {
		return reply.ServiceRequestID()
	}
	return ""
}

// retryOf judges an error for the retryer.
func retryOf(err error) again {
	var id *identityError
	if errors.As(err, &id) || errors.Is(err, errIdle) {
		return never
	}
	if errors.Is(err, errEmpty) || errors.Is(err, errCut) || errors.Is(err, errUnreadable) {
		return once
	}
	a, ok := read(err)
	if !ok {
		return unjudged
	}
	r := a.row()
	if a.final(r) {
		return never
	}
	return r.again
}
