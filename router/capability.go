package router

import (
	"fmt"
	"strings"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// Check tells whether a model can answer on the endpoint of the request (R-CAP-08); nil, or an [*openai.Error]. What is
// not known of the model passes. Plan has checked its targets; whoever learns more of one (catalog.WithBase) checks
// again.
func Check(f *Facts, m *catalog.Model) error {
	reason, kind := "", catalog.Kinds[m.Kind]
	switch {
	case m.Kind == "":
	case kind == nil:
		reason = fmt.Sprintf("is a model of kind %q; this gateway serves %s", m.Kind, catalog.AllServed)
	case f.Kind != m.Kind && f.Kind != "":
		reason = fmt.Sprintf("is %s %s model; use it on the /v1%s endpoint", kind.Article, kind.Name, kind.Path)
	case kind.Serves(m) == catalog.No:
		reason = "cannot be used on this endpoint: " + kind.Unserved
	}
	if reason == "" {
		return nil
	}
	return &openai.Error{Kind: openai.NotFound, Code: openai.CodeModelNotFound, Param: "model",
		Message: fmt.Sprintf("The model `%s` %s.", f.Model, reason)}
}

// Fits tells whether a model of a tier can do what a request needs; nil, or an [*openai.Error] that names what it
// lacks. What is not known of the model passes (R-CAP-06). A model that a client named itself is not asked: the
// translation tells what is wrong then.
func Fits(f *Facts, m *catalog.Model) error {
	if err := Check(f, m); err != nil {
		return err
	}
	if lacks := lack(f, m); lacks != "" {
		return &openai.Error{Kind: openai.Invalid, Code: codeOf(lacks), Param: "model",
			Message: fmt.Sprintf("The model `%s` cannot take this request: it lacks %s.", f.Model, lacks)}
	}
	return nil
}

const lackContext = "room for so long a prompt"

func codeOf(lacks string) string {
	if lacks == lackContext {
		return openai.CodeContextLength
	}
	return openai.CodeUnsupportedValue
}

// lack names the first thing that a chat request needs and the model cannot do; "" when there is none.
func lack(f *Facts, m *catalog.Model) string {
	if f.Kind != catalog.Chat {
		return ""
	}
	f.need(gShape, nil)
	e, c := &f.known, &m.Caps
	switch {
	case e.Images > 0 && c.Vision == catalog.No:
		return "vision"
	case e.Documents > 0 && c.Documents == catalog.No:
		return "documents"
	case e.Videos > 0 && c.Video == catalog.No:
		return "video"
	case e.Audios > 0 && c.Audio == catalog.No:
		return "audio"
	case e.Tools > 0 && c.Tools == catalog.No:
		return "tools"
	case e.Tools > 0 && e.Stream && c.StreamingTools == catalog.No:
		return "streaming with tools"
	case !f.fitsInto(m):
		return lackContext
	}
	return ""
}

// fitsInto tells whether prompt and answer together have room in the model's context, as far as that can be estimated.
func (f *Facts) fitsInto(m *catalog.Model) bool {
	if m.Context == 0 {
		return true
	}
	answer := f.known.MaxOutput
	if m.MaxOutput > 0 {
		answer = min(answer, m.MaxOutput) // larger limits are clamped (R-LIM-02)
	}
	if f.bytes == 0 {
		f.bytes = max(1, f.atMost())
	}
	if f.bytes+answer <= m.Context {
		return true
	}
	f.need(gMeasure, nil)
	return f.known.Prompt.Tokens+answer <= m.Context
}

// nothingFits is the error of a tier in which no target can take the request.
func nothingFits(f *Facts, asked *tier, lacks []string) error {
	if len(lacks) == 0 { // not even of the endpoint's kind
		kind, other := catalog.Kinds[f.Kind].Name, ""
		for _, t := range asked.targets {
			if served := catalog.Kinds[t.Row.Kind]; served != nil {
				other = served.Name
			}
		}
		return &openai.Error{Kind: openai.NotFound, Code: openai.CodeModelNotFound, Param: "model",
			Message: fmt.Sprintf("The model `%s` leads to no %s model: the tier `%s` is one of %s models.", f.Model, kind,
				asked.name, other)}
	}
	code := codeOf(lacks[0])
	for _, l := range lacks {
		if codeOf(l) != code {
			code = openai.CodeUnsupportedValue
		}
	}
	param := "model"
	if code == openai.CodeContextLength {
		param = "messages"
	}
	return &openai.Error{Kind: openai.Invalid, Code: code, Param: param,
		Message: fmt.Sprintf("No model of the tier `%s`, nor of those above it, can take this request: they lack %s.",
			asked.name, strings.Join(lacks, ", "))}
}
