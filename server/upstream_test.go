package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"outcrop/internal/bedrock/offline"
)

// upstreamFault is an answer of AWS in one row of the table of errors, and what a client must see of it.
type upstreamFault struct {
	rule, name   string
	aws          int
	text         string
	status       int
	typ          string
	code, param  any
	retry        string
	after        string // the header retry-after
	hidden, seen string // what the message must not and must hold
}

const invalidRequest = "invalid_request_error"

var upstreamFaults = []upstreamFault{
	{"R-ERR-20", "ValidationException", 400, "The model returned the following errors: prompt is too long: 9 tokens > " +
		"8 maximum", 400, invalidRequest, "context_length_exceeded", "messages", "false", "", "The model returned",
		"prompt is too long"},
	{"R-ERR-21", "ValidationException", 400, "The maximum tokens you requested exceeds the model limit of 10000.", 400,
		invalidRequest, "integer_above_max_value", "max_tokens", "false", "", "", ""},
	{"R-ERR-22", "ValidationException", 400, "The provided model identifier is invalid.", 404, invalidRequest,
		"model_not_found", "model", "false", "", "", ""},
	{"R-ERR-23", "ValidationException", 400, "Invocation of model ID x with on-demand throughput isn’t supported.", 404,
		invalidRequest, "model_not_found", "model", "false", "", "", ""},
	{"R-ERR-24", "ValidationException", 400, "This model doesn't support tool use in streaming mode.", 400, invalidRequest,
		"unsupported_parameter", "tools", "false", "", "", ""},
	{"R-ERR-25", "ValidationException", 400, "This model doesn't support the toolConfig.toolChoice.any field.", 400,
		invalidRequest, "unsupported_value", "tool_choice", "false", "", "", ""},
	{"R-ERR-26", "ValidationException", 400, "This model doesn't support system messages.", 400, invalidRequest,
		"unsupported_value", "messages", "false", "", "", ""},
	{"R-ERR-27", "ValidationException", 400, "The model returned the following errors: `temperature` is deprecated for " +
		"this model.", 400, invalidRequest, "unsupported_parameter", "temperature", "false", "", "", ""},
	{"R-ERR-28", "ValidationException", 400, "The provided service tier is not valid for this model.", 400, invalidRequest,
		"unsupported_value", "service_tier", "false", "", "", ""},
	{"R-ERR-29", "ValidationException", 400, "The model returned the following errors: The detected file MIME type " +
		"text/plain does not match the expected type image/png.", 400, invalidRequest, "invalid_image_format",
		"messages[0].content[1]", "false", "", "", ""},
	{"R-ERR-30", "ValidationException", 400, "The model returned the following errors: output_config.format: Extra " +
		"inputs are not permitted", 400, invalidRequest, "invalid_value", "response_format", "false", "", "", ""},
	{"R-ERR-31", "ValidationException", 400, "The provided guardrail identifier is invalid.", 400, invalidRequest,
		"invalid_value", "guardrail_config", "false", "", "", ""},
	{"R-ERR-32", "ValidationException", 400, "Something else is wrong at arn:aws:iam::123456789012:role/Secret.", 400,
		invalidRequest, nil, nil, "false", "", "123456789012", "Something else is wrong"},
	{"R-ERR-32 conflict", "ConflictException", 409, "Something conflicts.", 409, invalidRequest, nil, nil,
		"false", "", "", ""},
	{"R-ERR-33", "AccessDeniedException", 403, "You don't have access to the model with the specified model ID.", 403,
		invalidRequest, "model_access_denied", "model", "false", "", "", ""},
	{"R-ERR-34 R-ERR-04", "AccessDeniedException", 403, "User: arn:aws:sts::123456789012:assumed-role/Secret/me is not " +
		"authorized to perform: bedrock:InvokeModel because no policy allows it", 403, invalidRequest,
		"upstream_access_denied", nil, "false", "", "Secret", ""},
	{"R-ERR-35", "AccessDeniedException", 403, "You invoked an unsupported model or your request did not allow prompt " +
		"caching.", 400, invalidRequest, "unsupported_parameter", "cache_control", "false", "", "", ""},
	{"R-ERR-36", "ExpiredTokenException", 403, "The security token included in the request is expired", 500,
		"server_error", "upstream_authentication", nil, "false", "", "security token", ""},
	{"R-ERR-38", "ResourceNotFoundException", 404, "This model version has reached the end of its life.", 404,
		invalidRequest, "model_not_found", "model", "false", "", "", ""},
	{"R-ERR-39", "ResourceNotFoundException", 404, "The provisioned throughput was not found.", 404, invalidRequest, nil,
		nil, "false", "", "", ""},
	{"R-ERR-40", "ThrottlingException", 429, "Too many requests, please wait before trying again.", 429, "requests",
		"rate_limit_exceeded", nil, "true", "1", "", ""},
	{"R-ERR-41", "ThrottlingException", 429, "Too many tokens, please wait before trying again.", 429, "tokens",
		"rate_limit_exceeded", nil, "true", "5", "", ""},
	{"R-ERR-42", "ThrottlingException", 429, "Too many tokens per day, please wait before trying again.", 429,
		"insufficient_quota", "insufficient_quota", nil, "false", "1", "", ""},
	{"R-ERR-42 of the account", "ServiceQuotaExceededException", 400,
		"Your request exceeds the service quota for your account.", 429, "insufficient_quota", "insufficient_quota", nil,
		"false", "1", "", ""},
	{"R-ERR-43", "ModelNotReadyException", 429, "Model is not ready for inference.", 503, "server_error",
		"model_not_ready", nil, "true", "10", "", ""},
	{"R-ERR-44", "ServiceUnavailableException", 503, "Model is getting throttled. Try your request again.", 503,
		"server_error", "service_unavailable", nil, "true", "2", "", ""},
	{"R-ERR-45", "ModelTimeoutException", 408, "Model has timed out in processing the request.", 504, "server_error",
		"timeout", nil, "true", "", "", ""},
	{"R-ERR-46", "ModelErrorException", 424, "The model failed.", 502, "server_error", "model_error", nil,
		"true", "", "", ""},
	{"R-ERR-49 Mend B12", "ModelErrorException", 424, "Model produced invalid sequence as part of ToolUse", 502,
		"server_error", "malformed_model_output", nil, "true", "", "", ""},
	{"R-ERR-47", "InternalServerException", 500, "The system encountered an unexpected error during processing.", 500,
		"server_error", nil, nil, "true", "", "", ""},
	{"R-ERR-06 no name, 503", "", 503, "busy", 503, "server_error", "service_unavailable", nil, "true", "2", "", ""},
}

// upstreamReplies are answers of status 200 that are none.
var upstreamReplies = []struct{ rule, body, code string }{
	{"R-ERR-48 R-RES-13 no message",
		`{"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`, "bad_upstream_response"},
	{"R-ERR-48 no JSON", `<html>`, "bad_upstream_response"},
	{"R-ERR-49 malformed tool use",
		`{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"malformed_tool_use","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`, "malformed_model_output"},
	{"R-ERR-49 malformed output without text",
		`{"output":{"message":{"role":"assistant","content":[]}},"stopReason":"malformed_model_output","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}`, "malformed_model_output"},
}

// TestErrorsOfBedrock shows each row of the table of errors to a client: AWS answers a plain call and the opening of a
// stream with it.
func TestErrorsOfBedrock(t *testing.T) {
	h := build(t, config(), offline.Config{})
	asked := regexp.MustCompile(`case (\d+)\.`)
	h.upstream.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m := asked.FindSubmatch(body)
		if m == nil {
			t.Errorf("a call without its number: %s", body)
			return
		}
		i, _ := strconv.Atoi(string(m[1]))
		w.Header().Set("content-type", "application/json")
		w.Header().Set("x-amzn-requestid", "aws-"+strconv.Itoa(i))
		if i >= len(upstreamFaults) {
			_, _ = io.WriteString(w, upstreamReplies[i-len(upstreamFaults)].body)
			return
		}
		f := upstreamFaults[i]
		if f.name != "" {
			w.Header().Set("x-amzn-errortype", f.name+":http://internal.amazon.com/coral/com.amazon.bedrock/")
		}
		text, _ := json.Marshal(f.text)
		w.WriteHeader(f.aws)
		_, _ = io.WriteString(w, `{"message":`+string(text)+`}`)
	})
	const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	ask := func(i int, stream string) string {
		return `{"model":"` + nova + `","max_tokens":50,"messages":[{"role":"user","content":[{"type":"text","text":"case ` +
			strconv.Itoa(i) +
			`."},{"type":"image_url","image_url":{"url":"data:image/png;base64,` + png + `"}}]}]` + stream + `}`
	}
	for i, f := range upstreamFaults {
		for kind, stream := range map[string]string{"plain": "", "streamed": `,"stream":true`} {
			if stream != "" && f.retry == "true" {
				continue // one row of attempts is slow enough; TestBadDays has such errors of streams
			}
			t.Run(f.rule+" "+kind, func(t *testing.T) {
				t.Parallel()
				status, header, body := h.chat(t, ask(i, stream))
				b := errorObject(t, body)
				if status != f.status || b["type"] != f.typ || b["code"] != f.code || b["param"] != f.param {
					t.Errorf("%d %s", status, body)
				}
				if header.Get("x-should-retry") != f.retry || header.Get("retry-after") != f.after {
					t.Errorf("R-ERR-03 x-should-retry %q, retry-after %q", header.Get("x-should-retry"), header.Get("retry-after"))
				}
				if header.Get("content-type") != "application/json" ||
					!slices.Contains(strings.Split(header.Get("x-outcrop-upstream-id"), ","), "aws-"+strconv.Itoa(i)) {
					t.Errorf("R-ERR-01, R-ERR-02: %v", header)
				}
				if message, _ := b["message"].(string); message == "" || f.hidden != "" && strings.Contains(body, f.hidden) ||
					!strings.Contains(message, f.seen) {
					t.Errorf("R-ERR-04: %s", body)
				}
			})
		}
	}
	for i, r := range upstreamReplies {
		t.Run(r.rule, func(t *testing.T) {
			t.Parallel()
			status, header, body := h.chat(t, ask(len(upstreamFaults)+i, ""))
			if b := errorObject(t, body); status != 502 || b["type"] != "server_error" || b["code"] != r.code ||
				b["param"] != nil || header.Get("x-should-retry") != "true" {
				t.Errorf("%d %v %s", status, header, body)
			}
		})
	}
}

func errorObject(t *testing.T, body string) map[string]any {
	t.Helper()
	var b broken
	if err := json.Unmarshal([]byte(body), &b); err != nil || len(b.Error) != 4 {
		t.Fatalf("R-ERR-01: %v %.300s", err, body)
	}
	return b.Error
}
