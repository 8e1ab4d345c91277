// Package rules refuses what Bedrock refuses of a request that has the right form (FACTS), in Bedrock's words.
//
// It must not answer. Start at [Validate].
package rules

import (
	"regexp"
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// Rule is one thing that Bedrock refuses although the service model allows it [FACTS 2]. It returns nil when the
// request passes.
type Rule func(r *wire.ConverseRequest, t wire.Target) *wire.Exception

// rules in the order in which they speak: Bedrock's own first, then those of the model's server.
var rules = []Rule{
	promptRule,
	converseRule,
	GuardrailRule,
	TurnRule,
	EmptyRule,
	BlankRule,
	systemRule,
	toolSupportRule,
	toolDefinitionRule,
	toolChoiceRule,
	ToolHistoryRule,
	ToolPairRule,
	mediaSupportRule,
	toolCompanyRule,
	toolResultRule,
	imageRule,
	documentRule,
	cacheRule,
	outputRule,
	grammarRule,
	nativeRule,
	limitRule,
	samplingRule,
	thinkingRule,
	replayRule,
	prefillRule,
	contextRule,
	spoiltCallRule,
}

// Validate returns the first fault of a request whose shapes are already checked.
func Validate(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	for _, check := range rules {
		if e := check(r, t); e != nil {
			return e
		}
	}
	return nil
}

// promptRule: with a prompt ARN four members are forbidden, and without one promptVariables has nothing to fill [FACTS
// 1.1].
func promptRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	if !t.Prompt {
		return nil
	}
	for _, member := range []string{"additionalModelRequestFields", "inferenceConfig", "system", "toolConfig"} {
		if r.Has[member] { // text unconfirmed
			return wire.Invalid("The %s field can't be used with a prompt resource. Remove %s and try again.", member, member)
		}
	}
	return nil
}

// converseRule: the model must have a chat interface at all. Text unconfirmed.
func converseRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	if wire.Denies(t.Model.APIs.Converse) {
		return wire.Invalid("The model %s doesn't support the Converse operation. Try again with a model that supports it.",
			t.ID)
	}
	if r.Streamed && wire.Denies(t.Model.Features.Streaming) {
		return wire.Invalid("The model is unsupported for streaming.")
	}
	return nil
}

var guardrailID = regexp.MustCompile(
	`^(|[a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+)$`)

// GuardrailRule is a rule: texts of FACTS 2.10. A guardrail exists unless its id begins with "missing".
func GuardrailRule(r *wire.ConverseRequest, _ wire.Target) *wire.Exception {
	g := r.Guardrail
	if g == nil {
		return nil
	}
	name := g.ID[strings.LastIndexByte(g.ID, '/')+1:]
	switch {
	case !guardrailID.MatchString(g.ID):
		return wire.Invalid("The provided guardrail identifier is invalid.")
	case (g.ID == "") != (g.Version == ""), strings.HasPrefix(name, "missing"):
		return wire.Invalid("The guardrail identifier or version provided in the request does not exist.")
	}
	return nil
}

// systemRule: [FACTS 2.4].
func systemRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	if len(r.System) > 0 && wire.Denies(t.Model.Features.System) {
		return wire.Invalid("This model doesn't support system messages. Try again without a system message or use a " +
			"model that supports " +
			"system messages.")
	}
	return nil
}

// contextRule: the texts of FACTS 2.8; the count is our own estimate.
func contextRule(r *wire.ConverseRequest, t wire.Target) *wire.Exception {
	m := t.Model
	if m.Context == 0 || m.Unsure("context") {
		return nil
	}
	n := wire.CountRequest(r)
	switch {
	case n <= m.Context:
		return nil
	case m.Traits.Claude:
		return wire.RefusedByModel("prompt is too long: %d tokens > %d maximum", n, m.Context)
	case m.Family == "nova-2":
		return wire.RefusedByModel("Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update " +
			"the input to try again.")
	}
	return wire.Invalid("Input is too long for requested model.")
}
