package offline

import (
	"encoding/base64"
	"slices"
)

// maxTitanTokens is the limit of one text [FACTS 5.1, 5.2].
const maxTitanTokens = 8192

func titanText() *shape { return str().between(1, 50_000) }

// titan1 is Titan Text Embeddings G1: a text and nothing else.
func titan1() embedder {
	return embedder{
		shape: structure(map[string]*shape{"inputText": titanText()}, "inputText"),
		embed: func(_ *model, v map[string]any) (embedding, *exception) {
			n, e := titanCount(v["inputText"].(string))
			if e != nil {
				return embedding{}, e
			}
			return embedding{tokens: n, body: map[string]any{"embedding": vector(v["inputText"].(string), 1536), "inputTextTokenCount": n}}, nil
		},
	}
}

// titanCount refuses what is too long; the text is Titan's, as users paste it (unconfirmed).
func titanCount(text string) (int, *exception) {
	n := wordTokens(text)
	if n > maxTitanTokens {
		return 0, invalid("400 Bad Request: Too many input tokens. Max input tokens: %d, request input token count: %d ", maxTitanTokens, n)
	}
	return n, nil
}

// titan2 is Titan Text Embeddings V2.
func titan2() embedder {
	return embedder{
		shape: structure(map[string]*shape{
			"inputText":      titanText(),
			"dimensions":     integer(),
			"normalize":      boolean(),
			"embeddingTypes": list(enum("float", "binary")).atLeast(1),
		}, "inputText"),
		embed: titan2Embed,
	}
}

func titan2Embed(m *model, v map[string]any) (embedding, *exception) {
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
	return embedding{tokens: n, body: body}, nil
}

// titanImage is Titan Multimodal Embeddings G1: a text, an image, or both.
func titanImage() embedder {
	return embedder{
		shape: structure(map[string]*shape{
			"inputText":       titanText(),
			"inputImage":      blob().atMost(25e6),
			"embeddingConfig": structure(map[string]*shape{"outputEmbeddingLength": integer()}),
		}),
		embed: titanImageEmbed,
	}
}

func titanImageEmbed(m *model, v map[string]any) (embedding, *exception) {
	config, _ := v["embeddingConfig"].(map[string]any)
	size, e := dimension(m, config["outputEmbeddingLength"], 1024, "embeddingConfig", "outputEmbeddingLength")
	if e != nil {
		return embedding{}, e
	}
	text, hasText := v["inputText"].(string)
	image, hasImage := v["inputImage"].(string)
	if !hasText && !hasImage { // text unconfirmed
		return embedding{}, invalid("400 Bad Request: Either inputText or inputImage must be provided.")
	}
	n, sum := 0, make([]float64, size)
	if hasText {
		n = wordTokens(text)
		if n > 256 {
			return embedding{}, invalid("400 Bad Request: Too many input tokens. Max input tokens: %d, request input token count: %d ", 256, n)
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
	return embedding{tokens: n, body: map[string]any{"embedding": unit(sum, text), "inputTextTokenCount": n, "message": nil}}, nil
}
