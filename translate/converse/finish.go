package converse

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/go-json-experiment/json/jsontext"

	"outcrop/internal/rawjson"
	"outcrop/openai"
)

// ending is how Bedrock says that a reply is over.
type ending struct {
	stop   types.StopReason
	fields document.Interface // additionalModelResponseFields
	trace  *types.GuardrailTraceAssessment
}

// Finish is what there is to say at the end of an answer (TRANSLATION 2.2).
type Finish struct {
	Stop   types.StopReason
	Called bool // the answer holds a call, of whatever tool and whatever became of it

	Fields      jsontext.Value // additionalModelResponseFields
	Guardrail   string         // what a guardrail did, one of openai's Guardrail constants; "" when nobody has to know
	Trace       jsontext.Value // if the client asked for it
	ServerTools []string       // that ran inside Bedrock
}

// Finish tells what was still held back, and gives the end. The error is an [*openai.Error]: the model produced
// nothing that could be passed on.
func (r *Reader) Finish() (Finish, error) {
	r.flushJSON()
	f := Finish{Stop: r.stop, Called: r.Calls > 0 || r.asked || r.dropped || len(r.serverTools) > 0,
		ServerTools: r.serverTools}
	if fields, err := compact(r.fields); err == nil && fields != "" {
		f.Fields = jsontext.Value(fields)
	}
	intervened := r.stop == types.StopReasonGuardrailIntervened
	if intervened || r.Context.Trace && r.trace != nil {
		v := judge(r.trace)
		if intervened && v.action != openai.GuardrailMasked {
			v.action = openai.GuardrailBlocked // R-FIN-02: also without a trace, since a control must not fail open
		}
		f.Guardrail = v.action
		if r.Context.Trace {
			f.Trace = v.trace
		}
	}
	switch {
	case r.stop == types.StopReasonMalformedToolUse, r.stop == types.StopReasonMalformedModelOutput && r.points == 0:
		return f, &openai.Error{Kind: openai.BadUpstream, Code: openai.CodeMalformedOutput,
			Message: "The model produced output that Amazon Bedrock could not read. Try again."}
	case r.stop == types.StopReasonMalformedModelOutput:
		r.Adjusted.Add("finish_reason", string(r.stop))
	}
	return f, nil
}

func badUpstream(message string, cause error) error {
	return &openai.Error{Kind: openai.BadUpstream, Code: openai.CodeBadUpstream, Message: message, Err: cause}
}

// compact gives a document as compact JSON: numbers keep their digits, members the order that the document has them
// in (one decoded by the SDK has forgotten the wire's, and sorts them), strings only the escapes that JSON demands.
// What is absent or null is "" (R-RES-09).
func compact(d document.Interface) (string, error) {
	if d == nil {
		return "", nil
	}
	b, err := d.MarshalSmithyDocument()
	if err != nil {
		return "", err
	}
	// The SDK's document escapes <, > and & as for a web page; Format undoes it. The bytes may be the document's own.
	v := jsontext.Value(bytes.Clone(b))
	if err := v.Format(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return "", err
	}
	if v.Kind() == 'n' {
		return "", nil
	}
	return string(v), nil
}

// dequoted is an input that came as a JSON string: models write their arguments as text, and what that text holds is
// what they mean. A string that holds no object stays as it is; one that holds nothing is "" (R-RES-09).
func dequoted(input []byte) string {
	inner, err := jsontext.AppendUnquote(nil, bytes.TrimRight(input, jsonSpace))
	switch {
	case err != nil:
		return string(input)
	case len(bytes.Trim(inner, jsonSpace)) == 0:
		return ""
	case rawjson.IsObject(inner):
		return string(inner)
	}
	return string(input)
}

// Tokens turns Bedrock's numbers into OpenAI's, whose prompt includes the cache (R-USE-01 to -03); nil stays nil, since
// numbers are never invented. Of reasoning Bedrock does not tell the share, so it is 0 only where there is none.
func (r *Reader) Tokens() *openai.Usage {
	u := r.Usage
	if u == nil {
		return nil
	}
	read, write := int64(deref(u.CacheReadInputTokens)), int64(deref(u.CacheWriteInputTokens))
	out := openai.Usage{
		Prompt:     int64(deref(u.InputTokens)) + read + write,
		Completion: int64(deref(u.OutputTokens)),
		CacheRead:  read,
		CacheWrite: write,
	}
	if !r.thought {
		out.Reasoning = new(int64)
	}
	return &out
}

// tier gives the service tier in OpenAI's words (R-RES-14).
func tier(t *types.ServiceTier) string {
	switch {
	case t == nil || t.Type == "":
		return "default"
	case t.Type == types.ServiceTierTypeReserved:
		return "scale"
	}
	return string(t.Type)
}
