package server_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/internal/attempt"
	"outcrop/internal/bedrock"
	"outcrop/internal/catalog"
	"outcrop/internal/pipeline"
	"outcrop/internal/upstream"
)

// cutOff is a Bedrock that cannot be reached: its calls go to an endpoint, through a proxy unless that is "".
func cutOff(t *testing.T, endpoint, proxy string) *bedrock.Bedrock {
	t.Helper()
	way := &http.Transport{}
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil {
			t.Fatal(err)
		}
		way.Proxy = http.ProxyURL(u)
	}
	t.Cleanup(way.CloseIdleConnections)
	settings := bedrock.Default()
	settings.MaxAttempts = 1
	b, err := bedrock.From(t.Context(), aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(endpoint),
		HTTPClient:  &http.Client{Transport: way},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}, settings)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A call that never left costs its key nothing and is a 503, whatever stood in the way; another target answers if there
// is one.
func TestMendD3ACallThatNeverLeftIsNotCharged(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := free.Addr().String()
	free.Close() // nobody listens there any more
	refusing := func(status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	const aws = "https://bedrock-runtime.us-west-2.amazonaws.com" // only the proxy would look for it
	for name, far := range map[string]*bedrock.Bedrock{
		"nobody listens":      cutOff(t, "http://"+closed, ""),
		"proxy is closed":     cutOff(t, aws, "http://"+closed),
		"proxy wants a login": cutOff(t, aws, refusing(http.StatusProxyAuthRequired)),
		"proxy forbids":       cutOff(t, aws, refusing(http.StatusForbidden)),
	} {
		for _, rest := range []string{"", `,"stream":true`} {
			t.Run("R-ERR-44 "+name+rest, func(t *testing.T) {
				alone := unsentHouse(t, far, "us-west-2")
				for range 2 {
					status, header, body := alone.chat(t, ask(nova, rest), as("poor")...)
					if status != 503 || code(t, body) != "service_unavailable" || header.Get("x-should-retry") != "true" ||
						!strings.HasPrefix(header.Get("x-outcrop-attempts"), "1:"+nova+"@us-west-2=capacity(503)") {
						t.Errorf("Mend D3: %d %q %s", status, header.Get("x-outcrop-attempts"), body)
					}
					if warning := header.Get("x-outcrop-budget-warning"); warning != "" {
						t.Errorf("Mend D3: charged to the budget: %s", warning)
					}
				}
				if body := charged(t, alone); body != "" {
					t.Errorf("Mend D3: charged: %s", body)
				}

				both := unsentHouse(t, far, "us-west-2", "us-east-1")
				status, header, body := both.chat(t, ask(nova, rest), as("poor")...)
				if want := "1:" + nova + "@us-west-2=capacity(503);2:" + nova + "@us-east-1=ok"; status != 200 ||
					header.Get("x-outcrop-attempts") != want {
					t.Errorf("Mend D3: %d %q %s", status, header.Get("x-outcrop-attempts"), body)
				}
				if charged(t, both) == "" {
					t.Error("the answer is not charged")
				}
			})
		}
	}
}

// unsentHouse is a house whose requests go to these regions in order, of which us-west-2 is far. The key poor has a
// budget of which a hundredth is soon spent.
func unsentHouse(t *testing.T, far *bedrock.Bedrock, regions ...string) *house {
	t.Helper()
	var plan onePlan
	for i, region := range regions {
		target, err := catalog.Default().Resolve(nova, region)
		if err != nil {
			t.Fatal(err)
		}
		target.Region, target.CalledID, target.Order = region, nova, i
		plan = append(plan, target)
	}
	poor := keys.Configured{Budget: access.Budget{Amount: 20, Period: "total", SoftPercent: 1}}
	return meteredBehind(t, map[string]keys.Configured{"poor": poor}, func(behind *pipeline.Collaborators) {
		near := behind.Services
		behind.Router, behind.Upstream = plan, upstream.New(upstream.Default(), "us-east-1")
		behind.Services = func(t catalog.Target) (attempt.Service, error) {
			if t.Region == "us-west-2" {
				return far.For(t)
			}
			return near(t)
		}
	})
}

// charged is the usage of the key poor, or "" where it has cost nothing.
func charged(t *testing.T, h *house) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+"/v1/outcrop/usage", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("authorization", "Bearer poor")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body := text(t, res.Body)
	var usage struct {
		Total struct {
			Requests int64
			Input    int64 `json:"input_tokens"`
			Nano     int64 `json:"cost_nano_usd"`
		}
	}
	if err := json.Unmarshal([]byte(body), &usage); err != nil || usage.Total.Requests == 0 {
		t.Fatalf("%v: %s", err, body)
	}
	if usage.Total.Nano == 0 && usage.Total.Input == 0 {
		return ""
	}
	return body
}
