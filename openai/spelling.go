package openai

import "regexp"

// Spelling is what is left of a request of another API that was made a chat.
type Spelling struct {
	Of    any                 // what was decoded, for whoever writes the answer
	Notes []SpellingNote      // adjustments that were found on the way
	Param func(string) string // what the API calls a path of the chat's
	Order []string            // its members
}

// Named is what the API of the request calls a path of the chat's.
func (r *ChatRequest) Named(path string) string {
	if r.Spelling == nil || path == "" {
		return path
	}
	return r.Spelling.Param(path)
}

// paths are the paths that a message names: in quotes, or with what became of them behind.
var paths = regexp.MustCompile(`'[a-z_]+[][a-z_.0-9]*'|[a-z_]+[][a-z_.0-9]*:[a-z]`)

// NamedIn gives the paths in a message the names of the request's API.
func (r *ChatRequest) NamedIn(message string) string {
	return paths.ReplaceAllStringFunc(message, func(said string) string {
		if said[0] == '\'' {
			return "'" + r.Named(said[1:len(said)-1]) + "'"
		}
		return r.Named(said[:len(said)-2]) + said[len(said)-2:]
	})
}

// SpellingNote is one adjustment.
type SpellingNote struct{ Param, Reason string }

// Prompt is the request of the conversation that a choice belongs to, which is the request itself where there is but one.
func (r *ChatRequest) Prompt(choice int) *ChatRequest {
	if r.Prompts == nil {
		return r
	}
	n := 1
	if r.N != nil {
		n = int(max(*r.N, 1))
	}
	at := min(choice/n, len(r.Prompts)-1)
	from := 0
	if at > 0 {
		from = r.Prompts[at-1]
	}
	own := *r
	own.Messages, own.Prompts = r.Messages[from:r.Prompts[at]], nil
	return &own
}
