package offline

// reasoning tells how a family is asked to reason and what it sends back [FACTS 4.2].
type reasoning int

const (
	reasonsNever      reasoning = iota
	claudeBudget                // thinking {enabled, budget_tokens}
	claudeBoth                  // budget or adaptive
	claudeAdaptive              // adaptive only, off by default
	claudeDefault               // adaptive, on by default
	claudeAlways                // adaptive, cannot be switched off
	novaEffort                  // reasoningConfig
	stringEffort                // reasoning_config "low"
	objectEffort                // reasoning {effort}; what is sent back is encrypted
	encrypts                    // the same without a parameter that is known
	reasonsByEffort             // reasoning_effort; always on
	reasonsAlways               // always on, no parameter
	reasonsAlwaysLast           // the same, the text block comes first
)

// family is what the rules and the answers need to know about a group of models beyond the data file. Every difference between
// families stands in the table below and nowhere else.
type family struct {
	claude    bool
	reasoning reasoning
	hidden    bool // reasoning text is left out unless thinking.display asks for it

	mergesTurns bool     // turns of equal role may follow each other
	textAlone   bool     // no text beside toolUse in an assistant turn
	resultMedia []string // what toolResult.content may hold beside text and json; nil: anything

	nativeKeys []string // members taken in additionalModelRequestFields; nil: any
	refusedKey string   // a member that is surely refused there
	wordNames  bool     // a hyphen in a tool's name spoils the call
	afterText  bool     // no cache point directly after a tool result or an image

	forcedThinking bool // a forced tool choice is taken while thinking
	noForcedChoice bool // a forced tool choice is never taken
	efforts        []string

	typedCalls   bool // toolUse.type "tool_use" is on the wire
	fragments    bool // tool input comes in fragments, after an empty one
	serverUsage  bool // usage.serverToolUsage {} is on the wire
	cacheNumbers bool // cache counts are on the wire even without cache points
	noCacheError string
}

var (
	claudeKeys = []string{"anthropic_beta", "cache_control", "container", "context_management", "inference_geo", "mcp_servers", "metadata",
		"output_config", "service_tier", "speed", "stop_sequences", "temperature", "thinking", "tool_choice", "tools", "top_k", "top_p", "max_tokens"}
	novaKeys  = []string{"inferenceConfig", "schemaVersion", "toolConfig", "system"}
	nova2Keys = append([]string{"reasoningConfig"}, novaKeys...)
	lowToMax  = []string{"low", "medium", "high", "max"}
	lowToXMax = []string{"low", "medium", "high", "xhigh", "max"}
)

// claude makes the row of a Claude generation. Media in tool results: [FACTS 2.2]; typed calls, fragments and usage members: as recorded.
func claude(how reasoning, efforts []string) family {
	return family{
		claude: true, reasoning: how, efforts: efforts, hidden: how == claudeAdaptive || how == claudeDefault || how == claudeAlways,
		mergesTurns: true, resultMedia: []string{"image", "document", "searchResult"}, nativeKeys: claudeKeys,
		typedCalls: true, fragments: true, serverUsage: true, cacheNumbers: true, noForcedChoice: how == claudeAlways,
	}
}

// familyOf gives the row of a family. An unknown family gets a tolerant row: only what the data file denies is refused.
func familyOf(name string) family {
	const denied = "AccessDeniedException"
	switch name {
	case "claude-2", "claude-3", "claude-3.5", "claude-3.5-haiku":
		f := claude(reasonsNever, nil)
		f.typedCalls, f.cacheNumbers = false, false
		return f
	case "claude-3.7", "claude-4", "claude-4.1", "claude-4.5":
		return claude(claudeBudget, nil)
	case "claude-4.5-opus": // takes effort with a beta
		return claude(claudeBudget, lowToMax[:3])
	case "claude-4.6":
		return claude(claudeBoth, lowToMax)
	case "claude-4.7":
		return claude(claudeAdaptive, lowToXMax)
	case "claude-4.8":
		f := claude(claudeAdaptive, lowToXMax)
		f.forcedThinking = true
		return f
	case "claude-5":
		return claude(claudeDefault, lowToXMax)
	case "claude-5.5": // no source tells whether it thinks unasked: tolerant
		return claude(claudeAdaptive, lowToXMax)
	case "claude-fable", "claude-mythos":
		return claude(claudeAlways, lowToXMax)
	case "nova-1":
		return family{nativeKeys: novaKeys, resultMedia: []string{"image", "document"}, serverUsage: true, wordNames: true, afterText: true}
	case "nova-2":
		return family{nativeKeys: nova2Keys, resultMedia: []string{"image", "document"}, serverUsage: true, reasoning: novaEffort,
			efforts: lowToMax[:3], wordNames: true, afterText: true}
	case "titan-text":
		return family{mergesTurns: true}
	case "llama-2", "llama-3", "llama-3.1", "llama-3.2-text", "llama-3.2-vision", "llama-3.3", "llama-4":
		return family{refusedKey: "top_k", resultMedia: []string{"image", "document"}, serverUsage: true}
	case "mistral-small", "mistral-large":
		return family{refusedKey: "top_k", textAlone: true, resultMedia: []string{"document"}, serverUsage: true}
	case "mistral-instruct", "pixtral", "magistral", "mistral-open", "devstral", "voxtral":
		return family{refusedKey: "top_k", resultMedia: []string{"document"}, serverUsage: true}
	case "deepseek-r1":
		return family{reasoning: reasonsAlwaysLast, refusedKey: "top_k", serverUsage: true}
	case "deepseek-v3":
		return family{reasoning: stringEffort, efforts: lowToMax[:3], serverUsage: true}
	case "qwen3":
		return family{reasoning: stringEffort, efforts: []string{"low", "high"}, resultMedia: []string{}, serverUsage: true, noCacheError: denied,
			mergesTurns: true}
	case "gpt-oss":
		return family{reasoning: reasonsByEffort, efforts: lowToMax[:3], serverUsage: true}
	case "minimax":
		return family{reasoning: reasonsAlways, serverUsage: true}
	case "kimi":
		return family{reasoning: reasonsAlways, efforts: lowToMax[:3], resultMedia: []string{}, serverUsage: true, noCacheError: denied,
			mergesTurns: true}
	case "glm":
		return family{reasoning: stringEffort, efforts: lowToMax[:3], serverUsage: true, noCacheError: denied, mergesTurns: true}
	case "gpt-5", "gpt-6":
		return family{reasoning: objectEffort, efforts: append([]string{"none"}, lowToXMax...), serverUsage: true}
	case "grok":
		return family{reasoning: encrypts, serverUsage: true}
	case "gemma-3":
		return family{serverUsage: true, noCacheError: denied}
	case "nemotron":
		return family{serverUsage: true, noCacheError: "ValidationException"}
	case "jamba-1.5":
		return family{refusedKey: "top_k", serverUsage: true}
	}
	return family{serverUsage: true}
}
