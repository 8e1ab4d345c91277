package chat

import (
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate/converse"
)

// finish ends an answer: the finish reason, and what else there is to say.
func (w *writer) finish() (string, *openai.Extension, error) {
	f, err := w.Finish()
	if err != nil {
		return "", nil, err
	}
	x := openai.Extension{ServerTools: f.ServerTools, AdditionalFields: f.Fields}
	if f.Guardrail != "" {
		x.Guardrail = &openai.Guardrail{Action: f.Guardrail, Trace: f.Trace}
	}
	reason := w.reason(&f, &x)
	if x.Empty() {
		return reason, nil, nil
	}
	return reason, &x, nil
}

// reason is the table of stop reasons. It sets the extension's StopReason where the finish reason tells less
// (R-FIN-01).
func (w *writer) reason(f *converse.Finish, x *openai.Extension) string {
	ordinary := openai.FinishStop
	if w.Calls > 0 {
		ordinary = openai.FinishToolCalls
		if w.in.Functions {
			ordinary = openai.FinishFunctionCall // R-FIN-03
		}
	}
	switch f.Stop {
	case types.StopReasonToolUse:
		if !f.Called { // one that stopped for a tool without calling any is told as that
			x.StopReason = string(f.Stop)
		}
		return ordinary
	case types.StopReasonEndTurn, types.StopReasonStopSequence:
		return ordinary
	case types.StopReasonMaxTokens:
		return openai.FinishLength
	case types.StopReasonMalformedModelOutput:
		return openai.FinishStop
	}
	x.StopReason = string(f.Stop)
	switch f.Stop {
	case types.StopReasonModelContextWindowExceeded:
		return openai.FinishLength
	case types.StopReasonContentFiltered:
		return openai.FinishContentFilter
	case types.StopReasonGuardrailIntervened:
		if f.Guardrail == openai.GuardrailBlocked {
			return openai.FinishContentFilter
		}
		return ordinary
	}
	return openai.FinishStop
}
