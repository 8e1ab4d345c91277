package bedrock_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"outcrop/internal/bedrock"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
	"outcrop/openai"
)

// control is a Bedrock of which front may answer first; it tells whether it did.
func control(t *testing.T, front func(http.ResponseWriter, *http.Request) bool) *bedrock.Bedrock {
	t.Helper()
	embedded, err := offline.New(offline.Config{Models: catalog.Data()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Has("maxResults") {
			q.Set("maxResults", "30") // small pages, of which there are several
			r.URL.RawQuery = q.Encode()
		}
		if !front(w, r) {
			embedded.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	cfg := bedrock.Default()
	cfg.MaxAttempts = 1
	b, err := bedrock.From(t.Context(), aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE",
			"SECRETEXAMPLE", ""),
	}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestListing(t *testing.T) {
	pages := map[string]int{}
	b := control(t, func(_ http.ResponseWriter, r *http.Request) bool {
		pages[r.URL.Path+r.URL.Query().Get("type")]++
		return false
	})
	l, err := b.Listing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if pages["/foundation-models"] != 1 || pages["/inference-profilesSYSTEM_DEFINED"] < 2 ||
		pages["/inference-profilesAPPLICATION"] < 2 || len(pages) != 3 {
		t.Errorf("R-MOD-06 calls: %v", pages)
	}
	i := slices.IndexFunc(l.Models, func(m catalog.ListedModel) bool { return m.ID == "amazon.nova-lite-v1:0" })
	if i < 0 {
		t.Fatal("R-MOD-06 Nova Lite is not listed")
	}
	if m := l.Models[i]; m.Provider != "Amazon" || m.Streaming != catalog.Yes ||
		!slices.Contains(m.Inference, "ON_DEMAND") ||
		!slices.Contains(m.Inputs, "IMAGE") || m.Started.IsZero() || m.Legacy {
		t.Errorf("R-MOD-06 %+v", m)
	}
	systems, apps := map[string]string{}, map[string]string{}
	for _, p := range l.Profiles {
		if p.Application {
			apps[p.ARN] = p.Model
		} else {
			systems[p.ID] = p.Model
		}
	}
	if len(apps) <= 30 || len(systems) <= 30 || systems["us.amazon.nova-lite-v1:0"] != "amazon.nova-lite-v1:0" {
		t.Errorf("R-MOD-06 %d application profiles, of several pages; %d of the system", len(apps), len(systems))
	}
	known := catalog.Default().WithListing(l)
	for profile := range systems {
		if target, err := known.Resolve(profile, "us-east-1"); err != nil || !target.Row.Known || target.Row.Elsewhere {
			t.Errorf("R-CAP-04 the listed profile %s: %+v %v", profile, target.Row, err)
		}
	}
	for profile, model := range apps {
		target, err := known.Resolve(profile, "us-east-1")
		if err != nil || target.Row.ID != model || target.NeedsBase() {
			t.Errorf("R-CAP-04 %s leads to %q, want %q (%v)", profile, target.Row.ID, model, err)
		}
		if base, err := b.BaseModel(t.Context(), profile); err != nil || base != model {
			t.Errorf("R-CAP-04 GetInferenceProfile says %q of %s, the list says %q (%v)", base, profile, model, err)
		}
	}
}

// A list is whole or there is none: half of it would hide models.
func TestListingFails(t *testing.T) {
	const text = `{"message":"User: arn:aws:iam::123456789012:user/me is not authorized to perform: bedrock:ListInferenceProfiles"}`
	for name, fails := range map[string]func(*http.Request) bool{
		"models":               func(r *http.Request) bool { return r.URL.Path == "/foundation-models" },
		"profiles":             func(r *http.Request) bool { return r.URL.Path == "/inference-profiles" },
		"application profiles": func(r *http.Request) bool { return r.URL.Query().Get("type") == "APPLICATION" },
		"a later page":         func(r *http.Request) bool { return r.URL.Query().Get("nextToken") != "" },
	} {
		t.Run("R-MOD-06 "+name, func(t *testing.T) {
			var failed atomic.Bool
			b := control(t, func(w http.ResponseWriter, r *http.Request) bool {
				if !fails(r) {
					return false
				}
				failed.Store(true)
				w.Header().Set("x-amzn-ErrorType", "AccessDeniedException")
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(text))
				return true
			})
			l, err := b.Listing(t.Context())
			var e *openai.Error
			if !errors.As(err, &e) || !failed.Load() || l.Models != nil || l.Profiles != nil {
				t.Fatalf("%d models, %d profiles, error %v", len(l.Models), len(l.Profiles), err)
			}
			if strings.Contains(e.Message, "1234") || strings.Contains(e.Message, "arn:") {
				t.Errorf("R-GEN-08 %s", e.Message)
			}
		})
	}
}

func TestListingEndless(t *testing.T) {
	calls := 0
	b := control(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/inference-profiles" {
			return false
		}
		calls++
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"inferenceProfileSummaries":[],"nextToken":"again"}`))
		return true
	})
	if _, err := b.Listing(t.Context()); err != nil || calls != 4 {
		t.Errorf("R-MOD-06 %d calls for pages that repeat themselves, error %v", calls, err)
	}
}
