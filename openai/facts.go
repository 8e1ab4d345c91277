package openai

import (
	"cmp"
	"strings"
)

// Facts are what stages ask of a request. The zero value of each says nothing, but for Choices, which is at least 1.
// They are worked out when they are asked for, so that they hold whatever was rewritten before.
type Facts struct {
	Model string // as the client wrote it
	User  string // who the request says that it is made for; "" when it does not

	Stream  bool  // the answer goes out as events
	Usage   bool  // a streamed answer shows its usage (stream_options.include_usage)
	JSON    bool  // the content of the answer is JSON
	Choices int64 // answers that are asked for, each a call of a model
	Prompts int64 // conversations that they are shared by; 0 is one

	Writes      bool   // the model writes an answer, whose tokens count
	OutputLimit *int64 // tokens of each answer, at most
	SchemaBytes int    // of the schemas of tools, which reach the model beside the texts

	Temperature *float64
	ServiceTier string
	Affinity    string // prompt_cache_key: requests with the same one should go to the same target
	CacheHour   bool   // what it writes to the prompt cache stays for an hour, which costs more

	Metadata   map[string]string
	Extensions []string         // names of the extension members that it uses, in OpenAI's spelling
	Guardrail  *GuardrailConfig // that it names itself
}

// Facts are those of a chat.
func (r *ChatRequest) Facts() Facts {
	f := Facts{
		Model: r.Model, User: text(r.SafetyIdentifier),
		Stream: r.Stream, Usage: r.StreamOptions != nil && r.StreamOptions.IncludeUsage != nil &&
			*r.StreamOptions.IncludeUsage,
		JSON: r.ResponseFormat != nil && strings.HasPrefix(r.ResponseFormat.Type, "json"), Choices: 1,
		Writes: true, OutputLimit: cmp.Or(r.MaxCompletionTokens, r.MaxTokens),
		Temperature: r.Temperature, ServiceTier: text(r.ServiceTier), Affinity: text(r.PromptCacheKey),
		Metadata: r.Metadata, Extensions: r.extensions(), Guardrail: r.GuardrailConfig,
	}
	if f.User == "" {
		f.User = text(r.User)
	}
	if r.N != nil {
		f.Choices = max(*r.N, 1)
	}
	f.Prompts = int64(len(r.Prompts))
	f.Choices *= max(f.Prompts, 1)
	for i := range r.Tools {
		f.SchemaBytes += len(r.Tools[i].Function.Parameters)
	}
	hour := func(s string) bool { return s == "24h" || s == "1h" || s == "30m" }
	f.CacheHour = hour(text(r.PromptCacheRetention)) || r.PromptCacheOptions != nil && hour(text(r.PromptCacheOptions.TTL))
	return f
}

// Facts are those of an embedding request. The answer always shows its usage.
func (r *EmbeddingRequest) Facts() Facts {
	return Facts{Model: r.Model, User: text(r.User), Usage: true, Choices: 1, Extensions: r.extensions()}
}

// Facts are those of a moderation request, which names the usual model where the client names none.
func (r *ModerationRequest) Facts() Facts {
	return Facts{Model: cmp.Or(r.Model, DefaultModerationModel), Choices: 1}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
