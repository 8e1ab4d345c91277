package bedrock

import (
	"slices"
	"strings"
	"time"

	"outcrop/openai"
)

// row is one line of the table of TRANSLATION 4.2: an exception, a fragment of its text, and what a client gets for it.
type row struct {
	rule  string
	names []string
	// texts are fragments in lower case, of which one must occur (R-ERR-07); none fits any text. "…" stands for anything
	// between two halves.
	texts []string

	kind    openai.Kind
	code    string
	param   string
	message string // instead of AWS's text
	after   time.Duration
	again   again

	onDemand bool // the message names a profile
}

// row is the first that fits. The rows without texts at the end fit every name that read lets through.
func (a answer) row() row {
	text := strings.ReplaceAll(strings.ToLower(a.text), "’", "'")
	for _, r := range table {
		if slices.Contains(r.names, a.name) && r.fits(text) {
			return r
		}
	}
	return row{kind: openai.Internal, message: internalText, again: never}
}

func (r *row) fits(text string) bool {
	return len(r.texts) == 0 || slices.ContainsFunc(r.texts, func(f string) bool {
		first, second, _ := strings.Cut(f, "…")
		_, rest, found := strings.Cut(text, first)
		return found && strings.Contains(rest, second)
	})
}

// Names that share rows.
var (
	validation = []string{"ValidationException", "ValidationError", "SerializationException", "MalformedInputException"}
	denied     = []string{"AccessDeniedException", "AccessDenied", "UnauthorizedException", "NotAuthorizedException"}
	missing    = []string{"ResourceNotFoundException", "UnknownOperationException"}
	throttled  = []string{"ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException",
		"RequestLimitExceeded", "SlowDown"}
	badSecrets = []string{
		"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidSignatureException",
		"SignatureDoesNotMatch",
		"InvalidClientTokenId", "InvalidTokenException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
		"IncompleteSignature", "IncompleteSignatureException", "NotAuthorized", "RequestExpired", "RequestTimeTooSkewed",
		"InvalidAction", "OptInRequired",
	}
	modelFault = []string{"ModelErrorException", "ModelStreamErrorException"}
	internal   = []string{"InternalServerException", "InternalFailure", "InternalServerError", "InternalException",
		"BadGatewayException", "DependencyFailedException"}
)

// table is the one table of AWS's errors; the first row that fits counts. It is never changed.
var table = slices.Concat([]row{
	{rule: "R-ERR-35", names: slices.Concat(validation, denied), texts: []string{"did not allow prompt caching"},
		kind: openai.Invalid, code: openai.CodeUnsupported, param: "cache_control", again: never},

	{rule: "R-ERR-49", names: slices.Concat(modelFault, validation),
		texts: []string{"invalid sequence as part of tooluse"},
		kind:  openai.BadUpstream, code: openai.CodeMalformedOutput, message: malformedCallText, again: once},
	// Whom the model's provider serves, which no policy of IAM can change; also told as a fault of the request.
	{rule: "R-ERR-33", names: slices.Concat(validation, denied, missing), texts: []string{
		"unsupported countries", "countries, regions, or territories", "channel program"},
		kind: openai.Forbidden, code: codeModelAccess, param: "model", message: modelAccessText, again: never},
	{rule: "R-ERR-20", names: validation, texts: []string{
		"input is too long", "prompt is too long", "exceed context limit", "input tokens exceeded",
		"too many total text bytes"},
		kind: openai.Invalid, code: openai.CodeContextLength, param: "messages", again: never},
	{rule: "R-ERR-21", names: validation, texts: []string{"maximum tokens you requested exceeds",
		"max_tokens:…maximum allowed"},
		kind: openai.Invalid, code: openai.CodeIntegerAboveMax, param: "max_completion_tokens", again: never},
	{rule: "R-ERR-22", names: validation, texts: []string{"model identifier is invalid"},
		kind: openai.NotFound, code: openai.CodeModelNotFound, param: "model", again: never},
	{rule: "R-ERR-23", names: validation, texts: []string{"on-demand throughput"},
		kind: openai.NotFound, code: openai.CodeModelNotFound, param: "model", onDemand: true, again: never},
	{rule: "R-ERR-24", names: validation, texts: []string{"doesn't support tool use", "tool use in streaming mode"},
		kind: openai.Invalid, code: openai.CodeUnsupported, param: "tools", again: never},
	{rule: "R-ERR-25", names: validation, texts: []string{"toolconfig.toolchoice"},
		kind: openai.Invalid, code: openai.CodeUnsupportedValue, param: "tool_choice", again: never},
	{rule: "R-ERR-26", names: validation, texts: []string{"system messages"},
		kind: openai.Invalid, code: openai.CodeUnsupportedValue, param: "messages", again: never},
	{rule: "R-ERR-27", names: validation, texts: []string{"top_p…cannot both be specified"},
		kind: openai.Invalid, code: openai.CodeUnsupported, param: "top_p", again: never},
	sampling("temperature", "temperature"),
	sampling("top_p", "top_p", "topp"),
	sampling("top_k", "top_k", "topk"),
	{rule: "R-ERR-28", names: validation, texts: []string{"service tier", "servicetier", "service_tier",
		"reservation not found"},
		kind: openai.Invalid, code: openai.CodeUnsupportedValue, param: "service_tier", again: never},
	{rule: "R-ERR-29", names: validation, texts: []string{"detected file mime type…expected type image/",
		"could not process image"},
		kind: openai.Invalid, code: openai.CodeInvalidImage, param: "messages", again: never},
	{rule: "R-ERR-29", names: validation, texts: []string{
		"detected file mime type", "unsupported mime type", "maximum document size", "pdf pages", "password protected",
		"document file name"},
		kind: openai.Invalid, code: codeUnsupportedDoc, param: "messages", again: never},
	{rule: "R-ERR-29", names: validation, texts: []string{
		"content block that you provided", "s3uri field", "documents in a request", "images in a request",
		"videos in a request"},
		kind: openai.Invalid, code: openai.CodeUnsupportedValue, param: "messages", again: never},
	{rule: "R-ERR-30", names: validation, texts: []string{"output_config.format", "outputconfig.textformat",
		"output schema"},
		kind: openai.Invalid, code: openai.CodeInvalidValue, param: "response_format", again: never},
	{rule: "R-ERR-31", names: validation, texts: []string{"guardrail identifier", "guardrail version"},
		kind: openai.Invalid, code: openai.CodeInvalidValue, param: "guardrail_config", again: never},
	{rule: "R-ERR-32", names: validation, kind: openai.Invalid, again: never},
	{rule: "R-ERR-32", names: []string{"ConflictException"}, kind: openai.Conflict, again: never},
	{rule: "R-ERR-32", names: []string{"RequestEntityTooLargeException"}, kind: openai.TooLarge, code: codeTooLarge,
		again: never},

	{rule: "R-ERR-36", names: badSecrets,
		kind: openai.Misconfigured, code: codeAuthentication, message: authenticationText, again: never},
	{rule: "R-ERR-36", names: denied, texts: []string{"api key", "security token", "bearer token", "signature"},
		kind: openai.Misconfigured, code: codeAuthentication, message: authenticationText, again: never},
	{rule: "R-ERR-38", names: slices.Concat(missing, denied), texts: []string{"end of its life", "provider as legacy"},
		kind: openai.NotFound, code: openai.CodeModelNotFound, param: "model", again: never},
	{rule: "R-ERR-33", names: denied, texts: []string{
		"access to the model", "model access is denied", "aws-marketplace", "aws marketplace", "invalid_payment_instrument"},
		kind: openai.Forbidden, code: codeModelAccess, param: "model", message: modelAccessText, again: never},
	// A text of IAM names the action after a colon, which may be about agreements too.
	{rule: "R-ERR-34", names: denied, texts: []string{"not authorized to perform: "},
		kind: openai.Forbidden, code: codeAccess, message: accessText, again: never},
	{rule: "R-ERR-33", names: denied, texts: []string{
		"agreement", "eula", "license terms", "country", "countries", "territor", "channel", "solution provider",
		"distributor", "reseller",
		"model is not available", "model isn't available", "use case details"},
		kind: openai.Forbidden, code: codeModelAccess, param: "model", message: modelAccessText, again: never},
	{rule: "R-ERR-33", names: missing, texts: []string{"use case details"},
		kind: openai.Forbidden, code: codeModelAccess, param: "model", message: modelAccessText, again: never},
	{rule: "R-ERR-33", names: []string{"MPAgreementBeingCreated", "FTUFormNotFilled"},
		kind: openai.Forbidden, code: codeModelAccess, param: "model", message: modelAccessText, again: never},
	{rule: "R-ERR-34", names: denied, kind: openai.Forbidden, code: codeAccess, message: accessText, again: never},
	{rule: "R-ERR-39", names: missing, kind: openai.NotFound, again: never},

	{rule: "R-ERR-42", names: throttled, texts: []string{"per day"},
		kind: openai.QuotaExceeded, code: openai.CodeQuota, again: never},
	{rule: "R-ERR-42", names: []string{"ServiceQuotaExceededException"},
		kind: openai.QuotaExceeded, code: openai.CodeQuota, again: never},
	{rule: "R-ERR-41", names: throttled, texts: []string{"too many tokens"},
		kind: openai.TokensLimited, code: openai.CodeRateLimited, again: always},
	{rule: "R-ERR-40", names: throttled, kind: openai.RateLimited, code: openai.CodeRateLimited, again: always},
	{rule: "R-ERR-43", names: []string{"ModelNotReadyException"},
		kind: openai.Unavailable, code: codeNotReady, after: 10 * time.Second, again: always},
	{rule: "R-ERR-44", names: []string{"ServiceUnavailableException", "ServiceUnavailable"},
		kind: openai.Unavailable, code: codeUnavailable, again: always},
	{rule: "R-ERR-45", names: []string{"ModelTimeoutException", "RequestTimeout", "RequestTimeoutException"},
		kind: openai.Timeout, code: openai.CodeTimeout, again: once},
	{rule: "R-ERR-46", names: modelFault, kind: openai.BadUpstream, code: codeModel, again: once},
	{rule: "R-ERR-47", names: internal, kind: openai.Internal, again: always},
})

// sampling is the row of a sampling parameter that a model refuses. A value out of its range is an ordinary fault.
func sampling(param string, spellings ...string) row {
	r := row{rule: "R-ERR-27", names: validation, kind: openai.Invalid, code: openai.CodeUnsupported,
		param: param, again: never}
	for _, s := range spellings {
		r.texts = append(r.texts, "support the "+s, "support "+s, "key ["+s+"]", "not support `"+s)
		for _, verb := range []string{"deprecated", "not supported", "not permitted", "not accepted", "not allowed", "may only be", "must be unset", "cannot be"} {
			r.texts = append(r.texts, s+"…"+verb)
		}
	}
	return r
}
