package offline

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// answer is what the model says: blocks, the reason to stop, and what was counted.
type answer struct {
	blocks []block
	stop   string
	ending string // the stop sequence that ended it
	usage  usage
	trace  map[string]any
}

// block is one content block of an answer; exactly one of text, call and reason is set.
type block struct {
	text   *string
	call   *call
	reason *reason
}

type call struct {
	id    string
	name  string
	input json.RawMessage
}

type reason struct {
	text      string
	signature string
	redacted  []byte
}

func textBlock(t string) block { return block{text: &t} }

// compose makes the answer to a valid request. It depends on nothing but the request.
func compose(r *converseRequest, t target, seed string) *answer {
	a := &answer{stop: "end_turn"}
	said := r.lastUserText()
	calls := oddCalls(said, decideCalls(r, seed))
	var text string
	switch {
	case len(calls) > 0:
		text = "I call " + names(calls) + "."
	case r.Output.Format != nil:
		text = string(fill([]byte(r.Output.Format.Structure.Schema.Schema), r.lastUserText()))
	default:
		text = describe(r, t)
		if value := instructed(r, text); value != "" {
			text = value
		}
	}
	reasons := reasoningOf(r, t)
	last := t.model.family.reasoning == reasonsAlwaysLast
	if !last {
		a.blocks = append(a.blocks, reasons...)
	}
	if len(calls) == 0 || !r.forced() {
		a.blocks = append(a.blocks, textBlock(text))
	}
	if last {
		a.blocks = append(a.blocks, reasons...)
	}
	for i := range calls {
		a.stop = "tool_use"
		if !strings.Contains(said, noCall) {
			a.blocks = append(a.blocks, block{call: &calls[i]})
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
		all = append(all, c.name)
	}
	return strings.Join(all, " and ")
}

// countTo lets a user ask for an answer of a certain length: "count to 50".
var countTo = regexp.MustCompile(`(?i)\bcount (?:from 1 )?to ([0-9]{1,5})\b`)

// describe says back what was seen, so that a test or a human can tell whether it arrived.
func describe(r *converseRequest, t target) string {
	said := r.lastUserText()
	if results := r.results(); len(results) > 0 {
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
	fmt.Fprintf(&b, "This is %s, offline. I see %s", t.model.ID, plural(len(r.Messages), "turn"))
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

func describeMedia(r *converseRequest) string {
	var b strings.Builder
	_ = r.eachMedia(func(_, kind string, m *media) *exception {
		size := plural(len(m.Source.Bytes), "byte")
		if m.Source.S3 != nil {
			size = m.Source.S3.URI
		}
		switch kind {
		case "image":
			if w, h, ok := imageSize(m.Source.Bytes); ok {
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
func describeResults(r *converseRequest, results []*toolResult) string {
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
				contents = append(contents, c.Search.Title+": "+joinTexts(c.Search.Content))
			}
		}
		media := describeMedia(&converseRequest{Messages: []message{{Content: res.Content}}})
		parts = append(parts, fmt.Sprintf("%s %s: %s%s", r.caller(res.ID), said, strings.Join(contents, "\n"), media))
	}
	return strings.Join(parts, "\n")
}

// obeyStops cuts the first text at the first stop sequence in it; what follows is not said.
func (a *answer) obeyStops(stops []string) {
	for i, b := range a.blocks {
		if b.text == nil {
			continue
		}
		at, ending := -1, ""
		for _, s := range stops {
			if n := strings.Index(*b.text, s); n >= 0 && (at < 0 || n < at) {
				at, ending = n, s
			}
		}
		if at >= 0 {
			a.blocks = append(a.blocks[:i:i], textBlock((*b.text)[:at]))
			a.stop, a.ending = "stop_sequence", ending
			return
		}
	}
}

// obeyLimit cuts the answer at a number of tokens. A call that does not fit whole is left out, as half of its JSON is of no use.
func (a *answer) obeyLimit(limit *int) {
	if limit == nil {
		return
	}
	left := *limit
	for i, b := range a.blocks {
		n := b.tokens()
		if n <= left {
			left -= n
			continue
		}
		kept := a.blocks[:i:i]
		if b.text != nil && left > 0 {
			kept = append(kept, textBlock(cutText(*b.text, 4*left)))
		} else if b.reason != nil && b.reason.redacted == nil && left > 0 {
			short := cutText(b.reason.text, 4*left)
			signature := ""
			if b.reason.signature != "" {
				signature = sign(short)
			}
			kept = append(kept, block{reason: &reason{text: short, signature: signature}})
		}
		a.blocks, a.stop, a.ending = kept, "max_tokens", ""
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

func (b block) tokens() int {
	switch {
	case b.text != nil:
		return tokens(len(*b.text))
	case b.call != nil:
		return tokens(len(b.call.name) + len(b.call.input))
	case b.reason != nil:
		return tokens(len(b.reason.text)) + len(b.reason.redacted)/4
	}
	return 0
}
