package answer

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"outcrop/internal/bedrock/offline/shape"
	"outcrop/internal/bedrock/offline/wire"
)

const cohereInputs = 96 // texts in one call

func cohereTypes() *shape.Shape {
	return shape.List(shape.Enum("float", "int8", "uint8", "binary", "ubinary")).AtLeast(1)
}

func cohereInputType() *shape.Shape {
	return shape.Enum("search_document", "search_query", "classification", "clustering", "image")
}

// cohere3 is Cohere Embed v3. The limit of 2,048 characters is that of the guide; with truncate it does not refuse.
func cohere3() embedder {
	return embedder{
		Shape: shape.Structure(map[string]*shape.Shape{
			"texts":           shape.List(shape.Str()).Between(1, cohereInputs),
			"images":          shape.List(shape.Str().AtLeast(1)).Between(1, 1),
			"input_type":      cohereInputType(),
			"truncate":        shape.Enum("NONE", "START", "END"),
			"embedding_types": cohereTypes(),
		}, "input_type"),
		Embed: cohere3Embed,
	}
}

func cohere3Embed(m *wire.Model, v map[string]any) (embedding, *wire.Exception) {
	texts, items, e := cohereInputsOf(v)
	if e != nil {
		return embedding{}, e
	}
	if v["truncate"] == nil || v["truncate"] == "NONE" {
		for i, t := range texts {
			if len([]rune(t)) > 2048 {
				return embedding{}, Malformed([]shape.Violation{{Path: []string{"texts", fmt.Sprint(i)},
					Kind: "length", Bound: 2048,
					Got: float64(len([]rune(t))), Upper: true}})
			}
		}
	}
	echoed := texts
	if strings.Contains(m.ID, "english") { // recorded: the English model answers in lower case
		echoed = nil
		for _, t := range texts {
			echoed = append(echoed, strings.ToLower(t))
		}
	}
	out := cohereOutput(items, 1024, textsOf(v["embedding_types"]), echoed, v)
	if v["embedding_types"] == nil {
		out.Body["embeddings"] = vectorsOf(items, 1024)
		out.Body["response_type"] = "embeddings_floats"
	}
	return out, nil
}

// cohere4 is Cohere Embed v4.
func cohere4() embedder {
	part := shape.Structure(map[string]*shape.Shape{
		"type":      shape.Enum("text", "image_url"),
		"text":      shape.Str(),
		"image_url": shape.Structure(map[string]*shape.Shape{"url": shape.Str()}, "url"),
	}, "type")
	return embedder{
		Shape: shape.Structure(map[string]*shape.Shape{
			"texts":  shape.List(shape.Str()).Between(1, cohereInputs),
			"images": shape.List(shape.Str().AtLeast(1)).Between(1, cohereInputs),
			"inputs": shape.List(shape.Structure(map[string]*shape.Shape{"content": shape.List(part).AtLeast(1)},
				"content")).Between(1, cohereInputs),
			"input_type":       cohereInputType(),
			"embedding_types":  cohereTypes(),
			"output_dimension": shape.Integer(),
			"max_tokens":       shape.Integer().Between(1, 128_000),
			"truncate":         shape.Enum("NONE", "LEFT", "RIGHT"),
		}, "input_type"),
		Embed: func(m *wire.Model, v map[string]any) (embedding, *wire.Exception) {
			size, e := dimension(m, v["output_dimension"], 1536, "output_dimension")
			if e != nil {
				return embedding{}, e
			}
			texts, items, e := cohereInputsOf(v)
			if e != nil {
				return embedding{}, e
			}
			return cohereOutput(items, size, textsOf(v["embedding_types"]), texts, v), nil
		},
	}
}

// item is one thing to embed: a text or the bytes of an image.
type item struct {
	text  string
	image []byte
}

// cohereInputsOf wants exactly one kind of input. Texts of its refusals are unconfirmed.
func cohereInputsOf(v map[string]any) (texts []string, items []item, e *wire.Exception) {
	given := 0
	for _, kind := range []string{"texts", "images", "inputs"} {
		if v[kind] != nil {
			given++
		}
	}
	if given != 1 {
		return nil, nil, wire.Invalid("Malformed input request: #: exactly one of texts, images and inputs must be given, " +
			"please reformat your input " +
			"and try again.")
	}
	if v["images"] != nil && v["input_type"] != "image" {
		return nil, nil, wire.Invalid("Malformed input request: #/input_type: images need input_type image, please " +
			"reformat your input and try again.")
	}
	texts = textsOf(v["texts"])
	for i, t := range texts {
		if t == "" {
			return nil, nil, Malformed([]shape.Violation{{Path: []string{"texts", fmt.Sprint(i)}, Kind: "length", Bound: 1}})
		}
		items = append(items, item{text: t})
	}
	for _, url := range textsOf(v["images"]) {
		data, e := dataURI(url)
		if e != nil {
			return nil, nil, e
		}
		items = append(items, item{image: data})
	}
	for _, in := range wire.AsList(v["inputs"]) {
		one := item{}
		for _, p := range wire.AsList(in.(map[string]any)["content"]) {
			p, _ := p.(map[string]any)
			if t, ok := p["text"].(string); ok {
				one.text = strings.TrimSpace(one.text + "\n" + t)
			}
			if url, ok := p["image_url"].(map[string]any); ok {
				link, _ := url["url"].(string)
				data, e := dataURI(link)
				if e != nil {
					return nil, nil, e
				}
				one.image = append(one.image, data...)
			}
		}
		items = append(items, one)
	}
	return texts, items, nil
}

func dataURI(s string) ([]byte, *wire.Exception) {
	_, data, ok := strings.Cut(s, ";base64,")
	b, err := base64.StdEncoding.DecodeString(data)
	if !ok || !strings.HasPrefix(s, "data:image/") || err != nil || len(b) == 0 || len(b) > 5<<20 {
		return nil, wire.Invalid("Malformed input request: #/images: expected a data URI of an image of at most 5 MB, " +
			"please reformat your input and " +
			"try again.")
	}
	return b, nil
}

func (i item) vector(size int) []float32 {
	if i.image == nil {
		return vector(i.text, size)
	}
	sum := make([]float64, size)
	for n, x := range pictureVector(i.image, size) {
		sum[n] = float64(x)
	}
	if i.text != "" {
		for n, x := range vector(i.text, size) {
			sum[n] += float64(x)
		}
	}
	return unit(sum, i.text)
}

func vectorsOf(items []item, size int) [][]float32 {
	var all [][]float32
	for _, i := range items {
		all = append(all, i.vector(size))
	}
	return all
}

func cohereOutput(items []item, size int, types, texts []string, v map[string]any) embedding {
	if types == nil {
		types = []string{"float"}
	}
	by, n := map[string]any{}, 0
	for _, sort := range types {
		var all []any
		for _, i := range items {
			all = append(all, asType(i.vector(size), sort))
		}
		by[sort] = all
	}
	for _, i := range items {
		n += wordTokens(i.text)
	}
	seed, _ := json.Marshal(v)
	body := map[string]any{"embeddings": by, "id": wire.UUID(string(seed)), "response_type": "embeddings_by_type"}
	if texts != nil {
		body["texts"] = texts
	}
	return embedding{Tokens: n, Body: body}
}
