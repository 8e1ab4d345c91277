package translate

import (
	"slices"
	"strings"

	"outcrop/openai"
)

// Additions is a set of what the gateway puts into a request by itself: because it helps, or as the means by which it
// meets a wish. None of it may fail a request (R-CAP-07).
type Additions uint8

// The kinds of additions.
const (
	CachePoints  Additions = 1 << iota // that no client asked for one by one
	NativeFormat                       // outputConfig.textFormat
	StrictTools                        // toolSpec.strict, with the schema closed
	SingleCall                         // disable_parallel_tool_use
)

// AdditionKinds are all kinds, by the names under which they are counted.
var AdditionKinds = map[Additions]string{
	CachePoints: "cache_points", NativeFormat: "native_format", StrictTools: "strict_tools", SingleCall: "single_call",
}

// refusal is one line of the table of refusals: texts, in lower case, of which one occurs in what Bedrock says
// against additions of these kinds [F 2.2, 2.5, 2.7, 2.9, 2.10, 4.4].
type refusal struct {
	kinds Additions
	texts []string
	// once: it is about this request and says nothing of the next one to the same model.
	once bool
}

var refusals = []refusal{
	{kinds: CachePoints, texts: []string{
		"prompt caching", "cachepoint", "cache point", "cache_control", "nothing available to cache",
		"invoked an unsupported model"}},
	{kinds: NativeFormat | StrictTools, once: true, texts: []string{
		"grammar", "schemas contains too many", "schema is too complex", "union types", "optional parameters"}},
	{kinds: NativeFormat, texts: []string{
		"output_config.format", "outputconfig", "textformat", "output_format", "output schema", "structured output",
		"json_schema"}},
	{kinds: StrictTools, texts: []string{"strict"}},
	{kinds: StrictTools, once: true, texts: []string{"input_schema", "inputschema"}},
	{kinds: SingleCall, texts: []string{"disable_parallel_tool_use", "tool_choice"}},
}

// Refused tells which of the additions a, which a request had, an error of Bedrock is about, and which of them the
// model will refuse in other requests too. Nothing is refused by an error of any other kind.
func (a Additions) Refused(err *openai.Error) (refused, lasting Additions) {
	if err == nil || err.Kind != openai.Invalid || a == 0 {
		return 0, 0
	}
	text := strings.ToLower(err.Message)
	for _, r := range refusals {
		if kinds := r.kinds & a; kinds != 0 &&
			slices.ContainsFunc(r.texts, func(t string) bool { return strings.Contains(text, t) }) {
			refused |= kinds
			if !r.once {
				lasting |= kinds
			}
		}
	}
	return refused, lasting
}
