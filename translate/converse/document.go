package converse

import (
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/internal/media"
	"outcrop/openai"
)

// document makes a document of a file, or text where the model takes no documents but the file is text (R-PART-13).
func (v *conversation) document(x payload, format string) types.ContentBlock {
	limits := v.opts.Limits.Filled()
	asText := v.caps.Documents == catalog.No
	v.media.documents++
	name := v.documentName(x.Name)
	switch {
	case asText && !media.IsText(format):
		v.unsupportedPart(x.path, "documents of the format "+format)
	case len(x.data) > limits.FileBytes:
		v.Refuse(openai.CodeInvalidValue, x.path,
			"Invalid value: the file has %d bytes, and at most %d are possible.", len(x.data), limits.FileBytes)
	case asText:
		return text("File: " + name + "\n" + string(x.data))
	case v.media.documents > limits.Documents:
		v.Refuse(openai.CodeInvalidValue, x.path,
			"Invalid value: at most %d documents are possible in one request.", limits.Documents)
	default:
		v.out.files = append(v.out.files, x.at)
		d := types.DocumentBlock{Name: &name, Format: types.DocumentFormat(format),
			Source: &types.DocumentSourceMemberBytes{Value: x.data}}
		if x.Context != "" {
			d.Context = &x.Context
		}
		if x.Citations {
			d.Citations = &types.CitationsConfig{Enabled: ptr(true)}
		}
		return &types.ContentBlockMemberDocument{Value: d}
	}
	return nil
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
	return strings.TrimSpace(name[:min(len(name), longestDocumentName)])
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
