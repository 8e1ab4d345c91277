package embed

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tiktoken-go/tokenizer/codec"

	"outcrop/openai"
)

// vocabulary is cl100k_base, in which clients write token lists for models that they do not know (R-EMB-02). It is
// built on the first use, which takes about 10 ms and 5 MB; most gateways never see a token list.
var vocabulary = sync.OnceValue(codec.NewCl100kBase)

// maxEmbedTokens is OpenAI's own limit of tokens in one request. Here it bounds memory too: five bytes of a request can
// name a token of 128 bytes.
const maxEmbedTokens = 300_000

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
	if total > maxEmbedTokens {
		return nil, openai.Invalidf(openai.CodeArrayAboveMax, "input",
			"Invalid 'input': too many tokens. Expected at most %d in one request, but got %d.", maxEmbedTokens, total)
	}
	texts := make([]string, len(in.Tokens))
	for i, list := range in.Tokens {
		text, unknown := decodeTokens(list)
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

// decodeTokens gives the text, or the first id that the vocabulary lacks. Clients cut long texts between tokens, and so
// sometimes within a character: what is left of one at either end is dropped.
func decodeTokens(list []int64) (text string, unknown *int64) {
	ids := make([]uint, len(list))
	for i, id := range list {
		ids[i] = uint(id)
	}
	text, err := vocabulary().Decode(ids)
	if err != nil {
		for i := range ids {
			if _, err := vocabulary().Decode(ids[i : i+1]); err != nil {
				return "", &list[i]
			}
		}
	}
	for r, n := utf8.DecodeRuneInString(text); r == utf8.RuneError && n == 1; r, n = utf8.DecodeRuneInString(text) {
		text = text[1:]
	}
	for r, n := utf8.DecodeLastRuneInString(text); r == utf8.RuneError && n == 1; r,
		n = utf8.DecodeLastRuneInString(text) {
		text = text[:len(text)-1]
	}
	return strings.ToValidUTF8(text, "\uFFFD"), nil
}
