package embed

import (
	"strings"
	"testing"

	"outcrop/translate"
)

func TestEmbedInputTypeOfTheAlias(t *testing.T) {
	query := "search_query"
	for _, c := range []struct {
		rule, model, alias string
		asked              *string
		want               string
	}{
		{"R-EMB-11 the alias decides", cohere3, "classification", nil, `"input_type":"classification"`},
		{"R-EMB-11 the request wins over the alias", cohere3, "classification", &query, `"input_type":"search_query"`},
		{"R-EMB-11 nobody decides", cohere3, "", nil, `"input_type":"search_document"`},
		{"R-EMB-11 the alias decides on Nova", nova2, "search_query", nil, `"GENERIC_RETRIEVAL"`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			req := embedRequest("text")
			req.InputType = c.asked
			calls, back, err := Inputs(req, embedTarget(t, c.model), translate.Options{InputType: c.alias})
			if err != nil || !strings.Contains(string(calls[0].Body), c.want) || back.Adjusted.Header() != "" {
				t.Errorf("%s, error %v, adjusted %q", calls[0].Body, err, back.Adjusted.Header())
			}
		})
	}
	// The operator's setting is no wish of the request: where the family has no word for it, nothing is reported.
	calls, back, err := Inputs(embedRequest("text"), embedTarget(t, titanV2),
		translate.Options{InputType: "search_query", Strict: true})
	if err != nil || strings.Contains(string(calls[0].Body), "query") || back.Adjusted.Header() != "" {
		t.Errorf("R-EMB-11 on Titan: %v, adjusted %q", err, back.Adjusted.Header())
	}
}
