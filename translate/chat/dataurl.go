package chat

import (
	"strings"

	"outcrop/openai"
)

// What is text in a data URL is decoded with the request, the rest only here.

func dataURL(s string) (data []byte, mime string, ok bool) { return openai.DecodeDataURL(s) }

func decodeBase64(s string) ([]byte, bool) { return openai.DecodeBase64(s) }

// mimeOf is the MIME type of a data URL, as [openai.DecodeDataURL] gives it.
func mimeOf(dataURL string) string {
	head, _, _ := strings.Cut(dataURL, ",")
	mime, _, _ := strings.Cut(head[min(len(head), len("data:")):], ";")
	return strings.ToLower(trimSpace(mime))
}
