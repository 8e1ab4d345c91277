package chat

import (
	"cmp"
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/converse"
)

// Output turns Converse's reply into a plain answer (TRANSLATION 2). The adjustments are those that only the reply
// revealed. The error is always an [*openai.Error].
func Output(out *bedrockruntime.ConverseOutput, in *Context,
	m translate.Meta) (*openai.ChatResponse, translate.Adjustments, error) {
	var fold choiceFold
	w := newWriter(in, fold.add)
	if err := w.Whole(out); err != nil {
		return nil, translate.Adjustments{}, err
	}
	reason, x, err := w.finish()
	if err != nil {
		return nil, translate.Adjustments{}, err
	}
	fold.finish = reason
	return &openai.ChatResponse{
		Head:        *head(m),
		ServiceTier: w.Tier,
		Choices:     []openai.Choice{fold.choice(0)},
		Usage:       w.Tokens(),
		Outcrop:     x,
	}, w.Adjusted, nil
}

func head(m translate.Meta) *openai.Head {
	return &openai.Head{ID: m.ID, Created: m.Created, Model: m.Model, Fingerprint: m.Fingerprint}
}

// writer writes the blocks of an answer as deltas of one choice.
type writer struct {
	converse.Reader
	in   *Context
	emit func(openai.Delta)

	reasoned bool // reasoning_content is not empty
	details  int  // reasoning_details so far, one for each reasoning block
	pages    int  // annotations so far
	files    int  // citations so far
}

func newWriter(in *Context, emit func(openai.Delta)) *writer {
	w := &writer{in: in, emit: emit}
	w.Reader = converse.Reader{Context: &in.Context, Sink: w, Names: &names, OneCall: in.Functions}
	return w
}

// Call begins a tool call.
func (w *writer) Call(b *converse.Content) {
	if w.in.Functions {
		w.emit(openai.Delta{FunctionCall: &openai.FunctionCallDelta{Name: b.Name}})
		return
	}
	w.emit(openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: b.Before, ID: b.ID, Name: b.Name}}})
}

// Tell writes a piece; an empty line parts reasoning from an earlier block's (R-STR-09).
func (w *writer) Tell(b *converse.Content, k converse.Kind, piece string) {
	switch {
	case k == converse.Text:
		w.emit(openai.Delta{Content: piece})
	case k == converse.Thought:
		if !b.Shown && w.reasoned {
			piece = "\n\n" + piece
		}
		w.reasoned = true
		w.emit(openai.Delta{Reasoning: piece})
	case w.in.Functions:
		w.emit(openai.Delta{FunctionCall: &openai.FunctionCallDelta{Arguments: piece}})
	default:
		w.emit(openai.Delta{ToolCalls: []openai.ToolCallDelta{{Index: b.Before, Arguments: piece}}})
	}
}

// End writes a block's entries of reasoning_details (R-RES-08) and its sources.
func (w *writer) End(b *converse.Content) {
	if b.Reasoned && (len(b.Redacted) == 0 || len(b.Reasoning) > 0 || b.Signature != "") {
		w.detail(b, openai.ReasoningDetail{Type: openai.ReasoningText, Text: string(b.Reasoning), Signature: b.Signature})
	}
	if len(b.Redacted) > 0 {
		w.detail(b, openai.ReasoningDetail{Type: openai.ReasoningEncrypted,
			Data: base64.StdEncoding.EncodeToString(b.Redacted)})
	}
	if len(b.Sources) > 0 {
		w.cite(b)
	}
}

func (w *writer) detail(b *converse.Content, d openai.ReasoningDetail) {
	d.Index, d.Format = w.details, w.in.Format
	d.After = openai.Position{Known: true, Content: b.Place, ToolCalls: b.Before}
	w.details++
	w.emit(openai.Delta{ReasoningDetails: []openai.ReasoningDetail{d}})
}

// cite tells the sources of a block, each with the place of the block's text (R-RES-11).
func (w *writer) cite(b *converse.Content) {
	var d openai.Delta
	for _, s := range b.Sources {
		if web, ok := s.Location.(*types.CitationLocationMemberWeb); ok {
			d.Annotations = append(d.Annotations, openai.Annotation{
				Index: w.pages, Start: b.From, End: b.To, URL: aws.ToString(web.Value.Url),
				Title: cmp.Or(s.Title, aws.ToString(web.Value.Domain)),
			})
			w.pages++
			continue
		}
		c := openai.Citation{Index: w.files, Start: b.From, End: b.To, Document: -1, Filename: cmp.Or(s.Title, s.Source),
			Quote: s.Quote}
		switch at := s.Location.(type) {
		case *types.CitationLocationMemberDocumentPage:
			c.Document, c.Page = place(at.Value.DocumentIndex), int(aws.ToInt32(at.Value.Start))
		case *types.CitationLocationMemberDocumentChar:
			c.Document = place(at.Value.DocumentIndex)
		case *types.CitationLocationMemberDocumentChunk:
			c.Document = place(at.Value.DocumentIndex)
		case *types.CitationLocationMemberSearchResultLocation:
			c.Document = place(at.Value.SearchResultIndex)
		}
		d.Citations = append(d.Citations, c)
		w.files++
	}
	w.emit(d)
}

func place(n *int32) int {
	if n == nil {
		return -1
	}
	return int(*n)
}
