package translate

import (
	"errors"
	"strings"

	"outcrop/internal/catalog"
	"outcrop/internal/media"
	"outcrop/openai"
)

// Link is a URL in a request whose bytes have to be fetched before [ChatInput], and where it stands.
type Link struct{ URL, Param string }

// Fault is the 400 of a link that could not be fetched, or may not be (R-PART-04, R-ERR-72). The cause is for the log.
func (l Link) Fault(cause error) *openai.Error {
	const longest = 2000 // nobody needs more of it to find the link in the request
	fault := openai.Invalidf(openai.CodeInvalidImageURL, l.Param, "Error while downloading %s.", shorten(l.URL, longest))
	if errors.Is(cause, media.ErrNoTLS) && scheme(l.URL) == "http" { // what a redirect leads to stays untold
		fault.Message = strings.TrimSuffix(fault.Message, ".") + ": " + media.ErrNoTLS.Error() + " here. Use a URL with https, or send the bytes as a data URL."
	}
	fault.Err = cause
	return fault
}

// mostLinks is how many links of one request are fetched: no model of Bedrock takes more images.
const mostLinks = 100

// ChatLinks lists the links of a request, each URL once, where it stands first. A request with links is checked before: the
// error is the fault that [ChatInput] would find whatever the bytes are, so that nothing is fetched for a request that cannot be
// answered (R-REQ-05). It is always an *openai.Error with Param set.
func ChatLinks(req *openai.ChatRequest, t catalog.Target, o Options) ([]Link, error) {
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
	if most := limitOr(o.Limits.Images, bedrockLimits.Images) + limitOr(o.Limits.Documents, bedrockLimits.Documents); oneTooMany(links, most) != nil {
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
func oneTooMany(links []Link, many int) *Link {
	for i := many; i < len(links); i++ {
		message, _, _ := strings.Cut(links[i].Param, "]")
		if strings.HasPrefix(links[i-many].Param, message+"]") {
			return &links[i]
		}
	}
	return nil
}

func linksOf(req *openai.ChatRequest) (links []Link) {
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
				links = append(links, Link{u.URL, partPath(i, j, ".image_url.url")})
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
