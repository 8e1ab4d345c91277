package wiretest

import (
	"encoding/json"
	"strings"
)

// EmbeddingRequest gives the OpenAI request that asks for what a recorded InvokeModel call of an embedding model asked
// for, as the tree of its JSON. Where there is none, the error is a [NoForm].
func EmbeddingRequest(rec *Interaction) (map[string]any, error) {
	var in struct {
		Text       *string  `json:"inputText"`
		Dimensions *int     `json:"dimensions"`
		Normalize  *bool    `json:"normalize"`
		Texts      []string `json:"texts"`
		InputType  string   `json:"input_type"`
		Truncate   string   `json:"truncate"`
		Output     *int     `json:"output_dimension"`
		Single     *struct {
			Purpose   string `json:"embeddingPurpose"`
			Dimension *int   `json:"embeddingDimension"`
			Text      struct {
				Value string `json:"value"`
				Mode  string `json:"truncationMode"`
			} `json:"text"`
		} `json:"singleEmbeddingParams"`
	}
	if err := json.Unmarshal(rec.Request, &in); err != nil {
		return nil, err
	}
	req := tree{"model": rec.ModelID, "encoding_format": "float"}
	switch {
	case in.Text != nil:
		req["input"] = *in.Text
	case in.Texts != nil:
		req["input"] = in.Texts
	case in.Single != nil:
		req["input"] = in.Single.Text.Value
		in.Truncate, in.Output = in.Single.Text.Mode, in.Single.Dimension
		in.InputType = map[string]string{"GENERIC_INDEX": "search_document",
			"GENERIC_RETRIEVAL": "search_query"}[in.Single.Purpose]
	default:
		return nil, NoForm("embedding of no text")
	}
	if in.Output != nil {
		in.Dimensions = in.Output
	}
	if in.Dimensions != nil {
		req["dimensions"] = *in.Dimensions
	}
	if in.Normalize != nil {
		req["normalize"] = *in.Normalize
	}
	if in.InputType != "" {
		req["input_type"] = in.InputType
	}
	if in.Truncate != "" {
		req["truncate"] = strings.ToLower(in.Truncate)
	}
	return req, nil
}
