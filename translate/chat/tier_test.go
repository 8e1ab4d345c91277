package chat

import (
	"testing"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
)

func TestServiceTierOfTarget(t *testing.T) {
	for _, tt := range []struct{ name, asked, own, want string }{
		{"R-MET-03 nothing asked, nothing of its own", ``, "", ""},
		{"R-MET-03 the target's own", ``, "flex", "flex"},
		{"R-MET-03 auto leaves it to the target", `,"service_tier":"auto"`, "priority", "priority"},
		{"R-MET-03 default is asked for", `,"service_tier":"default"`, "flex", ""},
		{"R-MET-03 the request's wins", `,"service_tier":"scale"`, "flex", "reserved"},
		{"R-MET-03 the target's own is the default", ``, "default", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, bad := openai.DecodeChat([]byte(`{"model":"m","messages":[{"role":"user","content":"hi"}]` + tt.asked + `}`))
			if bad != nil {
				t.Fatal(bad)
			}
			to, err := catalog.Default().Resolve("amazon.nova-lite-v1:0", "us-east-1")
			if err != nil {
				t.Fatal(err)
			}
			to.ServiceTier = tt.own
			in, _, err := Input(req, to, translate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if in.ServiceTier != nil {
				got = string(in.ServiceTier.Type)
			}
			if got != tt.want {
				t.Errorf("%q", got)
			}
		})
	}
}
