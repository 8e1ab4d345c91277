package openai

import (
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of failure an [Error] is. The list is closed; internal/dialect has the one table from kind to
// HTTP status, OpenAI error type and retry advice.
type Kind uint8

// The kinds, each with the HTTP status that it becomes.
const (
	Internal         Kind = iota // 500, and worth another try
	Misconfigured                // 500, and not: the gateway's own credentials or settings are at fault
	Invalid                      // 400
	Unauthenticated              // 401
	Forbidden                    // 403
	NotFound                     // 404
	MethodNotAllowed             // 405
	RequestTimeout               // 408
	Conflict                     // 409
	TooLarge                     // 413
	UnsupportedMedia             // 415
	RateLimited                  // 429, type "requests"
	TokensLimited                // 429, type "tokens"
	QuotaExceeded                // 429, type "insufficient_quota"
	BadUpstream                  // 502
	Unavailable                  // 503
	Timeout                      // 504
)

// Codes that more than one package gives. A code is what clients branch on, so it never changes (TRANSLATION 4.2, 4.3).
const (
	CodeInvalidJSON       = "invalid_json"
	CodeInvalidType       = "invalid_type"
	CodeInvalidValue      = "invalid_value"
	CodeMissing           = "missing_required_parameter"
	CodeEmptyArray        = "empty_array"
	CodeUnsupported       = "unsupported_parameter"
	CodeUnsupportedValue  = "unsupported_value"
	CodeUnknownParameter  = "unknown_parameter"
	CodeModelNotFound     = "model_not_found"
	CodeContextLength     = "context_length_exceeded"
	CodeRateLimited       = "rate_limit_exceeded"
	CodeQuota             = "insufficient_quota"
	CodeTimeout           = "timeout"
	CodeBadUpstream       = "bad_upstream_response"
	CodeMalformedOutput   = "malformed_model_output"
	CodeStreamTruncated   = "stream_truncated"
	CodeInvalidImageURL   = "invalid_image_url"
	CodeInvalidFileURL    = "invalid_file_url"
	CodeInvalidImage      = "invalid_image_format"
	CodeInvalidParameters = "invalid_function_parameters"
	CodeIntegerBelowMin   = "integer_below_min_value"
	CodeIntegerAboveMax   = "integer_above_max_value"
	CodeDecimalBelowMin   = "decimal_below_min_value"
	CodeDecimalAboveMax   = "decimal_above_max_value"
	CodeStringAboveMax    = "string_above_max_length"
	CodeArrayAboveMax     = "array_above_max_length"
	CodeOverloaded        = "overloaded"
)

// Error is the only error that a client ever sees.
type Error struct {
	Kind    Kind
	Code    string        // "context_length_exceeded", "model_not_found", …; "" is written as null
	Param   string        // JSON path of the offending member; "" is written as null
	Message string        // safe to show: no ARN, account number, host name or credential (R-GEN-08)
	After   time.Duration // when a retry makes sense; 0 leaves it to the kind
	Final   bool          // not worth a retry, although its kind usually is
	// UpstreamID is AWS's request id when AWS was called; it goes into the header x-outcrop-upstream-id (R-ERR-02).
	UpstreamID string
	Unsent     bool  // the request never left for Bedrock, so that it cannot have cost anything
	Err        error // the cause, for the log only
}

// Error gives the text for the log, cause included.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s (%s): %v", e.Message, e.Code, e.Err)
	}
	return e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// What an error repeats of a request is bounded: a client may name a member, or send a value, of many megabytes.
const (
	longestMessage = 8000 // bytes
	longestParam   = 500
)

// Invalidf is a 400 about one member of the request. Param and message are cut where a client made them very long.
func Invalidf(code, param, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Code: code, Param: shorten(param, longestParam),
		Message: shorten(fmt.Sprintf(format, args...), longestMessage)}
}

// shorten cuts a text, without leaving half a character.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// ModelNotFound is the 404 for a model that does not exist or that the caller may not use, indistinguishable on purpose
// (R-ERR-63).
func ModelNotFound(model string) *Error {
	return &Error{Kind: NotFound, Code: CodeModelNotFound, Param: "model",
		Message: fmt.Sprintf("The model `%s` does not exist or you do not have access to it.", model)}
}

// AppendJSON appends {"error":{…}} with all four members (R-ERR-01); typ is OpenAI's error type for the kind.
func (e *Error) AppendJSON(b []byte, typ string) []byte {
	b = append(b, `{"error":{"message":`...)
	b = appendString(b, e.Message)
	b = append(b, `,"type":`...)
	b = appendString(b, typ)
	b = append(b, `,"param":`...)
	b = appendStringOrNull(b, e.Param)
	b = append(b, `,"code":`...)
	b = appendStringOrNull(b, e.Code)
	return append(b, "}}"...)
}
