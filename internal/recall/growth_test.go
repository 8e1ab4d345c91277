package recall

import (
	"strings"
	"testing"

	"outcrop/internal/test/growthtest"
	"outcrop/openai"
)

// TestMendA2GrowthOfKeys makes the keys under which answers and vectors are remembered.
func TestMendA2GrowthOfKeys(t *testing.T) {
	keys := newKeyer()
	chat := func(body string) func() {
		req, bad := openai.DecodeChat([]byte(`{"model":"m",` + body + `}`))
		if bad != nil {
			t.Fatal(bad)
		}
		c := keyed(req)
		return func() { keys.chat(c) }
	}
	for name, prepare := range map[string]func(n int) func(){
		"messages": func(n int) func() {
			return chat(`"messages":[` + listed(n, `{"role":"user","content":"to %d"}`) + `]`)
		},
		"members of a schema": func(n int) func() {
			return chat(`"messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{` + listed(n, `"p%d":{"type":"string"}`) + `}}}}]`)
		},
		"fields of the model": func(n int) func() {
			return chat(`"messages":[],"additional_model_request_fields":{` + listed(n, `"u%d":{"a":[1]}`) + `}`)
		},
		"texts": func(n int) func() {
			c := keyed(nil)
			texts := strings.Split(listed(n, "text %d"), ",")
			c.Endpoint, c.Request = embedding,
				&openai.EmbeddingRequest{Model: "m", Input: openai.EmbeddingInput{Texts: texts, Given: true}}
			return func() { keys.vectors(c, texts, "0 search_document") }
		},
	} {
		t.Run(name, func(t *testing.T) { growthtest.Check(t, 1000, prepare) })
	}
}
