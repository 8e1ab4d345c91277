package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"unicode"

	"outcrop/internal/bedrock/offline/shape"
)

// Exception is an error as Bedrock sends it: a name of the service model and a text.
type Exception struct {
	Name    string
	Message string
	more    map[string]any // further members of the body, such as originalStatusCode
}

func (e *Exception) Error() string { return e.Name + ": " + e.Message }

// Statuses gives the HTTP status of every exception [FACTS 2.11 and 3.2].
var Statuses = map[string]int{
	"ValidationException":           400,
	"SerializationException":        400,
	"ServiceQuotaExceededException": 400,
	"ConflictException":             400,
	"AccessDeniedException":         403,
	"UnrecognizedClientException":   403,
	"InvalidSignatureException":     403,
	"ExpiredTokenException":         403,
	"ResourceNotFoundException":     404,
	"ModelTimeoutException":         408,
	"ModelErrorException":           424,
	"ModelStreamErrorException":     424,
	"ThrottlingException":           429,
	"ModelNotReadyException":        429,
	"InternalServerException":       500,
	"InternalFailure":               500,
	"ServiceUnavailableException":   503,
}

// usualTexts are the messages of exceptions that are asked for by name [FACTS 2.11; those of ModelTimeout,
// ModelNotReady, ModelError and InternalServer are unconfirmed].
var usualTexts = map[string]string{
	"ValidationException":         "The provided request is not valid.",
	"AccessDeniedException":       "You don't have access to the model with the specified model ID.",
	"UnrecognizedClientException": "The security token included in the request is invalid.",
	"InvalidSignatureException": "Signature expired: 20250130T064508Z is now earlier than 20250210T013411Z " +
		"(20250210T013911Z - 5 min.)",
	"ExpiredTokenException":     "The security token included in the request is expired",
	"ResourceNotFoundException": "The resource that you requested was not found.",
	"ModelTimeoutException": "The request took too long to process. Processing time exceeded the model timeout " +
		"length.",
	"ModelErrorException":       "The model returned the following errors: an unexpected error occurred.",
	"ModelStreamErrorException": "Model produced invalid sequence as part of ToolUse",
	"ThrottlingException":       "Too many requests, please wait before trying again.",
	"ModelNotReadyException": "Model is not ready for inference. Wait and try your request again. Refer to " +
		"https://docs.aws.amazon.com/bedrock.",
	"InternalServerException":     "The system encountered an unexpected error during processing. Try your request again.",
	"ServiceUnavailableException": "Bedrock is unable to process your request.",
}

// frontEnd names the faults that AWS raises before Bedrock sees a request; their error type ends otherwise [FACTS 3.1].
var frontEnd = map[string]bool{
	"MissingAuthenticationTokenException": true,
	"UnrecognizedClientException":         true,
	"InvalidSignatureException":           true,
	"ExpiredTokenException":               true,
}

// ByName builds the exception of that name; lower camel case, as streams spell it, is taken too. A name without the
// word Exception gets it.
func ByName(name string) *Exception {
	if name == "" {
		name = "InternalServerException"
	}
	r := []rune(name)
	r[0] = unicode.ToUpper(r[0])
	name = string(r)
	if !strings.HasSuffix(name, "Exception") && name != "InternalFailure" {
		name += "Exception"
	}
	e := &Exception{Name: name, Message: usualTexts[name]}
	if e.Message == "" {
		e.Message = "The request failed with " + name + "."
	}
	switch name {
	case "ModelErrorException":
		e.more = map[string]any{"originalStatusCode": 500, "resourceName": "offline"}
	case "ModelStreamErrorException":
		e.more = map[string]any{"originalStatusCode": 500, "originalMessage": e.Message}
	}
	return e
}

// Invalid is a ValidationException.
func Invalid(format string, args ...any) *Exception {
	return &Exception{Name: "ValidationException", Message: fmt.Sprintf(format, args...)}
}

// RefusedByModel is a fault that the model's own server raised, not Bedrock's front [FACTS 2].
func RefusedByModel(format string, args ...any) *Exception {
	return Invalid("The model returned the following errors: "+format, args...)
}

// Unsupported is Bedrock's usual text for a member that a model does not take [FACTS 2.2, 2.5].
func Unsupported(field string) *Exception {
	return Invalid("This model doesn't support the %s field. Remove %s and try again.", field, field)
}

// UnsupportedBlock refuses a kind of block.
func UnsupportedBlock(kind string) *Exception {
	return Invalid("This model doesn't support the %s content block that you provided. Update the content block and "+
		"try again.", kind)
}

func (e *Exception) status() int {
	if s, ok := Statuses[e.Name]; ok {
		return s
	}
	if frontEnd[e.Name] {
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// Body is the exception as JSON.
func (e *Exception) Body() []byte {
	members := map[string]any{"message": e.Message}
	maps.Copy(members, e.more)
	b, _ := json.Marshal(members) // strings and numbers only: cannot fail
	return b
}

// Reply is the exception as a plain HTTP answer.
func (e *Exception) Reply() *Reply {
	origin := "com.amazon.bedrock"
	if frontEnd[e.Name] {
		origin = "com.amazon.coral.service"
	}
	r := &Reply{Status: e.status(), Body: e.Body(), Header: http.Header{}}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Amzn-Errortype", e.Name+":http://internal.amazon.com/coral/"+origin+"/")
	return r
}

// Refusal renders faults in the words of AWS's request validation [FACTS 2.2]: all of them at once. A value of a wrong
// JSON type is refused by the parser, before validation (the words are those of other AWS services: unconfirmed for
// Bedrock). That an unknown member is refused and not skipped is stricter than the service may be: it is what botocore
// does on the client's side, and a misspelt member must not pass here.
func Refusal(found []shape.Violation) *Exception {
	if len(found) == 0 {
		return nil
	}
	var texts []string
	for _, v := range found {
		switch v.Kind {
		case "type":
			return &Exception{Name: "SerializationException", Message: v.Text}
		case "unknown":
			return Invalid("Unknown parameter in input: %q, must %s", strings.Join(v.Path, "."), v.Text)
		}
		texts = append(texts, v.Constraint())
	}
	if len(texts) == 1 {
		return Invalid("1 validation error detected: %s", texts[0])
	}
	return Invalid("%d validation errors detected: %s", len(texts), strings.Join(texts, "; "))
}
