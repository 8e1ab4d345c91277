package openai

// CompletionRequest is the body of POST /v1/completions, as it was sent (RESPONSES 13): translate/completions makes a
// chat of it. Members that mean the same in both APIs stand in Chat already.
type CompletionRequest struct {
	Chat ChatRequest

	Prompt    EmbeddingInput // in any of its four forms
	MaxTokens *int64
	Echo      *bool
	Suffix    *string
	BestOf    *int64
	Logprobs  *int64
}

// DecodeCompletion reads the body of a completion request. The error is a 400 that names the path or the byte of the
// first fault.
func DecodeCompletion(body []byte) (*CompletionRequest, *Error) {
	var r CompletionRequest
	var seen spellings
	unknown, err := decodeObject(body, func(d *decoder, name string) {
		switch name {
		case "prompt":
			r.Prompt = decodeEmbeddingInput(d)
		case "max_tokens":
			r.MaxTokens = d.integer()
		case "echo":
			r.Echo = d.boolean()
		case "suffix":
			r.Suffix = d.string()
		case "best_of":
			r.BestOf = d.integer()
		case "logprobs":
			r.Logprobs = d.integer()
		case "n":
			r.Chat.N = d.integer()
		case "model", "stream", "stream_options":
			r.Chat.core(d, name)
		case "temperature", "top_p", "stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias", "user":
			r.Chat.tuning(d, name)
		default:
			if !r.Chat.extension(d, name, &seen) {
				d.otherTop(name)
			}
		}
	})
	r.Chat.unknown = unknown
	if err == nil {
		err = seen.twice
	}
	if err != nil {
		return nil, err
	}
	return &r, nil
}
