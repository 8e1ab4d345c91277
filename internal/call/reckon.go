package call

import (
	"outcrop/internal/access/budgets"
	"outcrop/internal/catalog"
)

// Reckoning is what a request is reckoned with before it is answered, and when nobody tells what it has used.
type Reckoning struct {
	calls   int64 // of a model, for its choices (R-N-05)
	Input   int64 // tokens of one call
	Output  int64 // tokens of one call
	Guessed bool  // nobody asked for so much output
}

// What no text tells: an image or a page of a document is about so many tokens.
const opaqueTokens = 1600

// bytesPerToken is what a token of most languages is worth, about.
const bytesPerToken = 4

// Reckon reckons a request; output is that of one without a limit.
func Reckon(c *Call, output int64) Reckoning {
	asked := c.Request.Facts()
	e := Reckoning{calls: asked.Choices}
	bytes := asked.SchemaBytes
	for _, text := range c.Request.Texts() {
		bytes += len(*text)
	}
	for place := range c.Request.Unscanned() {
		if e.Input += place.Tokens; place.Tokens == 0 && asked.Writes {
			e.Input += opaqueTokens
		}
	}
	e.Input += TokensIn(bytes)
	if asked.Writes {
		e.Output, e.Guessed = outputOf(c, asked.OutputLimit, output)
	}
	return e
}

// TokensIn is how many tokens a text of so many bytes is, about.
func TokensIn(bytes int) int64 { return int64(bytes+bytesPerToken-1) / bytesPerToken }

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

// Total is all tokens of the calls together.
func (e Reckoning) Total() int64 { return Sum(e.AllInput(), e.AllOutput()) }

// AllInput is that of all calls.
func (e Reckoning) AllInput() int64 { return product(e.calls, e.Input) }

// AllOutput is that of all calls.
func (e Reckoning) AllOutput() int64 { return product(e.calls, e.Output) }

// mostTokens is where reckoned numbers stop growing: far above what any request asks for, and low enough that everybody
// who counts on, Redis in floating point too, counts exactly.
const mostTokens = 1 << 52

// Sum adds counts that a client may have chosen, and product multiplies them, up to mostTokens.
func Sum(a, b int64) int64 {
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

// Of is the estimate for a model, whose answers have a greatest length.
func (e Reckoning) Of(t *catalog.Target) Reckoning {
	if most := int64(t.Row.MaxOutput); most > 0 {
		e.Output = min(e.Output, most)
	}
	return e
}

// OutputTokens is what a request without a token limit is reckoned with.
func OutputTokens(b *budgets.Budgets) int64 {
	if b == nil {
		return budgets.Default().OutputTokens
	}
	return b.OutputTokens
}
