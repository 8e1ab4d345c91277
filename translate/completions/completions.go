// Package completions is the dialect of OpenAI's legacy completions: it makes a chat of one or several prompts, and
// texts of the chat's answer, plain and streamed (RESPONSES 13). Everything between the two and Bedrock is chat's.
//
// It must not know where a request comes from. Start at Chat, then answer.go.
package completions

import (
	"cmp"
	"regexp"
	"strings"

	"outcrop/openai"
	"outcrop/translate/tokens"
)

// Request is a completion request and what the way back must know of it.
type Request struct {
	*openai.CompletionRequest
	prompts []string
	echoed  map[int]bool // choices of a stream whose prompt was told
}

// Most is how many choices a request may have, over all of its prompts.
const Most = 128

// fewTokens is OpenAI's documented default of this endpoint (R-CMP-06).
const fewTokens = 16

// Chat makes the chat of a decoded request. The error is a 400 that names the member.
func Chat(r *openai.CompletionRequest) (*openai.ChatRequest, *openai.Error) {
	req := &Request{CompletionRequest: r, echoed: map[int]bool{}}
	if err := req.judge(); err != nil {
		return nil, err
	}
	chat := r.Chat
	chat.MaxTokens = r.MaxTokens
	if chat.MaxTokens == nil {
		few := int64(fewTokens)
		chat.MaxTokens = &few
	}
	for _, prompt := range req.prompts {
		chat.Messages = append(chat.Messages, turns(prompt)...)
		chat.Prompts = append(chat.Prompts, len(chat.Messages))
	}
	if len(req.prompts) == 1 {
		chat.Prompts = nil
	}
	chat.Spelling = &openai.Spelling{Of: req, Param: param}
	return &chat, nil
}

// Of is the request that a chat was made of.
func Of(r openai.Request) *Request { return r.(*openai.ChatRequest).Spelling.Of.(*Request) }

// param is what this API calls a path of the chat.
func param(path string) string {
	if path == "messages" || strings.HasPrefix(path, "messages[") {
		return "prompt"
	}
	if path == "max_completion_tokens" {
		return "max_tokens"
	}
	return path
}

func (r *Request) judge() *openai.Error {
	if err := r.readPrompts(); err != nil {
		return err
	}
	unsupported := func(name, why string) *openai.Error {
		return openai.Invalidf(openai.CodeUnsupported, name, "Unsupported parameter: '%s' is not supported here: %s.", name,
			why)
	}
	n := int64(1)
	if r.Chat.N != nil {
		n = max(*r.Chat.N, 1)
	}
	switch {
	case r.Suffix != nil && *r.Suffix != "":
		return unsupported("suffix", "chat models do not fill in the middle")
	case r.Logprobs != nil:
		return unsupported("logprobs", "Bedrock tells no probabilities")
	case r.BestOf == nil || *r.BestOf == n || *r.BestOf == 1 && n == 1:
	case *r.BestOf > n:
		return unsupported("best_of", "it ranks by log probabilities, which Bedrock does not tell")
	default:
		return openai.Invalidf(openai.CodeInvalidValue, "best_of", "Invalid 'best_of': it must not be below 'n'.")
	}
	if r.MaxTokens != nil && *r.MaxTokens < 1 {
		return openai.Invalidf(openai.CodeIntegerBelowMin, "max_tokens",
			"Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got %d instead.", *r.MaxTokens)
	}
	if all := int64(len(r.prompts)); n > Most || all*n > Most {
		return openai.Invalidf(openai.CodeArrayAboveMax, "prompt",
			"Invalid 'prompt': at most %d choices can be made, over all prompts.", Most)
	}
	return nil
}

func (r *Request) readPrompts() *openai.Error {
	in := &r.Prompt
	switch {
	case !in.Given:
		return openai.Invalidf(openai.CodeMissing, "prompt", "Missing required parameter: 'prompt'.")
	case in.Len() == 0:
		return openai.Invalidf(openai.CodeEmptyArray, "prompt",
			"Invalid 'prompt': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	case in.Len() > Most:
		return openai.Invalidf(openai.CodeArrayAboveMax, "prompt",
			"Invalid 'prompt': at most %d choices can be made, over all prompts.", Most)
	}
	r.prompts = in.Texts
	total := 0
	for _, list := range in.Tokens {
		if total += len(list); total > tokens.Most {
			return openai.Invalidf(openai.CodeArrayAboveMax, "prompt", "Invalid 'prompt': more than %d tokens.", tokens.Most)
		}
		text, unknown := tokens.Decode(list)
		if unknown != nil {
			return openai.Invalidf(openai.CodeInvalidValue, "prompt",
				"Invalid value for 'prompt': the token id %d is not in the cl100k_base vocabulary.", *unknown)
		}
		r.prompts = append(r.prompts, text)
	}
	for i, text := range r.prompts {
		if text == "" {
			return openai.Invalidf(openai.CodeInvalidValue, r.path(i), "Invalid value for '%s': the text is empty.", r.path(i))
		}
	}
	return nil
}

// path is where a prompt stands.
func (r *Request) path(i int) string {
	return strings.Replace(r.Prompt.Path(i), "input", "prompt", 1)
}

// of is the prompt that a choice belongs to.
func (r *Request) of(choice int) string {
	n := 1
	if r.Chat.N != nil {
		n = int(max(*r.Chat.N, 1))
	}
	return r.prompts[min(choice/n, len(r.prompts)-1)]
}

var (
	human     = regexp.MustCompile(`(?:^\s*|\n\n)Human:`)
	assistant = "\n\nAssistant:"
	speaker   = regexp.MustCompile(`\n\n(Human|Assistant):`)
)

// turns are the messages of a prompt: one, or those that a prompt in the form of older Claudes holds (R-CMP-04).
func turns(prompt string) []openai.Message {
	at := human.FindStringIndex(prompt)
	if at == nil || !strings.Contains(prompt[at[1]:], assistant) {
		return []openai.Message{message("user", prompt)}
	}
	var list []openai.Message
	if system := strings.TrimSpace(prompt[:at[0]]); system != "" {
		list = append(list, message("system", system))
	}
	role, rest := "user", prompt[at[1]:]
	for rest != "" || role != "" {
		next := speaker.FindStringSubmatchIndex(rest)
		said := rest
		if next != nil {
			said = rest[:next[0]]
		}
		if said = strings.TrimSpace(said); said != "" || role == "user" {
			list = append(list, message(role, said))
		}
		if next == nil {
			return list
		}
		role = cmp.Or(map[string]string{"Human": "user"}[rest[next[2]:next[3]]], "assistant")
		rest = rest[next[1]:]
	}
	return list
}

func message(role, text string) openai.Message {
	return openai.Message{Role: role, Content: &openai.Content{Text: text}}
}
