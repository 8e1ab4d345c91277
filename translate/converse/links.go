package converse

import (
	"outcrop/internal/catalog"
	"outcrop/internal/media"
	"outcrop/openai"
	"outcrop/translate"
)

// mostLinks is how many links of one request are fetched: no model of Bedrock takes more images.
const mostLinks = 100

// IsLink tells whether the bytes of a URL have to be fetched.
func IsLink(url string) bool {
	s := Scheme(url)
	return s == "http" || s == "https"
}

// Links lists the links of a request that may have some, each URL once, where it stands first, and takes the request
// through the passes: the fault is the one that [Input] would find whatever the bytes are.
func Links(r *Request, t catalog.Target, o translate.Options) ([]translate.Link, *openai.Error) {
	found := linkReader{names: r.Names, most: o.Limits.Filled().Images + o.Limits.Filled().Documents, seen: media.Set{}}
	for i := range r.Turns {
		found.inMessage = 0
		found.read(r.Turns[i].Blocks)
	}
	o.Media = found.seen
	c := newPass(r, t, o)
	c.unfetched = true
	// One more can never be answered; without a limit here it would still be fetched.
	if found.tooMany != "" {
		c.Refuse(openai.CodeInvalidValue, found.tooMany,
			"Invalid value: at most %d images and documents are possible in one message.", found.most)
	} else if len(found.links) > mostLinks {
		c.Refuse(openai.CodeInvalidValue, found.links[mostLinks].Param,
			"Invalid value: at most %d images and documents can be fetched for one request.", mostLinks)
	}
	if fault := c.translate(); fault != nil {
		return nil, fault
	}
	return found.links, nil
}

// linkReader gathers the links of a request.
type linkReader struct {
	names     *Names
	links     []translate.Link
	seen      media.Set // without bytes
	inMessage int
	most      int    // links of one message
	tooMany   string // where the first one stands that is too many
}

func (r *linkReader) read(blocks []Block) {
	for i := range blocks {
		b := &blocks[i]
		if b.Result != nil {
			r.read(b.Result.Content)
		}
		if b.Media == nil || !IsLink(b.Media.URL) {
			continue
		}
		if _, seen := r.seen[b.Media.URL]; seen {
			continue
		}
		link := translate.Link{URL: b.Media.URL, Param: r.names.Part(b.At, b.Media.Member)}
		r.seen[link.URL] = media.Item{}
		r.links = append(r.links, link)
		if r.inMessage++; r.inMessage > r.most && r.tooMany == "" {
			r.tooMany = link.Param
		}
	}
}
