package embed

import (
	"strconv"

	"outcrop/internal/rawjson"
)

// novaEmbed is Nova Multimodal Embeddings (FACTS 5.6) with texts, one a call.
var novaEmbed = embedFamily{
	call:  novaCall,
	reply: readNova,
	inputTypes: map[string]string{
		"search_document": "GENERIC_INDEX", "search_query": "GENERIC_RETRIEVAL",
		"classification": "CLASSIFICATION", "clustering": "CLUSTERING",
	},
	truncations: map[string]string{"none": "NONE", "start": "START", "end": "END"},
}

func novaCall(ask *embedAsk, texts []string) ([]byte, int) {
	b := append(make([]byte, 0, len(texts[0])+200),
		`{"taskType":"SINGLE_EMBEDDING","singleEmbeddingParams":{"embeddingPurpose":"`...)
	b = append(b, ask.inputType...)
	b = append(b, '"')
	if ask.dimensions != 0 {
		b = append(b, `,"embeddingDimension":`...)
		b = strconv.AppendInt(b, ask.dimensions, 10)
	}
	b = append(b, `,"text":{"truncationMode":"`...)
	b = append(b, ask.truncate...)
	b = append(b, `","value":`...)
	b = rawjson.Quote(b, texts[0])
	return append(b, "}}}"...), 1
}

func readNova(r *embedReader) error {
	return r.member("embeddings", func() error {
		return r.items(func() error { return r.member("embedding", r.vector) })
	})
}
