package bedrock

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/catalog"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
)

// want is what a client gets for an error of AWS.
type want struct {
	kind        openai.Kind
	code, param string
	tries       int
}

var (
	wantContext  = want{openai.Invalid, "context_length_exceeded", "messages", 1}
	wantLimit    = want{openai.Invalid, "integer_above_max_value", "max_completion_tokens", 1}
	wantNoModel  = want{openai.NotFound, "model_not_found", "model", 1}
	wantTools    = want{openai.Invalid, "unsupported_parameter", "tools", 1}
	wantPlain    = want{openai.Invalid, "", "", 1}
	wantFile     = want{openai.Invalid, "unsupported_file", "messages", 1}
	wantMedia    = want{openai.Invalid, "unsupported_value", "messages", 1}
	wantAccess   = want{openai.Forbidden, "model_access_denied", "model", 1}
	wantCache    = want{openai.Invalid, "unsupported_parameter", "cache_control", 1}
	wantIdentity = want{openai.Misconfigured, "upstream_authentication", "", 1}
	wantQuota    = want{openai.QuotaExceeded, "insufficient_quota", "", 1}
	wantCapacity = want{openai.Unavailable, "service_unavailable", "", 3}
	wantTimeout  = want{openai.Timeout, "timeout", "", 2}
	wantModel    = want{openai.BadUpstream, "model_error", "", 2}
	wantCall     = want{openai.BadUpstream, "malformed_model_output", "", 2}
	wantInternal = want{openai.Internal, "", "", 3}
)

// quoted are the texts of FACTS 2 and 3, by rule.
var quoted = []struct {
	rule, name string
	status     int
	text       string
	want       want
}{
	{"R-ERR-20", "ValidationException", 400, "Input is too long for requested model.", wantContext},
	{"R-ERR-20", "ValidationException", 400, "The model returned the following errors: prompt is too long: 1750303 " +
		"tokens > 1000000 maximum", wantContext},
	{"R-ERR-20", "ValidationException", 400, "The model returned the following errors: input length and `max_tokens` " +
		"exceed context limit: 1 + 2 > 3", wantContext},
	{"R-ERR-20", "ValidationException", 400, "too many total text bytes: 5 > 4", wantContext},
	{"R-ERR-20", "ValidationException", 400, "The model returned the following errors: Input Tokens Exceeded: Number " +
		"of input tokens exceeds maximum length. Please update the input to try again.", wantContext},
	{"R-ERR-20 never too many tokens", "ThrottlingException", 429, "Too many tokens, please wait before trying again.",
		want{openai.TokensLimited, "rate_limit_exceeded", "", 3}},
	{"R-ERR-21", "ValidationException", 400, "The maximum tokens you requested exceeds the model limit of 10000. Try " +
		"again with a maximum tokens value that is lower than 10000.", wantLimit},
	{"R-ERR-21", "ValidationException", 400, "The model returned the following errors: max_tokens: 999999 > 128000, " +
		"which is the maximum allowed number of output tokens for anthropic.claude-sonnet-5", wantLimit},
	{"R-ERR-22", "ValidationException", 400, "The provided model identifier is invalid.", wantNoModel},
	{"R-ERR-23", "ValidationException", 400, "Invocation of model ID X with on-demand throughput isn’t supported. " +
		"Retry your request with the ID or ARN of an inference profile that contains this model.", wantNoModel},
	{"R-ERR-24", "ValidationException", 400, "This model doesn't support tool use", wantTools},
	{"R-ERR-24 typographic apostrophe", "ValidationException", 400, "This model doesn’t support tool use", wantTools},
	{"R-ERR-24", "ValidationException", 400, "This model doesn't support tool use in streaming mode.", wantTools},
	{"R-ERR-25", "ValidationException", 400, "This model doesn't support the toolConfig.toolChoice.any field. Remove " +
		"toolConfig.toolChoice.any and try again", want{openai.Invalid, "unsupported_value", "tool_choice", 1}},
	{"R-ERR-26", "ValidationException", 400, "This model doesn't support system messages. Try again without a system " +
		"message or use a model that supports system messages.", wantMedia},
	{"R-ERR-27", "ValidationException", 400, "The model returned the following errors: `temperature` and `top_p` " +
		"cannot both be specified for this model. Please use only one.",
		want{openai.Invalid, "unsupported_parameter", "top_p", 1}},
	{"R-ERR-27", "ValidationException", 400, "The model returned the following errors: `temperature` is deprecated for " +
		"this model.", want{openai.Invalid, "unsupported_parameter", "temperature", 1}},
	{"R-ERR-27", "ValidationException", 400, "The model returned the following errors: top_k: Extra inputs are not " +
		"permitted", want{openai.Invalid, "unsupported_parameter", "top_k", 1}},
	{"R-ERR-27 a value out of range is another fault", "ValidationException", 400,
		"1 validation error detected: Value '3' at 'inferenceConfig.temperature' failed to satisfy constraint: Member " +
			"must have value less than or equal to 1", wantPlain},
	{"R-ERR-28", "ValidationException", 400, "The provided service tier is not valid for this model.",
		want{openai.Invalid, "unsupported_value", "service_tier", 1}},
	{"R-ERR-28", "ValidationException", 400, "Reservation not found.",
		want{openai.Invalid, "unsupported_value", "service_tier", 1}},
	{"R-ERR-29", "ValidationException", 400, "The model returned the following errors: The detected file MIME type " +
		"text/plain does not match the expected type image/png. Reformat your input and try again.",
		want{openai.Invalid, "invalid_image_format", "messages", 1}},
	{"R-ERR-29", "ValidationException", 400, "Unsupported MIME type: application/octet-stream. Retry your request with " +
		"a supported file type: xlsx, txt, pdf, csv, md, doc, html, xls, docx", wantFile},
	{"R-ERR-29", "ValidationException", 400, "The maximum document size is 4.5 MB. Reduce the size of your document " +
		"and retry your request.", wantFile},
	{"R-ERR-29", "ValidationException", 400, "The document file name can only contain alphanumeric characters, " +
		"whitespace characters, hyphens, parentheses, and square brackets.", wantFile},
	{"R-ERR-29", "ValidationException", 400, "The model returned the following errors: A maximum of 100 PDF pages may " +
		"be provided.", wantFile},
	{"R-ERR-29", "ValidationException", 400, "messages.0.content.1.pdf.source.base64.data: The PDF specified is " +
		"password protected.", wantFile},
	{"R-ERR-29", "ValidationException", 400, "You can't include more than 5 documents in a request. Reduce the number " +
		"of documents and retry your request.", wantMedia},
	{"R-ERR-29", "ValidationException", 400, "This model doesn't support the video content block that you provided. " +
		"Update the content block and try again.", wantMedia},
	{"R-ERR-29", "ValidationException", 400, "This model doesn't support the s3Uri field. Remove s3Uri and try again.",
		wantMedia},
	{"R-ERR-30", "ValidationException", 400, "The model returned the following errors: output_config.format: Extra " +
		"inputs are not permitted", want{openai.Invalid, "invalid_value", "response_format", 1}},
	{"R-ERR-31", "ValidationException", 400, "The provided guardrail identifier is invalid.",
		want{openai.Invalid, "invalid_value", "guardrail_config", 1}},
	{"R-ERR-31", "ValidationException", 400, "The guardrail identifier or version provided in the request does not exist.",
		want{openai.Invalid, "invalid_value", "guardrail_config", 1}},
	{"R-ERR-32", "ValidationException", 400, "A conversation must start with a user message. Try again with a " +
		"conversation that starts with a user message.", wantPlain},
	{"R-ERR-32", "ConflictException", 400, "Something conflicts.", want{openai.Conflict, "", "", 1}},
	{"R-ERR-33", "AccessDeniedException", 403, "You don't have access to the model with the specified model ID.",
		wantAccess},
	{"R-ERR-33", "AccessDeniedException", 403, "Model access is denied due to IAM user or service role is not " +
		"authorized to perform the required AWS Marketplace actions (aws-marketplace:ViewSubscriptions, " +
		"aws-marketplace:Subscribe) to enable access to this model.", wantAccess},
	{"R-ERR-33", "AccessDeniedException", 403, "Model access is denied due to INVALID_PAYMENT_INSTRUMENT:A valid " +
		"payment instrument must be provided.. ", wantAccess},
	// Mend B13: whom the provider of the model serves, and on which terms.
	{"R-ERR-33", "AccessDeniedException", 403, "Access to Anthropic models is not allowed from unsupported countries, " +
		"regions, or territories. Please refer to https://www.anthropic.com/supported-countries for more information.",
		wantAccess},
	{"R-ERR-33", "ValidationException", 400, "Access to Anthropic models is not allowed from unsupported countries, " +
		"regions, or territories. Please refer to https://www.anthropic.com/supported-countries for more information.",
		wantAccess},
	{"R-ERR-33", "AccessDeniedException", 403, "Access to this model is not available for channel program accounts. " +
		"Reach out to your AWS Solution Provider or AWS Distributor for more information.", wantAccess},
	{"R-ERR-33", "ValidationException", 400, "Access to this model is not available for channel program accounts. " +
		"Reach out to your AWS Solution Provider or AWS Distributor for more information.", wantAccess},
	{"R-ERR-33", "AccessDeniedException", 403, "The agreement for this model has not been accepted for your account.",
		wantAccess},
	{"R-ERR-33", "AccessDeniedException", 403, "This model is not offered in your country.", wantAccess},
	{"R-ERR-33", "AccessDeniedException", 403, "Your AWS Marketplace subscription for this model cannot be completed " +
		"at this time. If you recently fixed this issue, try again after 5 minutes.", wantAccess},
	{"R-ERR-34", "AccessDeniedException", 403, "User: arn:aws:sts::123456789012:assumed-role/gw/x is not authorized to " +
		"perform: bedrock:CreateFoundationModelAgreement on resource: * because no identity-based policy allows the " +
		"bedrock:CreateFoundationModelAgreement action", want{openai.Forbidden, "upstream_access_denied", "", 1}},
	{"R-ERR-33", "ResourceNotFoundException", 404, "Model use case details have not been submitted for this account. " +
		"Fill out the Anthropic use case details form before using the model.", wantAccess},
	{"R-ERR-34", "AccessDeniedException", 403, "User: arn:aws:sts::123456789012:assumed-role/Secret/me is not " +
		"authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::foundation-model/x because no " +
		"identity-based policy allows it", want{openai.Forbidden, "upstream_access_denied", "", 1}},
	{"R-ERR-35", "AccessDeniedException", 403, "You invoked an unsupported model or your request did not allow prompt " +
		"caching.", wantCache},
	{"R-ERR-35", "ValidationException", 400, "You invoked an unsupported model or your request did not allow prompt " +
		"caching.", wantCache},
	{"R-ERR-36", "ExpiredTokenException", 403, "The security token included in the request is expired", wantIdentity},
	{"R-ERR-36", "UnrecognizedClientException", 403, "The security token included in the request is invalid.",
		wantIdentity},
	{"R-ERR-36", "InvalidSignatureException", 403, "Signature expired: 20250130T064508Z is now earlier than " +
		"20250210T013411Z (20250210T013911Z - 5 min.)", wantIdentity},
	{"R-ERR-36 bearer key", "AccessDeniedException", 403, "Authentication failed: Please make sure your API Key is valid.",
		wantIdentity},
	{"R-ERR-36 bearer key without a name", "", 403, "Invalid API Key format: Must start with pre-defined prefix",
		wantIdentity},
	{"R-ERR-38", "ResourceNotFoundException", 404, "This model version has reached the end of its life. Please refer " +
		"to the AWS documentation for more details.", wantNoModel},
	{"R-ERR-38", "ResourceNotFoundException", 404, "Access denied. This Model is marked by provider as Legacy and you " +
		"have not been actively using the model in the last 30 days. Please upgrade to an active model on Amazon Bedrock",
		wantNoModel},
	{"R-ERR-39", "ResourceNotFoundException", 404, "The provisioned throughput was not found.",
		want{openai.NotFound, "", "", 1}},
	{"R-ERR-40", "ThrottlingException", 429, "Too many requests, please wait before trying again.",
		want{openai.RateLimited, "rate_limit_exceeded", "", 3}},
	{"R-ERR-40", "ThrottlingException", 429, "Your request rate is too high. Reduce the frequency of requests.",
		want{openai.RateLimited, "rate_limit_exceeded", "", 3}},
	{"R-ERR-42", "ThrottlingException", 429, "Too many tokens per day, please wait before trying again.", wantQuota},
	{"R-ERR-42", "ServiceQuotaExceededException", 400, "Your request exceeds the service quota for your account.",
		wantQuota},
	{"R-ERR-43", "ModelNotReadyException", 429, "Model is not ready for inference. Wait and try your request again.",
		want{openai.Unavailable, "model_not_ready", "", 3}},
	{"R-ERR-44", "ServiceUnavailableException", 503, "Model is getting throttled. Try your request again.", wantCapacity},
	{"R-ERR-44", "ServiceUnavailableException", 503, "Bedrock is unable to process your request.", wantCapacity},
	{"R-ERR-45", "ModelTimeoutException", 408, "Model has timed out in processing the request. Try your request again.",
		wantTimeout},
	{"R-ERR-46", "ModelErrorException", 424, "The model failed.", wantModel},
	{"R-ERR-49", "ModelErrorException", 424, "Model produced invalid sequence as part of ToolUse", wantCall},
	{"R-ERR-47", "InternalServerException", 500, "The system encountered an unexpected error during processing. Try " +
		"your request again.", wantInternal},
	{"R-ERR-47 other 5xx", "", 502, "Bad gateway", wantInternal},

	{"R-ERR-06 without a name: 400", "", 400, "The provided model identifier is invalid.", wantNoModel},
	{"R-ERR-06 without a name: 403", "", 403, "You don't have access to the model with the specified model ID.",
		wantAccess},
	{"R-ERR-06 without a name: 429", "", 429, "slow down", want{openai.RateLimited, "rate_limit_exceeded", "", 3}},
	{"R-ERR-06 without a name: 503", "", 503, "busy", wantCapacity},
	{"R-ERR-06 without a name: 504", "", 504, "gateway time-out", wantInternal},
	{"R-ERR-06 unknown name", "SurprisingException", 400, "Input is too long for requested model.", wantContext},
	{"R-ERR-07 lower case", "ValidationException", 400, "INPUT IS TOO LONG FOR REQUESTED MODEL.", wantContext},
}

func TestErrorsByRule(t *testing.T) {
	isolate(t)
	for _, c := range quoted {
		t.Run(c.rule+" "+c.text[:min(40, len(c.text))], func(t *testing.T) {
			body, err := json.Marshal(map[string]string{"message": c.text})
			if err != nil {
				t.Fatal(err)
			}
			var tries atomic.Int32
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				refuse(w, c.status, c.name, string(body))
			}))
			_, err = client.Converse(t.Context(), plainInput())
			check(t, asFault(t, err), c.want, int(tries.Load()))
			tries.Store(0)
			_, _, err = client.ConverseStream(t.Context(), streamInput())
			check(t, asFault(t, err), c.want, int(tries.Load()))
			tries.Store(0)
			_, tokens, err := client.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String(testModel),
				Body: []byte("{}")})
			check(t, asFault(t, err), c.want, int(tries.Load()))
			if tokens != -1 {
				t.Errorf("input tokens of a failed call: %d", tokens)
			}
		})
	}
}

func check(t *testing.T, got *openai.Error, w want, tries int) {
	t.Helper()
	if got.Kind != w.kind || got.Code != w.code || got.Param != w.param {
		t.Errorf("got kind %d code %q param %q, want %d %q %q (%v)", got.Kind, got.Code, got.Param, w.kind,
			w.code, w.param, got)
	}
	if w.tries > 0 && tries != w.tries {
		t.Errorf("%d tries, want %d", tries, w.tries)
	}
	if got.UpstreamID != testRequest {
		t.Errorf("upstream id %q", got.UpstreamID)
	}
	if got.Message == "" {
		t.Error("no message")
	}
	for _, secret := range []string{"123456789012", "arn:", "Secret", "amazonaws"} {
		if strings.Contains(got.Message, secret) {
			t.Errorf("message shows %q: %s", secret, got.Message)
		}
	}
}

// The same exceptions as first frame of a 200 reply and in mid-stream (R-STR-02, R-STR-15).
func TestStreamExceptions(t *testing.T) {
	isolate(t)
	for _, c := range []struct {
		rule, name, payload string
		want                want
		final               bool
	}{
		{"R-ERR-29", "validationException",
			`{"message":"The model returned the following errors: The detected file MIME type text/plain does not match the expected type image/png. Reformat your input and try again."}`, want{openai.Invalid, "invalid_image_format", "messages", 1}, false},
		{"R-ERR-40", "throttlingException", `{"message":"Too many requests, please wait before trying again."}`,
			want{openai.RateLimited, "rate_limit_exceeded", "", 3}, false},
		{"R-ERR-42", "throttlingException", `{"message":"Too many tokens per day, please wait before trying again."}`,
			wantQuota, false},
		{"R-ERR-44", "serviceUnavailableException", `{"message":"Bedrock is unable to process your request."}`,
			wantCapacity, false},
		{"R-ERR-46", "modelStreamErrorException", `{"message":"The model failed."}`, wantModel, false},
		{"R-ERR-49", "modelStreamErrorException",
			`{"message":"Model produced invalid sequence as part of ToolUse","originalStatusCode":400}`, wantCall, false},
		{"R-ERR-46 original status 4xx", "modelStreamErrorException",
			`{"message":"bad","originalStatusCode":400,"originalMessage":"x"}`, want{openai.BadUpstream, "model_error", "", 1},
			true},
		{"R-ERR-47", "internalServerException",
			`{"message":"The system encountered an unexpected error during processing. Try your request again."}`,
			wantInternal, false},
		{"R-ERR-45 not modelled for streams", "modelTimeoutException", `{"message":"slow"}`, wantTimeout, false},
	} {
		t.Run("R-STR-02 "+c.rule+" "+c.name, func(t *testing.T) {
			var tries atomic.Int32
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				streamed(w, frame(c.name, c.payload))
			}))
			_, _, err := client.ConverseStream(t.Context(), streamInput())
			e := asFault(t, err)
			check(t, e, c.want, int(tries.Load()))
			if e.Final != c.final {
				t.Errorf("final %v, want %v", e.Final, c.final)
			}
		})
		t.Run("R-STR-15 "+c.rule+" "+c.name, func(t *testing.T) {
			var tries atomic.Int32
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				streamed(w, frameStart, frameHello, frame(c.name, c.payload), frameStop)
			}))
			_, events, err := client.ConverseStream(t.Context(), streamInput())
			if err != nil {
				t.Fatal(err)
			}
			list, err := drain(events)
			w := c.want
			w.tries = 1 // after the first event nothing is retried
			check(t, asFault(t, err), w, int(tries.Load()))
			if len(list) != 2 {
				t.Errorf("%d events before the exception, want 2", len(list))
			}
		})
	}
}

func TestModelErrorWithOriginalStatus(t *testing.T) {
	isolate(t)
	for status, want := range map[string]struct {
		tries int32
		final bool
	}{"400": {1, true}, "429": {1, true}, "500": {2, false}} {
		t.Run("R-ERR-46 originalStatusCode "+status, func(t *testing.T) {
			var tries atomic.Int32
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				refuse(w, 424, "ModelErrorException", `{"message":"m","originalStatusCode":`+status+`,"resourceName":"r"}`)
			}))
			_, err := client.Converse(t.Context(), plainInput())
			if e := asFault(t, err); e.Final != want.final || tries.Load() != want.tries {
				t.Errorf("final %v after %d tries, want %v after %d", e.Final, tries.Load(), want.final, want.tries)
			}
		})
	}
}

func TestNameInBody(t *testing.T) {
	isolate(t)
	for _, body := range []string{
		`{"__type":"com.amazon.coral.service#ThrottlingException","message":"Too many requests"}`,
		`{"code":"ThrottlingException:http://internal.amazon.com/","Message":"Too many requests"}`,
	} {
		t.Run("R-ERR-06 "+body[:10], func(t *testing.T) {
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, "", body) }))
			_, err := client.Converse(t.Context(), plainInput())
			if e := asFault(t, err); e.Kind != openai.RateLimited || e.Message != "Too many requests" {
				t.Errorf("got %+v", e)
			}
		})
	}
	t.Run("R-ERR-06 no JSON at all", func(t *testing.T) {
		client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter,
			_ *http.Request) {
			refuse(w, 503, "", "<html>")
		}))
		_, err := client.Converse(t.Context(), plainInput())
		if e := asFault(t, err); e.Kind != openai.Unavailable || e.Code != "service_unavailable" ||
			strings.Contains(e.Message, "html") {
			t.Errorf("got %+v", e)
		}
	})
}

func TestOnDemandNamesProfile(t *testing.T) {
	isolate(t)
	client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, 400, "ValidationException",
			`{"message":"Invocation of model ID X with on-demand throughput isn’t supported."}`)
	}))
	for _, c := range []struct {
		region   string
		profiles []string
		want     string
	}{
		{"us-east-1", []string{"eu.m", "global.m", "us.m"}, "`us.m`"},
		{"eu-west-1", []string{"us.m", "global.m", "eu.m"}, "`eu.m`"},
		{"sa-east-1", []string{"us.m", "global.m"}, "`global.m`"},
		{"sa-east-1", []string{"us.m"}, "`us.m`"},
		{"us-east-1", nil, "inference profile"},
	} {
		t.Run("R-ERR-23 "+c.region+" "+c.want, func(t *testing.T) {
			client := *client
			client.target.Row, client.region = &catalog.Model{Profiles: c.profiles}, c.region
			_, err := client.Converse(t.Context(), plainInput())
			if e := asFault(t, err); !strings.Contains(e.Message, c.want) || strings.Contains(e.Message, "model ID X") {
				t.Errorf("message %q does not name %s", e.Message, c.want)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	isolate(t)
	for _, c := range []struct {
		rule, name, header string
		status             int
		want               time.Duration
	}{
		{"R-ERR-03 AWS's value", "ThrottlingException", "7", 429, 7 * time.Second},
		{"R-ERR-03 no value is left to the server", "ThrottlingException", "", 429, 0},
		{"R-ERR-03 nonsense", "ThrottlingException", "soon", 429, 0},
		{"R-ERR-03 a date in the past", "ThrottlingException", "Wed, 21 Oct 2015 07:28:00 GMT", 429, 0},
		{"R-ERR-43 cold model", "ModelNotReadyException", "", 429, 10 * time.Second},
		{"R-ERR-43 cold model with AWS's value", "ModelNotReadyException", "30", 429, 30 * time.Second},
	} {
		t.Run(c.rule, func(t *testing.T) {
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.header)
				refuse(w, c.status, c.name, `{"message":"m"}`)
			}))
			_, err := client.Converse(t.Context(), plainInput())
			if e := asFault(t, err); e.After != c.want {
				t.Errorf("after %v, want %v", e.After, c.want)
			}
		})
	}
}

// Every recorded refusal, replayed as it came.
func TestRecordedErrors(t *testing.T) {
	isolate(t)
	wants := map[string]want{
		"The provided model identifier is invalid.":             wantNoModel,
		"The security token included in the request is expired": wantIdentity,
		"Signature expired":                                         wantIdentity,
		"This model doesn't support the s3Uri field":                wantMedia,
		"This model doesn't support the video content block":        wantMedia,
		"Model is getting throttled. Try your request again.":       wantCapacity,
		"The detected file MIME type text/plain does not match the": {openai.Invalid, "invalid_image_format", "messages", 1},
		"Malformed input request: #/messages/0/content/0":           wantPlain,
		"The provided model doesn't support counting tokens.":       wantPlain,
	}
	seen := 0
	for _, rec := range wiretest.Bedrock(t) {
		first := len(rec.Events) > 0 && rec.Events[0].MessageType == "exception"
		if rec.Status == http.StatusOK && !first {
			continue
		}
		seen++
		t.Run("R-ERR-06 "+rec.ID, func(t *testing.T) {
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range rec.ResponseHeaders {
					w.Header().Set(k, v)
				}
				w.WriteHeader(rec.Status)
				_, _ = w.Write(rec.Response)
				_, _ = w.Write(rec.EventStream)
			}))
			var err error
			if strings.HasSuffix(rec.Operation, "Stream") {
				_, _, err = client.ConverseStream(t.Context(), streamInput())
			} else {
				_, err = client.Converse(t.Context(), plainInput())
			}
			e := asFault(t, err)
			if id := rec.ResponseHeaders["x-amzn-requestid"]; e.UpstreamID != id {
				t.Errorf("upstream id %q, want %q", e.UpstreamID, id)
			}
			text := string(rec.Response) + string(rec.EventStream)
			for fragment, w := range wants {
				if strings.Contains(text, fragment) {
					if e.Kind != w.kind || e.Code != w.code || e.Param != w.param {
						t.Errorf("got %d %q %q for %s", e.Kind, e.Code, e.Param, text)
					}
					return
				}
			}
			t.Errorf("no expectation for %s", text)
		})
	}
	if seen == 0 {
		t.Error("no recorded error found")
	}
}

func TestUnreadableReply(t *testing.T) {
	isolate(t)
	for name, body := range map[string]string{"not JSON": "}{", "cut": plainReply[:40], "wrong type": `{"output":7}`} {
		t.Run("R-ERR-48 "+name, func(t *testing.T) {
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reply(w, body) }))
			_, err := client.Converse(t.Context(), plainInput())
			if e := asFault(t, err); e.Kind != openai.BadUpstream || e.Code != "bad_upstream_response" ||
				e.UpstreamID != testRequest {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestConnectionErrors(t *testing.T) {
	isolate(t)
	t.Run("R-ERR-45 broken off before the answer", func(t *testing.T) {
		var tries atomic.Int32
		client, _ := against(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			tries.Add(1)
			panic(http.ErrAbortHandler)
		}))
		_, err := client.Converse(t.Context(), plainInput())
		if e := asFault(t, err); e.Kind != openai.Timeout || e.Code != "timeout" || tries.Load() != 3 {
			t.Errorf("got %+v after %d tries", e, tries.Load())
		}
	})
	t.Run("R-ERR-44 nobody listens", func(t *testing.T) {
		client, server := against(t, http.NotFoundHandler())
		server.Close()
		_, err := client.Converse(t.Context(), plainInput())
		if e := asFault(t, err); e.Kind != openai.Unavailable || strings.Contains(e.Message, "127.0.0.1") {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("R-ERR-71 deadline of the caller", func(t *testing.T) {
		hang := make(chan struct{})
		client, _ := against(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-hang }))
		defer close(hang)
		_, err := client.Converse(within(t, 50*time.Millisecond), plainInput())
		if e := asFault(t, err); e.Kind != openai.Timeout || e.Code != "timeout" ||
			!errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("R-ERR-71 limit of a call", func(t *testing.T) {
		hang := make(chan struct{})
		client, _ := against(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-hang }),
			func(c *Config) { c.CallTimeout = 50 * time.Millisecond })
		defer close(hang)
		_, err := client.Converse(t.Context(), plainInput())
		if e := asFault(t, err); e.Kind != openai.Timeout || e.Code != "timeout" {
			t.Errorf("got %+v", e)
		}
	})
}

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"R-ERR-04 prefix", "The model returned the following errors: prompt is too long", "prompt is too long"},
		{"R-GEN-08 ARN", "no such arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:application-inference-profile/abc, " +
			"try another", "no such [redacted] try another"},
		{"R-GEN-08 account", "account 123456789012 is blocked", "account [redacted] is blocked"},
		{"R-GEN-08 role", "the role/Team-Secret cannot", "the [redacted] cannot"},
		{"R-GEN-08 assumed role", "by assumed-role/Team/session-1.", "by [redacted]"},
		{"R-GEN-08 user", "User: anna@example.org, go away", "[redacted], go away"},
		{"R-GEN-08 host", "POST https://bedrock-runtime.us-east-1.amazonaws.com/model/x/converse failed",
			"POST [redacted] failed"},
		{"R-GEN-08 bare host", "dial bedrock-runtime-fips.eu-west-1.api.aws:443 refused", "dial [redacted] refused"},
		{"R-GEN-08 access key", "key AKIAIOSFODNN7EXAMPLE is bad", "key [redacted] is bad"},
		{"R-GEN-08 API key", "key ABSKQmVkcm9ja0FQSUtleS0x is bad", "key [redacted] is bad"},
		{"R-GEN-08 bucket owner", "owner 79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be differs",
			"owner [redacted] differs"},
		{"R-ERR-04 roles of a conversation stay", "alternate user/assistant turns", "alternate user/assistant turns"},
		{"R-ERR-04 positions stay", "messages.2.role: Input should be 'user'", "messages.2.role: Input should be 'user'"},
		{"R-ERR-04 invalid UTF-8", "a\xffb", "a\uFFFDb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := clean(c.in); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	t.Run("R-ERR-04 cut to 1,000 characters", func(t *testing.T) {
		got := clean(strings.Repeat("ä", 5000))
		if n := utf8.RuneCountInString(got); n != 1000 || !utf8.ValidString(got) {
			t.Errorf("%d characters, valid %v", n, utf8.ValidString(got))
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("User: arn:aws:iam::123456789012:user/me", "amazonaws.com")
	f.Add("The model returned the following errors: x", "AKIAIOSFODNN7EXAMPLE")
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, secret := range []string{"arn:aws:iam::123456789012:role/Team", "123456789012",
			"bedrock.us-east-1.amazonaws.com", "ASIAIOSFODNN7EXAMPLE"} {
			got := clean(before + " " + secret + " " + after)
			if utf8.RuneCountInString(got) > messageLimit || !utf8.ValidString(got) {
				t.Fatalf("not a fit text: %q", got)
			}
			if strings.Contains(got, secret) {
				t.Fatalf("%q shows %q", got, secret)
			}
		}
	})
}
