package catalog

import "slices"

// Tri is a fact that may be unknown. Unknown means: send what the client asked for and let Bedrock judge (R-CAP-06).
type Tri uint8

// The three values of a [Tri].
const (
	Unknown Tri = iota
	Yes
	No
)

// Model is one row: everything that is known of a model. Rows are shared and never change after loading.
type Model struct {
	ID       string // Bedrock's base model id, the public name
	Name     string // for people: "Claude Haiku 4.5"
	Provider string // "Anthropic"
	Family   string // "claude-4.5": key of the family table
	Format   string // short family name in reasoning_details.format: "claude", "nova", "gpt-oss" … (R-RES-08)
	Kind     Kind
	Known    bool // false for a row made up for a model that the catalogue lacks (R-CAP-05)

	InputModalities []string
	Context         int   // tokens, 0 unknown
	MaxOutput       int   // tokens, 0 unknown
	MaxOutputFirm   bool  // MaxOutput is confirmed, so a limit above it is clamped (R-LIM-02)
	Dimensions      []int // of an embedding model, ascending; nil when there is no choice known
	Converse        Tri   // whether Converse serves it (R-CAP-08)
	EmbedShape      EmbedShape

	Caps Capabilities

	Profiles        []string // system inference profile ids that contain it
	ProfileRequired Tri
	Elsewhere       bool   // AWS was asked, and offers it in other regions than the gateway's, if at all (R-MOD-06)
	Created         int64  // start of life, seconds; the catalogue's date when unknown
	Status          string // active, legacy, eol, gated, preview, unknown
	EndOfLife       string // YYYY-MM-DD, "" unknown

	Prices map[string]Price // by scope: "in_region", "us", "eu", "global" …; see PriceFor

	doubtful       []string // of Profiles: named by one price map and no other source [F 4.10]
	profileInWest2 bool     // us-west-2 lists it without on-demand use
	confirmed      bool     // more than a name in one source: may lend its capabilities to newer models (R-CAP-05)
}

// EmbedShape is the native request shape of an embedding model (FACTS 5); "" is one without an OpenAI counterpart.
type EmbedShape string

// The request shapes of embedding models.
const (
	EmbedNone       EmbedShape = ""
	EmbedTitan      EmbedShape = "titan"       // inputText; dimensions where the row has a choice of them
	EmbedTitanImage EmbedShape = "titan-image" // inputText, inputImage, embeddingConfig.outputEmbeddingLength
	EmbedCohere     EmbedShape = "cohere"      // texts, input_type
	EmbedCohere4    EmbedShape = "cohere-4"    // the same with output_dimension
	EmbedNova       EmbedShape = "nova"        // taskType SINGLE_EMBEDDING
)

// Price is in USD per million tokens; 0 where unknown.
type Price struct {
	Input        float64 `yaml:"input" validate:"min=0"`
	Output       float64 `yaml:"output" validate:"min=0"`
	CacheRead    float64 `yaml:"cache_read" validate:"min=0"`
	CacheWrite5m float64 `yaml:"cache_write_5m" validate:"min=0"`
	CacheWrite1h float64 `yaml:"cache_write_1h" validate:"min=0"`
}

// Capabilities are what translation rules read instead of model names (TRANSLATION 0.2).
type Capabilities struct {
	Streaming, System, Tools, StreamingTools Tri
	Documents, Vision, Video, Audio          Tri
	ToolChoice                               ToolChoice
	StructuredOutput, StrictTools            Tri

	Sampling  Sampling
	Reasoning Reasoning
	Caching   Caching

	AssistantPrefill   Tri // a final assistant turn is taken up
	LeadingAssistantOK Tri // a conversation may start with an assistant turn

	ToolResultBeside []string // kinds of user content allowed beside toolResult, nil when nobody knows; ask Beside
	ToolResultAlone  Tri      // Yes: nothing may stand beside a toolResult in its turn
	ToolUseAlone     Tri      // Yes: no text may stand beside a toolUse in its turn
	ToolResultMedia  []string // kinds of media known to be allowed inside a toolResult: "image", "document"
	ToolResultJSON   bool     // a JSON object goes into a json block
	ToolResultStatus Tri      // No: the status member is refused
	ToolIDPattern    string   // "" Bedrock's own, "alnum9": nine letters or digits
	ToolNamePattern  string   // "" Bedrock's own, "word": without hyphens

	S3Sources         bool
	DisableParallel   bool   // additionalModelRequestFields take tool_choice.disable_parallel_tool_use (R-CHO-08)
	BlankStopRefused  bool   // a stop sequence of white space alone is refused (R-LIM-04)
	InlineThinkingTag string // "thinking" when the family writes <thinking>…</thinking> into its text
}

// Beside tells whether user content of a kind ("text", "image", "document", "video", "audio") may stand beside a
// toolResult in its turn (R-MSG-07). What nobody knows is allowed (R-CAP-06).
func (c *Capabilities) Beside(kind string) bool {
	if c.ToolResultAlone == Yes {
		return false
	}
	return c.ToolResultBeside == nil || slices.Contains(c.ToolResultBeside, kind)
}

// ToolChoice tells which kinds of toolChoice a model takes. With Known false nobody knows, and any kind is sent as
// asked.
type ToolChoice struct{ Known, Auto, Any, Tool bool }

// Sampling tells which sampling parameters a model takes.
type Sampling struct {
	Temperature, TopP, Both Tri
	TopKPath                string // "top_k", "inferenceConfig.topK", or "" where it is not accepted
}

// ReasoningShape is how a family is asked to reason (FACTS 4.2).
type ReasoningShape string

// The request shapes of reasoning.
const (
	ReasoningNone     ReasoningShape = ""         // no parameter: never reasons, or always does
	ReasoningBudget   ReasoningShape = "budget"   // thinking {type:"enabled", budget_tokens:N}
	ReasoningAdaptive ReasoningShape = "adaptive" // thinking {type:"adaptive"}, output_config {effort}
	ReasoningNova     ReasoningShape = "nova"     // reasoningConfig {type:"enabled", maxReasoningEffort}
	ReasoningEffort   ReasoningShape = "effort"   // reasoning_effort: "low|medium|high"
	ReasoningConfig   ReasoningShape = "config"   // reasoning_config: "low|medium|high"
	ReasoningObject   ReasoningShape = "object"   // reasoning {effort: "none|low|medium|high|xhigh|max"}
)

// Reasoning tells whether and how a model reasons.
type Reasoning struct {
	Supported           Tri
	Shape               ReasoningShape
	Default             string   // "off", "on" (can be switched off) or "always"; "" unknown
	Efforts             []string // what the family knows, ascending: "low", "medium", "high", "xhigh", "max"; nil unknown
	MinBudget           int
	Signed              bool // blocks carry a signature and must be replayed unchanged
	Encrypted           bool // encrypted blocks are taken back unchanged, and no others (R-CAP-09)
	TextHidden          bool // text_hidden_by_default: thinking.display must ask for it (R-RSN-03)
	ForcedChoiceAllowed bool // a forced toolChoice is accepted beside thinking
}

// Caching tells whether explicit cache points are taken, and where.
type Caching struct {
	Explicit                Tri
	MinTokens, MaxPoints    int
	System, Messages, Tools bool
	Hour                    bool // the 1h time to live is offered
	AfterText               bool // among messages a point may stand directly after text and nothing else
}
