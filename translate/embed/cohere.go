package embed

import (
	"strconv"

	"outcrop/internal/rawjson"
)

// cohereEmbed3 is Cohere Embed v3 (FACTS 5.4).
var cohereEmbed3 = embedFamily{
	call:        cohereCall,
	reply:       readCohere,
	inputTypes:  cohereInputTypes,
	truncations: map[string]string{"none": "NONE", "start": "START", "end": "END"},
}

// cohereEmbed4 is Cohere Embed v4 (FACTS 5.5). What v3 calls START and END is LEFT and RIGHT here.
var cohereEmbed4 = embedFamily{
	call:        cohereCall,
	reply:       readCohere,
	inputTypes:  cohereInputTypes,
	truncations: map[string]string{"none": "NONE", "start": "LEFT", "end": "RIGHT"},
}

var cohereInputTypes = map[string]string{
	"search_document": "search_document", "search_query": "search_query",
	"classification": "classification", "clustering": "clustering",
}

// What one call may hold (R-EMB-06). The second limit is documented for v4 as "about 20 MB"; v3's texts are too short
// to come near it.
const (
	maxCohereTexts = 96
	maxCohereBytes = 20_000_000 - 200 // what follows the texts is shorter than 200 bytes
)

func cohereCall(ask *embedAsk, texts []string) ([]byte, int) {
	texts = texts[:min(len(texts), maxCohereTexts)]
	size := 200
	for _, s := range texts {
		size += len(s) + 8
	}
	b := append(make([]byte, 0, min(size, maxCohereBytes)), `{"texts":[`...)
	n := 0
	for ; n < len(texts); n++ {
		before := len(b)
		if n > 0 {
			b = append(b, ',')
		}
		b = rawjson.Quote(b, texts[n])
		if n > 0 && len(b) > maxCohereBytes { // a first text that is too big goes out alone, for Bedrock to judge
			b = b[:before]
			break
		}
	}
	b = append(b, `],"input_type":"`...)
	b = append(b, ask.inputType...)
	b = append(b, `","truncate":"`...)
	b = append(b, ask.truncate...)
	b = append(b, '"')
	if ask.dimensions != 0 {
		b = append(b, `,"output_dimension":`...)
		b = strconv.AppendInt(b, ask.dimensions, 10)
	}
	return append(b, '}'), n
}

// readCohere reads embeddings in all its forms: a list of vectors, or an object that has such a list for each type
// (R-EMB-10).
func readCohere(r *embedReader) error {
	return r.member("embeddings", func() error {
		if r.dec.PeekKind() == '{' {
			return r.member("float", r.vectorList)
		}
		return r.vectorList()
	})
}
