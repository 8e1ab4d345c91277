package embed

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"outcrop/openai"
	"outcrop/translate"
)

var fuzzedModels = []string{titanV1, titanV2, "amazon.titan-embed-image-v1", cohere3, cohere4, nova2}

// FuzzEmbedInputs: whatever a client sends to whatever model, it is refused with an *openai.Error that has a code, or
// every item goes out once, in order, in valid JSON, and twice the same.
func FuzzEmbedInputs(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "golden", "*", "openai_request.json"))
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for n, path := range seeds {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint8(n), n%5 == 0)
	}
	f.Fuzz(func(t *testing.T, body []byte, model uint8, strict bool) {
		target := embedTarget(t, fuzzedModels[int(model)%len(fuzzedModels)])
		calls, c, err := embedBody(body, target, translate.Options{Strict: strict})
		if err != nil {
			var e *openai.Error
			if !errors.As(err, &e) || e.Code == "" || e.Message == "" || calls != nil {
				t.Fatalf("%d calls, %#v", len(calls), err)
			}
			return
		}
		again, _, err := embedBody(body, target, translate.Options{Strict: strict})
		if err != nil || len(again) != len(calls) {
			t.Fatalf("the second time %d calls, %v", len(again), err)
		}
		next := 0
		for i, call := range calls {
			first, n := c.Items(i)
			if first != next || n < 1 || len(bodyTexts(t, call.Body)) != n {
				t.Fatalf("call %d: items %d to %d in %s", i, first, first+n-1, call.Body)
			}
			if string(call.Body) != string(again[i].Body) {
				t.Fatalf("R-GEN-06: %s, then %s", call.Body, again[i].Body)
			}
			next += n
			c.Locate(i, &openai.Error{Kind: openai.Invalid, Message: string(body)})
		}
		if strict && c.Adjusted.Header() != "" {
			t.Fatalf("adjusted in strict mode: %s", c.Adjusted.Header())
		}
	})
}

// FuzzEmbedOutput: whatever Bedrock answers, the result is an *openai.Error or a valid answer with one vector an item,
// in both formats alike but for numbers that no float32 can hold.
func FuzzEmbedOutput(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "golden", "*", "bedrock_replies.json"))
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range seeds {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		var replies []goldenReply
		if err := json.Unmarshal(b, &replies); err != nil {
			f.Fatal(err)
		}
		for model := range fuzzedModels {
			f.Add([]byte(replies[0].Body), int64(model), uint8(model))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, tokens int64, model uint8) {
		req := embedRequest("a")
		target := embedTarget(t, fuzzedModels[int(model)%len(fuzzedModels)])
		var sizes [2]int
		for n, format := range []string{"base64", "float"} {
			req.EncodingFormat = &format
			_, c, err := Inputs(req, target, translate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			resp, err := Output([]Reply{{body, tokens}}, &c, translate.Meta{Model: "m"})
			if err != nil {
				var e *openai.Error
				if !errors.As(err, &e) || e.Kind != openai.BadUpstream {
					t.Fatalf("%#v", err)
				}
				continue
			}
			sizes[n] = answeredSize(t, resp, n == 0)
		}
		if sizes[0] != 0 && sizes[0] != sizes[1] {
			t.Fatalf("%d numbers in base64, %d as floats", sizes[0], sizes[1])
		}
	})
}

// answeredSize decodes the answer and gives the number of numbers in its one vector.
func answeredSize(t *testing.T, resp *openai.EmbeddingResponse, packed bool) int {
	t.Helper()
	var answer struct {
		Data []struct {
			Embedding json.RawMessage
		}
		Usage struct {
			Prompt int64 `json:"prompt_tokens"`
		}
	}
	b := resp.AppendJSON(nil)
	if err := json.Unmarshal(b, &answer); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	if len(answer.Data) != 1 || answer.Usage.Prompt < 0 {
		t.Fatalf("%s", b)
	}
	if packed {
		raw, err := base64.StdEncoding.DecodeString(resp.Data[0].Base64)
		if err != nil || len(raw)%4 != 0 {
			t.Fatalf("%d bytes, %v", len(raw), err)
		}
		return len(raw) / 4
	}
	var numbers []json.Number
	if err := json.Unmarshal(answer.Data[0].Embedding, &numbers); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return len(numbers)
}
