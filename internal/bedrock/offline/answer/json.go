package answer

import (
	"encoding/json"
	"regexp"
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// asksForJSON recognises a system prompt that wants the answer in JSON, whoever wrote it.
var asksForJSON = regexp.MustCompile(`(?i)\b(?:answer|reply|respond|return|output)\b[^.]{0,60}\bJSON\b`)

// instructed is the answer of a model that the last text of the system prompt tells to answer in JSON: a value that
// fits the schema that the text quotes, else an object around text. Like many models it adds a Markdown code fence that
// nobody asked for. It is empty where nothing of the kind is demanded.
func instructed(r *wire.ConverseRequest, text string) string {
	said := ""
	for _, b := range r.System {
		if b.Text != nil {
			said = *b.Text
		}
	}
	if !asksForJSON.MatchString(said) {
		return ""
	}
	var schema json.RawMessage
	if i := strings.IndexByte(said, '{'); i >= 0 && json.NewDecoder(strings.NewReader(said[i:])).Decode(&schema) == nil {
		return "```json\n" + string(Fill(schema, r.LastUserText())) + "\n```"
	}
	object, _ := json.Marshal(map[string]string{"answer": text}) // strings only: cannot fail
	return "```json\n" + string(object) + "\n```"
}
