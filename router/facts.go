package router

import (
	"time"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/router/score"
)

// Caller is what routing may know of who asks, and how.
type Caller struct {
	Key        string        // public name of the API key
	Tenant     string        // whose request it is
	Tier       string        // header x-outcrop-tier
	TimeBudget time.Duration // what the request gives itself; 0 is nothing
}

// Facts are what the rules read of a request. Each is worked out when a rule first asks for it, so that a request for a
// named model costs nothing. Facts are of one request, used by one goroutine.
type Facts struct {
	Model string       // as the client wrote it
	Kind  catalog.Kind // what the endpoint serves

	request openai.Request
	caller  Caller
	done    group
	known   environment
	user    []string // texts of the user's turns, the oldest first
	bytes   int      // of the prompt, once asked for
}

// FactsOf gives the facts of a request.
func FactsOf(req openai.Request, kind catalog.Kind, caller Caller) *Facts {
	return &Facts{Model: req.Facts().Model, Kind: kind, request: req, caller: caller}
}

// group is a set of facts that are worked out together.
type group uint16

const (
	gShape    group = 1 << iota // counts and members
	gLast                       // text of the last user turn
	gMeasure                    // words and tokens
	gWhole                      // text of everything
	gCode                       //
	gMath                       //
	gLanguage                   //
	gScore                      //

	gAll = gShape | gLast | gMeasure | gWhole | gCode | gMath | gLanguage | gScore
	// gShown is what people are shown: everything but the texts themselves.
	gShown = gAll &^ gWhole
)

// environment holds the facts under the names that conditions and people use.
type environment struct {
	Last   textFacts `expr:"last" json:"last"`     // of the last user turn
	Prompt textFacts `expr:"prompt" json:"prompt"` // of everything that is sent, tools included

	Turns            int    `expr:"turns" json:"turns"` // of the user
	Tools            int    `expr:"tools" json:"tools"`
	ToolResults      int    `expr:"tool_results" json:"tool_results"`
	Images           int    `expr:"images" json:"images"`
	Documents        int    `expr:"documents" json:"documents"`
	Videos           int    `expr:"videos" json:"videos"`
	Audios           int    `expr:"audios" json:"audios"`
	StructuredOutput bool   `expr:"structured_output" json:"structured_output"`
	Effort           string `expr:"effort" json:"effort"`
	MaxOutput        int    `expr:"max_output" json:"max_output"` // the limit asked for, 0 is none
	Choices          int    `expr:"n" json:"n"`
	Stream           bool   `expr:"stream" json:"stream"`

	Code     bool    `expr:"code" json:"code"`
	Math     bool    `expr:"math" json:"math"`
	Language string  `expr:"language" json:"language"` // "en", "de" …; "" is not known
	Score    float64 `expr:"score" json:"-"`           // stands beside the facts

	Model      string            `expr:"model" json:"model"`
	Key        string            `expr:"key" json:"key"`
	Tenant     string            `expr:"tenant" json:"tenant"`
	User       string            `expr:"user" json:"user"`
	HeaderTier string            `expr:"header_tier" json:"header_tier"`
	TimeBudget time.Duration     `expr:"time_budget" json:"-"` // 0 is none
	Seconds    float64           `expr:"time_budget_seconds" json:"time_budget_seconds"`
	Metadata   map[string]string `expr:"metadata" json:"metadata"`

	// Keywords is how conditions ask for words; calls with constants only are replaced by calls of WordSet, whose name
	// nobody can write.
	Keywords func(words ...string) bool `expr:"keywords" json:"-"`
	WordSet  func(set int) bool         `expr:"keywords#" json:"-"`
}

// textFacts are what is counted in a text. Tokens are an estimate: four bytes each, a sign of Chinese, Japanese or
// Korean one.
type textFacts struct {
	Words  int    `expr:"words" json:"words"`
	Tokens int    `expr:"tokens" json:"tokens"`
	Text   string `expr:"text" json:"-"`
}

// need works out what is not known yet.
func (f *Facts) need(want group, s *score.Scorer) {
	if want &^= f.done; want == 0 {
		return
	}
	if want&(gLast|gMeasure|gCode|gMath|gLanguage|gScore) != 0 {
		want |= gShape | gLast
	}
	want &^= f.done
	f.done |= want
	e := &f.known
	if want&gShape != 0 {
		f.shape()
	}
	if want&gLast != 0 && len(f.user) > 0 {
		e.Last.Text = f.user[len(f.user)-1]
	}
	if want&gMeasure != 0 {
		f.measure()
	}
	if want&gWhole != 0 {
		e.Prompt.Text = joined(f.request)
	}
	if want&gCode != 0 {
		e.Code = isCode(e.Last.Text)
	}
	if want&gMath != 0 {
		e.Math = isMath(e.Last.Text)
	}
	if want&gLanguage != 0 {
		e.Language = score.Language(e.Last.Text)
	}
	if want&gScore != 0 && s != nil {
		e.Score = s.ScoreTurns(f.user)
	}
}
