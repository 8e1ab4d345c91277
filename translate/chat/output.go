package chat

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/go-json-experiment/json/jsontext"

	"outcrop/openai"
	"outcrop/translate"
)

// Output turns Converse's reply into a plain answer (TRANSLATION 2). The adjustments are those that only the reply
// revealed. The error is always an [*openai.Error].
func Output(out *bedrockruntime.ConverseOutput, in *Context, m translate.Meta) (*openai.ChatResponse, translate.Adjustments, error) {
	message, ok := out.Output.(*types.ConverseOutputMemberMessage)
	if !ok || message == nil {
		return nil, translate.Adjustments{}, badUpstream("The reply of Amazon Bedrock holds no message. Try again.", nil)
	}
	var fold choiceFold
	a := answer{in: in, emit: fold.add, whole: true}
	var previous types.ContentBlock
	for _, b := range message.Value.Content {
		if b == nil || b == previous { // the SDK repeats the block before in place of one that it does not know
			a.unknown()
			continue
		}
		previous = b
		if err := a.block(b); err != nil {
			return nil, translate.Adjustments{}, err
		}
	}
	e := ending{stop: out.StopReason, fields: out.AdditionalModelResponseFields}
	if out.Trace != nil {
		e.trace = out.Trace.Guardrail
	}
	reason, x, err := a.finish(e)
	if err != nil {
		return nil, translate.Adjustments{}, err
	}
	fold.finish = reason
	return &openai.ChatResponse{
		Head:        *head(m),
		ServiceTier: tier(out.ServiceTier),
		Choices:     []openai.Choice{fold.choice(0)},
		Usage:       usage(out.Usage, a.details > 0),
		Outcrop:     x,
	}, a.adjusted, nil
}

func head(m translate.Meta) *openai.Head {
	return &openai.Head{ID: m.ID, Created: m.Created, Model: m.Model, Fingerprint: m.Fingerprint}
}

func badUpstream(message string, cause error) error {
	return &openai.Error{Kind: openai.BadUpstream, Code: openai.CodeBadUpstream, Message: message, Err: cause}
}

// block tells a whole content block.
func (a *answer) block(content types.ContentBlock) error {
	var b block
	a.begin(&b)
	switch c := content.(type) {
	case *types.ContentBlockMemberText:
		a.text(c.Value)
	case *types.ContentBlockMemberReasoningContent:
		switch r := c.Value.(type) {
		case *types.ReasoningContentBlockMemberReasoningText:
			a.think(&b, deref(r.Value.Text))
			b.sign(deref(r.Value.Signature))
		case *types.ReasoningContentBlockMemberRedactedContent:
			b.redact(r.Value)
		default:
			a.unknown()
		}
	case *types.ContentBlockMemberToolUse:
		a.toolUse(&b, c.Value.ToolUseId, c.Value.Name, c.Value.Type)
		arguments, err := compact(c.Value.Input)
		if err != nil {
			return badUpstream("The model's tool call cannot be read. Try again.", err)
		}
		a.input(&b, arguments)
	case *types.ContentBlockMemberToolResult:
		a.toolResult(&b, c.Value.ToolUseId, c.Value.Type)
	case *types.ContentBlockMemberCitationsContent:
		a.cited(&b, &c.Value)
	default:
		a.unknown()
	}
	a.close(&b)
	return nil
}

// compact gives a document as compact JSON: numbers keep their digits, members the order that the document has them in
// (one decoded by the SDK has forgotten the wire's, and sorts them), strings only the escapes that JSON demands. What is
// absent or null is "" (R-RES-09).
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

// dequoted is an input that came as a JSON string: models write their arguments as text, and what that text holds is what
// they mean. A string that holds no object stays as it is; one that holds nothing is "" (R-RES-09).
func dequoted(input []byte) string {
	inner, err := jsontext.AppendUnquote(nil, bytes.TrimRight(input, jsonSpace))
	switch {
	case err != nil:
		return string(input)
	case len(bytes.Trim(inner, jsonSpace)) == 0:
		return ""
	case isObject(inner):
		return string(inner)
	}
	return string(input)
}
