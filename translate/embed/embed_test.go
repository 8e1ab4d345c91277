package embed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/tokens"
)

const (
	titanV1 = "amazon.titan-embed-text-v1"
	titanV2 = "amazon.titan-embed-text-v2:0"
	cohere3 = "cohere.embed-english-v3"
	cohere4 = "cohere.embed-v4:0"
	nova2   = "amazon.nova-2-multimodal-embeddings-v1:0"
)

func embedRequest(texts ...string) *openai.EmbeddingRequest {
	return &openai.EmbeddingRequest{Model: "m", Input: openai.EmbeddingInput{Texts: texts, Given: true}}
}

// numbered gives "0", "1", … with a tail.
func numbered(n int, tail string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(i) + tail
	}
	return list
}

func TestEmbedCalls(t *testing.T) {
	tests := []struct {
		name, model string
		texts       []string
		want        []int // items of each call
	}{
		{"R-EMB-05 Titan v1 takes one item a call", titanV1, numbered(3, ""), []int{1, 1, 1}},
		{"R-EMB-05 Nova takes one item a call", nova2, numbered(2, ""), []int{1, 1}},
		{"R-EMB-06 Cohere takes 96 texts", cohere3, numbered(96, ""), []int{96}},
		{"R-EMB-06 Cohere v3 splits 97 texts", cohere3, numbered(97, ""), []int{96, 1}},
		{"R-EMB-06 Cohere v4 splits 200 texts", cohere4, numbered(200, ""), []int{96, 96, 8}},
		{"R-EMB-06 Cohere v4 splits at 20 MB", cohere4, numbered(3, strings.Repeat("x", 9_000_000)), []int{2, 1}},
		{"R-EMB-06 20 MB count escapes", cohere4, numbered(2, strings.Repeat("\"", 6_000_000)), []int{1, 1}},
		{"R-EMB-06 a text that is too big goes alone", cohere4, []string{"a", strings.Repeat("x", 21_000_000), "b"},
			[]int{1, 1, 1}},
		{"R-EMB-01 2,048 items are allowed", cohere3, numbered(2048, ""), append(slices.Repeat([]int{96}, 21), 32)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls, c, err := Inputs(embedRequest(tt.texts...), embedTarget(t, tt.model), translate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var sizes []int
			next := 0
			for i, call := range calls {
				first, n := c.Items(i)
				if first != next {
					t.Errorf("call %d starts at item %d, want %d", i, first, next)
				}
				next += n
				sizes = append(sizes, n)
				if n > 1 && len(call.Body) > 20_000_000 {
					t.Errorf("call %d has %d bytes", i, len(call.Body))
				}
				if len(call.Body) > 1<<20 {
					continue // decoding 20 MB under the race detector takes seconds
				}
				if got := bodyTexts(t, call.Body); !slices.Equal(got, tt.texts[first:first+n]) {
					t.Errorf("call %d holds other texts than items %d to %d", i, first, first+n-1)
				}
			}
			if !slices.Equal(sizes, tt.want) {
				t.Errorf("items of the calls: %v, want %v", sizes, tt.want)
			}
		})
	}
}

// bodyTexts finds the texts of a body of any family.
func bodyTexts(t *testing.T, body []byte) []string {
	t.Helper()
	var b struct {
		InputText *string
		Texts     []string
		Params    struct{ Text struct{ Value *string } } `json:"singleEmbeddingParams"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*string{b.InputText, b.Params.Text.Value} {
		if s != nil {
			return []string{*s}
		}
	}
	return b.Texts
}

func TestEmbedRefusals(t *testing.T) {
	tokens := func(lists ...[]int64) *openai.EmbeddingRequest {
		return &openai.EmbeddingRequest{Input: openai.EmbeddingInput{Tokens: lists, Given: true}}
	}
	tests := []struct {
		name        string
		req         *openai.EmbeddingRequest
		code, param string
	}{
		{"R-EMB-01 2,049 texts", embedRequest(numbered(2049, "")...), openai.CodeArrayAboveMax, "input"},
		{"R-EMB-01 2,049 token lists", tokens(slices.Repeat([][]int64{{1}}, 2049)...), openai.CodeArrayAboveMax, "input"},
		{"R-EMB-02 too many tokens", tokens(slices.Repeat([]int64{1}, 300_001)), openai.CodeArrayAboveMax, "input"},
		{"R-EMB-02 an id beyond the vocabulary", tokens([]int64{1, 1 << 40}), openai.CodeInvalidValue, "input[0]"},
		{"R-EMB-02 a special token", tokens([]int64{1}, []int64{100257}), openai.CodeInvalidValue, "input[1]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls, _, err := Inputs(tt.req, embedTarget(t, cohere3), translate.Options{})
			var e *openai.Error
			if !errors.As(err, &e) || e.Kind != openai.Invalid || e.Code != tt.code || e.Param != tt.param || calls != nil {
				t.Errorf("got %d calls and %+v, want code %q at %q", len(calls), err, tt.code, tt.param)
			}
		})
	}
}

func TestDecodeTokens(t *testing.T) {
	eyes := []int64{9468, 239, 222} // the four bytes of U+1F440 in three tokens
	tests := []struct {
		name string
		ids  []int64
		want string
	}{
		{"R-EMB-02 the last token of the vocabulary", []int64{100255}, " Conveyor"},
		{"R-EMB-02 a character over several tokens", eyes, "\U0001F440"},
		{"R-EMB-02 its end is missing", append([]int64{9906}, eyes[:2]...), "Hello"},
		{"R-EMB-02 its start is missing", append(slices.Clone(eyes[1:]), 9906), "Hello"},
		{"R-EMB-02 a hole in the middle shows", []int64{9906, 239, 9906}, "Hello\uFFFDHello"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, unknown := tokens.Decode(tt.ids); unknown != nil || got != tt.want {
				t.Errorf("got %q (unknown %v), want %q", got, unknown, tt.want)
			}
		})
	}
	t.Run("R-EMB-02 the request is left as it was", func(t *testing.T) {
		req := &openai.EmbeddingRequest{Input: openai.EmbeddingInput{Tokens: [][]int64{{9906}}, Given: true}}
		for range 2 {
			calls, _, err := Inputs(req, embedTarget(t, titanV2), translate.Options{})
			if err != nil || string(calls[0].Body) != `{"inputText":"Hello"}` {
				t.Fatalf("%v, %v", calls, err)
			}
		}
	})
}

func TestEmbedLocate(t *testing.T) {
	const (
		titanText  = "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9875 "
		cohereText = "Malformed input request: #/texts/3: expected maxLength: 2048, actual: 2459, please reformat your " +
			"input and try again."
	)
	refused := func(code, param, message string) openai.Error {
		return openai.Error{Kind: openai.Invalid, Code: code, Param: param, Message: message}
	}
	tests := []struct {
		name, model string
		items, call int
		in, want    openai.Error
	}{
		{"R-EMB-12 Titan's text", titanV2, 5, 4, refused("", "", titanText),
			refused("context_length_exceeded", "input", "input[4]: "+titanText)},
		{"R-EMB-12 an overflow that is known already", nova2, 2, 1,
			refused("context_length_exceeded", "messages", "Input is too long for requested model."),
			refused("context_length_exceeded", "input", "input[1]: Input is too long for requested model.")},
		{"R-EMB-12 a place within a chunk", cohere3, 120, 1, refused("", "", cohereText),
			refused("context_length_exceeded", "input", "Malformed input request: input[99]: expected maxLength: 2048, "+
				"actual: 2459, please reformat your input and try again.")},
		{"R-EMB-12 a chunk without a place", cohere4, 120, 0, refused("", "", "Input is too long for requested model."),
			refused("context_length_exceeded", "input", "Input is too long for requested model.")},
		{"R-EMB-07 another refusal of one item", titanV1, 3, 2, refused("", "", "no"), refused("", "", "input[2]: no")},
		{"R-EMB-07 a place out of range stays", cohere3, 2, 0, refused("", "", "#/texts/7: no"),
			refused("", "", "#/texts/7: no")},
		{"R-EMB-07 no chat path is left", titanV1, 2, 0, refused("x", "messages", "no"),
			refused("x", "input", "input[0]: no")},
		{"R-EMB-07 a single text has no index", titanV1, 0, 0, refused("", "", "no"), refused("", "", "no")},
		{"R-EMB-12 a single text", cohere3, 0, 0, refused("", "", strings.Replace(cohereText, "3", "0", 1)),
			refused("context_length_exceeded", "input", "Malformed input request: input: expected maxLength: 2048, actual: "+
				"2459, please reformat your input and try again.")},
		{"R-EMB-07 throttling is nobody's fault", titanV1, 3, 2,
			openai.Error{Kind: openai.TokensLimited, Message: "Too many input tokens per minute"},
			openai.Error{Kind: openai.TokensLimited, Message: "Too many input tokens per minute"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := embedRequest(numbered(max(tt.items, 1), "")...)
			req.Input.Single = tt.items == 0
			_, c, err := Inputs(req, embedTarget(t, tt.model), translate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := tt.in
			c.Locate(tt.call, &got)
			if got != tt.want {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestEmbedOutput(t *testing.T) {
	titan := func(body string, tokens int64) Reply { return Reply{Body: []byte(body), InputTokens: tokens} }
	tests := []struct {
		name  string
		outs  []Reply
		usage int64
		kind  openai.Kind
	}{
		{"R-EMB-08 the body's count wins", []Reply{titan(`{"embedding":[1],"inputTextTokenCount":4}`, 9),
			titan(`{"embedding":[1]}`, 3)}, 7, 0},
		{"R-EMB-08 no count anywhere", []Reply{titan(`{"embedding":[1]}`, -1), titan(`{"embedding":[1]}`, -1)}, 0, 0},
		{"R-EMB-08 never negative", []Reply{titan(`{"embedding":[1],"inputTextTokenCount":-4}`, 2),
			titan(`{"embedding":[1]}`, 3)}, 3, 0},
		{"R-EMB-08 a count that is none", []Reply{titan(`{"embedding":[1],"inputTextTokenCount":null}`, 2),
			titan(`{"embedding":[1],"inputTextTokenCount":"x"}`, 3)}, 5, 0},
		{"R-GEN-10 unknown members are skipped", []Reply{titan(`{"new":{"embedding":[9]},"embedding":[1],"x":[1,{}]}`, 0),
			titan(`{"embedding":[1],"embeddingsByType":null}`, 0)}, 0, 0},
		{"R-ERR-48 cut off", []Reply{titan(`{"embedding":[1]}`, 0), titan(`{"embedding":[1,2`, 0)}, 0, openai.BadUpstream},
		{"R-ERR-48 text after it", []Reply{titan(`{"embedding":[1]}`, 0), titan(`{"embedding":[1]}{}`, 0)}, 0,
			openai.BadUpstream},
		{"R-ERR-48 empty", []Reply{titan(`{"embedding":[1]}`, 0), titan(``, 0)}, 0, openai.BadUpstream},
		{"R-ERR-48 not an object", []Reply{titan(`{"embedding":[1]}`, 0), titan(`[1]`, 0)}, 0, openai.BadUpstream},
		{"R-EMB-10 no vector", []Reply{titan(`{"embedding":[1]}`, 0), titan(`{}`, 0)}, 0, openai.BadUpstream},
		{"an answer too few", []Reply{titan(`{"embedding":[1]}`, 0)}, 0, openai.Internal},
	}
	_, c, err := Inputs(embedRequest("a", "b"), embedTarget(t, titanV2), translate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := Output(tt.outs, &c, translate.Meta{Model: "m"})
			var e *openai.Error
			switch {
			case err == nil && (resp.Usage.Prompt != tt.usage || resp.Usage.Total() != tt.usage || len(resp.Data) != 2):
				t.Errorf("%+v, want a usage of %d", resp, tt.usage)
			case err != nil && (!errors.As(err, &e) || e.Kind != tt.kind):
				t.Errorf("error %v, want one of kind %d", err, tt.kind)
			case err == nil && strings.HasPrefix(tt.name, "R-ERR"), err == nil && tt.kind != 0:
				t.Error("no error")
			}
		})
	}
	t.Run("R-EMB-04 numbers stay as Bedrock wrote them, without a copy", func(t *testing.T) {
		outs := []Reply{titan(`{"embedding":[ 1.0, -2E+1,3e-9 ]}`, 0), titan(`{"embedding":[0]}`, 0)}
		resp, err := Output(outs, &c, translate.Meta{})
		if err != nil || string(resp.Data[0].Floats) != "[ 1.0, -2E+1,3e-9 ]" {
			t.Fatalf("%+v, %v", resp, err)
		}
		if at := bytes.IndexByte(outs[0].Body, '['); &outs[0].Body[at] != &resp.Data[0].Floats[0] {
			t.Error("the vector was copied")
		}
	})
	t.Run("R-EMB-04 a number beyond float32", func(t *testing.T) {
		var p vectorPacker
		if s, err := p.base64([]byte("[1e39]")); err == nil {
			t.Errorf("got %q", s)
		}
	})
}

func TestShortFloat(t *testing.T) {
	var numbers []string
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		f := (random.Float64() - 0.5) * math.Pow10(random.IntN(20)-14)
		numbers = append(numbers, strconv.FormatFloat(f, 'f', random.IntN(20), 64),
			strconv.FormatFloat(float64(float32(f)), 'f', -1, 32))
	}
	// The last two lie in the middle between two float32 values, and so near it that a float64 cannot tell.
	numbers = append(numbers, "0", "-0", "0.0", "1.50", "-3", "16777217", "16777217.00000001",
		"0.00000000000000000000000000000000000001")
	fast := 0
	for _, s := range numbers {
		got, ok := shortFloat([]byte(s))
		if !ok {
			continue
		}
		fast++
		want, err := strconv.ParseFloat(s, 32)
		if err != nil {
			t.Fatal(err)
		}
		if math.Float32bits(got) != math.Float32bits(float32(want)) {
			t.Fatalf("R-EMB-18 %s is %v, want %v", s, got, want)
		}
	}
	if fast < len(numbers)/2 {
		t.Errorf("only %d of %d numbers took the short way", fast, len(numbers))
	}
	for _, s := range []string{"", "-", "1e3", " 1", "null", `"1"`, "[1"} {
		if got, ok := shortFloat([]byte(s)); ok {
			t.Errorf("%q is %v", s, got)
		}
	}
}

func TestEmbedFamilies(t *testing.T) {
	for _, row := range catalog.Default().Models() {
		if row.Kind != catalog.Embed {
			continue
		}
		t.Run("R-CAP-08 "+row.ID, func(t *testing.T) {
			_, _, err := Inputs(embedRequest("x"), catalog.Target{Row: row, CalledID: row.ID}, translate.Options{})
			if wanted := row.EmbedShape != catalog.EmbedNone; wanted != (err == nil) {
				t.Errorf("shape %q: %v", row.EmbedShape, err)
			}
		})
	}
	t.Run("R-CAP-06 a model without known sizes is asked for any", func(t *testing.T) {
		size := int64(777)
		req := embedRequest("x")
		req.Dimensions = &size
		row := &catalog.Model{Kind: catalog.Embed, EmbedShape: catalog.EmbedTitan}
		calls, _, err := Inputs(req, catalog.Target{Row: row}, translate.Options{})
		if err != nil || string(calls[0].Body) != `{"inputText":"x","dimensions":777}` {
			t.Errorf("%v, %v", calls, err)
		}
	})
	t.Run("R-CAP-08 a model that nobody knows", func(t *testing.T) {
		_, _, err := Inputs(embedRequest("x"), catalog.Target{Row: &catalog.Model{}}, translate.Options{})
		var e *openai.Error
		if !errors.As(err, &e) || e.Kind != openai.NotFound || e.Code != openai.CodeModelNotFound {
			t.Errorf("%v", err)
		}
	})
	t.Run("R-EMB-15 an ARN is called as it is", func(t *testing.T) {
		const arn = "arn:aws:bedrock:us-east-1::foundation-model/cohere.embed-v4:0"
		calls, _, err := Inputs(embedRequest("x"), embedTarget(t, arn), translate.Options{})
		if err != nil || *calls[0].ModelId != arn || *calls[0].ContentType != "application/json" {
			t.Errorf("%v, %v", calls, err)
		}
	})
	t.Run("R-GEN-12 invalid UTF-8 never reaches Bedrock", func(t *testing.T) {
		calls, _, err := Inputs(embedRequest("a\xffb"), embedTarget(t, titanV2), translate.Options{})
		if err != nil || !utf8.Valid(calls[0].Body) || !json.Valid(calls[0].Body) {
			t.Errorf("%v, %v", calls, err)
		}
	})
}
