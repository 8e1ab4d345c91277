package bedrock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"outcrop/openai"
)

const testProfile = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123"

// plane is a control plane without a network, so that it can live in a synctest bubble.
type plane struct {
	calls  atomic.Int32
	answer func(r *http.Request) (int, string)
}

func (p *plane) Do(r *http.Request) (*http.Response, error) {
	p.calls.Add(1)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	status, body := p.answer(r)
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (p *plane) bedrock(t *testing.T) *Bedrock {
	t.Helper()
	b, err := New(t.Context(), Default(), withTestKeys("http://control.test"), func(o *config.LoadOptions) error {
		o.HTTPClient = p
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func profileBody(model string) string {
	return fmt.Sprintf(`{"inferenceProfileArn":%q,"inferenceProfileId":"abc123","inferenceProfileName":"n","status":"ACTIVE","type":"APPLICATION",`+
		`"models":[{"modelArn":"arn:aws:bedrock:eu-west-1::foundation-model/%s"}]}`, testProfile, model)
}

func TestBaseModel(t *testing.T) {
	isolate(t)
	synctest.Test(t, func(t *testing.T) {
		var host, auth string
		p := &plane{answer: func(r *http.Request) (int, string) {
			host, auth = r.URL.EscapedPath(), r.Header.Get("Authorization")
			return 200, profileBody("amazon.nova-lite-v1:0")
		}}
		b := p.bedrock(t)
		ask := func(wantCalls int32) {
			t.Helper()
			model, err := b.BaseModel(t.Context(), testProfile)
			if err != nil || model != "amazon.nova-lite-v1:0" || p.calls.Load() != wantCalls {
				t.Errorf("R-CAP-04 model %q, error %v after %d lookups, want %d", model, err, p.calls.Load(), wantCalls)
			}
		}
		ask(1)
		time.Sleep(24*time.Hour - time.Second)
		ask(1) // kept for 24 hours
		time.Sleep(2 * time.Second)
		ask(2)
		if !strings.Contains(host, "application-inference-profile%2Fabc123") ||
			!strings.Contains(auth, "/eu-west-1/bedrock/") {
			t.Errorf("R-CAP-04 asked %s with %s", host, auth)
		}
	})
}

func TestBaseModelFailure(t *testing.T) {
	isolate(t)
	synctest.Test(t, func(t *testing.T) {
		p := &plane{answer: func(*http.Request) (int, string) { return 404, `{"message":"no such profile"}` }}
		b := p.bedrock(t)
		for i := range 2 {
			_, err := b.BaseModel(t.Context(), testProfile)
			e := asFault(t, err)
			if e.Kind != openai.NotFound || e.Param != "" || p.calls.Load() != 1 {
				t.Errorf("R-CAP-04 call %d: %+v after %d lookups", i, e, p.calls.Load())
			}
			e.Param = "messages[0]" // what one caller writes into it must not show up at the next
		}
		time.Sleep(5*time.Minute + time.Second)
		p.answer = func(*http.Request) (int, string) { return 200, profileBody("m") }
		if model, err := b.BaseModel(t.Context(), testProfile); err != nil || model != "m" {
			t.Errorf("R-CAP-04 after five minutes: %q, %v", model, err)
		}
	})
}

func TestBaseModelTogether(t *testing.T) {
	isolate(t)
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := &plane{answer: func(*http.Request) (int, string) { <-release; return 200, profileBody("m") }}
		b := p.bedrock(t)
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if model, err := b.BaseModel(t.Context(), testProfile); err != nil || model != "m" {
					t.Errorf("%q, %v", model, err)
				}
			})
		}
		synctest.Wait()
		all.Go(func() {
			if _, err := b.BaseModel(ctx, testProfile); !errors.Is(err, context.Canceled) {
				t.Errorf("a caller that left got %v", err)
			}
		})
		synctest.Wait()
		leave()
		close(release)
		all.Wait()
		if n := p.calls.Load(); n != 1 {
			t.Errorf("R-CAP-04 %d lookups for one profile", n)
		}
	})
}

// A caller that leaves during its lookup proves nothing about the profile.
func TestBaseModelCancelled(t *testing.T) {
	isolate(t)
	p := &plane{}
	b := p.bedrock(t)
	ctx, leave := context.WithCancel(t.Context())
	p.answer = func(*http.Request) (int, string) { leave(); return 500, `{}` }
	if _, err := b.BaseModel(ctx, testProfile); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	p.answer = func(*http.Request) (int, string) { return 200, profileBody("m") }
	if model, err := b.BaseModel(t.Context(), testProfile); err != nil || model != "m" {
		t.Errorf("the failure was kept: %q, %v", model, err)
	}
}

func TestBaseModelOfNonsense(t *testing.T) {
	isolate(t)
	p := &plane{answer: func(*http.Request) (int, string) { return 200, profileBody("m") }}
	b := p.bedrock(t)
	for _, name := range []string{"", "x", "arn:aws:s3:::bucket",
		"arn:aws:bedrock:evil.example:1:application-inference-profile/a", "arn:aws:bedrock:us-east-1:1:guardrail/a"} {
		if _, err := b.BaseModel(t.Context(), name); asFault(t, err).Kind != openai.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	if n := p.calls.Load(); n != 0 {
		t.Errorf("%d calls for nonsense", n)
	}
	for i := range 2 * maxProfiles {
		if _, err := b.BaseModel(t.Context(), fmt.Sprintf("%s%d", testProfile, i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(b.profiles.known); n > maxProfiles {
		t.Errorf("%d profiles kept, at most %d wanted", n, maxProfiles)
	}
}
