package openai

import (
	"fmt"
	"strings"
	"testing"

	"outcrop/internal/test/growthtest"
)

// TestMendA2GrowthOfDecoding decodes and validates bodies in which one thing is repeated.
func TestMendA2GrowthOfDecoding(t *testing.T) {
	listed := func(n int, item string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = strings.ReplaceAll(item, "%d", fmt.Sprint(i))
		}
		return strings.Join(all, ",")
	}
	words := strings.Repeat("some words ", 30) // so that the texts weigh more than the list, which is copied as it grows
	chat := func(content, more string) string {
		return `{"model":"m","messages":[{"role":"user","content":` + content + `}]` + more + `}`
	}
	for name, body := range map[string]func(n int) string{
		"chat, one long text": func(n int) string { return chat(`"`+strings.Repeat(`a\n\u00e9 `, 20*n)+`"`, "") },
		"chat, messages": func(n int) string {
			return `{"model":"m","messages":[` + listed(n, `{"role":"user","content":"`+words+`"}`) + `]}`
		},
		"chat, parts": func(
			n int) string {
			return chat(`[`+listed(n, `{"type":"text","text":"`+words+`"}`)+`]`, "")
		},
		"chat, stops":                 func(n int) string { return chat(`"x"`, `,"stop":[`+listed(n, `"`+words+`"`)+`]`) },
		"chat, one member many times": func(n int) string { return chat(`"x"`, `,`+listed(n, `"user":"u%d"`)) },
		"chat, unknown members":       func(n int) string { return chat(`"x"`, `,`+listed(n, `"u%d":{"a":[%d]}`)) },
		"chat, members of a schema": func(n int) string {
			return chat(`"x"`, `,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{`+listed(n, `"p%d":{"type":"string"}`)+`}}}}]`)
		},
		"embeddings, texts":  func(n int) string { return `{"model":"m","input":[` + listed(n/8, `"text %d"`) + `]}` },
		"embeddings, tokens": func(n int) string { return `{"model":"m","input":[` + listed(n, `%d`) + `]}` },
		"moderations, texts": func(n int) string { return `{"input":[` + listed(n/8, `"text %d"`) + `]}` },
		"moderations, images": func(n int) string {
			return `{"input":[` + listed(n/8, `{"type":"image_url","image_url":{"url":"https://a.example/%d"}}`) + `]}`
		},
	} {
		t.Run(name, func(t *testing.T) {
			growthtest.Check(t, 400, func(n int) func() {
				text := []byte(body(n))
				return func() {
					kind, _, _ := strings.Cut(name, ",")
					switch kind {
					case "chat":
						if r, bad := DecodeChat(text); bad == nil {
							_ = Validate(r)
						}
					case "embeddings":
						if r, bad := DecodeEmbedding(text); bad != nil || Validate(r) != nil {
							t.Fatal(bad)
						}
					default:
						if r, bad := DecodeModeration(text); bad != nil || Validate(r) != nil {
							t.Fatal(bad)
						}
					}
				}
			})
		})
	}
}
