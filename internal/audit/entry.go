package audit

import (
	"strings"
	"time"
	"unicode"
)

// Entry is the record of a request that is being answered. One goroutine at a time uses it, and nobody after Keep
// writes to it.
type Entry struct {
	Record
	log  *Log
	slot bool
	kept bool
}

// Kept tells whether the record was handed over.
func (e *Entry) Kept() bool { return e.kept }

// Keep hands the record over, once, and never waits. now is the end of the answer.
func (e *Entry) Keep(now time.Time) {
	if e.kept {
		return
	}
	e.kept = true
	e.Millis = max(now.Sub(e.At), 0).Milliseconds()
	e.log.send(e)
}

// Digest begins the digests of the answer.
func (e *Entry) Digest() *Answer { return e.log.keys.Answer() }

// PromptDigest begins the digest of the request.
func (e *Entry) PromptDigest() *Prompt { return e.log.keys.Prompt() }

// Provenance is what an answer says of its record: the id, and of a whole answer the chain and the digests of its
// choices, the first eight of them: "req_…; chain=…; answer=…,…".
func (e *Entry) Provenance() string {
	if len(e.Answers) == 0 {
		return e.ID
	}
	const most = 8
	return e.ID + "; chain=" + e.log.chain.name + "; answer=" + strings.Join(e.Answers[:min(len(e.Answers), most)], ",")
}

// Name makes a model's name fit for the record: account numbers in ARNs are masked, and what is too long is cut.
func Name(model string) string {
	model = clip(model, longestName)
	if !strings.Contains(model, "arn:") {
		return model
	}
	fields := strings.Split(model, ":")
	for i, f := range fields {
		if len(f) == 12 && strings.Trim(f, "0123456789") == "" {
			fields[i] = "************"
		}
	}
	return strings.Join(fields, ":")
}

// plain is a name without what could break a line.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, name)
}
