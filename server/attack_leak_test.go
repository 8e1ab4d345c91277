package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"outcrop/internal/bedrock/offline"
)

// leaks are what AWS, or a proxy on the way to it, may say and nobody outside may read: of each the part that is looked
// for.
var leaks = map[string]string{
	"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/secret-profile": "secret-profile",
	"arn:aws-us-gov:iam::210987654321:role/secret-role":                                   "secret-role",
	"account 345678901234":             "345678901234",
	"AKIAIOSFODNN7EXAMPLE":             "AKIAIOSFODNN7",
	"ASIAIOSFODNN7EXAMPLE":             "ASIAIOSFODNN7",
	"ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl": "ABSKQmVkcm9ja0",
	"bedrock-api-key-YmVkcm9jay5hbWF6": "YmVkcm9jay5hbWF6",
	"https://bedrock-runtime.us-east-1.amazonaws.com/model/x?X-Amz-Signature=f00dface": "f00dface",
	"vpce-0a1b2c3d.bedrock-runtime.us-east-1.vpce.amazonaws.com":                       "vpce-0a1b2c3d",
	"assumed-role/secret-session/i-0abc":                                               "secret-session",
	"IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ":                           "IQoJb3JpZ2lu",
	strings.Repeat("0123456789abcdef", 4):                                              "0123456789abcdef0123456789abcdef",
}

// leaky is an AWS that says them all: in the message, in headers, in members of its errors, and in exceptions of
// streams.
func leaky(exception string, status int, streamed bool) http.HandlerFunc {
	var all []string
	for leak := range leaks {
		all = append(all, leak)
	}
	message, _ := json.Marshal("The request cannot be processed: " + strings.Join(all, " , ") + ".")
	body := fmt.Sprintf(`{"message":%s,"Message":%s,"originalMessage":%s,"resourceName":%s,"originalStatusCode":400}`,
		message, message, message, message)
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for i, leak := range all {
			w.Header().Add(fmt.Sprintf("x-amzn-leak-%d", i), leak)
		}
		w.Header().Set("x-amzn-requestid", all[0])
		w.Header().Set("server", all[0])
		if streamed {
			w.Header().Set("content-type", "application/vnd.amazon.eventstream")
			enc := eventstream.NewEncoder()
			event := func(kind, name, payload string) {
				var m eventstream.Message
				m.Headers.Set(":message-type", eventstream.StringValue(kind))
				m.Headers.Set(":"+kind+"-type", eventstream.StringValue(name))
				m.Headers.Set(":content-type", eventstream.StringValue("application/json"))
				m.Payload = []byte(payload)
				_ = enc.Encode(w, m)
			}
			event("event", "messageStart", `{"role":"assistant"}`)
			event("event", "contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"so far so good"}}`)
			event("exception", exception, body)
			return
		}
		w.Header().Set("content-type", "application/json")
		w.Header().Set("x-amzn-errortype", exception+":http://internal.amazon.com/"+url.PathEscape(all[0]))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// TestAttackSecretsInErrors: in every way in which AWS says no, what it says of accounts, roles, keys and hosts reaches
// neither the client nor the log.
func TestAttackSecretsInErrors(t *testing.T) {
	known := []struct {
		name   string
		status int
	}{
		{"ValidationException", 400}, {"AccessDeniedException", 403}, {"ResourceNotFoundException", 404},
		{"ConflictException", 409},
		{"ThrottlingException", 429}, {"ServiceQuotaExceededException", 400}, {"ModelNotReadyException", 429},
		{"ServiceUnavailableException", 503},
		{"ModelTimeoutException", 408}, {"ModelErrorException", 424}, {"ModelStreamErrorException", 424},
		{"InternalServerException", 500},
		{"ExpiredTokenException", 403}, {"UnrecognizedClientException", 403}, {"InvalidSignatureException", 403},
		{"IncompleteSignature", 400},
		{"RequestEntityTooLargeException", 413}, {"SerializationException", 400}, {"UnknownOperationException", 404},
		{"SomethingNewException", 418},
		{"", 502}, {"", 301},
	}
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
		e, streamed := known[i/2], i%2 == 1
		if streamed {
			e.name = strings.ToLower(e.name[:1]) + e.name[1:]
		}
		leaky(e.name, e.status, streamed)(w, r)
	})
	var wg sync.WaitGroup // at once: some are tried again and again
	for i, e := range known {
		say := fmt.Sprintf("case %d.", 2*i)
		calls := map[string][2]string{
			"plain": {"/v1/chat/completions", `{"model":"` + nova + `","messages":[{"role":"user","content":"` +
				say + `"}]}`},
			"stream": {"/v1/chat/completions", `{"model":"` + nova +
				`","stream":true,"messages":[{"role":"user","content":"` + say + `"}]}`},
			"embeddings": {"/v1/embeddings", `{"model":"amazon.titan-embed-text-v2:0","input":"` + say + `"}`},
		}
		if e.name != "" {
			calls["in a stream"] = [2]string{"/v1/chat/completions",
				strings.Replace(calls["stream"][1], say, fmt.Sprintf("case %d.", 2*i+1), 1)}
		}
		for kind, call := range calls {
			wg.Go(func() {
				status, header, answer := h.post(t, call[0], call[1])
				what := fmt.Sprintf("%s %d, %s: ", e.name, e.status, kind)
				if status < 400 && !strings.Contains(answer, `"error":{`) {
					t.Errorf("%sno error: %d %s", what, status, answer)
				}
				noLeak(t, what+"the body", answer)
				noLeak(t, what+"the headers", fmt.Sprint(header))
				for name := range header {
					if strings.HasPrefix(name, "X-Amzn") {
						t.Errorf("%sa header of AWS: %s", what, name)
					}
				}
			})
		}
	}
	wg.Wait()
	noLeak(t, "the log", h.logs.text(), "vpce-")
}

// noLeak finds what leaks hold in a text, but for what begins as one of may: the log may name hosts.
func noLeak(t *testing.T, where, text string, may ...string) {
	t.Helper()
	for leak, part := range leaks {
		if slices.ContainsFunc(may, func(m string) bool { return strings.HasPrefix(part, m) }) {
			continue
		}
		if at := strings.Index(text, part); at >= 0 {
			t.Errorf("%s holds %s: …%s…", where, leak, text[max(0, at-60):min(len(text), at+80)])
		}
	}
	if account := regexp.MustCompile(`\b(123456789012|210987654321|345678901234)\b`).FindString(text); account != "" {
		t.Errorf("%s holds the account %s", where, account)
	}
}

// TestAttackSecretsInFailures: neither does what breaks on the way.
func TestAttackSecretsInFailures(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a page of a proxy": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			for leak := range leaks {
				_, _ = fmt.Fprintln(w, leak)
			}
		},
		"a reply that is none": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-type", "application/json")
			_, _ = io.WriteString(w, `{"output":{"message":"arn:aws:iam::210987654321:role/secret-role"}}`)
		},
		"a redirect": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("location",
				"https://vpce-0a1b2c3d.bedrock-runtime.us-east-1.vpce.amazonaws.com/?X-Amz-Signature=f00dface")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"a connection that is cut": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, config(), offline.Config{})
			address := strings.TrimPrefix(h.upstream.URL, "http://")
			h.upstream.Config.Handler = handler
			for _, rest := range []string{"", `,"stream":true`} {
				status, header, body := h.chat(t, ask(nova, rest))
				if status < 400 {
					t.Errorf("%d %s", status, body)
				}
				noLeak(t, "the body", body)
				noLeak(t, "the headers", fmt.Sprint(header))
				if strings.Contains(body, address) || strings.Contains(fmt.Sprint(header), address) {
					t.Errorf("the address of the upstream is told: %s", body)
				}
			}
			noLeak(t, "the log", h.logs.text(), "vpce-")
		})
	}
}
