package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"outcrop/cache"
	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/internal/access/limits"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/pipeline"
	"outcrop/internal/recall"
	"outcrop/internal/store/redis"
	"outcrop/internal/test/redistest"
)

// gated is a house that knows keys: its URL is url. limiter may be nil.
func gated(t *testing.T, known []keys.Configured, limiter *limits.Limiter,
	change ...func(*pipeline.Collaborators)) (h *house, url string) {
	t.Helper()
	var behind pipeline.Collaborators
	h = build(t, config(), offline.Config{}, append(change, func(c *pipeline.Collaborators) {
		c.Limiter = limiter
		behind = *c
	})...)
	with := collaborators(pipeline.New(pipeline.Config{Deadline: time.Minute, EmbeddingCalls: 8}, behind))
	with.Gate, with.Limiter = keys.NewGate(keys.Config{Keys: known}, nil, nil), limiter
	return h, start(t, config(), with)
}

// keyOf is a key of a tenant, and the secret that it is shown with.
func keyOf(name, tenant string, limits access.Limits) (keys.Configured, string) {
	secret, hash := keys.Secret()
	return keys.Configured{Name: name, Hash: hash, Tenant: tenant, Limits: limits}, secret
}

// lookalikes are tenants and names that become the same when they are joined with some separator, or when one of them
// is taken for a pattern, a prefix or the name of something of ours.
var lookalikes = [][2]string{ // tenant, name of the key
	{"a", "b"}, {"a:b", ""}, {"", "a:b"}, {"", "a"}, {"a:", "b"}, {"a", ":b"}, {"a/b", "c"}, {"a", "b/c"}, {"a\x00b", "c"},
	{"a", "b\x00c"}, {"a|b", "c"},
	{"a", "b|c"}, {"a.b", "c"}, {"a", "b.c"}, {"A", "b"}, {"a ", "b"}, {"*", "b"}, {"a", "*"}, {"{a}", "b"}, {"a}{", "b"},
	{"tenant:a", "b"}, {"key:a", "b"}, {"\u0430", "b"}, {"a\n", "b"},
}

// lookalikeKeys gives a key for each, and their secrets.
func lookalikeKeys(limits access.Limits) (keys []keys.Configured, secrets []string) {
	for _, l := range lookalikes {
		k, secret := keyOf(l[1], l[0], limits)
		keys, secrets = append(keys, k), append(secrets, secret)
	}
	return keys, secrets
}

// sharedCache keeps answers in memory and, with a URL, in Redis.
func sharedCache(t *testing.T, url string) func(*pipeline.Collaborators) {
	t.Helper()
	c, err := cache.New(cache.Default(), cache.Options{Redis: url, Secret: "of-the-operator"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return func(with *pipeline.Collaborators) { with.Memory, with.Cache = c, recall.DefaultCache() }
}

// TestAttackCacheOfAnotherTenant: the same prompt of another tenant is never answered from a tenant's memory, however
// the names of tenants and keys are chosen, and whatever a prompt says to look like part of a key.
func TestAttackCacheOfAnotherTenant(t *testing.T) {
	for _, where := range []string{"memory", "redis"} {
		t.Run(where, func(t *testing.T) {
			url := ""
			if where == "redis" {
				url = redistest.Start(t).URL
			}
			keys, secrets := lookalikeKeys(access.Limits{})
			_, srv := gated(t, keys, nil, sharedCache(t, url))
			seen, tenants := map[string]string{}, map[string]bool{}
			for i, secret := range secrets {
				if tenant := lookalikes[i][0]; tenant != "" {
					if tenants[tenant] { // keys of a tenant share, on purpose
						continue
					}
					tenants[tenant] = true
				}
				for _, prompt := range []string{"what is mine?", `","tenant":"a","x":"`, "a:b:what is mine?"} {
					body := fmt.Sprintf(`{"model":%q,"temperature":0,"messages":[{"role":"user","content":%q}]}`, nova, prompt)
					res, answer := requested(t, "POST", srv+"/v1/chat/completions", body, "api-key", secret, "content-type",
						"application/json")
					state, _, _ := strings.Cut(res.Header.Get("x-outcrop-cache"), ";")
					if res.StatusCode != 200 || state != "miss" {
						t.Errorf("%q: %d, %s: %s", lookalikes[i], res.StatusCode, state, answer)
					}
					_, key, _ := strings.Cut(res.Header.Get("x-outcrop-cache"), "key=")
					if other, ok := seen[key]; ok {
						t.Errorf("%q has the cache key of %s", lookalikes[i], other)
					}
					seen[key] = fmt.Sprintf("%q", lookalikes[i])
				}
			}
			for i, secret := range secrets { // each has its own
				body := fmt.Sprintf(`{"model":%q,"temperature":0,"messages":[{"role":"user","content":"what is mine?"}]}`, nova)
				if res, _ := requested(t, "POST", srv+"/v1/chat/completions", body, "api-key",
					secret); !strings.HasPrefix(res.Header.Get("x-outcrop-cache"), "hit") {
					t.Errorf("%q: %s", lookalikes[i], res.Header.Get("x-outcrop-cache"))
				}
			}
			// What a caller writes into a member that names a cache is no key into that of others.
			for _, member := range []string{`"prompt_cache_key":"a"`, `"user":"a"`, `"safety_identifier":"a:b"`,
				`"metadata":{"tenant":"a"}`} {
				body := fmt.Sprintf(`{"model":%q,"temperature":0,%s,"messages":[{"role":"user","content":"what is mine?"}]}`, nova,
					member)
				k, stranger := keyOf("stranger", "stranger", access.Limits{})
				_, other := gated(t, append(keys[:len(keys):len(keys)], k), nil, sharedCache(t, url))
				if res, _ := requested(t, "POST", other+"/v1/chat/completions", body, "api-key",
					stranger); strings.HasPrefix(res.Header.Get("x-outcrop-cache"), "hit") {
					t.Errorf("%s opens the cache of a tenant", member)
				}
			}
		})
	}
}

// TestAttackLimitOfAnotherTenant: nobody uses up, or learns of, the limits of another tenant, key or end user.
func TestAttackLimitOfAnotherTenant(t *testing.T) {
	for _, where := range []string{"memory", "redis"} {
		t.Run(where, func(t *testing.T) {
			var shared limits.Store
			if where == "redis" {
				s, err := redis.Open(redistest.Start(t).URL, 5*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = s.Close() }()
				shared = s
			}
			cfg := limits.Default()
			cfg.Tenants = map[string]access.Limits{}
			var keys []keys.Configured
			var secrets []string
			for i, l := range lookalikes {
				if l[0] == "" || l[1] == "" { // a key of the configuration has a name
					continue
				}
				k, secret := keyOf(fmt.Sprintf("%s%d", l[1], i), l[0], access.Limits{})
				keys, secrets = append(keys, k), append(secrets, secret)
				cfg.Tenants[l[0]] = access.Limits{RequestsPerMinute: 1000}
			}
			limiter := limits.New(cfg, limits.NewMeters(shared, func(error) {}))
			_, srv := gated(t, keys, limiter)
			used := map[string]int{}
			for i, secret := range secrets {
				tenant := keys[i].Tenant
				used[tenant]++
				res, body := requested(t, "POST", srv+"/v1/chat/completions", ask(nova, `,"user":"a:b"`), "api-key", secret,
					"content-type", "application/json")
				if want := fmt.Sprint(1000 - used[tenant]); res.StatusCode != 200 ||
					res.Header.Get("x-ratelimit-remaining-requests") != want {
					t.Errorf("%q: %d, %q left, want %s: %s", tenant, res.StatusCode, res.Header.Get("x-ratelimit-remaining-requests"),
						want, body)
				}
			}
		})
	}
}

// TestAttackEndUserOfAnotherTenant: end users are those of their tenant, whatever they are called.
func TestAttackEndUserOfAnotherTenant(t *testing.T) {
	cfg := limits.Default()
	cfg.EndUser = access.Limits{RequestsPerMinute: 1}
	one, first := keyOf("one", "a", access.Limits{})
	two, second := keyOf("two", "a:b", access.Limits{})
	_, srv := gated(t, []keys.Configured{one, two}, limits.New(cfg, limits.NewMeters(nil, nil)))
	for _, tt := range []struct {
		secret, user string
		status       int
	}{
		{first, "b:c", 200}, {first, "b:c", 429}, {second, "c", 200}, {first, "b", 200}, {second, "b:c", 200},
		{second, "c", 429}, {first, "b:c\\u0000", 200}, {first, "B:c", 200},
	} {
		res, body := requested(t, "POST", srv+"/v1/chat/completions", ask(nova, `,"user":"`+tt.user+`"`), "api-key",
			tt.secret, "content-type", "application/json")
		if res.StatusCode != tt.status {
			t.Errorf("%q: %d, want %d: %s", tt.user, res.StatusCode, tt.status, body)
		}
	}
}

// TestAttackModelByAnotherName: a key that may use one model does not come to another one by spelling, by a second
// member of the same name, or by what only looks like a name.
func TestAttackModelByAnotherName(t *testing.T) {
	k, secret := keyOf("narrow", "a", access.Limits{})
	k.Models = []string{nova}
	_, srv := gated(t, []keys.Configured{k}, nil)
	for body, want := range map[string]int{
		ask(nova, ""):                                      200,
		ask("amazon.nova-pro-v1:0", ""):                    404,
		ask("us.amazon.nova-pro-v1:0", ""):                 404,
		ask("gpt-4o", ""):                                  404,
		ask("AMAZON.NOVA-LITE-V1:0", ""):                   404,
		ask(nova+"\\u0000", ""):                            404,
		ask(nova+" ", ""):                                  404,
		ask("../"+nova, ""):                                404,
		ask(nova+"/../amazon.nova-pro-v1:0", ""):           404,
		ask(nova, `,"model":"amazon.nova-pro-v1:0"`):       404, // of two members the last counts (R-REQ-01)
		ask("amazon.nova-pro-v1:0", `,"model":"`+nova+`"`): 200,
		ask("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", ""): 404,
	} {
		res, answer := requested(t, "POST", srv+"/v1/chat/completions", body, "api-key", secret, "content-type",
			"application/json")
		if res.StatusCode != want || want != 200 && strings.Contains(answer, "not_allowed") {
			t.Errorf("%s: %d, want %d: %s", body, res.StatusCode, want, answer)
		}
		if want == 200 && !strings.Contains(answer, nova) {
			t.Errorf("%s: %s", body, answer)
		}
	}
}

// TestAttackRedisStopped: while Redis is away callers are served, by local limits and without the shared cache, or
// refused where the settings say so; when it is back all is as before. Calls go on all the time.
func TestAttackRedisStopped(t *testing.T) {
	for _, choice := range []string{"local", "refuse"} {
		t.Run(choice, func(t *testing.T) {
			db := redistest.Start(t)
			shared, err := redis.Open(db.URL, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = shared.Close() }()
			cfg := limits.Default()
			cfg.WhenStoreIsAway = choice
			k, secret := keyOf("k", "a", access.Limits{RequestsPerMinute: 100_000, TokensPerMinute: 1_000_000_000})
			_, srv := gated(t, []keys.Configured{k}, limits.New(cfg, limits.NewMeters(shared, func(error) {})),
				sharedCache(t, db.URL))
			call := func(n int) int {
				body := fmt.Sprintf(`{"model":%q,"temperature":0,"messages":[{"role":"user","content":"question %d"}]}`, nova, n)
				res, answer := requested(t, "POST", srv+"/v1/chat/completions", body, "api-key", secret, "content-type",
					"application/json")
				if res.StatusCode != http.StatusOK && !strings.Contains(answer, `"error":{`) {
					t.Errorf("%d %s", res.StatusCode, answer)
				}
				return res.StatusCode
			}
			many := func(from int) map[int]int {
				var wg sync.WaitGroup
				var mu sync.Mutex
				counts := map[int]int{}
				for i := range 40 {
					wg.Go(func() {
						status := call(from + i)
						mu.Lock()
						defer mu.Unlock()
						counts[status]++
					})
				}
				wg.Wait()
				return counts
			}
			if got := many(0); got[200] != 40 {
				t.Fatalf("with Redis: %v", got)
			}
			stopped := make(chan map[int]int)
			go func() { stopped <- many(100) }()
			db.Stop() // in the middle
			for status := range <-stopped {
				if status != 200 && (choice == "local" || status != 503) {
					t.Errorf("while it stops: %d", status)
				}
			}
			want := map[string]int{"local": 200, "refuse": 503}[choice]
			if got := many(200); got[want] != 40 {
				t.Errorf("without Redis: %v, want 40 times %d", got, want)
			}
			db.Restart()
			waitFor(t, "Redis is used again, and all is as before",
				func() bool { return call(1000) == 200 && many(300)[200] == 40 })
		})
	}
}
