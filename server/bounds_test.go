package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/internal/bedrock/offline"
)

// fault is the error of an answer.
func fault(t *testing.T, body string) (code, param string) {
	t.Helper()
	var e struct {
		Error struct{ Code, Param string }
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("%v: %.300s", err, body)
	}
	return e.Error.Code, e.Error.Param
}

// TestMendA1HugeNIsRefusedBeforeAnythingIsMade: the first of these numbers once ended the process, and the second got
// there past a limit of 1,000 tokens a minute, since its product with max_tokens overflowed.
func TestMendA1HugeNIsRefusedBeforeAnythingIsMade(t *testing.T) {
	open := build(t, config(), offline.Config{})
	keyed := metered(t, map[string]keys.Configured{"small": {Limits: access.Limits{TokensPerMinute: 1000, Concurrent: 4}}})
	for _, rest := range []string{
		`"n":1000000000`, `"n":4500000000,"max_tokens":2147483647`, `"n":9223372036854775807`, `"n":1e18`, `"n":129`,
		`"n":9`, `"n":128,"max_completion_tokens":2147483647`, `"n":9,"stream":true`,
	} {
		body := ask(nova, ","+rest)
		for name, send := range map[string]func() (int, http.Header, string){
			"without keys": func() (int, http.Header, string) { return open.chat(t, body) },
			"with limits":  func() (int, http.Header, string) { return keyed.chat(t, body, as("small")...) },
		} {
			status, header, answer := send()
			code, param := fault(t, answer)
			if status != 400 || code != "integer_above_max_value" || param != "n" {
				t.Errorf("R-PAR-10 %s, %s: %d %s", name, rest, status, answer)
			}
			if header.Get("x-ratelimit-limit-tokens") != "" {
				t.Errorf("%s, %s: it was counted before it was judged", name, rest)
			}
		}
	}
	if open.lastSent() != "nothing" || keyed.lastSent() != "nothing" {
		t.Error("something was sent")
	}
	if status, _, body := keyed.chat(t, ask(nova, `,"n":2,"max_tokens":400`), as("small")...); status != 200 {
		t.Errorf("what was refused took from the limits: %d %s", status, body)
	}
}

// TestMendA1NumbersOfClients sends the ends of what a number can be as every member, header and argument that is one.
func TestMendA1NumbersOfClients(t *testing.T) {
	h := metered(t, map[string]keys.Configured{"k": {Limits: access.Limits{TokensPerMinute: 1e9},
		Budget: access.Budget{Amount: 1e15, Period: "total"}}})
	const embedding = "amazon.titan-embed-text-v2:0"
	numbers := []string{"-9223372036854775809", "-9223372036854775808", "-1", "0", "1", "2147483648", "4294967297",
		"9223372036854775807",
		"9223372036854775808", "1e308", "1e400", "-1e400", "0.5"}
	judge := func(what string, status int, answer, param string) {
		t.Helper()
		switch status {
		case 200, 429:
		case 400:
			if _, got := fault(t, answer); !strings.HasPrefix(got, param) {
				t.Errorf("%s is refused as %q: %.300s", what, got, answer)
			}
		default:
			t.Errorf("%s: %d %.300s", what, status, answer)
		}
	}
	for _, n := range numbers {
		for _, member := range []string{"n", "max_tokens", "max_completion_tokens", "top_k", "top_logprobs", "temperature",
			"top_p", "seed",
			"presence_penalty", "frequency_penalty"} {
			status, _, answer := h.chat(t, ask(nova, fmt.Sprintf(`,%q:%s`, member, n)), as("k")...)
			judge(member+" "+n, status, answer, member)
		}
		for _, effort := range []string{"max_tokens", "max_completion_tokens"} {
			status, _, answer := h.chat(t,
				ask("anthropic.claude-sonnet-4-5-20250929-v1:0", fmt.Sprintf(`,"reasoning_effort":"high",%q:%s`, effort, n)),
				as("k")...)
			judge("reasoning under "+effort+" "+n, status, answer, effort)
		}
		status, _, answer := h.chat(t, ask("anthropic.claude-sonnet-4-5-20250929-v1:0",
			`,"thinking":{"type":"enabled","budget_tokens":`+n+`},"max_tokens":4096`), as("k")...)
		judge("thinking "+n, status, answer, "")
		for _, body := range []string{`{"model":%q,"input":"a","dimensions":%s}`, `{"model":%q,"input":[%s]}`,
			`{"model":%q,"input":[[%s]]}`} {
			status, _, answer := h.post(t, "/v1/embeddings", fmt.Sprintf(body, embedding, n), as("k")...)
			judge(body+n, status, answer, "")
		}
	}
	for _, value := range append(numbers, "NaN", "Inf", "-Inf", "+Inf", "1e3", "0x1p62", "9999999h", "99999999999h",
		strings.Repeat("9", 400), "1h"+strings.Repeat("9", 30)+"s") {
		for header, text := range map[string]string{"x-outcrop-timeout": value, "x-outcrop-cache-ttl": value,
			"cache-control": "max-age=" + value} {
			status, _, answer := h.chat(t, ask(nova, ""), append(as("k"), header, text)...)
			judge(header+" "+value, status, answer, header)
			if strings.ContainsAny(value, "-NI") && status != 400 {
				t.Errorf("%s %s: %d", header, value, status)
			}
		}
		for _, argument := range []string{"from", "to"} {
			req, err := http.NewRequest(http.MethodGet, h.url+"/v1/outcrop/usage?"+argument+"="+strings.ReplaceAll(value,
				"+", "%2B"), nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("authorization", "Bearer k")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			answer := text(t, res.Body)
			res.Body.Close()
			judge(argument+" "+value, res.StatusCode, answer, "")
		}
	}
}
