package attempt

import (
	"testing"
	"time"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/openai"
)

const nova = "amazon.nova-lite-v1:0"

// ask is the body of a chat for nova, with more members.
func ask(rest string) string {
	return `{"model":"` + nova + `","messages":[{"role":"user","content":"hi"}]` + rest + `}`
}

func chatCall(t *testing.T, body string) *call.Call {
	t.Helper()
	req, err := openai.DecodeChat([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return &call.Call{ID: "id", At: time.Now(), Endpoint: &call.Endpoint{Name: "chat.completions", Kind: catalog.Chat},
		Request: req}
}

// regions are the targets of one model in several regions, in this order.
func regions(t testing.TB, names ...string) []catalog.Target {
	t.Helper()
	var plan []catalog.Target
	for i, name := range names {
		target, err := catalog.Default().Resolve(nova, name)
		if err != nil {
			t.Fatal(err)
		}
		target.Region, target.Order = name, i
		plan = append(plan, target)
	}
	return plan
}
