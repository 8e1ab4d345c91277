package embed

import (
	"outcrop/openai"
	"outcrop/translate/tokens"
)

// Decode makes texts of the lists of tokens in a request, so that whoever reads it before [Inputs] reads what the model
// will read. A request of texts stays as it is. The error is the 400 that Inputs would give.
func Decode(req *openai.EmbeddingRequest) *openai.Error {
	if req.Input.Tokens == nil {
		return nil
	}
	texts, err := embedTexts(&req.Input)
	if err != nil {
		return err
	}
	req.Input.Texts, req.Input.Tokens = texts, nil
	return nil
}

// tokenTexts decodes the token lists.
func tokenTexts(in *openai.EmbeddingInput) ([]string, *openai.Error) {
	total := 0
	for _, list := range in.Tokens {
		total += len(list)
	}
	if total > tokens.Most {
		return nil, openai.Invalidf(openai.CodeArrayAboveMax, "input",
			"Invalid 'input': too many tokens. Expected at most %d in one request, but got %d.", tokens.Most, total)
	}
	texts := make([]string, len(in.Tokens))
	for i, list := range in.Tokens {
		text, unknown := tokens.Decode(list)
		switch {
		case unknown != nil:
			return nil, openai.Invalidf(openai.CodeInvalidValue, in.Path(i),
				"Invalid value for '%s': the token id %d is not in the cl100k_base vocabulary.", in.Path(i), *unknown)
		case text == "":
			return nil, openai.Invalidf(openai.CodeInvalidValue, in.Path(i),
				"Invalid value for '%s': the tokens hold no text.", in.Path(i))
		}
		texts[i] = text
	}
	return texts, nil
}
