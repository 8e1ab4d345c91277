package openai

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Head is what an answer and each of its chunks begin with.
type Head struct {
	ID          string
	Created     int64 // seconds
	Model       string
	Fingerprint string
}

// ChatResponse is a plain answer, object "chat.completion".
type ChatResponse struct {
	Head
	ServiceTier string
	Choices     []Choice
	Usage       *Usage
	Outcrop     *Extension
}

// Choice is one choice of a plain answer.
type Choice struct {
	Index        int
	Message      ReplyMessage
	FinishReason string // one of the Finish constants
}

// OpenAI's finish reasons.
const (
	FinishStop          = "stop"
	FinishLength        = "length"
	FinishToolCalls     = "tool_calls"
	FinishFunctionCall  = "function_call"
	FinishContentFilter = "content_filter"
)

// ReplyMessage is the assistant's message in a plain answer. Empty lists and an empty Reasoning are left out, Content
// and Refusal are written as null when nil (R-RES-04).
type ReplyMessage struct {
	Content          *string
	Refusal          *string
	Reasoning        string // reasoning_content
	ReasoningDetails []ReasoningDetail
	ToolCalls        []ToolCall
	FunctionCall     *FunctionCall
	Annotations      []Annotation
	Citations        []Citation
}

// ReasoningDetail is one reasoning block (R-RES-08): Text with or without Signature, or Data in base64.
type ReasoningDetail struct {
	Index     int
	Type      string // "reasoning.text" or "reasoning.encrypted"
	Text      string
	Signature string
	Data      string
	Format    string // "bedrock.claude" …
	After     Position
}

// Position is a place in an assistant's turn, told by what of its message stood before it (R-RPL-05). Replies always
// tell it, histories need not.
type Position struct {
	Known     bool
	Content   int // code points of the content
	ToolCalls int // calls, a legacy function call among them
}

// The types of a [ReasoningDetail].
const (
	ReasoningText      = "reasoning.text"
	ReasoningEncrypted = "reasoning.encrypted"
)

// Annotation is an entry of annotations, a url_citation: Start and End count code points of the content, End exclusive
// (R-RES-11).
type Annotation struct {
	Index      int // running number in a stream
	Start, End int
	URL, Title string
}

// Citation is an entry of the extension citations, a file_citation: what in the content comes from something that is no
// web page. Typed clients refuse a whole answer whose annotations have a type that they do not know.
type Citation struct {
	Index      int // running number in a stream
	Start, End int // as in [Annotation]
	Document   int // number of the document in the request from 0, -1 when it is not told
	Filename   string
	Quote      string // the passage that is cited
	Page       int    // its first page from 1, 0 when it is not told
}

// Extension is the object "outcrop" of an answer or chunk (R-RES-15). It is written only when it has something to say.
type Extension struct {
	StopReason       string         // Bedrock's own word, where the finish reason hides it
	Guardrail        *Guardrail     // outcome of a guardrail
	AdditionalFields jsontext.Value // additionalModelResponseFields
	ServerTools      []string       // names of tools that ran inside Bedrock
	Adjusted         []string       // adjustments that only the reply revealed (streams)
	Cache            *Cached        // the answer was made for an earlier or for an equal request
	Provenance       jsontext.Value // signed manifest of the answer, for a client that asked for it
}

// Cached is outcrop.cache: the usage is that of the original, and this answer has cost nothing.
type Cached struct{ Age int64 } // seconds since the original

// Guardrail is outcrop.guardrail: what the guardrail did, and its trace, nil unless the client asked for one.
type Guardrail struct {
	Action string // one of the Guardrail constants
	Trace  jsontext.Value
}

// The actions of a [Guardrail]. GuardrailNone is told only to a client that asked for the trace.
const (
	GuardrailBlocked = "blocked"
	GuardrailMasked  = "masked"
	GuardrailNone    = "none"
)

// AppendMembers appends the members of the object, each with a comma before it.
func (x *Extension) AppendMembers(b []byte) []byte {
	if x == nil {
		return b
	}
	return x.appendMembers(b)
}

// Empty tells whether there is nothing to say.
func (x *Extension) Empty() bool {
	return x == nil || x.StopReason == "" && x.Guardrail == nil && x.AdditionalFields == nil && len(x.ServerTools) == 0 &&
		len(x.Adjusted) == 0 && x.Cache == nil && x.Provenance == nil
}

// Plus is what both have to say; of what can be said once, the receiver's counts. Nil has nothing to say.
func (x *Extension) Plus(y *Extension) *Extension {
	if x == nil || y == nil {
		return cmp.Or(x, y)
	}
	sum := *x
	sum.StopReason = cmp.Or(x.StopReason, y.StopReason)
	sum.Guardrail = cmp.Or(x.Guardrail, y.Guardrail)
	sum.Cache = cmp.Or(x.Cache, y.Cache)
	if sum.AdditionalFields == nil {
		sum.AdditionalFields = y.AdditionalFields
	}
	if sum.Provenance == nil {
		sum.Provenance = y.Provenance
	}
	sum.ServerTools = slices.Concat(x.ServerTools, y.ServerTools)
	sum.Adjusted = slices.Concat(x.Adjusted, y.Adjusted)
	return &sum
}

// Tokens is the usage of the answer.
func (r *ChatResponse) Tokens() *Usage { return r.Usage }

// AppendJSON appends the whole answer. A plain answer always shows its usage.
func (r *ChatResponse) AppendJSON(b []byte) []byte {
	b = r.appendHead(b, "chat.completion")
	b = r.appendBody(b)
	b = r.Outcrop.appendMember(b)
	return append(b, '}')
}

// appendBody appends the members from service_tier to usage, each with a comma before it.
func (r *ChatResponse) appendBody(b []byte) []byte {
	b = appendMember(b, "service_tier", r.ServiceTier)
	b = append(b, `,"choices":`...)
	b = appendEach(b, len(r.Choices), func(b []byte, i int) []byte { return r.Choices[i].appendJSON(b) })
	if r.Usage != nil {
		b = append(b, `,"usage":`...)
		b = r.Usage.appendJSON(b)
	}
	return b
}

func (h *Head) appendHead(b []byte, object string) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, h.ID)
	b = append(b, `,"object":"`...)
	b = append(b, object...)
	b = appendInt(b, `","created":`, h.Created)
	b = append(b, `,"model":`...)
	b = appendString(b, h.Model)
	return appendMember(b, "system_fingerprint", h.Fingerprint)
}

func (c *Choice) appendJSON(b []byte) []byte {
	b = appendInt(b, `{"index":`, int64(c.Index))
	b = append(b, `,"message":`...)
	b = c.Message.appendJSON(b)
	b = append(b, `,"logprobs":null,"finish_reason":`...)
	b = appendString(b, c.FinishReason)
	return append(b, '}')
}

func (m *ReplyMessage) appendJSON(b []byte) []byte {
	b = append(b, `{"role":"assistant","content":`...)
	b = appendPointer(b, m.Content)
	b = append(b, `,"refusal":`...)
	b = appendPointer(b, m.Refusal)
	b = appendMember(b, "reasoning_content", m.Reasoning)
	b = appendDetails(b, m.ReasoningDetails)
	b = appendAnnotations(b, m.Annotations, false)
	b = appendCitations(b, m.Citations, false)
	if len(m.ToolCalls) > 0 {
		b = append(b, `,"tool_calls":`...)
		b = appendEach(b, len(m.ToolCalls), func(b []byte, i int) []byte {
			c := &m.ToolCalls[i]
			b = append(b, `{"id":`...)
			b = appendString(b, c.ID)
			b = append(b, `,"type":"function","function":`...)
			b = c.Function.appendJSON(b)
			return append(b, '}')
		})
	}
	if m.FunctionCall != nil {
		b = append(b, `,"function_call":`...)
		b = m.FunctionCall.appendJSON(b)
	}
	return append(b, '}')
}

func (f *FunctionCall) appendJSON(b []byte) []byte {
	b = append(b, `{"name":`...)
	b = appendString(b, f.Name)
	b = append(b, `,"arguments":`...)
	if f.Arguments == nil {
		b = append(b, `""`...)
	} else {
		b = appendString(b, *f.Arguments)
	}
	return append(b, '}')
}

func appendPointer(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return appendString(b, *s)
}

func appendDetails(b []byte, list []ReasoningDetail) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, `,"reasoning_details":`...)
	return appendEach(b, len(list), func(b []byte, i int) []byte {
		r := &list[i]
		b = appendInt(b, `{"index":`, int64(r.Index))
		b = appendMember(b, "type", r.Type)
		if r.Type == ReasoningText {
			b = append(b, `,"text":`...)
			b = appendString(b, r.Text)
		}
		b = appendMember(b, "signature", r.Signature)
		b = appendMember(b, "data", r.Data)
		b = appendMember(b, "format", r.Format)
		if r.After.Known {
			b = appendInt(b, `,"after":{"content":`, int64(r.After.Content))
			b = appendInt(b, `,"tool_calls":`, int64(r.After.ToolCalls))
			b = append(b, '}')
		}
		return append(b, '}')
	})
}

// appendAnnotations appends the member annotations; inside a delta each entry carries its index (R-STR-12).
func appendAnnotations(b []byte, list []Annotation, indexed bool) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, `,"annotations":`...)
	return appendEach(b, len(list), func(b []byte, i int) []byte {
		a := &list[i]
		b = appendCited(b, "url_citation", a.Index, indexed, a.Start, a.End)
		b = append(b, `,"url":`...)
		b = appendString(b, a.URL)
		b = append(b, `,"title":`...)
		b = appendString(b, a.Title)
		return append(b, "}}"...)
	})
}

// appendCitations is appendAnnotations for the member citations.
func appendCitations(b []byte, list []Citation, indexed bool) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, `,"citations":`...)
	return appendEach(b, len(list), func(b []byte, i int) []byte {
		c := &list[i]
		b = appendCited(b, "file_citation", c.Index, indexed, c.Start, c.End)
		if c.Document >= 0 {
			b = appendInt(b, `,"index":`, int64(c.Document))
		}
		b = append(b, `,"filename":`...)
		b = appendString(b, c.Filename)
		b = append(b, `,"quote":`...)
		b = appendString(b, c.Quote)
		if c.Page > 0 {
			b = appendInt(b, `,"page":`, int64(c.Page))
		}
		return append(b, "}}"...)
	})
}

// appendCited appends the beginning of an entry of that type, up to the place in the content.
func appendCited(b []byte, name string, index int, indexed bool, start, end int) []byte {
	b = append(b, '{')
	if indexed {
		b = appendInt(b, `"index":`, int64(index))
		b = append(b, ',')
	}
	b = append(b, `"type":"`...)
	b = append(b, name...)
	b = append(b, `","`...)
	b = append(b, name...)
	b = appendInt(b, `":{"start_index":`, int64(start))
	return appendInt(b, `,"end_index":`, int64(end))
}

func (x *Extension) appendMember(b []byte) []byte {
	if x.Empty() {
		return b
	}
	b = append(b, `,"outcrop":{`...)
	start := len(b)
	b = x.appendMembers(b)
	b = append(b[:start], b[start+1:]...) // the first member's comma
	return append(b, '}')
}

// appendMembers appends the members of the object, each with a comma before it.
func (x *Extension) appendMembers(b []byte) []byte {
	if x.Empty() {
		return b
	}
	b = appendMember(b, "stop_reason", x.StopReason)
	if g := x.Guardrail; g != nil {
		b = append(b, `,"guardrail":{"action":`...)
		b = appendString(b, g.Action)
		if g.Trace != nil {
			b = append(b, `,"trace":`...)
			b = append(b, g.Trace...)
		}
		b = append(b, '}')
	}
	if x.AdditionalFields != nil {
		b = append(b, `,"additional_fields":`...)
		b = append(b, x.AdditionalFields...)
	}
	if len(x.ServerTools) > 0 {
		b = append(b, `,"server_tools":`...)
		b = appendList(b, x.ServerTools)
	}
	if len(x.Adjusted) > 0 {
		b = append(b, `,"adjusted":`...)
		b = appendList(b, x.Adjusted)
	}
	if x.Cache != nil {
		b = appendInt(b, `,"cache":{"status":"hit","age":`, x.Cache.Age)
		b = append(b, `,"cost":0}`...)
	}
	if x.Provenance != nil {
		b = append(b, `,"provenance":`...)
		b = append(b, x.Provenance...)
	}
	return b
}

func decodeReasoningDetails(d *decoder) []ReasoningDetail {
	var list []ReasoningDetail
	d.array(func() {
		r := ReasoningDetail{Index: len(list)}
		d.object(func(name string) {
			switch name {
			case "index":
				if n := d.integer(); n != nil {
					r.Index = int(*n)
				}
			case "type":
				r.Type = d.text()
			case "text":
				r.Text = d.text()
			case "signature":
				r.Signature = d.text()
			case "data":
				r.Data = d.text()
			case "format":
				r.Format = d.text()
			case "after":
				r.After = decodePosition(d)
			default:
				d.skip() // another provider's members mean nothing here (R-RPL-03)
			}
		})
		list = append(list, r)
	})
	return list
}

// decodePosition reads where an entry stood. What no reply could have said tells nothing, and is no reason to refuse a
// history.
func decodePosition(d *decoder) (p Position) {
	if d.kind() != '{' {
		d.skip()
		return p
	}
	told := map[string]bool{}
	d.object(func(name string) {
		n, err := strconv.ParseUint(string(d.raw()), 10, 31)
		switch name {
		case "content":
			p.Content, told[name] = int(n), err == nil
		case "tool_calls":
			p.ToolCalls, told[name] = int(n), err == nil
		}
	})
	p.Known = told["content"] && told["tool_calls"]
	return p
}

// decodeThinkingBlocks reads the other de-facto form of reasoning in history, which only Claude's has (R-RPL-06).
func decodeThinkingBlocks(d *decoder) []ReasoningDetail {
	var list []ReasoningDetail
	d.array(func() {
		r := ReasoningDetail{Index: len(list), Format: "bedrock.claude"}
		d.object(func(name string) {
			switch name {
			case "type":
				if r.Type = ReasoningText; d.text() == "redacted_thinking" {
					r.Type = ReasoningEncrypted
				}
			case "thinking":
				r.Text = d.text()
			case "signature":
				r.Signature = d.text()
			case "data":
				r.Data = d.text()
			default:
				d.skip()
			}
		})
		list = append(list, r)
	})
	return list
}
