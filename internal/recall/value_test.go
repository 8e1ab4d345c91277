package recall

import (
	"testing"

	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/translate"
)

func FuzzReadValue(f *testing.F) {
	k := key{1, 2}
	f.Add(writeValue(k, call.Head{}, func(b []byte) []byte {
		return writeChat(b, &openai.ChatResponse{Choices: []openai.Choice{{FinishReason: "stop"}}})
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, body, ok := readValue(k, b); ok {
			b = body
		}
		for _, stream := range []bool{true, false} {
			_, _ = readChat(b, translate.Meta{}, openai.Extension{}, stream)
		}
	})
}
