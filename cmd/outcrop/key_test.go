package main_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"outcrop/internal/test/redistest"
)

// keyLines runs `outcrop key …` on a store and gives the lines of its output.
func keyLines(t *testing.T, env []string, args ...string) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(ends(t, 0, env, append([]string{"key"}, args...)...)), "\n")
}

// made is a new key and its id.
func made(t *testing.T, env []string, args ...string) (key, id string) {
	t.Helper()
	lines := keyLines(t, env, append([]string{"create"}, args...)...)
	if len(lines) != 2 || !regexp.MustCompile(`^oc-[0-9A-Za-z]{49}$`).MatchString(lines[0]) ||
		!strings.HasPrefix(lines[1], "key_") {
		t.Fatalf("output %q", lines)
	}
	return lines[0], lines[1]
}

// called sends a request and gives status, headers and body; a body makes it a POST.
func called(t *testing.T, url, key, body string) (int, http.Header, string) {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	if key != "" {
		req.Header.Set("authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

// becomes waits until a key gets a status: within the 5 seconds in which every change must be known everywhere.
func becomes(t *testing.T, url, key string, want int) {
	t.Helper()
	const most = 5 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		status, _, _ := called(t, url+"/v1/models", key, "")
		if status == want {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("status %d after %v, want %d", status, most, want)
		case <-tick.C:
		}
	}
}

// settings writes a configuration file.
func settings(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outcrop.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func asksFor(model string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":"hi"}]}`
}

func TestKeysWhileTheGatewayRuns(t *testing.T) {
	stores := map[string]func(*testing.T) []string{
		"sqlite": func(t *testing.T) []string {
			return []string{"OUTCROP_STATE=" + filepath.Join(t.TempDir(), "state", "keys.db")}
		},
		"redis": func(t *testing.T) []string {
			return []string{"OUTCROP_STATE=redis", "REDIS_URL=" + redistest.Start(t).URL}
		},
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			env := open(t)
			one := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
			two := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
			empty := map[string]int{"sqlite": 200, "redis": 401}[name] // a store that others share never opens a gateway
			if status, _, _ := called(t, one.url+"/v1/models", "", ""); status != empty {
				t.Fatalf("without any key: %d", status)
			}
			key, id := made(t, env, "--name", "first", "--tenant", "acme")
			for _, r := range []*running{one, two} {
				becomes(t, r.url, "", 401) // now that there is a key, one is needed
				if status, _, _ := called(t, r.url+"/v1/models", key, ""); status != 200 {
					t.Errorf("the key: %d", status)
				}
			}
			next := keyLines(t, env, "rotate", id, "--grace", "0s")
			if next[0] == key || next[1] != id {
				t.Fatalf("rotate: %q", next)
			}
			for _, r := range []*running{one, two} {
				becomes(t, r.url, next[0], 200)
				becomes(t, r.url, key, 401)
			}
			keyLines(t, env, "revoke", id)
			for _, r := range []*running{one, two} {
				becomes(t, r.url, next[0], 401)
			}
			list := strings.Join(keyLines(t, env, "list", "--all"), "\n")
			if !strings.Contains(list, id) || !strings.Contains(list, "revoked") || strings.Contains(list, "oc-") ||
				strings.Contains(list, "sha256") {
				t.Errorf("list %s", list)
			}
			// What was kept outlives the gateways: a third one knows.
			other, _ := made(t, env)
			three := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
			for key, want := range map[string]int{other: 200, key: 401, next[0]: 401, "": 401} {
				if status, _, _ := called(t, three.url+"/v1/models", key, ""); status != want {
					t.Errorf("status %d, want %d", status, want)
				}
			}
		})
	}
}

func TestWhatAKeyMay(t *testing.T) {
	env := []string{"OUTCROP_STATE=" + filepath.Join(t.TempDir(), "keys.db")}
	nova, _ := made(t, env, "--models", "amazon.nova-lite*", "--max-tokens", "5", "--extensions", "none", "--endpoints",
		"chat.completions,models")
	rail, _ := made(t, env, "--guardrail", "grmust:3")
	away, _ := made(t, env, "--networks", "203.0.113.0/24")
	r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	chat := r.url + "/v1/chat/completions"

	_, _, list := called(t, r.url+"/v1/models", nova, "")
	var models struct{ Data []struct{ ID string } }
	if err := json.Unmarshal([]byte(list), &models); err != nil {
		t.Fatal(err)
	}
	if len(models.Data) == 0 || slices.ContainsFunc(models.Data, func(m struct{ ID string }) bool {
		return strings.Contains(m.ID, ".") && !strings.HasPrefix(m.ID, "amazon.nova-lite")
	}) {
		t.Errorf("R-MOD-01 the list shows %v", models.Data)
	}
	status, head, body := called(t, chat, nova, asksFor("amazon.nova-lite-v1:0"))
	if got := head.Get("x-outcrop-adjusted"); status != 200 || got != "max_completion_tokens:capped_at_5" ||
		!strings.Contains(body, `"finish_reason":"length"`) {
		t.Errorf("R-LIM-03 %d, adjusted %q: %s", status, got, body)
	}
	limited := strings.Replace(asksFor("amazon.nova-lite-v1:0"), "{", `{"max_tokens":100,`, 1)
	if _, head, _ := called(t, chat, nova, limited); head.Get("x-outcrop-adjusted") != "max_tokens:capped_at_5" {
		t.Errorf("R-LIM-03 adjusted %q", head.Get("x-outcrop-adjusted"))
	}
	ids := regexp.MustCompile(`amazon\.nova-pr[ox]-v1:0`)
	status, head, forbidden := called(t, chat, nova, asksFor("amazon.nova-pro-v1:0"))
	status2, head2, missing := called(t, chat, nova, asksFor("amazon.nova-prx-v1:0"))
	a, b := slices.Sorted(maps.Keys(head)), slices.Sorted(maps.Keys(head2))
	if status != 404 || status2 != 404 || ids.ReplaceAllString(forbidden, "M") != ids.ReplaceAllString(missing, "M") ||
		!slices.Equal(a, b) {
		t.Errorf("R-ERR-63 a forbidden model: %d %s %s\nan unknown one: %d %s %s", status, forbidden, a, status2, missing, b)
	}
	for name, tt := range map[string]struct {
		key, url, body string
		status         int
		code           string
	}{
		"R-MOD-03 a forbidden entry":    {nova, r.url + "/v1/models/amazon.nova-pro-v1:0", "", 404, "model_not_found"},
		"R-MOD-03 an allowed entry":     {nova, r.url + "/v1/models/amazon.nova-lite-v1:0", "", 200, ""},
		"an explanation of a forbidden": {rail, r.url + "/v1/outcrop/route", asksFor("amazon.nova-pro-v1:0"), 200, ""},
		"an endpoint": {nova, r.url + "/v1/embeddings",
			`{"model":"amazon.titan-embed-text-v2:0","input":"x"}`, 403, "endpoint_not_allowed"},
		"an extension": {nova, chat, strings.Replace(asksFor("amazon.nova-lite-v1:0"), "{", `{"top_k":3,`,
			1), 403, "parameter_not_allowed"},
		"a network": {away, chat, asksFor("amazon.nova-lite-v1:0"), 403, "ip_not_authorized"},
		"R-GRD-02 another guardrail": {rail, chat, strings.Replace(asksFor("amazon.nova-lite-v1:0"), "{",
			`{"guardrail_config":{"guardrail_identifier":"x","guardrail_version":"1"},`, 1), 403, "guardrail_required"},
		"R-GRD-02 the same, and a trace": {rail, chat, strings.Replace(asksFor("amazon.nova-lite-v1:0"), "{",
			`{"guardrail_config":{"guardrail_identifier":"grmust","guardrail_version":"3","trace":"enabled"},`, 1), 200, ""},
		"R-GRD-02 none named": {rail, chat, asksFor("amazon.nova-lite-v1:0"), 200, ""},
	} {
		status, _, body := called(t, tt.url, tt.key, tt.body)
		if status != tt.status || tt.code != "" && !strings.Contains(body, `"`+tt.code+`"`) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func TestConfiguredKeysOverHTTP(t *testing.T) {
	var pair struct{ Key, Hash string }
	if err := json.Unmarshal([]byte(ends(t, 0, nil, "key", "create", "--no-store", "--json")), &pair); err != nil {
		t.Fatal(err)
	}
	path := settings(t, "access:\n  keys:\n    - {name: a, hash: '"+pair.Hash+"', endpoints: [models]}\n")
	r := start(t, nil, "serve", "--offline", "--config", path, "--addr", "0.0.0.0:0")
	url := strings.Replace(r.url, "0.0.0.0", "127.0.0.1", 1)
	for key, want := range map[string]int{pair.Key: 200, "": 401, "oc-wrong": 401} {
		if status, _, _ := called(t, url+"/v1/models", key, ""); status != want {
			t.Errorf("status %d, want %d", status, want)
		}
	}
	if status, _, _ := called(t, url+"/v1/chat/completions", pair.Key, asksFor("x")); status != 403 {
		t.Errorf("status %d", status)
	}
}

func TestPublicAddressesNeedKeys(t *testing.T) {
	env := []string{"OUTCROP_STATE=" + filepath.Join(t.TempDir(), "keys.db")}
	if out := ends(t, 1, env, "serve", "--offline", "--addr", "0.0.0.0:0"); !strings.Contains(out, "needs API keys") {
		t.Errorf("%s", out)
	}
	key, _ := made(t, env)
	r := start(t, env, "serve", "--offline", "--addr", "0.0.0.0:0")
	becomes(t, r.url, key, 200)
	if status, _, _ := called(t, r.url+"/v1/models", "", ""); status != 401 {
		t.Errorf("status %d", status)
	}
}

func TestTenThousandWrongKeysOverHTTP(t *testing.T) {
	env := []string{"OUTCROP_STATE=" + filepath.Join(t.TempDir(), "keys.db"),
		"OUTCROP_API_KEYS=a-simple-key-of-the-settings"}
	key, _ := made(t, env)
	r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	counts := map[int]int{}
	for i := range 10_000 {
		status, head, _ := called(t, r.url+"/v1/models", "oc-"+strings.Repeat("x", i%60), "")
		counts[status]++
		if status == 429 && (head.Get("retry-after") == "" || head.Get("retry-after") == "0") {
			t.Fatal("a 429 without retry-after")
		}
	}
	// a few more are allowed while it goes on
	if counts[401] < 20 || counts[401] > 60 || counts[401]+counts[429] != 10_000 {
		t.Errorf("%v", counts)
	}
	for _, good := range []string{key, "a-simple-key-of-the-settings"} {
		if status, _, _ := called(t, r.url+"/v1/models", good, ""); status != 200 {
			t.Errorf("a good key from that address: %d", status)
		}
	}
}

func TestKeyCommandRefuses(t *testing.T) {
	db := "OUTCROP_STATE=" + filepath.Join(t.TempDir(), "keys.db")
	for name, tt := range map[string]struct {
		code int // 2 where the command line itself is wrong
		env  []string
		args []string
		says string
	}{
		"a bad budget": {2, []string{db}, []string{"create", "--budget", "lots"},
			"--budget must be an amount in USD"},
		"a bad period": {1, []string{db}, []string{"create", "--budget", "5", "--budget-period", "year"},
			"budget.period must be one of"},
		"a bad expiry": {2, []string{db}, []string{"create", "--expires", "soon"}, "--expires must be a date"},
		"a past expiry": {1, []string{db}, []string{"create", "--expires", "2020-01-01"},
			"expires must be in the future"},
		"a bad network":     {2, []string{db}, []string{"create", "--networks", "here"}, `"here" is neither a network`},
		"a bad guardrail":   {2, []string{db}, []string{"create", "--guardrail", "x"}, "--guardrail must be ID:VERSION"},
		"an unknown key":    {1, []string{db}, []string{"revoke", "key_none"}, "there is no key key_none"},
		"no key named":      {2, []string{db}, []string{"revoke"}, "requires at least 1 arg"},
		"a negative grace":  {1, []string{db}, []string{"rotate", "x", "--grace", "-1s"}, "--grace must not be negative"},
		"a store in memory": {1, []string{"OUTCROP_STATE=memory"}, []string{"list"}, "no other process can reach"},
		"redis without URL": {1, []string{"OUTCROP_STATE=redis"}, []string{"list"}, "needs redis.url"},
		"redis that is away": {1, []string{"OUTCROP_STATE=redis", "REDIS_URL=unix:///nowhere/redis.sock"}, []string{"list"},
			"/nowhere/redis.sock"},
		"no place for a store": {1, []string{"HOME="}, []string{"list"}, "set access.store"},
		"a broken config":      {1, []string{db}, []string{"list", "--config", "/nowhere.yaml"}, "cannot be read"},
	} {
		if out := ends(t, tt.code, tt.env, append([]string{"key"}, tt.args...)...); !strings.Contains(out, tt.says) {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestKeyStoreSettings(t *testing.T) {
	dir := t.TempDir()
	path := settings(t, "access:\n  store: "+filepath.Join(dir, "configured.db")+"\n")
	_, id := made(t, nil, "--config", path, "--name", "x", "--tenant", "acme")
	if out := ends(t, 0, nil, "key", "list", "--store", filepath.Join(dir, "configured.db"), "--tenant",
		"acme"); !strings.Contains(out, id) {
		t.Errorf("%s", out)
	}
	if out := ends(t, 0, nil, "key", "list", "--config", path, "--tenant", "other",
		"--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("keys of another tenant: %s", out)
	}
}
