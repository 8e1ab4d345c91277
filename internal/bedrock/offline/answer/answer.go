// Package answer makes answers up: text, tool calls, reasoning and embeddings that are the same for the same request,
// and their JSON and events.
//
// It must not refuse what rules should. Start at [Compose] and [EmbedderOf].
package answer

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"outcrop/internal/bedrock/offline/wire"
)

// Answer is what the model says: blocks, the reason to stop, and what was counted.
type Answer struct {
	Blocks []Block
	Stop   string
	ending string // the stop sequence that ended it
	Usage  Usage
	Trace  map[string]any
}

// Block is one content block of an answer; exactly one of text, call and reason is set.
type Block struct {
	Text   *string
	call   *call
	reason *reason
}

type call struct {
	id    string
	Name  string
	input json.RawMessage
}

type reason struct {
	text      string
	signature string
	redacted  []byte
}

// TextBlock is a block of text.
func TextBlock(t string) Block { return Block{Text: &t} }

// Compose makes the answer to a valid request. It depends on nothing but the request.
func Compose(r *wire.ConverseRequest, t wire.Target, seed string) *Answer {
	a := &Answer{Stop: "end_turn"}
	said := r.LastUserText()
	calls := oddCalls(said, DecideCalls(r, seed))
	var text string
	switch {
	case len(calls) > 0:
		text = "I call " + names(calls) + "."
	case r.Output.Format != nil:
		text = string(Fill([]byte(r.Output.Format.Structure.Schema.Schema), r.LastUserText()))
	default:
		text = describe(r, t)
		if value := instructed(r, text); value != "" {
			text = value
		}
	}
	reasons := reasoningOf(r, t)
	last := t.Model.Traits.Reasoning == wire.ReasonsAlwaysLast
	if !last {
		a.Blocks = append(a.Blocks, reasons...)
	}
	if len(calls) == 0 || !r.Forced() {
		a.Blocks = append(a.Blocks, TextBlock(text))
	}
	if last {
		a.Blocks = append(a.Blocks, reasons...)
	}
	for i := range calls {
		a.Stop = "tool_use"
		if !strings.Contains(said, NoCall) {
			a.Blocks = append(a.Blocks, Block{call: &calls[i]})
		}
	}
	a.thinkAgain(said)
	a.obeyStops(r.Inference.Stop)
	a.obeyLimit(r.Inference.MaxTokens)
	return a
}

func names(calls []call) string {
	var all []string
	for _, c := range calls {
		all = append(all, c.Name)
	}
	return strings.Join(all, " and ")
}

// countTo lets a user ask for an answer of a certain length: "count to 50".
var countTo = regexp.MustCompile(`(?i)\bcount (?:from 1 )?to ([0-9]{1,5})\b`)

// describe says back what was seen, so that a test or a human can tell whether it arrived.
func describe(r *wire.ConverseRequest, t wire.Target) string {
	said := r.LastUserText()
	if results := r.Results(); len(results) > 0 {
		return describeResults(r, results)
	}
	if m := countTo.FindStringSubmatch(said); m != nil {
		n, _ := strconv.Atoi(m[1])
		var b strings.Builder
		for i := 1; i <= min(n, 10_000); i++ {
			fmt.Fprintf(&b, "%d ", i)
		}
		return strings.TrimSpace(b.String())
	}
	var b strings.Builder
	fmt.Fprintf(&b, "This is %s, offline. I see %s", t.Model.ID, plural(len(r.Messages), "turn"))
	if len(r.System) > 0 {
		b.WriteString(" and a system prompt")
	}
	b.WriteString(".")
	if said != "" {
		fmt.Fprintf(&b, " You said: %s", said)
	}
	b.WriteString(describeMedia(r))
	return b.String()
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func describeMedia(r *wire.ConverseRequest) string {
	var b strings.Builder
	_ = r.EachMedia(func(_, kind string, m *wire.Media) *wire.Exception {
		size := plural(len(m.Source.Bytes), "byte")
		if m.Source.S3 != nil {
			size = m.Source.S3.URI
		}
		switch kind {
		case "image":
			if w, h, ok := wire.ImageSize(m.Source.Bytes); ok {
				size = fmt.Sprintf("%d x %d px, %s", w, h, size)
			}
			fmt.Fprintf(&b, "\nImage: %s, %s.", m.Format, size)
		case "document":
			if m.Source.Text != nil {
				size = plural(len(*m.Source.Text), "byte")
			}
			fmt.Fprintf(&b, "\nDocument %q: %s, %s.", m.Name, m.Format, size)
		default:
			fmt.Fprintf(&b, "\n%s: %s, %s.", strings.ToUpper(kind[:1])+kind[1:], m.Format, size)
		}
		return nil
	})
	return b.String()
}

// describeResults answers from the content of tool results.
func describeResults(r *wire.ConverseRequest, results []*wire.ToolResult) string {
	var parts []string
	for _, res := range results {
		said := "returned"
		if res.Status == "error" {
			said = "failed with"
		}
		var contents []string
		for _, c := range res.Content {
			switch {
			case c.Text != nil:
				contents = append(contents, *c.Text)
			case c.JSON != nil:
				contents = append(contents, string(c.JSON))
			case c.Search != nil:
				contents = append(contents, c.Search.Title+": "+wire.JoinTexts(c.Search.Content))
			}
		}
		media := describeMedia(&wire.ConverseRequest{Messages: []wire.Message{{Content: res.Content}}})
		parts = append(parts, fmt.Sprintf("%s %s: %s%s", r.Caller(res.ID), said, strings.Join(contents, "\n"), media))
	}
	return strings.Join(parts, "\n")
}

// obeyStops cuts the first text at the first stop sequence in it; what follows is not said.
func (a *Answer) obeyStops(stops []string) {
	for i, b := range a.Blocks {
		if b.Text == nil {
			continue
		}
		at, ending := -1, ""
		for _, s := range stops {
			if n := strings.Index(*b.Text, s); n >= 0 && (at < 0 || n < at) {
				at, ending = n, s
			}
		}
		if at >= 0 {
			a.Blocks = append(a.Blocks[:i:i], TextBlock((*b.Text)[:at]))
			a.Stop, a.ending = "stop_sequence", ending
			return
		}
	}
}

// obeyLimit cuts the answer at a number of tokens. A call that does not fit whole is left out, as half of its JSON is
// of no use.
func (a *Answer) obeyLimit(limit *int) {
	if limit == nil {
		return
	}
	left := *limit
	for i, b := range a.Blocks {
		n := b.Tokens()
		if n <= left {
			left -= n
			continue
		}
		kept := a.Blocks[:i:i]
		if b.Text != nil && left > 0 {
			kept = append(kept, TextBlock(cutText(*b.Text, 4*left)))
		} else if b.reason != nil && b.reason.redacted == nil && left > 0 {
			short := cutText(b.reason.text, 4*left)
			signature := ""
			if b.reason.signature != "" {
				signature = wire.Sign(short)
			}
			kept = append(kept, Block{reason: &reason{text: short, signature: signature}})
		}
		a.Blocks, a.Stop, a.ending = kept, "max_tokens", ""
		return
	}
}

func cutText(t string, n int) string {
	if n >= len(t) {
		return t
	}
	for n > 0 && !utf8.RuneStart(t[n]) {
		n--
	}
	return t[:n]
}

// Tokens is what the block counts in the usage.
func (b Block) Tokens() int {
	switch {
	case b.Text != nil:
		return wire.Tokens(len(*b.Text))
	case b.call != nil:
		return wire.Tokens(len(b.call.Name) + len(b.call.input))
	case b.reason != nil:
		return wire.Tokens(len(b.reason.text)) + len(b.reason.redacted)/4
	}
	return 0
}
