package answer

import (
	"encoding/base64"
	"slices"

	"outcrop/internal/bedrock/offline/shape"
	"outcrop/internal/bedrock/offline/wire"
)

// maxTitanTokens is the limit of one text [FACTS 5.1, 5.2].
const maxTitanTokens = 8192

func titanText() *shape.Shape { return shape.Str().Between(1, 50_000) }

// titan1 is Titan Text Embeddings G1: a text and nothing else.
func titan1() embedder {
	return embedder{
		Shape: shape.Structure(map[string]*shape.Shape{"inputText": titanText()}, "inputText"),
		Embed: func(_ *wire.Model, v map[string]any) (embedding, *wire.Exception) {
			n, e := titanCount(v["inputText"].(string))
			if e != nil {
				return embedding{}, e
			}
			return embedding{Tokens: n, Body: map[string]any{"embedding": vector(v["inputText"].(string), 1536),
				"inputTextTokenCount": n}}, nil
		},
	}
}

// titanCount refuses what is too long; the text is Titan's, as users paste it (unconfirmed).
func titanCount(text string) (int, *wire.Exception) {
	n := wordTokens(text)
	if n > maxTitanTokens {
		return 0, wire.Invalid("400 Bad Request: Too many input tokens. Max input tokens: %d, request input token count: %d ",
			maxTitanTokens, n)
	}
	return n, nil
}

// titan2 is Titan Text Embeddings V2.
func titan2() embedder {
	return embedder{
		Shape: shape.Structure(map[string]*shape.Shape{
			"inputText":      titanText(),
			"dimensions":     shape.Integer(),
			"normalize":      shape.Boolean(),
			"embeddingTypes": shape.List(shape.Enum("float", "binary")).AtLeast(1),
		}, "inputText"),
		Embed: titan2Embed,
	}
}

func titan2Embed(m *wire.Model, v map[string]any) (embedding, *wire.Exception) {
	text := v["inputText"].(string)
	n, e := titanCount(text)
	if e != nil {
		return embedding{}, e
	}
	size, e := dimension(m, v["dimensions"], 1024, "dimensions")
	if e != nil {
		return embedding{}, e
	}
	vec := vector(text, size)
	if v["normalize"] == false {
		vec = scaled(vec, 1.5) // any length but 1
	}
	types := textsOf(v["embeddingTypes"])
	if types == nil {
		types = []string{"float"}
	}
	by := map[string]any{}
	body := map[string]any{"inputTextTokenCount": n, "embeddingsByType": by}
	if slices.Contains(types, "float") {
		body["embedding"], by["float"] = vec, vec
	}
	if slices.Contains(types, "binary") {
		by["binary"] = signs(vec)
	}
	return embedding{Tokens: n, Body: body}, nil
}

// titanImage is Titan Multimodal Embeddings G1: a text, an image, or both.
func titanImage() embedder {
	return embedder{
		Shape: shape.Structure(map[string]*shape.Shape{
			"inputText":       titanText(),
			"inputImage":      shape.Blob().AtMost(25e6),
			"embeddingConfig": shape.Structure(map[string]*shape.Shape{"outputEmbeddingLength": shape.Integer()}),
		}),
		Embed: titanImageEmbed,
	}
}

func titanImageEmbed(m *wire.Model, v map[string]any) (embedding, *wire.Exception) {
	config, _ := v["embeddingConfig"].(map[string]any)
	size, e := dimension(m, config["outputEmbeddingLength"], 1024, "embeddingConfig", "outputEmbeddingLength")
	if e != nil {
		return embedding{}, e
	}
	text, hasText := v["inputText"].(string)
	image, hasImage := v["inputImage"].(string)
	if !hasText && !hasImage { // text unconfirmed
		return embedding{}, wire.Invalid("400 Bad Request: Either inputText or inputImage must be provided.")
	}
	n, sum := 0, make([]float64, size)
	if hasText {
		n = wordTokens(text)
		if n > 256 {
			return embedding{}, wire.Invalid("400 Bad Request: Too many input tokens. Max input tokens: %d, request input "+
				"token count: %d ", 256, n)
		}
		for i, x := range vector(text, size) {
			sum[i] += float64(x)
		}
	}
	if hasImage {
		data, _ := base64.StdEncoding.DecodeString(image) // the shape has checked it
		for i, x := range pictureVector(data, size) {
			sum[i] += float64(x)
		}
	}
	return embedding{Tokens: n, Body: map[string]any{"embedding": unit(sum, text), "inputTextTokenCount": n,
		"message": nil}}, nil
}
