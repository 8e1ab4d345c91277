package embed

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	openaigo "github.com/openai/openai-go/v3"
	goopenai "github.com/sashabaranov/go-openai"

	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
)

// recordedEmbedding is what a recorded request to an embedding model says, whatever its family.
type recordedEmbedding struct {
	InputText       *string  `json:"inputText"`
	Dimensions      *int64   `json:"dimensions"`
	Normalize       *bool    `json:"normalize"`
	Texts           []string `json:"texts"`
	InputType       *string  `json:"input_type"`
	Truncate        *string  `json:"truncate"`
	OutputDimension *int64   `json:"output_dimension"`
	Single          *struct {
		Purpose   string `json:"embeddingPurpose"`
		Dimension *int64 `json:"embeddingDimension"`
		Text      struct {
			Value          string  `json:"value"`
			TruncationMode *string `json:"truncationMode"`
		} `json:"text"`
	} `json:"singleEmbeddingParams"`
}

// recordedEmbeddings gives the recorded calls of embedding models.
func recordedEmbeddings(t *testing.T) []wiretest.Interaction {
	t.Helper()
	var list []wiretest.Interaction
	for _, i := range wiretest.Bedrock(t, "InvokeModel") {
		if strings.Contains(i.ModelID, "embed") {
			list = append(list, i)
		}
	}
	if len(list) < 15 {
		t.Fatalf("only %d recorded embedding calls; 18 were there", len(list))
	}
	return list
}

// openAIForm is the OpenAI request that means the recorded one.
func openAIForm(t *testing.T, i *wiretest.Interaction, format string) *openai.EmbeddingRequest {
	t.Helper()
	var r recordedEmbedding
	if err := json.Unmarshal(i.Request, &r); err != nil {
		t.Fatal(err)
	}
	req := &openai.EmbeddingRequest{
		Model: i.ModelID, EncodingFormat: &format, Dimensions: r.Dimensions, Normalize: r.Normalize, InputType: r.InputType,
		Truncate: r.Truncate,
	}
	texts := r.Texts
	switch {
	case r.InputText != nil:
		texts = []string{*r.InputText}
	case r.Single != nil:
		texts = []string{r.Single.Text.Value}
		purpose := map[string]string{"GENERIC_INDEX": "search_document",
			"GENERIC_RETRIEVAL": "search_query"}[r.Single.Purpose]
		req.InputType, req.Dimensions, req.Truncate = &purpose, r.Single.Dimension, r.Single.Text.TruncationMode
	case r.OutputDimension != nil:
		req.Dimensions = r.OutputDimension
	}
	req.Input = openai.EmbeddingInput{Texts: texts, Given: true}
	return req
}

func TestRecordedEmbeddingRequests(t *testing.T) {
	for _, i := range recordedEmbeddings(t) {
		t.Run("R-EMB-06 "+i.ID, func(t *testing.T) {
			calls, c, err := Inputs(openAIForm(t, &i, "float"), embedTarget(t, i.ModelID), translate.Options{Strict: true})
			if err != nil {
				t.Fatal(err)
			}
			var got, want map[string]any
			if err := json.Unmarshal(calls[0].Body, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(i.Request, &want); err != nil {
				t.Fatal(err)
			}
			if _, ok := want["truncate"]; !ok && want["texts"] != nil {
				want["truncate"] = "NONE" // R-EMB-12 says so, where the recorded client left it to the default
			}
			if len(calls) != 1 || !reflect.DeepEqual(got, want) || *calls[0].ModelId != i.ModelID || c.Adjusted.Header() != "" {
				t.Errorf("%d calls to %s\n got %v\nwant %v", len(calls), *calls[0].ModelId, got, want)
			}
		})
	}
}

// TestRecordedEmbeddingReplies takes every recorded reply to an answer in both formats, which two clients decode; their
// numbers are compared with those of the recording, read without the code under test.
func TestRecordedEmbeddingReplies(t *testing.T) {
	for _, i := range recordedEmbeddings(t) {
		t.Run("R-EMB-18 "+i.ID, func(t *testing.T) {
			literals := recordedVectors(t, i.Response)
			tokens, err := strconv.ParseInt(i.ResponseHeaders["x-amzn-bedrock-input-token-count"], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			for _, format := range []string{"float", "base64"} {
				answer := recordedAnswer(t, &i, format, tokens)
				official := officialVectors(t, answer, tokens)
				if len(official) != len(literals) {
					t.Fatalf("%s: %d vectors, want %d", format, len(official), len(literals))
				}
				for v, numbers := range literals {
					compareVector(t, format, official[v], numbers)
				}
				if format == "base64" {
					community := communityVectors(t, answer)
					for v := range community {
						if !slices.EqualFunc(community[v], official[v], func(a float32, b float64) bool { return float64(a) == b }) {
							t.Errorf("the clients read vector %d differently", v)
						}
					}
				}
			}
		})
	}
}

func recordedAnswer(t *testing.T, i *wiretest.Interaction, format string, tokens int64) []byte {
	t.Helper()
	_, c, err := Inputs(openAIForm(t, i, format), embedTarget(t, i.ModelID), translate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := Output([]Reply{{Body: i.Response, InputTokens: tokens}}, &c, translate.Meta{Model: i.ModelID})
	if err != nil {
		t.Fatal(err)
	}
	return resp.AppendJSON(nil)
}

// compareVector wants floats exactly as written, base64 as the nearest float32.
func compareVector(t *testing.T, format string, got []float64, literals []json.Number) {
	t.Helper()
	if len(got) != len(literals) {
		t.Fatalf("%s: %d numbers, want %d", format, len(got), len(literals))
	}
	for n, literal := range literals {
		want, err := literal.Float64()
		if err != nil {
			t.Fatal(err)
		}
		if format == "base64" {
			want = float64(float32(want))
		}
		if got[n] != want && math.Abs(got[n]-want) > math.Abs(want)*1e-7 {
			t.Fatalf("%s: number %d is %v, want %s", format, n, got[n], literal)
		}
	}
}

// officialVectors is what openai-go reads, which also judges that every required member is there.
func officialVectors(t *testing.T, answer []byte, tokens int64) [][]float64 {
	t.Helper()
	var r openaigo.CreateEmbeddingResponse
	if err := json.Unmarshal(answer, &r); err != nil {
		t.Fatal(err)
	}
	if !r.JSON.Data.Valid() || !r.JSON.Model.Valid() || !r.JSON.Object.Valid() || !r.JSON.Usage.Valid() ||
		r.Object != "list" || r.Usage.PromptTokens != tokens || r.Usage.TotalTokens != tokens {
		t.Errorf("the answer lacks something: %.300s", answer)
	}
	var vectors [][]float64
	for n, d := range r.Data {
		if d.Index != int64(n) || d.Object != "embedding" || !d.JSON.Index.Valid() || !d.JSON.Object.Valid() {
			t.Errorf("vector %d has index %d and object %q", n, d.Index, d.Object)
		}
		vectors = append(vectors, d.Embedding)
	}
	return vectors
}

// communityVectors is what go-openai reads of a base64 answer.
func communityVectors(t *testing.T, answer []byte) [][]float32 {
	t.Helper()
	var r goopenai.EmbeddingResponseBase64
	if err := json.Unmarshal(answer, &r); err != nil {
		t.Fatal(err)
	}
	decoded, err := r.ToEmbeddingResponse()
	if err != nil {
		t.Fatal(err)
	}
	var vectors [][]float32
	for _, d := range decoded.Data {
		vectors = append(vectors, d.Embedding)
	}
	return vectors
}

// recordedVectors reads the vectors of any recorded reply with their numbers as written.
func recordedVectors(t *testing.T, body []byte) [][]json.Number {
	t.Helper()
	var r struct {
		Embedding  []json.Number   `json:"embedding"`
		Embeddings json.RawMessage `json:"embeddings"`
	}
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	if r.Embedding != nil {
		return [][]json.Number{r.Embedding}
	}
	var list [][]json.Number
	if json.Unmarshal(r.Embeddings, &list) == nil {
		return list
	}
	var byType struct {
		Float [][]json.Number `json:"float"`
	}
	if json.Unmarshal(r.Embeddings, &byType) == nil {
		return byType.Float
	}
	var items []struct {
		Embedding []json.Number `json:"embedding"`
	}
	if err := json.Unmarshal(r.Embeddings, &items); err != nil {
		t.Fatal(err)
	}
	list = nil
	for _, i := range items {
		list = append(list, i.Embedding)
	}
	return list
}

// TestRecordedOpenAIEmbeddings sends every request that a real client sent to OpenAI to every family.
func TestRecordedOpenAIEmbeddings(t *testing.T) {
	recorded := wiretest.OpenAI(t, "/v1/embeddings")
	if len(recorded) < 15 {
		t.Fatalf("only %d recorded embedding requests", len(recorded))
	}
	for _, i := range recorded {
		for _, model := range []string{titanV1, titanV2, cohere3, cohere4, nova2} {
			t.Run("R-EMB-01 "+i.ID+" to "+model, func(t *testing.T) {
				calls, c, err := embedBody(i.Request, embedTarget(t, model), translate.Options{})
				var e *openai.Error
				switch {
				case err == nil:
					if _, n := c.Items(len(calls) - 1); n == 0 || c.Adjusted.Header() != "" {
						t.Errorf("%d calls, adjusted %q", len(calls), c.Adjusted.Header())
					}
				case !errors.As(err, &e) || e.Kind != openai.Invalid || e.Code == "" || e.Param != "dimensions":
					t.Errorf("refused: %v", err) // only sizes that a model lacks may be
				}
			})
		}
	}
}
