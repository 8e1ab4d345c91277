package catalog

// family is a row of the family table: what the translation needs to know of a group of models and the data file lacks.
// What no source tells of a family is left out; the data file's own facts win.
type family struct {
	format string     // short name in reasoning_details.format (R-RES-08)
	embed  EmbedShape // [F 5.1–5.6]

	// Sampling and the path of top_k are of [F 4.5]. Reasoning is what [F 4.2] says of the request; whether it is
	// supported, signed and which efforts exist is in the data file, and so is the shape where rows of one family differ
	// in it (R-CAP-09). What may stand beside and inside a toolResult and a toolUse is of [F 2.2], the first turn of [F
	// 2.1].
	caps CapabilityFacts
}

var yes, no = new(true), new(false)

// Sampling of [F 4.5]: what "both" temperature and top_p together means differs by family.
var (
	allSampling   = SamplingFacts{Temperature: yes, TopP: yes, Both: yes}
	notBoth       = SamplingFacts{Temperature: yes, TopP: yes, Both: no}
	noSampling    = SamplingFacts{Temperature: no, TopP: no, Both: no}
	otherSampling = SamplingFacts{Temperature: yes, TopP: yes} // the row "others": both together is not known
)

var (
	lowToHigh = []string{"low", "medium", "high"}
	lowToMax  = []string{"low", "medium", "high", "max"}
	lowToXMax = []string{"low", "medium", "high", "xhigh", "max"}
)

// families is the family table. Keys are the families of the data file.
var families = map[string]family{
	// Claude. Beside a toolResult text and image are taken, document and video refused; inside it image and document [F
	// 2.2]. top_k is flat [F 1.2.3]; from 4.7 on no sampling parameter is taken at all [F 2.7].
	"claude-2":         claude(allSampling, ReasoningFacts{}),
	"claude-3":         claude(allSampling, ReasoningFacts{}),
	"claude-3.5":       claude(allSampling, ReasoningFacts{}),
	"claude-3.5-haiku": claude(allSampling, ReasoningFacts{}),
	"claude-3.7":       claude(allSampling, budget()),
	"claude-4":         claude(allSampling, budget()),
	"claude-4.1":       claude(notBoth, budget()), // [F 4.5, an issue]
	"claude-4.5":       claude(notBoth, budget()),
	"claude-4.5-opus":  claude(notBoth, budget()),
	"claude-4.6":       claude(notBoth, adaptive("off", lowToMax)),
	"claude-4.7":       claude(noSampling, hidden(adaptive("off", lowToXMax))),
	// forced choice beside thinking [F 2.2]
	"claude-4.8":    claude(noSampling, forced(hidden(adaptive("off", lowToXMax)))),
	"claude-5":      claude(noSampling, hidden(adaptive("on", lowToXMax))),
	"claude-fable":  claude(noSampling, hidden(adaptive("always", lowToXMax))),
	"claude-mythos": claude(noSampling, hidden(adaptive("always", lowToXMax))),
	// Sampling, efforts and default of 5.5 are in no source; the shape is in the data file, "4.7 and later" hide the text
	// (R-RSN-03).
	"claude-5.5": claude(SamplingFacts{}, hidden(adaptive("", nil))),

	// Nova. Inside a toolResult images; of documents only csv and txt, so documents travel beside it [F 2.2]. S3 [F 4.1].
	// A hyphen in a tool's name makes it answer with an invalid sequence, and cache points after anything but text are
	// refused [F 2.10].
	"nova-1":          withTag(nova),
	"nova-2":          nova2(nova),
	"nova-embeddings": {format: "nova", embed: EmbedNova},

	"titan-text":     {format: "titan", caps: CapabilityFacts{Sampling: otherSampling}},
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

	// Mistral: the older models take no text beside a toolUse; document only inside a toolResult, json blocks preferred [F
	// 2.2], ids of nine letters or digits (R-RPL-08).
	"mistral-instruct": mistral,
	"mistral-small":    older(mistral),
	"mistral-large":    older(mistral),
	"pixtral":          mistral,
	"magistral":        mistral,
	"mistral-open":     mistral,
	"devstral":         mistral,
	"voxtral":          mistral,

	"cohere-command": {format: "cohere", caps: CapabilityFacts{Sampling: otherSampling, LeadingAssistantOK: no}},
	// "k" for top_k is unconfirmed [F 4.5]
	"command-r":      {format: "cohere", caps: CapabilityFacts{Sampling: allSampling, LeadingAssistantOK: no}},
	"cohere-embed-3": {format: "cohere", embed: EmbedCohere},
	"cohere-embed-4": {format: "cohere", embed: EmbedCohere4},

	"jurassic-2":     {format: "ai21", caps: CapabilityFacts{Sampling: otherSampling, LeadingAssistantOK: no}},
	"jamba-instruct": {format: "ai21", caps: CapabilityFacts{Sampling: allSampling, LeadingAssistantOK: no}},
	"jamba-1.5":      {format: "ai21", caps: CapabilityFacts{Sampling: allSampling, LeadingAssistantOK: no}},

	"deepseek-r1": {format: "deepseek",
		caps: CapabilityFacts{Sampling: allSampling, Reasoning: ReasoningFacts{Default: "always"}}},
	"deepseek-v3": {format: "deepseek", caps: CapabilityFacts{Sampling: allSampling,
		Reasoning: ReasoningFacts{Shape: ReasoningConfig, Default: "off", Efforts: lowToHigh}}},

	// Qwen: no media inside a toolResult [F 2.2]; no off switch of reasoning is known [F 4.2], so it counts as always on
	// (1.9).
	"qwen3": {format: "qwen", caps: CapabilityFacts{Sampling: otherSampling, ToolResultMedia: []string{},
		Reasoning: ReasoningFacts{Shape: ReasoningConfig, Default: "always", Efforts: []string{"low", "high"}}}},

	"gpt-oss": {format: "gpt-oss", caps: CapabilityFacts{Sampling: otherSampling,
		Reasoning: ReasoningFacts{Shape: ReasoningEffort, Default: "always", Efforts: lowToHigh}}},
	"gpt-oss-safeguard": {format: "gpt-oss", caps: CapabilityFacts{Sampling: otherSampling}},
	"gpt-5": {format: "gpt",
		caps: CapabilityFacts{Sampling: otherSampling, Reasoning: ReasoningFacts{Encrypted: yes}}},
	"gpt-6": {format: "gpt",
		caps: CapabilityFacts{Sampling: otherSampling, Reasoning: ReasoningFacts{Encrypted: yes}}},

	"gemma-3": {format: "gemma", caps: CapabilityFacts{Sampling: otherSampling}},
	"gemma-4": {format: "gemma", caps: CapabilityFacts{Sampling: otherSampling}},
	"minimax": {format: "minimax",
		caps: CapabilityFacts{Sampling: otherSampling, Reasoning: ReasoningFacts{Default: "always"}}},
	// whether and how it is asked to reason is a matter of the row
	"kimi":           {format: "kimi", caps: CapabilityFacts{Sampling: otherSampling, ToolResultMedia: []string{}}},
	"glm":            {format: "glm", caps: CapabilityFacts{Sampling: otherSampling}},
	"nemotron":       {format: "nemotron", caps: CapabilityFacts{Sampling: otherSampling}},
	"palmyra":        {format: "palmyra", caps: CapabilityFacts{Sampling: otherSampling, LeadingAssistantOK: no}},
	"palmyra-vision": {format: "palmyra", caps: CapabilityFacts{Sampling: otherSampling, LeadingAssistantOK: no}},
	"grok": {format: "grok",
		caps: CapabilityFacts{Sampling: otherSampling, Reasoning: ReasoningFacts{Encrypted: yes}}},
}

var (
	nova = family{format: "nova", caps: CapabilityFacts{LeadingAssistantOK: no,
		ToolResultMedia: []string{"image"}, S3Sources: yes, ToolNamePattern: "word", Caching: CachingFacts{AfterText: yes},
		Sampling: allSampling, TopKPath: "inferenceConfig.topK"}} // [F 1.2.3, 4.5]
	llama = family{format: "llama", caps: CapabilityFacts{Sampling: allSampling, LeadingAssistantOK: no,
		ToolResultMedia: []string{"image", "document"}}}
	mistral = family{format: "mistral", caps: CapabilityFacts{Sampling: allSampling, LeadingAssistantOK: no,
		ToolResultMedia: []string{"document"}, ToolResultJSON: yes, ToolIDPattern: "alnum9"}}
)

func withTag(nova family) family {
	nova.caps.InlineThinkingTag = "thinking"
	return nova
}

func nova2(nova family) family {
	nova.caps.StrictTools = yes // recorded with Nova 2 Lite (R-TOOL-06), although outputConfig is refused
	nova.caps.Reasoning = ReasoningFacts{Shape: ReasoningNova, Default: "off", Efforts: lowToHigh}
	return nova
}

func older(mistral family) family {
	mistral.caps.ToolUseAlone = yes
	return mistral
}

func claude(s SamplingFacts, r ReasoningFacts) family {
	// Additional fields reach Anthropic's own API: its switch for parallel calls, its rule for stop sequences (R-CHO-08,
	// R-LIM-04).
	caps := CapabilityFacts{Sampling: s, Reasoning: r, DisableParallel: yes, BlankStopRefused: yes,
		ToolResultBeside: []string{"text", "image"}, ToolResultMedia: []string{"image", "document"}}
	if s != noSampling {
		caps.TopKPath = "top_k"
	}
	return family{format: "claude", caps: caps}
}

// budget is thinking with a number of tokens, at least 1,024; every effort becomes a number (R-RSN-02).
func budget() ReasoningFacts {
	return ReasoningFacts{Shape: ReasoningBudget, Default: "off", MinBudget: 1024, Efforts: lowToXMax}
}

func adaptive(byDefault string, efforts []string) ReasoningFacts {
	return ReasoningFacts{Shape: ReasoningAdaptive, Default: byDefault, Efforts: efforts}
}

func hidden(r ReasoningFacts) ReasoningFacts {
	r.TextHidden = yes
	return r
}

func forced(r ReasoningFacts) ReasoningFacts {
	r.ForcedChoiceAllowed = yes
	return r
}
