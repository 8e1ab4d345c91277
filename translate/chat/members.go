package chat

import (
	"outcrop/internal/rawjson"
	"outcrop/openai"
	"outcrop/translate/converse"
)

// judgeMembers gives their outcome to the members that nothing in Bedrock answers to.
func (r *reader) judgeMembers(mostChoices int) {
	for i := range unanswered {
		m := &unanswered[i]
		if !m.asked(r.req) {
			continue
		}
		if m.refused {
			r.Refuse(openai.CodeUnsupported, m.name,
				"Unsupported parameter: '%s' is not supported with this model.", m.name)
		} else {
			r.Adjust(m.name, "unsupported")
		}
	}
	r.judgeStreamOptions()
	r.judgeModalities()
	if fault := ChoicesFault(r.req.N, mostChoices); fault != nil {
		r.Note(fault)
	}
}

// ChoicesFault is the fault of a request for n choices where the gateway makes so many at most, nil for none; n nil
// asks for one, and most 0 is 8 (R-PAR-10).
func ChoicesFault(n *int64, most int) *openai.Error {
	if most == 0 {
		most = 8
	}
	if n == nil || *n <= int64(most) {
		return nil
	}
	return openai.Invalidf(openai.CodeIntegerAboveMax, "n",
		"Invalid 'n': integer above maximum value. Expected a value <= %d, but got %d instead.", most, *n)
}

// unanswered are the members that are adjusted, or refused where an answer without them would not be what was asked
// for.
var unanswered = [...]struct {
	name    string
	refused bool
	asked   func(*openai.ChatRequest) bool
}{
	{"verbosity", false, func(r *openai.ChatRequest) bool { return r.Verbosity != nil && *r.Verbosity != "medium" }},
	{"seed", false, func(r *openai.ChatRequest) bool { return r.Seed != nil }},
	{"presence_penalty", false,
		func(r *openai.ChatRequest) bool { return r.PresencePenalty != nil && *r.PresencePenalty != 0 }},
	{"frequency_penalty", false,
		func(r *openai.ChatRequest) bool { return r.FrequencyPenalty != nil && *r.FrequencyPenalty != 0 }},
	{"logit_bias", true, func(r *openai.ChatRequest) bool {
		return r.LogitBias != nil &&
			!rawjson.IsEmptyObject(r.LogitBias)
	}},
	{"logprobs", true, func(r *openai.ChatRequest) bool { return r.Logprobs != nil && *r.Logprobs }},
	{"top_logprobs", true, func(r *openai.ChatRequest) bool { return r.TopLogprobs != nil && *r.TopLogprobs > 0 }},
	{"audio", true, func(r *openai.ChatRequest) bool { return r.Audio != nil }},
	{"prediction", false, func(r *openai.ChatRequest) bool { return r.Prediction != nil }},
	{"web_search_options", true, func(r *openai.ChatRequest) bool { return r.WebSearchOptions != nil }},
	{"store", false, func(r *openai.ChatRequest) bool { return r.Store != nil && *r.Store }},
	{"moderation", true, func(r *openai.ChatRequest) bool { return r.Moderation != nil }},
	{"prompt_variables", true, func(r *openai.ChatRequest) bool { return r.PromptVariables != nil }},
}

func (r *reader) judgeStreamOptions() {
	o := r.req.StreamOptions
	if o == nil {
		return
	}
	if !r.req.Stream {
		r.Refuse(openai.CodeUnsupported, "stream_options",
			"The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	} else if o.IncludeObfuscation != nil && *o.IncludeObfuscation {
		r.Adjust("stream_options.include_obfuscation", "unsupported")
	}
}

func (r *reader) judgeModalities() {
	for i, m := range r.req.Modalities {
		switch m {
		case "text":
		case "audio":
			r.Refuse(openai.CodeUnsupportedValue, "modalities",
				"Unsupported value: 'modalities' does not support 'audio' with this model.")
		default:
			r.Refuse(openai.CodeInvalidValue, converse.At("modalities", i, ""),
				"Invalid value: '%s'. Supported values are: 'text' and 'audio'.", m)
		}
	}
}
