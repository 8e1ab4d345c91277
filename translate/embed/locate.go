package embed

import (
	"strconv"
	"strings"

	"outcrop/openai"
)

// Items tells which of the items asked for a call holds: n of them, from the first on.
func (c *Context) Items(call int) (first, n int) {
	return c.starts[call], c.starts[call+1] - c.starts[call]
}

// tooLongTexts are the fragments, in lower case, by which Bedrock's embedding models refuse a text for its length. The
// first is Titan's ("Too many input tokens. Max input tokens: 8192, …"), the second Cohere's and Titan's schema check
// ("#/texts/0: expected maxLength: 2048, actual: …"); the others are those of FACTS 2.8.
var tooLongTexts = []string{
	"too many input tokens", "expected maxlength", "input is too long", "prompt is too long", "exceed context limit",
	"input tokens exceeded", "maximum length", "too many total text bytes",
}

// Locate makes Bedrock's refusal of one call one of the client's request: it names the item that was refused
// (R-EMB-07), and gives a text that is too long its code (R-EMB-12). Failures that no item caused stay as they are.
func (c *Context) Locate(call int, e *openai.Error) {
	if e.Kind != openai.Invalid {
		return
	}
	text := strings.ToLower(e.Message)
	for _, fragment := range tooLongTexts {
		if strings.Contains(text, fragment) {
			e.Code = openai.CodeContextLength
		}
	}
	if e.Code == openai.CodeContextLength || e.Param == "messages" {
		e.Param = "input"
	}
	first, n := c.Items(call)
	if place, i, ok := textPlace(e.Message); ok && i < n {
		e.Message = strings.Replace(e.Message, place, c.path(first+i), 1)
	} else if n == 1 && !c.single {
		e.Message = c.path(first) + ": " + e.Message
	}
}

func (c *Context) path(item int) string {
	in := openai.EmbeddingInput{Single: c.single}
	if c.asked != nil {
		item = c.asked[item]
	}
	return in.Path(item)
}

// textPlace finds the place that a schema check of Bedrock names, such as "#/texts/3", and its index.
func textPlace(message string) (place string, index int, ok bool) {
	const prefix = "#/texts/"
	_, rest, found := strings.Cut(message, prefix)
	if !found {
		return "", 0, false
	}
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	index, err := strconv.Atoi(digits)
	return prefix + digits, index, err == nil
}
