package responses

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"outcrop/internal/rawjson"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// AppendAnswer appends the response object of a plain answer to the request (RESPONSES 6).
func AppendAnswer(b []byte, req openai.Request, c Call, p openai.Part) []byte {
	whole, ok := p.(*openai.ChatResponse)
	if kept, is := p.(*openai.StoredChat); is {
		r, err := kept.Response()
		whole, ok = r, err == nil
	}
	a := &answer{req: Of(req), of: c, id: responseID(c.ID)}
	if ok {
		a.model = whole.Model
		for _, part := range chat.Unfold(whole, translate.Meta{ID: whole.ID, Created: whole.Created, Model: whole.Model}) {
			a.take(part.(*openai.ChatChunk))
		}
		a.tier = whole.ServiceTier
	}
	return a.appendObject(b, a.status(), nil)
}

// status is that of a whole answer.
func (a *answer) status() string {
	if a.incomplete() != "" {
		return "incomplete"
	}
	return "completed"
}

// appendObject appends the response object; every member is in every copy of it (R-RSP-71).
func (a *answer) appendObject(b []byte, status string, failed *openai.Error) []byte {
	r := a.req
	b = append(b, `{"id":"resp_`...)
	b = append(b, a.id...)
	b = append(b, `","object":"response","created_at":`...)
	b = strconv.AppendInt(b, a.of.Created, 10)
	b = append(b, `,"status":"`...)
	b = append(b, status...)
	b = append(b, `","background":false,"completed_at":`...)
	if status == "completed" {
		b = strconv.AppendInt(b, max(a.of.Created, a.of.Now()), 10)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"error":`...)
	b = appendFailure(b, failed)
	b = append(b, `,"incomplete_details":`...)
	if reason := a.incomplete(); status == "incomplete" && reason != "" {
		b = append(b, `{"reason":"`+reason+`"}`...)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"instructions":`...)
	b = quoteOr(b, r.Instructions)
	b = append(b, `,"max_output_tokens":`...)
	b = intOr(b, r.MaxOutputTokens)
	b = append(b, `,"max_tool_calls":`...)
	b = intOr(b, r.MaxToolCalls)
	b = append(b, `,"model":`...)
	b = rawjson.Quote(b, cmp.Or(a.model, r.Chat.Model))
	b = append(b, `,"output":[`...)
	if status != "in_progress" {
		b = a.appendOutput(b)
	}
	b = append(b, ']')
	b = a.appendEchoes(b)
	b = append(b, `,"usage":`...)
	b = a.appendUsage(b, status)
	b = append(b, `,"user":`...)
	b = quoteOr(b, r.Chat.User)
	b = append(b, `,"metadata":`...)
	b = appendPairs(b, r.Chat.Metadata)
	if status != "in_progress" {
		b = a.appendMore(b)
	}
	return append(b, '}')
}

// appendOutput appends the items that are done.
func (a *answer) appendOutput(b []byte) []byte {
	for i, it := range a.items {
		if it == a.open {
			break
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = a.appendItem(b, it)
	}
	return b
}

// appendEchoes appends what the request said, from parallel_tool_calls to truncation.
func (a *answer) appendEchoes(b []byte) []byte {
	r := a.req
	b = append(b, `,"parallel_tool_calls":`...)
	b = boolOr(b, r.Chat.ParallelToolCalls, "true")
	b = append(b, `,"previous_response_id":`...)
	b = quoteOr(b, r.Previous)
	b = append(b, `,"prompt_cache_key":`...)
	b = quoteOr(b, r.Chat.PromptCacheKey)
	b = append(b, `,"prompt_cache_retention":`...)
	b = quoteOr(b, r.Chat.PromptCacheRetention)
	b = append(b, `,"reasoning":{"effort":`...)
	var effort, summary *string
	if g := r.Reasoning; g != nil {
		effort, summary = g.Effort, g.Summary
	}
	b = quoteOr(b, effort)
	b = append(b, `,"summary":`...)
	b = quoteOr(b, summary)
	b = append(b, `},"safety_identifier":`...)
	b = quoteOr(b, r.Chat.SafetyIdentifier)
	b = append(b, `,"service_tier":`...)
	if a.tier != "" {
		b = rawjson.Quote(b, a.tier)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"store":false,"temperature":`...)
	b = floatOr(b, r.Chat.Temperature)
	b = append(b, `,"text":{"format":`...)
	if f := r.Format; f != nil {
		b = append(b, f.Raw...)
	} else {
		b = append(b, `{"type":"text"}`...)
	}
	b = append(b, `,"verbosity":`...)
	verbosity := "medium"
	if r.Verbosity != nil {
		verbosity = *r.Verbosity
	}
	b = rawjson.Quote(b, verbosity)
	b = append(b, `},"tool_choice":`...)
	b = rawOr(b, r.ToolChoiceSent, `"auto"`)
	b = append(b, `,"tools":[`...)
	for i := range r.Tools {
		if i > 0 {
			b = append(b, ',')
		}
		b = echo(b, &r.Tools[i])
	}
	b = append(b, `],"top_logprobs":0,"top_p":`...)
	b = floatOr(b, r.Chat.TopP)
	b = append(b, `,"truncation":"disabled"`...)
	return b
}

func (a *answer) appendUsage(b []byte, status string) []byte {
	u := a.usage
	if u == nil || status == "in_progress" || status == "failed" {
		return append(b, "null"...)
	}
	thoughts := int64(0) // typed clients refuse an answer without the member (R-RSP-76)
	if u.Reasoning != nil {
		thoughts = *u.Reasoning
	}
	b = append(b, `{"input_tokens":`...)
	b = strconv.AppendInt(b, u.Prompt, 10)
	b = append(b, `,"input_tokens_details":{"cached_tokens":`...)
	b = strconv.AppendInt(b, u.CacheRead, 10)
	b = append(b, `,"cache_write_tokens":`...)
	b = strconv.AppendInt(b, u.CacheWrite, 10)
	b = append(b, `},"output_tokens":`...)
	b = strconv.AppendInt(b, u.Completion, 10)
	b = append(b, `,"output_tokens_details":{"reasoning_tokens":`...)
	b = strconv.AppendInt(b, thoughts, 10)
	b = append(b, `},"total_tokens":`...)
	b = strconv.AppendInt(b, u.Total(), 10)
	return append(b, '}')
}

// appendMore appends the extension object, where it says something (R-RSP-78).
func (a *answer) appendMore(b []byte) []byte {
	var x openai.Extension
	if a.more != nil {
		x = *a.more
		x.Adjusted = slices.Clone(x.Adjusted)
		for i, said := range x.Adjusted {
			if at := strings.LastIndexByte(said, ':'); at > 0 {
				x.Adjusted[i] = a.req.Param(said[:at]) + said[at:]
			}
		}
	}
	said := x.AppendMembers(nil)
	if a.called && a.usage != nil && a.usage.Reasoning == nil {
		said = append(said, `,"reasoning_tokens":"unknown"`...)
	}
	if len(said) == 0 {
		return b
	}
	b = append(b, `,"outcrop":{`...)
	b = append(b, said[1:]...)
	return append(b, '}')
}

func appendFailure(b []byte, err *openai.Error) []byte {
	if err == nil {
		return append(b, "null"...)
	}
	b = append(b, `{"code":`...)
	b = rawjson.Quote(b, cmp.Or(err.Code, "server_error"))
	b = append(b, `,"message":`...)
	b = rawjson.Quote(b, err.Message)
	return append(b, '}')
}

// appendItem appends an item as it is now.
func (a *answer) appendItem(b []byte, it *item) []byte {
	b = append(b, `{"id":"`...)
	b = append(b, it.id...)
	switch it.kind {
	case message:
		b = append(b, `","type":"message","status":"`...)
		b = append(b, it.status...)
		b = append(b, `","role":"assistant","content":[`...)
		if it.status != "in_progress" {
			b = appendPart(b, it)
		}
		b = append(b, ']')
	case reasoning:
		b = append(b, `","type":"reasoning","summary":[`...)
		for i, text := range it.summary {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"type":"summary_text","text":`...)
			b = rawjson.Quote(b, text)
			b = append(b, '}')
		}
		b = append(b, ']')
		if len(it.blocks) > 0 && it != a.open {
			b = append(b, `,"encrypted_content":`...)
			b = (&envelope{Family: it.family, Blocks: it.blocks}).seal(b)
		}
	default:
		b = appendCall(b, it)
	}
	return append(b, '}')
}

func appendCall(b []byte, it *item) []byte {
	name, member := "function_call", "arguments"
	said := it.text.String()
	if it.kind == custom {
		name, member, said = "custom_tool_call", "input", it.input.text.String()
	}
	b = append(b, `","type":"`+name+`","status":"`...)
	b = append(b, it.status...)
	b = append(b, `","call_id":`...)
	b = rawjson.Quote(b, it.callID)
	b = append(b, `,"name":`...)
	b = rawjson.Quote(b, it.tool.name)
	if it.tool.namespace != "" {
		b = append(b, `,"namespace":`...)
		b = rawjson.Quote(b, it.tool.namespace)
	}
	b = append(b, `,"`+member+`":`...)
	if it.status == "in_progress" {
		said = ""
	}
	return rawjson.Quote(b, said)
}

// appendPart appends the part of a message.
func appendPart(b []byte, it *item) []byte {
	b = append(b, `{"type":"output_text","text":`...)
	b = rawjson.Quote(b, it.text.String())
	b = append(b, `,"annotations":[`...)
	for i := range it.annotations {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendAnnotation(b, &it.annotations[i])
	}
	return append(b, `],"logprobs":[]}`...)
}

func appendAnnotation(b []byte, n *openai.Annotation) []byte {
	b = append(b, `{"type":"url_citation","start_index":`...)
	b = strconv.AppendInt(b, int64(n.Start), 10)
	b = append(b, `,"end_index":`...)
	b = strconv.AppendInt(b, int64(n.End), 10)
	b = append(b, `,"url":`...)
	b = rawjson.Quote(b, n.URL)
	b = append(b, `,"title":`...)
	b = rawjson.Quote(b, n.Title)
	return append(b, '}')
}

func quoteOr(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return rawjson.Quote(b, *s)
}

func rawOr(b, raw []byte, other string) []byte {
	if raw == nil {
		return append(b, other...)
	}
	return append(b, raw...)
}

func boolOr(b []byte, v *bool, other string) []byte {
	if v == nil {
		return append(b, other...)
	}
	return strconv.AppendBool(b, *v)
}

func intOr(b []byte, n *int64) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, *n, 10)
}

func floatOr(b []byte, f *float64) []byte {
	if f == nil {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, *f, 'g', -1, 64)
}

func appendPairs(b []byte, m map[string]string) []byte {
	b = append(b, '{')
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = rawjson.Quote(b, name)
		b = append(b, ':')
		b = rawjson.Quote(b, m[name])
	}
	return append(b, '}')
}
