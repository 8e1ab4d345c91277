package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"outcrop/internal/bedrock/offline"
	"outcrop/translate"
)

// scrape reads /metrics as a client would: every sample by its name with labels.
func scrape(t *testing.T, h *house) map[string]float64 {
	t.Helper()
	res, err := http.Get(h.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	all := map[string]float64{}
	for s := bufio.NewScanner(res.Body); s.Scan(); {
		name, value, ok := strings.Cut(strings.ReplaceAll(s.Text(), "} ", "}\x00"), "\x00")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if all[name], err = strconv.ParseFloat(value, 64); err != nil {
			t.Fatalf("%s: %v", s.Text(), err)
		}
	}
	return all
}

func TestMetrics(t *testing.T) {
	h := build(t, config(), offline.Config{})
	_, _, plain := h.chat(t, ask(nova, `,"frobnicate":1,"stream_options":null`))
	_, _, streamed := h.chat(t, ask(nova, `,"stream":true,"stream_options":{"include_usage":true,"frobnicate":2}`))
	h.chat(t, ask(nova+"+throttle", ""))
	h.chat(t, ask(nova+"+after=3:modelStreamErrorException", `,"stream":true`))
	_, _, strange := h.chat(t, ask(nova+"+unknown", ""))
	h.chat(t, ask(nova+"+nometa", `,"stream":true`))
	h.chat(t, ask("no-such-model", ""))
	h.chat(t, `{"model":`)
	h.post(t, "/v1/embeddings", `{"model":"embed","input":"rivers"}`)

	type usage struct {
		Prompt     float64 `json:"prompt_tokens"`
		Completion float64 `json:"completion_tokens"`
	}
	var one, two, three struct{ Usage usage }
	if err := errors.Join(json.Unmarshal([]byte(plain), &one), json.Unmarshal([]byte(strange), &three)); err != nil {
		t.Fatal(err)
	}
	events := strings.Split(strings.TrimSpace(streamed), "\n\n")
	if err := json.Unmarshal([]byte(strings.TrimPrefix(events[len(events)-2], "data: ")), &two); err != nil ||
		two.Usage.Prompt == 0 {
		t.Fatalf("no usage at the end of the stream: %v, %s", err, streamed)
	}

	got := scrape(t, h)
	const served = `endpoint="chat.completions",model="amazon.nova-lite-v1:0"`
	for name, want := range map[string]float64{
		`outcrop_http_requests_total{route="/v1/chat/completions",status="200"}`:                               5,
		`outcrop_http_requests_total{route="/v1/chat/completions",status="429"}`:                               1,
		`outcrop_http_requests_total{route="/v1/chat/completions",status="404"}`:                               1,
		`outcrop_http_requests_total{route="/v1/chat/completions",status="400"}`:                               1,
		`outcrop_http_requests_total{route="/v1/embeddings",status="200"}`:                                     1,
		`outcrop_requests_total{` + served + `,outcome="ok"}`:                                                  4,
		`outcrop_requests_total{` + served + `,outcome="rate_limit_exceeded"}`:                                 1,
		`outcrop_requests_total{` + served + `,outcome="malformed_model_output"}`:                              1,
		`outcrop_requests_total{endpoint="chat.completions",model="none",outcome="model_not_found"}`:           1,
		`outcrop_requests_total{endpoint="embeddings",model="amazon.titan-embed-text-v2:0",outcome="ok"}`:      1,
		`outcrop_request_duration_seconds_count{` + served + `}`:                                               6,
		`outcrop_time_to_first_part_seconds_count{` + served + `}`:                                             5,
		`outcrop_time_to_first_part_seconds_count{endpoint="embeddings",model="amazon.titan-embed-text-v2:0"}`: 1,
		`outcrop_tokens_total{endpoint="chat.completions",kind="prompt",model="amazon.nova-lite-v1:0"}`:        one.Usage.Prompt + two.Usage.Prompt + three.Usage.Prompt,
		`outcrop_tokens_total{endpoint="chat.completions",kind="completion",model="amazon.nova-lite-v1:0"}`:    one.Usage.Completion + two.Usage.Completion + three.Usage.Completion,
		`outcrop_upstream_errors_total{code="rate_limit_exceeded",model="amazon.nova-lite-v1:0"}`:              1,
		`outcrop_upstream_errors_total{code="malformed_model_output",model="amazon.nova-lite-v1:0"}`:           1,
		`outcrop_unknown_total{what="request_member"}`:                                                         1,
		`outcrop_unknown_total{what="nested_member"}`:                                                          1,
		`outcrop_unknown_total{what="content_block"}`:                                                          1,
		`outcrop_unknown_total{what="usage_missing"}`:                                                          1,
	} {
		if got[name] != want {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
	for name := range got {
		if strings.Contains(name, "+throttle") || strings.Contains(name, "no-such-model") {
			t.Errorf("a label that clients make up: %s", name)
		}
	}
	if n := inFlightGauge(t, h); n != 0 {
		t.Errorf("%v requests in flight", n)
	}
}

func TestAccessLog(t *testing.T) {
	h := build(t, config(), offline.Config{})
	const arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/missing"
	const key = "sk-secretsecretsecret"
	var ids []string
	for _, model := range []string{nova, arn, nova + "+throttle", "x.y " + arn + " 123456789012"} {
		_, header, _ := h.chat(t, ask(model, ""), "authorization", "Bearer "+key)
		ids = append(ids, header.Get("x-request-id"))
	}
	if res, err := http.Get(h.url + "/v1/models/" + arn + "?key=" + key); err != nil {
		t.Fatal(err)
	} else {
		res.Body.Close()
		ids = append(ids, res.Header.Get("x-request-id"))
	}
	if res, err := http.Get(h.url + "/health"); err != nil {
		t.Fatal(err)
	} else {
		res.Body.Close() // not worth a line
	}

	type line struct {
		Level, Msg, Method, Route, Model, Code, Error string
		RequestID                                     string `json:"request_id"`
		UpstreamID                                    string `json:"upstream_id"`
		Status                                        int
		MS                                            *int64
		Bytes                                         int64
		Prompt                                        int64 `json:"prompt_tokens"`
		Completion                                    int64 `json:"completion_tokens"`
	}
	var got []line
	for s := range strings.Lines(h.logs.text()) {
		var l line
		if err := json.Unmarshal([]byte(s), &l); err != nil {
			t.Fatalf("no JSON: %s", s)
		}
		if l.Msg == "request" {
			got = append(got, l)
		}
	}
	if len(got) != len(ids) {
		t.Fatalf("%d lines for %d requests:\n%s", len(got), len(ids), h.logs.text())
	}
	for i, l := range got {
		if l.RequestID != ids[i] || !strings.HasPrefix(l.RequestID, "req_") || l.MS == nil || l.Bytes == 0 || l.Method == "" {
			t.Errorf("line %d of request %s: %+v", i, ids[i], l)
		}
	}
	if l := got[0]; l.Status != 200 || l.Model != nova || l.Prompt == 0 || l.Completion == 0 ||
		l.Route != "/v1/chat/completions" || l.Error != "" {
		t.Errorf("a good call: %+v", l)
	}
	if l := got[2]; l.Status != 429 || l.Code != "rate_limit_exceeded" || l.UpstreamID == "" || l.Error == "" {
		t.Errorf("a throttled call: %+v", l)
	}
	if l := got[4]; l.Route != "/v1/models/*" || l.Status != 404 {
		t.Errorf("a path with an ARN: %+v", l)
	}
	for _, secret := range []string{"arn:aws", "123456789012", key, "secretsecret"} {
		if i := strings.Index(h.logs.text(), secret); i >= 0 {
			t.Errorf("R-GEN-08: the log holds %q: %.300s", secret, h.logs.text()[max(0, i-100):])
		}
	}
}

func TestAdjusted(t *testing.T) {
	const wishes = `,"seed":7,"verbosity":"low"`
	const list = "verbosity:unsupported,seed:unsupported"
	for _, tt := range []struct {
		name, rest, strict string
		status             int
		adjusted           string
		called             bool
	}{
		{"R-GEN-03 plain", wishes, "", 200, list, true},
		{"R-GEN-03 streamed", wishes + `,"stream":true`, "", 200, list, true},
		{"R-GEN-03 nothing adjusted", "", "", 200, "", true},
		{"R-GEN-03 nothing adjusted, streamed", `,"stream":true`, "", 200, "", true},
		{"R-GEN-04 strict", wishes, "true", 400, "", false},
		{"R-GEN-04 strict, streamed", wishes + `,"stream":true`, "TRUE", 400, "", false},
		{"R-GEN-04 strict with nothing to adjust", "", "true", 200, "", true},
		{"R-GEN-04 not strict", wishes, "false", 200, list, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := build(t, config(), offline.Config{})
			status, header, body := h.chat(t, ask(nova, tt.rest), "x-outcrop-strict", tt.strict)
			if status != tt.status || header.Get("x-outcrop-adjusted") != tt.adjusted ||
				len(header.Values("x-outcrop-adjusted")) > 1 {
				t.Errorf("status %d, adjusted %q: %.300s", status, header.Values("x-outcrop-adjusted"), body)
			}
			if called := h.lastSent() != "nothing"; called != tt.called {
				t.Errorf("Bedrock called: %v", called)
			}
			if status != 400 {
				return
			}
			var b broken
			if err := json.Unmarshal([]byte(body), &b); err != nil {
				t.Fatal(err)
			}
			message, _ := b.Error["message"].(string)
			if b.Error["code"] != "unsupported_value" || b.Error["param"] != "verbosity" || !strings.Contains(message, "seed") {
				t.Errorf("%s", body)
			}
		})
	}
}

func TestGuardrail(t *testing.T) {
	identifier, version, trace := "X-Amzn-Bedrock-GuardrailIdentifier", "X-Amzn-Bedrock-GuardrailVersion",
		"X-Amzn-Bedrock-Trace"
	const body = `,"guardrail_config":{"guardrail_identifier":"body","guardrail_version":"2"}`
	fallback := translate.Guardrail{Identifier: "fallback", Version: "3"}
	for _, tt := range []struct {
		name     string
		fallback translate.Guardrail
		rest     string
		header   []string
		status   int
		sent     string // guardrailConfig of the Converse body
	}{
		{"R-GRD-01 none", translate.Guardrail{}, "", nil, 200, ""},
		{"R-GRD-01 headers", translate.Guardrail{}, "", []string{identifier, "head", version, "1"}, 200,
			`{"guardrailIdentifier":"head","guardrailVersion":"1","trace":"enabled"}`},
		{"R-GRD-01 headers, streamed", translate.Guardrail{}, `,"stream":true`,
			[]string{identifier, "head", version, "DRAFT"}, 200,
			`{"guardrailIdentifier":"head","guardrailVersion":"DRAFT","trace":"enabled"}`},
		{"R-GRD-04 trace in full", translate.Guardrail{}, "",
			[]string{identifier, "head", version, "1", trace, "ENABLED_FULL"}, 200,
			`{"guardrailIdentifier":"head","guardrailVersion":"1","trace":"enabled_full"}`},
		{"R-GRD-01 body before headers", fallback, body, []string{identifier, "head", version, "1"}, 200,
			`{"guardrailIdentifier":"body","guardrailVersion":"2","trace":"enabled"}`},
		{"R-GRD-01 headers before the default", fallback, "", []string{identifier, "head", version, "1"}, 200,
			`{"guardrailIdentifier":"head","guardrailVersion":"1","trace":"enabled"}`},
		{"R-GRD-01 default", fallback, "", nil, 200,
			`{"guardrailIdentifier":"fallback","guardrailVersion":"3","trace":"enabled"}`},
		{"R-GRD-03 no version", translate.Guardrail{}, "", []string{identifier, "head"}, 400, ""},
		{"R-GRD-03 no identifier", translate.Guardrail{}, "", []string{version, "1"}, 400, ""},
		{"R-GRD-03 half a header does not fall back", fallback, "", []string{identifier, "head"}, 400, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config()
			cfg.Options.DefaultGuardrail = tt.fallback
			h := build(t, cfg, offline.Config{})
			status, _, answer := h.chat(t, ask(nova, tt.rest), tt.header...)
			if status != tt.status {
				t.Fatalf("status %d: %s", status, answer)
			}
			if status == 400 {
				if got := code(t, answer); got != "missing_required_parameter" || h.lastSent() != "nothing" {
					t.Errorf("code %v, sent %s", got, h.lastSent())
				}
				return
			}
			var sent struct {
				Guardrail json.RawMessage `json:"guardrailConfig"`
			}
			if err := json.Unmarshal([]byte(h.lastSent()), &sent); err != nil {
				t.Fatal(err)
			}
			if string(sent.Guardrail) != tt.sent && !sameJSON(string(sent.Guardrail), tt.sent) {
				t.Errorf("sent %s, want %s", sent.Guardrail, tt.sent)
			}
		})
	}
	t.Run("it blocks", func(t *testing.T) {
		h := build(t, config(), offline.Config{})
		_, _, answer := h.chat(t, `{"model":"`+nova+`","messages":[{"role":"user","content":"please BLOCKME"}]}`, identifier,
			"head", version, "1")
		if !strings.Contains(answer, `"finish_reason":"content_filter"`) {
			t.Errorf("%s", answer)
		}
	})
}

// TestHangUpReachesBedrock: when the client leaves, the connection to Bedrock is closed within a second, whatever the
// call is waiting for.
func TestHangUpReachesBedrock(t *testing.T) {
	for _, tt := range []struct{ name, fault, rest string }{
		{"R-STR-18 in mid-stream", "silent=3", `,"stream":true`},
		{"R-STR-18 before the first event", "silent", `,"stream":true`},
		{"R-STR-18 plain", "silent", ""},
		{"R-STR-18 plain, behind the headers", "silent=3", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := build(t, config(), offline.Config{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+"/v1/chat/completions",
				strings.NewReader(ask(nova+"+"+tt.fault, tt.rest)))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("content-type", "application/json")
			begun, ended := make(chan bool, 1), make(chan struct{})
			go func() {
				defer close(ended)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					return
				}
				defer res.Body.Close()
				_, err = io.ReadFull(res.Body, make([]byte, 300))
				begun <- err == nil
				_, _ = io.Copy(io.Discard, res.Body)
			}()
			if tt.name == "R-STR-18 in mid-stream" {
				if !<-begun {
					t.Fatal("the stream did not begin")
				}
			} else {
				waitFor(t, "the call of Bedrock", func() bool { return h.lastSent() != "nothing" })
			}
			gone := time.Now()
			cancel()
			select {
			case at := <-h.closed:
				if after := at.Sub(gone); after < 0 || after > time.Second {
					t.Errorf("the connection to Bedrock was closed %v after the client left", after)
				}
			case <-time.After(20 * time.Second):
				t.Error("the connection to Bedrock stays open")
			}
			<-ended
			waitFor(t, "requests in flight", func() bool { return inFlightGauge(t, h) == 0 })
		})
	}
}
