package wire

// reasoning tells how a family is asked to reason and what it sends back [FACTS 4.2].
type reasoning int

// The ways in which families reason.
const (
	ReasonsNever      reasoning = iota
	ClaudeBudget                // thinking {enabled, budget_tokens}
	ClaudeBoth                  // budget or adaptive
	ClaudeAdaptive              // adaptive only, off by default
	ClaudeDefault               // adaptive, on by default
	ClaudeAlways                // adaptive, cannot be switched off
	NovaEffort                  // reasoningConfig
	StringEffort                // reasoning_config "low"
	ObjectEffort                // reasoning {effort}; what is sent back is encrypted
	Encrypts                    // the same without a parameter that is known
	ReasonsByEffort             // reasoning_effort; always on
	ReasonsAlways               // always on, no parameter
	ReasonsAlwaysLast           // the same, the text block comes first
)

// Family is what the rules and the answers need to know about a group of models beyond the data file. Every difference
// between families stands in the table below and nowhere else.
type Family struct {
	Claude    bool
	Reasoning reasoning
	Hidden    bool // reasoning text is left out unless thinking.display asks for it

	MergesTurns bool     // turns of equal role may follow each other
	TextAlone   bool     // no text beside toolUse in an assistant turn
	ResultMedia []string // what toolResult.content may hold beside text and json; nil: anything

	NativeKeys []string // members taken in additionalModelRequestFields; nil: any
	RefusedKey string   // a member that is surely refused there
	WordNames  bool     // a hyphen in a tool's name spoils the call
	AfterText  bool     // no cache point directly after a tool result or an image

	ForcedThinking bool // a forced tool choice is taken while thinking
	NoForcedChoice bool // a forced tool choice is never taken
	Efforts        []string

	TypedCalls   bool // toolUse.type "tool_use" is on the wire
	Fragments    bool // tool input comes in fragments, after an empty one
	ServerUsage  bool // usage.serverToolUsage {} is on the wire
	CacheNumbers bool // cache counts are on the wire even without cache points
	NoCacheError string
}

var (
	claudeKeys = []string{"anthropic_beta", "cache_control", "container", "context_management", "inference_geo",
		"mcp_servers", "metadata",
		"output_config", "service_tier", "speed", "stop_sequences", "temperature", "thinking", "tool_choice", "tools",
		"top_k", "top_p", "max_tokens"}
	novaKeys  = []string{"inferenceConfig", "schemaVersion", "toolConfig", "system"}
	nova2Keys = append([]string{"reasoningConfig"}, novaKeys...)
	lowToMax  = []string{"low", "medium", "high", "max"}
	// LowToXMax are the efforts of the newest Claude models.
	LowToXMax = []string{"low", "medium", "high", "xhigh", "max"}
)

// claude makes the row of a Claude generation. Media in tool results: [FACTS 2.2]; typed calls, fragments and usage
// members: as recorded.
func claude(how reasoning, efforts []string) Family {
	return Family{
		Claude: true, Reasoning: how, Efforts: efforts, Hidden: how == ClaudeAdaptive || how == ClaudeDefault ||
			how == ClaudeAlways,
		MergesTurns: true, ResultMedia: []string{"image", "document", "searchResult"}, NativeKeys: claudeKeys,
		TypedCalls: true, Fragments: true, ServerUsage: true, CacheNumbers: true, NoForcedChoice: how == ClaudeAlways,
	}
}

// familyOf gives the row of a family. An unknown family gets a tolerant row: only what the data file denies is refused.
func familyOf(name string) Family {
	const denied = "AccessDeniedException"
	switch name {
	case "claude-2", "claude-3", "claude-3.5", "claude-3.5-haiku":
		f := claude(ReasonsNever, nil)
		f.TypedCalls, f.CacheNumbers = false, false
		return f
	case "claude-3.7", "claude-4", "claude-4.1", "claude-4.5":
		return claude(ClaudeBudget, nil)
	case "claude-4.5-opus": // takes effort with a beta
		return claude(ClaudeBudget, lowToMax[:3])
	case "claude-4.6":
		return claude(ClaudeBoth, lowToMax)
	case "claude-4.7":
		return claude(ClaudeAdaptive, LowToXMax)
	case "claude-4.8":
		f := claude(ClaudeAdaptive, LowToXMax)
		f.ForcedThinking = true
		return f
	case "claude-5":
		return claude(ClaudeDefault, LowToXMax)
	case "claude-5.5": // no source tells whether it thinks unasked: tolerant
		return claude(ClaudeAdaptive, LowToXMax)
	case "claude-fable", "claude-mythos":
		return claude(ClaudeAlways, LowToXMax)
	case "nova-1":
		return Family{NativeKeys: novaKeys, ResultMedia: []string{"image", "document"}, ServerUsage: true, WordNames: true,
			AfterText: true}
	case "nova-2":
		return Family{NativeKeys: nova2Keys, ResultMedia: []string{"image", "document"}, ServerUsage: true,
			Reasoning: NovaEffort,
			Efforts:   lowToMax[:3], WordNames: true, AfterText: true}
	case "titan-text":
		return Family{MergesTurns: true}
	case "llama-2", "llama-3", "llama-3.1", "llama-3.2-text", "llama-3.2-vision", "llama-3.3", "llama-4":
		return Family{RefusedKey: "top_k", ResultMedia: []string{"image", "document"}, ServerUsage: true}
	case "mistral-small", "mistral-large":
		return Family{RefusedKey: "top_k", TextAlone: true, ResultMedia: []string{"document"}, ServerUsage: true}
	case "mistral-instruct", "pixtral", "magistral", "mistral-open", "devstral", "voxtral":
		return Family{RefusedKey: "top_k", ResultMedia: []string{"document"}, ServerUsage: true}
	case "deepseek-r1":
		return Family{Reasoning: ReasonsAlwaysLast, RefusedKey: "top_k", ServerUsage: true}
	case "deepseek-v3":
		return Family{Reasoning: StringEffort, Efforts: lowToMax[:3], ServerUsage: true}
	case "qwen3":
		return Family{Reasoning: StringEffort, Efforts: []string{"low", "high"}, ResultMedia: []string{}, ServerUsage: true,
			NoCacheError: denied,
			MergesTurns:  true}
	case "gpt-oss":
		return Family{Reasoning: ReasonsByEffort, Efforts: lowToMax[:3], ServerUsage: true}
	case "minimax":
		return Family{Reasoning: ReasonsAlways, ServerUsage: true}
	case "kimi":
		return Family{Reasoning: ReasonsAlways, Efforts: lowToMax[:3], ResultMedia: []string{}, ServerUsage: true,
			NoCacheError: denied,
			MergesTurns:  true}
	case "glm":
		return Family{Reasoning: StringEffort, Efforts: lowToMax[:3], ServerUsage: true, NoCacheError: denied,
			MergesTurns: true}
	case "gpt-5", "gpt-6":
		return Family{Reasoning: ObjectEffort, Efforts: append([]string{"none"}, LowToXMax...), ServerUsage: true}
	case "grok":
		return Family{Reasoning: Encrypts, ServerUsage: true}
	case "gemma-3":
		return Family{ServerUsage: true, NoCacheError: denied}
	case "nemotron":
		return Family{ServerUsage: true, NoCacheError: "ValidationException"}
	case "jamba-1.5":
		return Family{RefusedKey: "top_k", ServerUsage: true}
	}
	return Family{ServerUsage: true}
}
