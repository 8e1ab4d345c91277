package router

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// Decode reads a request that is to be explained: the body of a chat request, or of one for embeddings, or
// {"prompt":"…"} for a chat of one user turn. Without a model it is for "auto".
func Decode(body []byte) (openai.Request, catalog.Kind, *openai.Error) {
	chat, err := openai.DecodeChat(body)
	if err != nil {
		return nil, "", err
	}
	if chat.Messages == nil {
		others := chat.Unknown().Top
		switch {
		case slices.Contains(others, "prompt"):
			if chat.Messages, err = prompt(body); err != nil {
				return nil, "", err
			}
		case slices.Contains(others, "input"):
			return decodeEmbedding(body)
		default:
			return nil, "", openai.Invalidf(openai.CodeMissing, "messages",
				"Missing required parameter: 'messages', or 'prompt' with one text.")
		}
	}
	if chat.Model == "" {
		chat.Model = Auto
	}
	return chat, catalog.Chat, openai.Validate(chat)
}

// prompt reads {"prompt":"…"} as one user turn, of what the decoder of requests has let pass: also behind a byte order
// mark, and with escapes that are half a character.
func prompt(body []byte) ([]openai.Message, *openai.Error) {
	var in struct {
		Prompt *string `json:"prompt"`
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(body, &in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil ||
		in.Prompt == nil {
		return nil, openai.Invalidf(openai.CodeInvalidType, "prompt", "Invalid type for 'prompt': expected a string.")
	}
	return []openai.Message{{Role: "user", Content: &openai.Content{Text: *in.Prompt}}}, nil
}

func decodeEmbedding(body []byte) (openai.Request, catalog.Kind, *openai.Error) {
	r, err := openai.DecodeEmbedding(body)
	if err != nil {
		return nil, "", err
	}
	if r.Model == "" {
		r.Model = Auto
	}
	return r, catalog.Embed, openai.Validate(r)
}
