package embed

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"outcrop/internal/rawjson"
)

// titanText is Titan Text Embeddings (FACTS 5.1, 5.2), one text a call. It refuses a text that is too long, so truncate
// "none" is what it does anyway. G1, the model with a single size, has no member but the text.
var titanText = embedFamily{
	call:        titanTextCall,
	reply:       readTitan,
	truncations: map[string]string{"none": ""},
	normalize:   true,
}

// titanMultimodal is Titan Multimodal Embeddings (FACTS 5.3) with texts alone.
var titanMultimodal = embedFamily{
	call:        titanMultimodalCall,
	reply:       readTitan,
	truncations: map[string]string{"none": ""},
}

func titanTextCall(ask *embedAsk, texts []string) ([]byte, int) {
	b := append(make([]byte, 0, len(texts[0])+80), `{"inputText":`...)
	b = rawjson.Quote(b, texts[0])
	if ask.dimensions != 0 {
		b = append(b, `,"dimensions":`...)
		b = strconv.AppendInt(b, ask.dimensions, 10)
	}
	if ask.normalize != nil {
		b = append(b, `,"normalize":`...)
		b = strconv.AppendBool(b, *ask.normalize)
	}
	return append(b, '}'), 1
}

func titanMultimodalCall(ask *embedAsk, texts []string) ([]byte, int) {
	b := append(make([]byte, 0, len(texts[0])+80), `{"inputText":`...)
	b = rawjson.Quote(b, texts[0])
	if ask.dimensions != 0 {
		b = append(b, `,"embeddingConfig":{"outputEmbeddingLength":`...)
		b = strconv.AppendInt(b, ask.dimensions, 10)
		b = append(b, '}')
	}
	return append(b, '}'), 1
}

// readTitan prefers embedding to embeddingsByType.float, which repeats it (R-EMB-10).
func readTitan(r *embedReader) error {
	var plain, typed jsontext.Value
	err := r.members(func(name string) (err error) {
		switch name {
		case "embedding":
			plain, err = r.array()
			return err
		case "embeddingsByType":
			return r.member("float", func() (err error) {
				typed, err = r.array()
				return err
			})
		case "inputTextTokenCount":
			return r.count()
		}
		return r.dec.SkipValue()
	})
	if plain == nil {
		plain = typed
	}
	if plain != nil {
		r.vectors = append(r.vectors, plain)
	}
	return err
}
