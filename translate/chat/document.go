package chat

import (
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// document makes a document of a file, or text where the model takes no documents but the file is text (R-PART-13).
func (v *conversation) document(x payload, format string) (*types.DocumentBlock, string) {
	limits := v.opts.Limits.Filled()
	asText := v.caps.Documents == catalog.No
	v.media.documents++
	name := v.documentName(x.name)
	switch {
	case asText && !isText(format):
		v.unsupportedPart(x.at, "documents of the format "+format)
	case len(x.data) > limits.FileBytes:
		v.refuse(openai.CodeInvalidValue, x.at, "Invalid value: the file has %d bytes, and at most %d are possible.", len(x.data), limits.FileBytes)
	case asText:
		return nil, "File: " + name + "\n" + string(x.data)
	case v.media.documents > limits.Documents:
		v.refuse(openai.CodeInvalidValue, x.at, "Invalid value: at most %d documents are possible in one request.", limits.Documents)
	default:
		return &types.DocumentBlock{
			Name: &name, Format: types.DocumentFormat(format), Source: &types.DocumentSourceMemberBytes{Value: x.data},
		}, ""
	}
	return nil, ""
}

// longestDocumentName is what R-PART-12 cuts names to.
const longestDocumentName = 100

// documentName makes a name that Bedrock takes and that no other document of the request has (R-PART-12).
func (v *conversation) documentName(filename string) string {
	name := ""
	if !v.opts.NeutralNames {
		name = cleanName(filename)
	}
	if name == "" {
		name = "Document " + itoa(int64(v.media.documents))
	}
	if v.media.names == nil {
		v.media.names = taken{}
	}
	// Bedrock takes names for the same that differ in case alone.
	unique := name
	v.media.names.free(strings.ToLower(name), func(n int64) string {
		unique = name + " (" + itoa(n) + ")"
		return strings.ToLower(unique)
	})
	return unique
}

// cleanName is a file name without extension in the alphabet of FACTS 2.5.
func cleanName(filename string) string {
	if i := strings.LastIndexByte(filename, '.'); i > 0 {
		filename = filename[:i]
	}
	fit := func(r rune) rune {
		if r < 0x80 && (letterOrDigit(byte(r)) || strings.ContainsRune("_-()[]", r)) {
			return r
		}
		return ' '
	}
	name := strings.Join(strings.FieldsFunc(strings.Map(fit, filename), unicode.IsSpace), " ")
	return trimSpace(name[:min(len(name), longestDocumentName)])
}

// withText puts a text before the first document of a user turn that has none (R-PART-15).
func withText(content []types.ContentBlock) []types.ContentBlock {
	document := -1
	for i, b := range content {
		switch b.(type) {
		case *types.ContentBlockMemberText:
			return content
		case *types.ContentBlockMemberDocument:
			if document < 0 {
				document = i
			}
		}
	}
	if document < 0 {
		return content
	}
	out := make([]types.ContentBlock, 0, len(content)+1)
	out = append(append(out, content[:document]...), text("See the attached document."))
	return append(out, content[document:]...)
}
