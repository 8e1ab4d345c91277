package answer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"outcrop/internal/bedrock/offline/shape"
	"outcrop/internal/bedrock/offline/wire"
)

// embedding is what an embedding family answers: the body, and the tokens for the header that is the only count most of
// them give.
type embedding struct {
	Body   map[string]any
	Tokens int
}

// embedder answers one family's native request; v has passed the family's shape.
type embedder struct {
	Shape *shape.Shape
	Embed func(m *wire.Model, v map[string]any) (embedding, *wire.Exception)
}

// EmbedderOf gives the native interface of an embedding family [FACTS 5].
func EmbedderOf(m *wire.Model) (embedder, bool) {
	switch {
	case m.Family == "titan-embed" && len(m.Dimensions) > 1: // the second version has a choice
		return titan2(), true
	case m.Family == "titan-embed":
		return titan1(), true
	case m.Family == "titan-embed-mm":
		return titanImage(), true
	case m.Family == "cohere-embed-3":
		return cohere3(), true
	case m.Family == "cohere-embed-4":
		return cohere4(), true
	case m.Family == "nova-embeddings":
		return novaEmbed(), true
	}
	return embedder{}, false
}

// Malformed renders faults of a native body in the words of its JSON Schema validator [FACTS 2.10; the words for
// lengths, items, enums and types are that library's, unconfirmed for Bedrock].
func Malformed(found []shape.Violation) *wire.Exception {
	const again = ", please reformat your input and try again."
	if len(found) == 0 {
		return nil
	}
	if len(found) > 1 {
		return wire.Invalid("Malformed input request: %d schema violations found%s", len(found), again)
	}
	v := found[0]
	where := func(path []string) string { return strings.TrimSuffix("#/"+strings.Join(path, "/"), "/") }
	parent := v.Path[:max(len(v.Path)-1, 0)]
	switch v.Kind {
	case "unknown":
		return wire.Invalid("Malformed input request: %s: extraneous key [%s] is not permitted%s", where(parent),
			v.Value, again)
	case "required":
		return wire.Invalid("Malformed input request: %s: required key [%s] not found%s", where(parent), v.Value, again)
	case "enum":
		return wire.Invalid("Malformed input request: %s: %s is not a valid enum value%s", where(v.Path), v.Value, again)
	case "type":
		return wire.Invalid("Malformed input request: %s: expected type: %s%s", where(v.Path), v.Value, again)
	case "range":
		return wire.Invalid("Malformed input request: %s: %v is not %s %v%s", where(v.Path), v.Got,
			beyond(v, "less or equal to", "greater or equal to"), v.Bound, again)
	case "items":
		return wire.Invalid("Malformed input request: %s: expected %s item count: %v, found: %v%s", where(v.Path),
			beyond(v, "maximum", "minimum"), v.Bound, v.Got, again)
	case "length":
		return wire.Invalid("Malformed input request: %s: expected %s: %v, actual: %v%s", where(v.Path),
			beyond(v, "maxLength", "minLength"), v.Bound, v.Got, again)
	}
	return wire.Invalid("Malformed input request: %s: %s%s", where(v.Path), v.Text, again)
}

func beyond(v shape.Violation, upper, lower string) string {
	if v.Upper {
		return upper
	}
	return lower
}

// integerOf reads a whole number that may be absent.
func integerOf(v any, absent int) int {
	if v == nil {
		return absent
	}
	n, err := strconv.Atoi(fmt.Sprint(v))
	if err != nil {
		return -1
	}
	return n
}

// dimension reads a wanted dimension; a value that the model does not offer is refused as an enum value is.
func dimension(m *wire.Model, v any, absent int, path ...string) (int, *wire.Exception) {
	n := integerOf(v, absent)
	if !slices.Contains(m.Dimensions, n) && (m.Dimensions != nil || n != absent) {
		return 0, Malformed([]shape.Violation{{Path: path, Kind: "enum", Value: fmt.Sprint(v)}})
	}
	return n, nil
}

func textsOf(v any) []string {
	var out []string
	for _, item := range wire.AsList(v) {
		t, _ := item.(string)
		out = append(out, t)
	}
	return out
}

// wordTokens estimates tokens of an embedding text: short words count one each, long ones by their bytes.
func wordTokens(t string) int {
	n := 0
	for _, w := range strings.Fields(t) {
		n += max(1, wire.Tokens(len(w))-1)
	}
	return max(n, 1)
}
