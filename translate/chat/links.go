package chat

import (
	"strings"

	"outcrop/internal/catalog"
	"outcrop/internal/media"
	"outcrop/openai"
	"outcrop/translate"
)

// mostLinks is how many links of one request are fetched: no model of Bedrock takes more images.
const mostLinks = 100

// Links lists the links of a request, each URL once, where it stands first. A request with links is checked before: the
// error is the fault that [Input] would find whatever the bytes are, so that nothing is fetched for a request that cannot be
// answered (R-REQ-05). It is always an *openai.Error with Param set.
func Links(req *openai.ChatRequest, t catalog.Target, o translate.Options) ([]translate.Link, error) {
	links := linksOf(req)
	if len(links) == 0 {
		return nil, nil
	}
	o.Media = make(media.Set, len(links))
	for _, l := range links {
		o.Media[l.URL] = media.Item{}
	}
	c := newChat(req, t, o)
	c.unfetched = true
	// One more can never be answered; without a limit here it would still be fetched.
	limits := o.Limits.Filled()
	if most := limits.Images + limits.Documents; oneTooMany(links, most) != nil {
		c.refuse(openai.CodeInvalidValue, oneTooMany(links, most).Param, "Invalid value: at most %d images and documents are possible in one message.", most)
	} else if len(links) > mostLinks {
		c.refuse(openai.CodeInvalidValue, links[mostLinks].Param, "Invalid value: at most %d images and documents can be fetched for one request.", mostLinks)
	}
	if fault := c.translate(); fault != nil {
		return nil, fault
	}
	return links, nil
}

// oneTooMany is the first link that has so many before it in its own message, or nil.
func oneTooMany(links []translate.Link, many int) *translate.Link {
	for i := many; i < len(links); i++ {
		message, _, _ := strings.Cut(links[i].Param, "]")
		if strings.HasPrefix(links[i-many].Param, message+"]") {
			return &links[i]
		}
	}
	return nil
}

func linksOf(req *openai.ChatRequest) (links []translate.Link) {
	seen := map[string]bool{}
	for i := range req.Messages {
		content := req.Messages[i].Content
		if content == nil {
			continue
		}
		for j := range content.Parts {
			u := content.Parts[j].ImageURL
			if u == nil || content.Parts[j].Type != "image_url" || seen[u.URL] {
				continue
			}
			if s := scheme(u.URL); s == "http" || s == "https" {
				seen[u.URL] = true
				links = append(links, translate.Link{URL: u.URL, Param: partPath(i, j, ".image_url.url")})
			}
		}
	}
	return links
}

// scheme is the scheme of a URL in lower case, as far as it is one of those that parts may have.
func scheme(rawURL string) string {
	s, _, _ := strings.Cut(rawURL[:min(len(rawURL), len("https:"))], ":")
	return strings.ToLower(s)
}
