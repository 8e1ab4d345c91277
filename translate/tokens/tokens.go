// Package tokens makes texts of the lists of tokens that clients send instead of them. It knows nothing of requests.
// Start at Decode.
package tokens

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tiktoken-go/tokenizer/codec"
)

// vocabulary is cl100k_base, in which clients write token lists for models that they do not know (R-EMB-02). It is
// built on the first use, which takes about 10 ms and 5 MB; most gateways never see a token list.
var vocabulary = sync.OnceValue(codec.NewCl100kBase)

// Most is OpenAI's own limit of tokens in one request. Here it bounds memory too: five bytes of a request can name a
// token of 128 bytes.
const Most = 300_000

// Decode gives the text, or the first id that the vocabulary lacks. Clients cut long texts between tokens, and so
// sometimes within a character: what is left of one at either end is dropped.
func Decode(list []int64) (text string, unknown *int64) {
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
