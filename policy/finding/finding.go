// Package finding has the words that detectors and rules share: what is looked at, what was found, and which of two
// findings over the same bytes counts.
//
// It must not find anything, and imports nothing of ours. Start at [Detector].
package finding

import "context"

// Direction tells whether texts go to the model or come from it.
type Direction uint8

// The two directions.
const (
	Input Direction = iota
	Output
)

func (d Direction) String() string {
	if d == Output {
		return "output"
	}
	return "input"
}

// Text is one text to look at, and where it stands.
type Text struct {
	Value string
	Role  string // "user", "tool", "system", "assistant"; "" is unknown
	Path  string // "messages[2].content[0].text"
	// JSON says that the value is that of a JSON text (arguments of a tool call): its strings are inspected decoded.
	JSON bool
	// Head and Tail tell that the text is a piece of a stream: before it, or behind it, there is more.
	Head, Tail bool
}

// Finding is one thing found: bytes Start to End of the text with index Text, and how sure the detector is, 0 to 1.
type Finding struct {
	Text       int
	Kind       string
	Start, End int
	Score      float64
}

// Detector finds things in texts. It never changes a text and never decides. Its work grows no faster than the texts,
// and it gives up with the context's error. Settled is how far a text is decided whatever comes behind it, so that a
// stream knows how much to hold back: the place from which on it may still become, or change, a finding; len(text) for
// none. What stands before from has gone out already and is there to be read only.
type Detector interface {
	Name() string
	Detect(ctx context.Context, d Direction, texts []Text) ([]Finding, error)
	Settled(text string, from int) int
}

// Kinds of findings that the detectors of this package report; custom expressions add their own.
const (
	KindEmail     = "EMAIL"
	KindPhone     = "PHONE_NUMBER"
	KindCard      = "CREDIT_CARD"
	KindIBAN      = "IBAN"
	KindIP        = "IP_ADDRESS"
	KindSSN       = "US_SSN"
	KindAWSKey    = "AWS_ACCESS_KEY"
	KindAWSSecret = "AWS_SECRET_KEY"
	KindSecret    = "SECRET"
	KindURL       = "URL"
	KindAddress   = "ADDRESS"
	KindPerson    = "PERSON"
	KindHidden    = "HIDDEN_TEXT" // text that a reader does not see and a model reads
)

// Priority settles which of two findings over the same bytes counts: what a checksum or a fixed form proves comes
// before what only looks like something. Kinds of the user's own rules come first.
var Priority = map[string]int{
	KindAWSKey: 90, KindAWSSecret: 90, KindSecret: 90, KindIBAN: 80, KindCard: 75, KindURL: 70, KindEmail: 68,
	KindSSN: 60, KindIP: 55, KindPhone: 50, KindAddress: 40, KindPerson: 30, KindHidden: 20,
}

// Rank is the priority of a kind; kinds of the user's own rules come first.
func Rank(kind string) int {
	if p, ok := Priority[kind]; ok {
		return p
	}
	return 100
}
