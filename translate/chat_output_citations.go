package translate

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
)

// cited tells a block of text with its sources.
func (a *answer) cited(b *block, c *types.CitationsContentBlock) {
	var previous types.CitationGeneratedContent
	for _, content := range c.Content {
		text, ok := content.(*types.CitationGeneratedContentMemberText)
		if !ok || content == previous { // as in ChatOutput, a repeated pointer stands for something unknown
			a.unknown()
			continue
		}
		previous = content
		a.text(text.Value)
	}
	for i := range c.Citations {
		s := &c.Citations[i]
		var quote strings.Builder
		for _, content := range s.SourceContent {
			if t, ok := content.(*types.CitationSourceContentMemberText); ok {
				quote.WriteString(t.Value)
			}
		}
		b.cite(source{s.Location, deref(s.Title), deref(s.Source), quote.String()})
	}
}

// citedDelta tells a source of a streamed block, whose text may come before or after it (R-STR-21).
func (b *block) citedDelta(s *types.CitationsDelta) {
	var quote strings.Builder
	for i := range s.SourceContent {
		quote.WriteString(deref(s.SourceContent[i].Text))
	}
	b.cite(source{s.Location, deref(s.Title), deref(s.Source), quote.String()})
}

// source is what a citation and a delta of one have in common.
type source struct {
	location             types.CitationLocation
	title, source, quote string
}

// cite notes an annotation; close gives it its place (R-RES-11).
func (b *block) cite(s source) {
	if web, ok := s.location.(*types.CitationLocationMemberWeb); ok {
		b.citations = append(b.citations, openai.Annotation{URL: deref(web.Value.Url), Title: cmp.Or(s.title, deref(web.Value.Domain))})
		return
	}
	f := openai.FileCitation{Document: -1, Filename: cmp.Or(s.title, s.source), Quote: s.quote}
	switch at := s.location.(type) {
	case *types.CitationLocationMemberDocumentPage:
		f.Document, f.Page = place(at.Value.DocumentIndex), int(deref(at.Value.Start))
	case *types.CitationLocationMemberDocumentChar:
		f.Document = place(at.Value.DocumentIndex)
	case *types.CitationLocationMemberDocumentChunk:
		f.Document = place(at.Value.DocumentIndex)
	case *types.CitationLocationMemberSearchResultLocation:
		f.Document = place(at.Value.SearchResultIndex)
	}
	b.citations = append(b.citations, openai.Annotation{File: &f})
}

func place(n *int32) int {
	if n == nil {
		return -1
	}
	return int(*n)
}
