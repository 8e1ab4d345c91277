package main_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
)

const keyWithBudget = `access:
  keys:
    - {name: crawler, hash: 'sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae', tenant: acme, budget: {amount: 5}}
`

// awsAt leads the program to a Bedrock of the test.
func awsAt(url string) []string {
	return []string{"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=b",
		"AWS_ENDPOINT_URL=" + url}
}

// Budgets whose sums a restart would forget: the gateway does not start, and names them, unless somebody has said that
// they may be forgotten, or nothing has to be paid.
func TestMendD2BudgetsNeedAStoreThatLasts(t *testing.T) {
	bed, err := offline.New(offline.Config{Models: catalog.Data()})
	if err != nil {
		t.Fatal(err)
	}
	upstream := httptest.NewServer(bed)
	defer upstream.Close()
	path := settings(t, keyWithBudget+"budgets:\n  tenants: {acme: {amount: 9}}\n")
	args := []string{"serve", "--config", path, "--addr", "127.0.0.1:0"}
	for name, env := range map[string][]string{"it is asked for": {"OUTCROP_STATE=memory"},
		"nothing tells of a place": {"HOME=", "OUTCROP_AUDIT_ENABLED=false"}} {
		out := ends(t, 1, append(awsAt(upstream.URL), env...), args...)
		for _, want := range []string{"access.keys[0].budget (crawler)", "budgets.tenants.acme", "OUTCROP_STATE",
			"budgets.in_memory: warn"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: it does not say %q: %s", name, want, out)
			}
		}
	}
	warned := func(r *running) bool {
		return strings.Contains(r.said(), "level=WARN") && strings.Contains(r.said(), "access.keys[0].budget (crawler)")
	}
	allowed := append(awsAt(upstream.URL), "OUTCROP_STATE=memory", "OUTCROP_BUDGETS_IN_MEMORY=warn")
	if r := start(t, allowed, args...); !warned(r) {
		t.Errorf("by setting: %s", r.said())
	}
	if r := start(t, nil, append(args, "--offline")...); !warned(r) {
		t.Errorf("offline: %s", r.said())
	}
	lasting := append(awsAt(upstream.URL), "OUTCROP_STATE="+filepath.Join(t.TempDir(), "state.db"))
	if r := start(t, lasting, args...); strings.Contains(r.said(), "budgets.tenants.acme") {
		t.Errorf("with a file: %s", r.said())
	}
	// A gateway that runs does not take such settings over either.
	plain := settings(t, "log: {level: info}\n")
	r := start(t, append(awsAt(upstream.URL), "OUTCROP_STATE=memory"), "serve", "--config", plain, "--addr", "127.0.0.1:0")
	rewrite(t, plain, keyWithBudget)
	if line := r.hangup(t, "the configuration is not taken over"); !strings.Contains(line, "crawler") {
		t.Errorf("on reload: %s", line)
	}
}

// killed ends the program as kill -9 does.
func (r *running) killed() {
	_ = r.cmd.Process.Kill()
	<-r.done
	_ = r.cmd.Wait()
}

// kill -9 during a call under a budget: when the lease has ended, another gateway charges the call as it was reckoned,
// and counts it as an estimate. Money is never forgotten.
func TestMendE7ACallOfAKilledGatewayIsCharged(t *testing.T) {
	under := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/model/") {
			under <- struct{}{}
			<-ctx.Done() // it never answers
		}
	}))
	defer upstream.Close()
	defer cancel()
	path := filepath.Join(t.TempDir(), "state.db")
	env := append(awsAt(upstream.URL), "OUTCROP_STATE="+path)
	key, _ := made(t, env, "--budget", "0.0001", "--budget-period", "total")
	r := start(t, env, "serve", "--addr", "127.0.0.1:0")
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/chat/completions",
			strings.NewReader(asksFor("amazon.nova-lite-v1:0")))
		if err != nil {
			return
		}
		req.Header.Set("authorization", "Bearer "+key)
		req.Header.Set("content-type", "application/json")
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-under
	r.killed()
	leaseEnds(t, path)
	next := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	var used struct {
		Total struct {
			Requests, Estimated int64
			Output              int64 `json:"output_tokens"`
			Nano                int64 `json:"cost_nano_usd"`
		}
	}
	next.until(t, "the call is charged", func() bool {
		out := ends(t, 0, env, "usage", "--format", "json")
		if err := json.Unmarshal([]byte(out), &used); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return used.Total.Requests > 0
	})
	if u := used.Total; u.Requests != 1 || u.Estimated != 1 || u.Output != 4096 || u.Nano <= 100_000 {
		t.Errorf("counted %+v", u)
	}
	if status, _, body := called(t, next.url+"/v1/chat/completions", key,
		asksFor("amazon.nova-lite-v1:0")); status != 429 || !strings.Contains(body, "insufficient_quota") {
		t.Errorf("the budget is spent: %d %s", status, body)
	}
}

// leaseEnds lets the time of every reservation in a file be over.
func leaseEnds(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// those that say that they were sent
	res, err := db.ExecContext(t.Context(), "UPDATE holds SET until = 1 WHERE state = 1")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("%d calls were sent, %v", n, err)
	}
}

// A file of state that somebody has put in the place of another one counts at once: its keys open, those of the old
// file do not, and what is revoked there is revoked.
func TestMendE2AKeyOfAReplacedFileIsRevoked(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "state.db"), filepath.Join(dir, "other.db")
	env := []string{"OUTCROP_STATE=" + path}
	old, _ := made(t, env)
	r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	becomes(t, r.url, old, 200)
	key, id := made(t, []string{"OUTCROP_STATE=" + other})
	for _, end := range []string{"-wal", "-shm"} { // of the old file
		_ = os.Remove(path + end)
	}
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	becomes(t, r.url, key, 200)
	becomes(t, r.url, old, 401)
	keyLines(t, env, "revoke", id)
	becomes(t, r.url, key, 401)
}
