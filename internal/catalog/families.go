package catalog

// family is a row of the family table: what the translation needs to know of a group of models and the data file lacks. The zero
// value of every field means "not known", so that a family without a statement in a source simply has no entry for it.
type family struct {
	format   string   // short name in reasoning_details.format (R-RES-08)
	sampling Sampling // [F 4.5]; the data file's own flags win
	strict   Tri      // strict tools, where they differ from structured output [F 4.4]
	// reasoning is what [F 4.2] says of the request; whether it is supported, signed and which efforts exist is in the data file, and
	// so is the shape where rows of one family differ in it (R-CAP-09).
	reasoning Reasoning

	leading        Tri      // may a conversation start with an assistant turn [F 2.1]; the data file's own flag wins
	beside         []string // user content allowed beside a toolResult [F 2.2]
	media          []string // media allowed inside a toolResult [F 2.2]
	json           bool     // a JSON object goes into a json block of a toolResult [F 2.2]
	alone          Tri      // must a toolUse stand without text in its turn [F 2.2]
	toolIDs        string   // own pattern of tool call ids [F 2.2, 4.1]
	toolNames      string   // own pattern of tool names [F 2.10]
	pointAfterText bool     // cache points only directly after text [F 2.10]
	s3             bool     // S3 sources of media [F 4.1]
	native         bool     // additional fields reach Anthropic's own API: its switch for parallel calls, its rule for stop sequences (R-CHO-08, R-LIM-04)
	tag            string   // thinking written into the text [F 4.2]

	embed EmbedShape // [F 5.1–5.6]
}

// Sampling of [F 4.5]: what "both" temperature and top_p together means differs by family.
var (
	allSampling   = Sampling{Temperature: Yes, TopP: Yes, Both: Yes}
	notBoth       = Sampling{Temperature: Yes, TopP: Yes, Both: No}
	noSampling    = Sampling{Temperature: No, TopP: No, Both: No}
	otherSampling = Sampling{Temperature: Yes, TopP: Yes} // the row "others": both together is not known
)

var (
	lowToHigh = []string{"low", "medium", "high"}
	lowToMax  = []string{"low", "medium", "high", "max"}
	lowToXMax = []string{"low", "medium", "high", "xhigh", "max"}
)

// families is the family table. Keys are the families of the data file.
var families = map[string]family{
	// Claude. Beside a toolResult text and image are taken, document and video refused; inside it image and document [F 2.2].
	// top_k is flat [F 1.2.3]; from 4.7 on no sampling parameter is taken at all [F 2.7].
	"claude-2":         claude(allSampling, Reasoning{}),
	"claude-3":         claude(allSampling, Reasoning{}),
	"claude-3.5":       claude(allSampling, Reasoning{}),
	"claude-3.5-haiku": claude(allSampling, Reasoning{}),
	"claude-3.7":       claude(allSampling, budget()),
	"claude-4":         claude(allSampling, budget()),
	"claude-4.1":       claude(notBoth, budget()), // [F 4.5, an issue]
	"claude-4.5":       claude(notBoth, budget()),
	"claude-4.5-opus":  claude(notBoth, budget()),
	"claude-4.6":       claude(notBoth, adaptive("off", lowToMax)),
	"claude-4.7":       claude(noSampling, hidden(adaptive("off", lowToXMax))),
	"claude-4.8":       claude(noSampling, forced(hidden(adaptive("off", lowToXMax)))), // forced choice beside thinking [F 2.2]
	"claude-5":         claude(noSampling, hidden(adaptive("on", lowToXMax))),
	"claude-fable":     claude(noSampling, hidden(adaptive("always", lowToXMax))),
	"claude-mythos":    claude(noSampling, hidden(adaptive("always", lowToXMax))),
	// Sampling, efforts and default of 5.5 are in no source; the shape is in the data file, "4.7 and later" hide the text (R-RSN-03).
	"claude-5.5": claude(Sampling{}, hidden(adaptive("", nil))),

	// Nova. Inside a toolResult images; of documents only csv and txt, so documents travel beside it [F 2.2]. S3 [F 4.1]. A hyphen in a
	// tool's name makes it answer with an invalid sequence, and cache points after anything but text are refused [F 2.10].
	"nova-1":          withTag(nova),
	"nova-2":          nova2(nova),
	"nova-embeddings": {format: "nova", embed: EmbedNova},

	"titan-text":     {format: "titan", sampling: otherSampling},
	"titan-embed":    {format: "titan", embed: EmbedTitan},
	"titan-embed-mm": {format: "titan", embed: EmbedTitanImage},

	// Llama: a toolResult stands alone (data file); inside it image and document [F 2.2]. top_k is refused [F 4.5].
	"llama-2":          llama,
	"llama-3":          llama,
	"llama-3.1":        llama,
	"llama-3.2-text":   llama,
	"llama-3.2-vision": llama,
	"llama-3.3":        llama,
	"llama-4":          llama,

	// Mistral: the older models take no text beside a toolUse; document only inside a toolResult, json blocks preferred [F 2.2], ids of nine letters or digits (R-RPL-08).
	"mistral-instruct": mistral,
	"mistral-small":    older(mistral),
	"mistral-large":    older(mistral),
	"pixtral":          mistral,
	"magistral":        mistral,
	"mistral-open":     mistral,
	"devstral":         mistral,
	"voxtral":          mistral,

	"cohere-command": {format: "cohere", sampling: otherSampling, leading: No},
	"command-r":      {format: "cohere", sampling: allSampling, leading: No}, // "k" for top_k is unconfirmed [F 4.5]
	"cohere-embed-3": {format: "cohere", embed: EmbedCohere},
	"cohere-embed-4": {format: "cohere", embed: EmbedCohere4},

	"jurassic-2":     {format: "ai21", sampling: otherSampling, leading: No},
	"jamba-instruct": {format: "ai21", sampling: allSampling, leading: No},
	"jamba-1.5":      {format: "ai21", sampling: allSampling, leading: No},

	"deepseek-r1": {format: "deepseek", sampling: allSampling, reasoning: Reasoning{Default: "always"}},
	"deepseek-v3": {format: "deepseek", sampling: allSampling,
		reasoning: Reasoning{Shape: ReasoningConfig, Default: "off", Efforts: lowToHigh}},

	// Qwen: no media inside a toolResult [F 2.2]; no off switch of reasoning is known [F 4.2], so it counts as always on (1.9).
	"qwen3": {format: "qwen", sampling: otherSampling, media: []string{},
		reasoning: Reasoning{Shape: ReasoningConfig, Default: "always", Efforts: []string{"low", "high"}}},

	"gpt-oss": {format: "gpt-oss", sampling: otherSampling,
		reasoning: Reasoning{Shape: ReasoningEffort, Default: "always", Efforts: lowToHigh}},
	"gpt-oss-safeguard": {format: "gpt-oss", sampling: otherSampling},
	"gpt-5":             {format: "gpt", sampling: otherSampling, reasoning: Reasoning{Encrypted: true}},
	"gpt-6":             {format: "gpt", sampling: otherSampling, reasoning: Reasoning{Encrypted: true}},

	"gemma-3":        {format: "gemma", sampling: otherSampling},
	"gemma-4":        {format: "gemma", sampling: otherSampling},
	"minimax":        {format: "minimax", sampling: otherSampling, reasoning: Reasoning{Default: "always"}},
	"kimi":           {format: "kimi", sampling: otherSampling, media: []string{}}, // whether and how it is asked to reason is a matter of the row
	"glm":            {format: "glm", sampling: otherSampling},
	"nemotron":       {format: "nemotron", sampling: otherSampling},
	"palmyra":        {format: "palmyra", sampling: otherSampling, leading: No},
	"palmyra-vision": {format: "palmyra", sampling: otherSampling, leading: No},
	"grok":           {format: "grok", sampling: otherSampling, reasoning: Reasoning{Encrypted: true}},
}

var (
	nova = family{format: "nova", leading: No, media: []string{"image"}, s3: true, toolNames: "word", pointAfterText: true,
		sampling: Sampling{Temperature: Yes, TopP: Yes, Both: Yes, TopKPath: "inferenceConfig.topK"}} // [F 1.2.3, 4.5]
	llama   = family{format: "llama", sampling: allSampling, leading: No, media: []string{"image", "document"}}
	mistral = family{format: "mistral", sampling: allSampling, leading: No, media: []string{"document"}, json: true, toolIDs: "alnum9"}
)

func withTag(nova family) family {
	nova.tag = "thinking"
	return nova
}

func nova2(nova family) family {
	nova.strict = Yes // recorded with Nova 2 Lite (R-TOOL-06), although outputConfig is refused
	nova.reasoning = Reasoning{Shape: ReasoningNova, Default: "off", Efforts: lowToHigh}
	return nova
}

func older(mistral family) family {
	mistral.alone = Yes
	return mistral
}

func claude(s Sampling, r Reasoning) family {
	if s != noSampling {
		s.TopKPath = "top_k"
	}
	return family{format: "claude", sampling: s, reasoning: r, native: true, beside: []string{"text", "image"}, media: []string{"image", "document"}}
}

// budget is thinking with a number of tokens, at least 1,024; every effort becomes a number (R-RSN-02).
func budget() Reasoning {
	return Reasoning{Shape: ReasoningBudget, Default: "off", MinBudget: 1024, Efforts: lowToXMax}
}

func adaptive(byDefault string, efforts []string) Reasoning {
	return Reasoning{Shape: ReasoningAdaptive, Default: byDefault, Efforts: efforts}
}

func hidden(r Reasoning) Reasoning {
	r.TextHidden = true
	return r
}

func forced(r Reasoning) Reasoning {
	r.ForcedChoiceAllowed = true
	return r
}
