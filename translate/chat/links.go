package chat

import (
	"slices"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/converse"
)

// Links lists the links of a request, each URL once, where it stands first. A request with links is checked before:
// the error is the fault that [Input] would find whatever the bytes are, so that nothing is fetched for a request
// that cannot be answered (R-REQ-05). It is always an *openai.Error with Param set.
func Links(req *openai.ChatRequest, t catalog.Target, o translate.Options) ([]translate.Link, error) {
	if !slices.ContainsFunc(req.Messages, hasLinks) {
		return nil, nil
	}
	r := newReader(req, t.Row)
	r.read(o.MaxChoices)
	links, fault := converse.Links(&r.Request, t, o)
	if fault != nil {
		return nil, fault
	}
	return links, nil
}

func hasLinks(m openai.Message) bool {
	return m.Content != nil && slices.ContainsFunc(m.Content.Parts, func(p openai.ContentPart) bool {
		return p.Type == "image_url" && p.ImageURL != nil && converse.IsLink(p.ImageURL.URL) ||
			p.File != nil && p.File.URL != nil && converse.IsLink(*p.File.URL)
	})
}
