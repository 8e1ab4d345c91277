package dialect

import "outcrop/internal/rawjson"

// ownMembers are members of a Responses request that no embedding request has.
var ownMembers = map[string]bool{
	"instructions": true, "tools": true, "tool_choice": true, "stream": true, "text": true, "reasoning": true,
	"max_output_tokens": true, "store": true, "include": true, "previous_response_id": true, "temperature": true,
	"top_p": true, "parallel_tool_calls": true, "truncation": true, "metadata": true, "background": true,
}

// Recognise gives the dialect whose request a body looks like, for those who get bodies without a path: chat's where
// nothing says another.
func Recognise(body []byte) *Dialect {
	d := Chat
	if !rawjson.IsObject(body) {
		return d
	}
	inputs, own := false, false
	rawjson.Members(body, func(name string, value []byte) bool {
		switch {
		case name == "messages":
			d, inputs = Chat, false
			return false
		case name == "prompt":
			d = Completions
		case name == "input":
			inputs = true
			rawjson.Elements(value, func(item []byte) { own = own || rawjson.Kind(item) == '{' })
		case ownMembers[name]:
			own = true
		}
		return true
	})
	switch {
	case inputs && own:
		return Responses
	case inputs:
		return Embeddings
	}
	return d
}
