package observe

import (
	"cmp"
	"fmt"
	"iter"
	"strings"
	"time"

	"outcrop/internal/audit"
	"outcrop/internal/call"
	"outcrop/openai"
)

// recording is the record of one call under way. The server has opened it, and tells status and outcome.
type recording struct {
	call    *call.Call
	entry   *audit.Entry
	answer  *audit.Answer
	signing *audit.Signing  // nil: no manifest is asked for
	text    *storing        // nil: no text is kept
	digests []call.Digester // those that are told of the answer
}

// openRecord takes down the request as the client sent it: later stages rewrite its texts. The text itself is kept only
// for keys that ask for it, as redact leaves it; with a nil redact it never is.
func openRecord(c *call.Call, redact func(string) string) *recording {
	r, e := &recording{call: c, entry: c.Entry}, c.Entry
	if rights := c.Principal.Rights; redact != nil && rights != nil && rights.StoreText {
		r.text = &storing{redact: redact}
	}
	facts := c.Request.Facts()
	e.Endpoint, e.Stream, e.Asked = c.Endpoint.Name, facts.Stream, audit.Name(facts.Model)
	digest := e.PromptDigest()
	for place, text := range c.Request.Texts() {
		digest.Text(place.Role, *text)
		r.text.prompt(place, *text)
	}
	e.Prompt = digest.Sum()
	return r
}

// head takes down who serves.
func (r *recording) head(h *call.Head, answered bool) {
	c, e := r.call, r.entry
	e.Rule, e.Tier, e.Cache, e.Attempts, e.Upstream = c.Plan.Rule, c.Plan.Tier, h.Cache.State, h.Attempts, h.Upstream
	if t := &h.Target; t.Row != nil {
		e.Served, e.Called, e.Region = audit.Name(t.Public), audit.Name(t.CalledID), cmp.Or(t.Region, c.Plan.Home)
	}
	if !answered {
		e.Served = "" // it was called, but nothing was served
		return
	}
	r.answer = e.Digest()
	r.digests = append(r.digests, r.answer)
	if c.Tune.Manifest {
		r.signing = e.Sign()
		r.digests = append(r.digests, r.signing.Digest())
	}
	if r.text != nil {
		r.digests = append(r.digests, r.text)
	}
}

// see takes down a part as it goes by.
func (r *recording) see(p openai.Part) {
	if r.call.Endpoint.Digest == nil {
		return
	}
	for _, d := range r.digests {
		r.call.Endpoint.Digest(d, p)
	}
}

// complete writes down what is known of a call at its end: what was said, as keyed digests of what the client gets,
// what the policy decided, and what it cost. The text comes last: should redaction fail, the rest is there.
func (r *recording) complete(s *call.Served) {
	e := r.entry
	if e.Kept() {
		return
	}
	e.Policy = s.Call.Findings
	if r.answer != nil {
		e.Answers = r.answer.Sums()
	}
	nanos, estimated, known := s.Head.Called.Cost()
	if e.Cache == "hit" {
		nanos, estimated, known = 0, false, true
	}
	if known {
		e.Cost = dollars(nanos)
	}
	if u := s.Usage; u != nil {
		e.Usage = audit.Usage{Prompt: u.Prompt, Completion: u.Completion, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite}
	}
	e.Usage.Estimated = estimated
	e.Text = r.text.kept()
}

// dollars writes billionths of a USD as a decimal.
func dollars(nanos int64) string {
	s := fmt.Sprintf("%d.%09d", nanos/1e9, nanos%1e9)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// marked is a part whose object "outcrop" can be added to.
type marked interface{ Say(*openai.Extension) }

// signed puts the manifest, where one is asked for, into a plain answer, and of a stream into the chunk after which no
// text comes: the one with the usage where the client sees it, else the last one that ends a choice. SDKs read a choice
// off every other chunk, so it gets none of its own.
func (r *recording) signed(parts iter.Seq2[openai.Part, error]) iter.Seq2[openai.Part, error] {
	if r.signing == nil {
		return parts
	}
	sign := func(p openai.Part) openai.Part {
		if m, ok := p.(marked); ok {
			r.entry.Answers = r.answer.Sums()
			m.Say(&openai.Extension{Provenance: r.signing.Manifest(time.Now())})
		}
		return p
	}
	return func(yield func(openai.Part, error) bool) {
		var last openai.Part // ends a choice, and waits for what comes next
		for part, err := range parts {
			chunk, streamed := part.(*openai.ChatChunk)
			usage := streamed && len(chunk.Choices) == 0
			if last != nil {
				held := last
				last = nil
				if usage && !r.call.Request.Facts().Usage {
					sign(held)
				}
				if !yield(held, nil) {
					return
				}
			}
			switch {
			case err != nil:
			case streamed && ends(chunk):
				last = part
				continue
			case !streamed || usage && r.call.Request.Facts().Usage:
				sign(part)
			}
			if !yield(part, err) {
				return
			}
		}
		if last != nil {
			yield(sign(last), nil)
		}
	}
}

func ends(c *openai.ChatChunk) bool {
	for i := range c.Choices {
		if c.Choices[i].FinishReason != "" {
			return true
		}
	}
	return false
}
