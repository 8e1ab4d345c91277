package chat

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
		if !ok || content == previous { // as in Output, a repeated pointer stands for something unknown
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

// cite notes a source; close gives it its place (R-RES-11).
func (b *block) cite(s source) {
	if web, ok := s.location.(*types.CitationLocationMemberWeb); ok {
		b.annotations = append(b.annotations, openai.Annotation{URL: deref(web.Value.Url), Title: cmp.Or(s.title, deref(web.Value.Domain))})
		return
	}
	c := openai.Citation{Document: -1, Filename: cmp.Or(s.title, s.source), Quote: s.quote}
	switch at := s.location.(type) {
	case *types.CitationLocationMemberDocumentPage:
		c.Document, c.Page = place(at.Value.DocumentIndex), int(deref(at.Value.Start))
	case *types.CitationLocationMemberDocumentChar:
		c.Document = place(at.Value.DocumentIndex)
	case *types.CitationLocationMemberDocumentChunk:
		c.Document = place(at.Value.DocumentIndex)
	case *types.CitationLocationMemberSearchResultLocation:
		c.Document = place(at.Value.SearchResultIndex)
	}
	b.citations = append(b.citations, c)
}

// closeCited tells the sources of a block, each with the place of the block's text.
func (a *answer) closeCited(b *block) {
	if len(b.annotations)+len(b.citations) == 0 {
		return
	}
	for i := range b.annotations {
		c := &b.annotations[i]
		c.Index, c.Start, c.End = a.pages, b.start, a.points
		a.pages++
	}
	for i := range b.citations {
		c := &b.citations[i]
		c.Index, c.Start, c.End = a.files, b.start, a.points
		a.files++
	}
	a.emit(openai.Delta{Annotations: b.annotations, Citations: b.citations})
}

func place(n *int32) int {
	if n == nil {
		return -1
	}
	return int(*n)
}
