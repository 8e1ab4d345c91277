package converse

import "outcrop/openai"

// Request is what a client wants of a model, before the passes: turns of blocks, tools, and wishes. A dialect fills
// it with what its client said, and judges no more of it than its own form; the passes of [Input] do the rest. Unset
// members are wishes that nobody has.
type Request struct {
	Findings // what the dialect itself found beside the turns
	Names    *Names

	Turns []Turn // as the client has them: neighbours of one side are joined here
	Last  Place  // the client's last message

	Tools   []Tool
	Choice  Choice
	OneCall bool // an answer may hold one call only
	Format  *Format

	Effort   string // to reason with: one of [Efforts]
	Thinking []byte // Claude's own object of that name

	Limit       *int64 // on the tokens of the answer
	LimitMember string // where the client said so
	Temperature *float64
	TopP        *float64
	TopK        *int64
	Stop        []string

	Fields     []byte   // an object laid over additionalModelRequestFields
	FieldPaths []string // additionalModelResponseFieldPaths

	Labels    []map[string]string // for requestMetadata, later ones win
	Tier      *string             // of service, in OpenAI's words
	Latency   *openai.PerformanceConfig
	Guardrail *openai.GuardrailConfig
	Cache     Caching
	Unknown   openai.Unknown // members that nobody knows
}

// Names is how an API calls what the passes speak of in errors and adjustments.
type Names struct {
	Limit, Effort, Format, Schema   string // Schema is the member of a format that holds name, description and schema
	Tools, Choice, Parallel, Strict string
	Messages                        string // all of them

	Turn, Role, Name, Calls, Result string // of adjustments, with [] for indexes; "" for what the API does not have

	Part func(at Place, rest string) string // the path of a part
	// Tool is the path of the i-th tool, or of its .name, .description, .parameters or .strict.
	Tool func(i int, rest string) string
}

// Place is where a block stands in the client's request: the number of the message or item, and that of the part in
// it, which may count in whatever way the API's Names.Part understands, in the order of the parts. Of a message as a
// whole Part is -1.
type Place struct{ Item, Part int }

// Turn is what one side says, without a break, in one message or item.
type Turn struct {
	System    bool // texts and cache points, which go in front of all other turns
	Assistant bool
	Blocks    []Block
	Plain     []Block // Blocks as they stand where no reasoning is sent; nil for Blocks without it
}

// Block is a piece of a turn: one of the pointers is set, or it is a text.
type Block struct {
	At   Place
	Text string

	Found     *Findings // by the dialect, here: they count when the passes come by, and only if they do
	Reasoning *Reasoning
	Call      *Call
	Result    *Result
	Media     *Media
	Point     *Point
}

// Reasoning is what a model thought, as an earlier answer told it. It goes back only to the family that signed it.
type Reasoning struct {
	Format    string // as [Context] has it
	Text      string
	Signature string
	Data      string // base64 of what is encrypted, instead of the others
}

// Call is a call of a tool.
type Call struct {
	ID, Name string
	Input    string // JSON of an object; of a custom tool the text itself
	Custom   bool
	ByName   bool   // results name the function, not the call
	Member   string // the input's, of adjustments
}

// Result is what came of a call. It may stand in any later turn of the user's side.
type Result struct {
	ID, Name string // of the call; Name may be missing
	ByName   bool   // as in [Call]
	Failed   bool
	Content  []Block // texts and media
	Point    *Point
}

// Media is a file that the client sends as one of URL, Base64 or Text.
type Media struct {
	Kind   MediaKind
	URL    string  // data:, http: or https:
	Base64 string  // the bytes
	Text   *string // what the bytes say, if policy may have rewritten it; goes before the others
	MIME   string
	Name   string
	Member string // of the part, where the URL or the bytes stand
	// What a document may bring along.
	Context   string
	Citations bool
}

// MediaKind is what a client calls a file, whatever its bytes say.
type MediaKind uint8

// The kinds of media.
const (
	Image MediaKind = iota
	File
	Sound
	Video
)

// Point is a cache point after the block before it.
type Point struct{ TTL string }

// Caching is what a request says of the prompt cache as a whole (TRANSLATION 1.12).
type Caching struct {
	Asked     bool    // it says something
	Explicit  bool    // it wants no points but its own
	TTL       *string // for points that tell none
	Retention *string // "24h" is such a TTL, too
}

// Lifetime is how long the whole request wants its cache points to live, "" without a word.
func (k *Caching) Lifetime() string {
	if k.TTL != nil {
		return *k.TTL
	}
	if k.day() {
		return *k.Retention
	}
	return ""
}

func (k *Caching) day() bool { return k.Retention != nil && *k.Retention == "24h" }

// Tool is a function that the model may call.
type Tool struct {
	Name        string
	Description *string
	Schema      []byte // of its parameters; nil for none
	Strict      bool
	Point       *Point
	Sent        []byte // the whole definition, to tell apart tools of one name
	Index       int    // among the client's tools
}

// Choice is what the client wants done with the tools.
type Choice struct {
	Kind    ChoiceKind
	Name    string   // of One
	Allowed []string // only these may be called; nil for all
	Member  string   // of the request
}

// ChoiceKind is what the model is told to do with the tools.
type ChoiceKind uint8

// The kinds of choices.
const (
	Auto ChoiceKind = iota // toolChoice is omitted: the service's default (R-CHO-01)
	None
	Any
	One
)

// Format is the form that the answer has to have: JSON of a schema, or of any.
type Format struct {
	Name        string
	Description *string
	Schema      []byte
}
