package pipeline

import (
	"outcrop/internal/access/budgets"
	"outcrop/internal/catalog"
)

// reckoning is what a request is reckoned with before it is answered, and when nobody tells what it has used.
type reckoning struct {
	calls   int64 // of a model, for its choices (R-N-05)
	input   int64 // tokens of one call
	output  int64 // tokens of one call
	guessed bool  // nobody asked for so much output
}

// What no text tells: an image or a page of a document is about so many tokens.
const opaqueTokens = 1600

// bytesPerToken is what a token of most languages is worth, about.
const bytesPerToken = 4

// reckon reckons a request; output is that of one without a limit.
func reckon(c *Call, output int64) reckoning {
	asked := c.Request.Facts()
	e := reckoning{calls: asked.Choices}
	bytes := asked.SchemaBytes
	for _, text := range c.Request.Texts() {
		bytes += len(*text)
	}
	for place := range c.Request.Unscanned() {
		if e.input += place.Tokens; place.Tokens == 0 && asked.Writes {
			e.input += opaqueTokens
		}
	}
	e.input += tokensIn(bytes)
	if asked.Writes {
		e.output, e.guessed = outputOf(c, asked.OutputLimit, output)
	}
	return e
}

func tokensIn(bytes int) int64 { return int64(bytes+bytesPerToken-1) / bytesPerToken }

// outputOf is the limit of the request, of its key, or the usual, whichever is known.
func outputOf(c *Call, limit *int64, usual int64) (tokens int64, guessed bool) {
	highest := int64(0)
	if c.Principal.Rights != nil {
		highest = c.Principal.Rights.MaxTokens
	}
	switch {
	case limit != nil && highest > 0:
		return min(*limit, highest), false
	case limit != nil:
		return *limit, false
	case highest > 0:
		return highest, true
	}
	return usual, true
}

// total is all tokens of the calls together.
func (e reckoning) total() int64 { return sum(e.allInput(), e.allOutput()) }

// allInput and allOutput are those of all calls.
func (e reckoning) allInput() int64  { return product(e.calls, e.input) }
func (e reckoning) allOutput() int64 { return product(e.calls, e.output) }

// mostTokens is where reckoned numbers stop growing: far above what any request asks for, and low enough that everybody who counts
// on, Redis in floating point too, counts exactly.
const mostTokens = 1 << 52

// sum adds counts that a client may have chosen, and product multiplies them, up to mostTokens.
func sum(a, b int64) int64 {
	a, b = count(a), count(b)
	return min(a+b, mostTokens)
}

func product(a, b int64) int64 {
	a, b = count(a), count(b)
	if a > 0 && b > mostTokens/a {
		return mostTokens
	}
	return a * b
}

func count(n int64) int64 { return min(max(n, 0), mostTokens) }

// of is the estimate for a model, whose answers have a greatest length.
func (e reckoning) of(t *catalog.Target) reckoning {
	if most := int64(t.Row.MaxOutput); most > 0 {
		e.output = min(e.output, most)
	}
	return e
}

// outputTokens is what a request without a token limit is reckoned with.
func outputTokens(b *budgets.Budgets) int64 {
	if b == nil {
		return budgets.Default().OutputTokens
	}
	return b.OutputTokens
}
