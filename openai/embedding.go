package openai

import (
	"fmt"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// EmbeddingRequest is the body of POST /v1/embeddings. OpenAI's schema for it is closed: unknown members are refused by
// translate (R-EMB-13).
type EmbeddingRequest struct {
	Model          string         `json:"model" validate:"required,max=2048"`
	Input          EmbeddingInput `json:"input"`
	EncodingFormat *string        `json:"encoding_format" validate:"omitnil,oneof=float base64"`
	Dimensions     *int64         `json:"dimensions" validate:"omitnil,min=1,max=2147483647"`
	User           *string        `json:"user"`

	// extension R-EMB-11
	InputType *string `json:"input_type" validate:"omitnil,oneof=search_document search_query classification clustering"`
	// extension R-EMB-12
	Truncate *string `json:"truncate" validate:"omitnil,oneof=none start end NONE START END"`
	// extension R-EMB-14
	Normalize *bool `json:"normalize"`

	unknown Unknown
}

// EmbeddingInput is input in any of its four forms (R-EMB-01): Texts for one string or a list of strings, Tokens for
// one token list or a list of them. Single tells the forms without a list around them apart, for paths in errors. All
// are unset when input is absent, null or [].
type EmbeddingInput struct {
	Texts  []string
	Tokens [][]int64
	Single bool
	Given  bool // input was there and not null
}

// mostTokens is the greatest length of a list of tokens, and so of input; how many items there may be is for translate
// to say.
const mostTokens = 300_000

// Len is the number of items.
func (in *EmbeddingInput) Len() int { return max(len(in.Texts), len(in.Tokens)) }

// Path is the JSON path of item i.
func (in *EmbeddingInput) Path(i int) string {
	if in.Single {
		return "input"
	}
	return fmt.Sprintf("input[%d]", i)
}

// DecodeEmbedding reads the body of an embedding request, as [DecodeChat] does for chats.
func DecodeEmbedding(body []byte) (*EmbeddingRequest, *Error) {
	var r EmbeddingRequest
	unknown, err := decodeObject(body, func(d *decoder, name string) {
		switch name {
		case "model":
			r.Model = d.text()
		case "input":
			r.Input = decodeEmbeddingInput(d)
		case "encoding_format":
			r.EncodingFormat = d.string()
		case "dimensions":
			r.Dimensions = d.integer()
		case "user":
			r.User = d.string()
		case "input_type":
			r.InputType = d.string()
		case "truncate":
			r.Truncate = d.string()
		case "normalize":
			r.Normalize = d.boolean()
		default:
			d.otherTop(name)
		}
	})
	if err != nil {
		return nil, err
	}
	r.unknown = unknown
	return &r, nil
}

func decodeEmbeddingInput(d *decoder) EmbeddingInput {
	in := EmbeddingInput{Given: d.kind() != 'n'}
	if d.kind() != '[' {
		in.Single = true
		if !d.is('"', "a string, an array of strings or an array of tokens") {
			return in
		}
		in.Texts = []string{d.text()}
		return in
	}
	var first jsontext.Kind
	d.arrayOf(mostTokens, func() {
		kind := d.kind()
		if first == 0 {
			first = kind
		}
		switch {
		case kind == '"' && first == '"':
			in.Texts = append(in.Texts, d.text())
		case kind == '0' && first == '0':
			if in.Tokens == nil {
				in.Tokens, in.Single = [][]int64{nil}, true
			}
			if n := d.integer(); n != nil {
				in.Tokens[0] = append(in.Tokens[0], *n)
			}
		case kind == '[' && first == '[':
			in.Tokens = append(in.Tokens, decodeTokens(d))
		default:
			d.skip()
			d.wrongType("strings only, tokens only or arrays of tokens only", kind)
		}
	})
	return in
}

func decodeTokens(d *decoder) []int64 {
	list := []int64{}
	d.arrayOf(mostTokens, func() {
		if d.kind() == 'n' {
			d.skip()
			d.wrongType("an integer", 'n')
			return
		}
		if n := d.integer(); n != nil {
			list = append(list, *n)
		}
	})
	return list
}

// Unknown lists the members that no rule knows.
func (r *EmbeddingRequest) Unknown() Unknown { return r.unknown }

// Texts yields the texts to embed. Lists of tokens are in Unscanned, until translate, which knows the vocabulary, has
// made texts of them (EmbedDecode).
func (r *EmbeddingRequest) Texts() iter.Seq2[Place, *string] {
	return func(yield func(Place, *string) bool) {
		for i := range r.Input.Texts {
			if !yield(inRequest("user", r.Input.Path(i)), &r.Input.Texts[i]) {
				return
			}
		}
	}
}

// Unscanned yields the lists of tokens.
func (r *EmbeddingRequest) Unscanned() iter.Seq[Place] {
	return func(yield func(Place) bool) {
		for i := range r.Input.Tokens {
			place := inRequest("user", r.Input.Path(i))
			place.Tokens = int64(len(r.Input.Tokens[i]))
			if !yield(place) {
				return
			}
		}
	}
}

// EmbeddingResponse is the answer to an embedding request.
type EmbeddingResponse struct {
	Model string
	Data  []Embedding
	Usage Usage

	Outcrop *Extension
}

// Embedding is one vector: Floats is a JSON array of numbers as Bedrock wrote them, or Base64 holds the little-endian
// float32 values (R-EMB-04).
type Embedding struct {
	Floats jsontext.Value
	Base64 string
	Tokens int64 // this item's part of the usage; not written
}

// Tokens is the usage of the answer.
func (r *EmbeddingResponse) Tokens() *Usage { return &r.Usage }

// Texts yields nothing: vectors hold no text.
func (r *EmbeddingResponse) Texts() iter.Seq2[Place, *string] {
	return func(func(Place, *string) bool) {}
}

// AppendJSON appends the whole answer.
func (r *EmbeddingResponse) AppendJSON(b []byte) []byte {
	b = append(b, `{"object":"list","data":`...)
	b = appendEach(b, len(r.Data), func(b []byte, i int) []byte {
		e := &r.Data[i]
		b = appendInt(b, `{"object":"embedding","index":`, int64(i))
		b = append(b, `,"embedding":`...)
		if e.Floats != nil {
			b = append(b, e.Floats...)
		} else {
			b = append(b, '"')
			b = append(b, e.Base64...) // base64 needs no escapes
			b = append(b, '"')
		}
		return append(b, '}')
	})
	b = append(b, `,"model":`...)
	b = appendString(b, r.Model)
	b = appendInt(b, `,"usage":{"prompt_tokens":`, r.Usage.Prompt)
	b = appendInt(b, `,"total_tokens":`, r.Usage.Total())
	b = append(b, '}')
	b = r.Outcrop.appendMember(b)
	return append(b, '}')
}
