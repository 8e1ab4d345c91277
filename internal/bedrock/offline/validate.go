package offline

import (
	"regexp"
	"strings"
)

// rule is one thing that Bedrock refuses although the service model allows it [FACTS 2]. It returns nil when the request passes.
type rule func(r *converseRequest, t target) *exception

// rules in the order in which they speak: Bedrock's own first, then those of the model's server.
var rules = []rule{
	promptRule,
	converseRule,
	guardrailRule,
	turnRule,
	emptyRule,
	blankRule,
	systemRule,
	toolSupportRule,
	toolDefinitionRule,
	toolChoiceRule,
	toolHistoryRule,
	toolPairRule,
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

// validate returns the first fault of a request whose shapes are already checked.
func validate(r *converseRequest, t target) *exception {
	for _, check := range rules {
		if e := check(r, t); e != nil {
			return e
		}
	}
	return nil
}

// promptRule: with a prompt ARN four members are forbidden, and without one promptVariables has nothing to fill [FACTS 1.1].
func promptRule(r *converseRequest, t target) *exception {
	if !t.prompt {
		return nil
	}
	for _, member := range []string{"additionalModelRequestFields", "inferenceConfig", "system", "toolConfig"} {
		if r.has[member] { // text unconfirmed
			return invalid("The %s field can't be used with a prompt resource. Remove %s and try again.", member, member)
		}
	}
	return nil
}

// converseRule: the model must have a chat interface at all. Text unconfirmed.
func converseRule(r *converseRequest, t target) *exception {
	if denies(t.model.APIs.Converse) {
		return invalid("The model %s doesn't support the Converse operation. Try again with a model that supports it.", t.id)
	}
	if r.streamed && denies(t.model.Features.Streaming) {
		return invalid("The model is unsupported for streaming.")
	}
	return nil
}

var guardrailID = regexp.MustCompile(`^(|[a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+)$`)

// guardrailRule: texts of FACTS 2.10. A guardrail exists unless its id begins with "missing".
func guardrailRule(r *converseRequest, _ target) *exception {
	g := r.Guardrail
	if g == nil {
		return nil
	}
	name := g.ID[strings.LastIndexByte(g.ID, '/')+1:]
	switch {
	case !guardrailID.MatchString(g.ID):
		return invalid("The provided guardrail identifier is invalid.")
	case (g.ID == "") != (g.Version == ""), strings.HasPrefix(name, "missing"):
		return invalid("The guardrail identifier or version provided in the request does not exist.")
	}
	return nil
}

// systemRule: [FACTS 2.4].
func systemRule(r *converseRequest, t target) *exception {
	if len(r.System) > 0 && denies(t.model.Features.System) {
		return invalid("This model doesn't support system messages. Try again without a system message or use a model that supports " +
			"system messages.")
	}
	return nil
}

// contextRule: the texts of FACTS 2.8; the count is our own estimate.
func contextRule(r *converseRequest, t target) *exception {
	m := t.model
	if m.Context == 0 || m.unsure("context") {
		return nil
	}
	n := countRequest(r)
	switch {
	case n <= m.Context:
		return nil
	case m.family.claude:
		return refusedByModel("prompt is too long: %d tokens > %d maximum", n, m.Context)
	case m.Family == "nova-2":
		return refusedByModel("Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try again.")
	}
	return invalid("Input is too long for requested model.")
}
