package chat

import (
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/go-json-experiment/json/jsontext"

	"outcrop/openai"
)

// ending is how Bedrock says that a reply is over.
type ending struct {
	stop   types.StopReason
	fields document.Interface // additionalModelResponseFields
	trace  *types.GuardrailTraceAssessment
}

// finish tells what was still held back and gives the finish reason and what else there is to say at the end (TRANSLATION 2.2). The error is an
// [*openai.Error]: the model produced nothing that could be passed on.
func (a *answer) finish(e ending) (string, *openai.Extension, error) {
	a.flushJSON()
	x := openai.Extension{ServerTools: a.serverTools}
	if fields, err := compact(e.fields); err == nil && fields != "" {
		x.AdditionalFields = jsontext.Value(fields)
	}
	intervened := e.stop == types.StopReasonGuardrailIntervened
	if intervened || a.in.Trace && e.trace != nil {
		v := judge(e.trace)
		if intervened && v.Action != openai.GuardrailMasked {
			v.Action = openai.GuardrailBlocked // R-FIN-02: also without a trace, since a control must not fail open
		}
		x.Guardrail = &openai.Guardrail{Action: v.Action}
		if a.in.Trace {
			x.Guardrail.Trace = v.Trace
		}
	}
	reason, err := a.reason(e.stop, &x)
	if x.Empty() {
		return reason, nil, err
	}
	return reason, &x, err
}

// reason is the table of stop reasons. It sets the extension's StopReason where the finish reason tells less (R-FIN-01).
func (a *answer) reason(stop types.StopReason, x *openai.Extension) (string, error) {
	ordinary := openai.FinishStop
	if a.calls > 0 {
		ordinary = openai.FinishToolCalls
		if a.in.Functions {
			ordinary = openai.FinishFunctionCall // R-FIN-03
		}
	}
	switch stop {
	case types.StopReasonToolUse:
		if !a.called() {
			x.StopReason = string(stop)
		}
		return ordinary, nil
	case types.StopReasonEndTurn, types.StopReasonStopSequence:
		return ordinary, nil
	case types.StopReasonMaxTokens:
		return openai.FinishLength, nil
	case types.StopReasonMalformedToolUse:
		return "", malformedOutput()
	case types.StopReasonMalformedModelOutput:
		if a.points == 0 {
			return "", malformedOutput()
		}
		a.adjusted.Add("finish_reason", string(stop))
		return openai.FinishStop, nil
	}
	x.StopReason = string(stop)
	switch stop {
	case types.StopReasonModelContextWindowExceeded:
		return openai.FinishLength, nil
	case types.StopReasonContentFiltered:
		return openai.FinishContentFilter, nil
	case types.StopReasonGuardrailIntervened:
		if x.Guardrail.Action == openai.GuardrailBlocked {
			return openai.FinishContentFilter, nil
		}
		return ordinary, nil
	}
	return openai.FinishStop, nil
}

// called tells whether the reply holds a call, of whatever tool and whatever became of it: one that stopped for a tool without
// calling any is told as that.
func (a *answer) called() bool { return a.calls > 0 || a.asked || a.dropped || len(a.serverTools) > 0 }

func malformedOutput() error {
	return &openai.Error{Kind: openai.BadUpstream, Code: openai.CodeMalformedOutput,
		Message: "The model produced output that Amazon Bedrock could not read. Try again."}
}
