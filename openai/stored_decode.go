package openai

import "slices"

// decodeStored reads the members that AppendStored has kept as JSON: those of the object "outcrop" and those of the answer.
func decodeStored(says, body []byte) (*ChatResponse, error) {
	r := &ChatResponse{}
	if _, err := decodeObject(slices.Concat([]byte("{"), body[1:], []byte("}")), func(d *decoder, name string) {
		switch name {
		case "service_tier":
			r.ServiceTier = d.text()
		case "choices":
			d.array(func() { r.Choices = append(r.Choices, decodeChoice(d)) })
		default:
			d.skip() // usage was kept as numbers
		}
	}); err != nil {
		return nil, err
	}
	if len(r.Choices) == 0 {
		return nil, errStored
	}
	if len(says) == 0 {
		return r, nil
	}
	r.Outcrop = &Extension{}
	if _, err := decodeObject(slices.Concat([]byte("{"), says[1:], []byte("}")), r.Outcrop.decode); err != nil {
		return nil, err
	}
	return r, nil
}

func (x *Extension) decode(d *decoder, name string) {
	switch name {
	case "stop_reason":
		x.StopReason = d.text()
	case "guardrail":
		x.Guardrail = &Guardrail{}
		d.object(func(name string) {
			switch name {
			case "action":
				x.Guardrail.Action = d.text()
			case "trace":
				x.Guardrail.Trace = d.raw()
			default:
				d.skip()
			}
		})
	case "additional_fields":
		x.AdditionalFields = d.raw()
	case "server_tools":
		x.ServerTools = d.strings()
	case "adjusted":
		x.Adjusted = d.strings()
	default:
		d.skip()
	}
}

func decodeChoice(d *decoder) Choice {
	var c Choice
	d.object(func(name string) {
		switch name {
		case "index":
			if n := d.integer(); n != nil {
				c.Index = int(*n)
			}
		case "message":
			d.object(func(name string) { c.Message.decode(d, name) })
		case "finish_reason":
			c.FinishReason = d.text()
		default:
			d.skip()
		}
	})
	return c
}

func (m *ReplyMessage) decode(d *decoder, name string) {
	switch name {
	case "content":
		m.Content = d.string()
	case "refusal":
		m.Refusal = d.string()
	case "reasoning_content":
		m.Reasoning = d.text()
	case "reasoning_details":
		m.ReasoningDetails = decodeReasoningDetails(d)
	case "annotations":
		d.array(func() { m.Annotations = append(m.Annotations, decodeAnnotation(d, len(m.Annotations))) })
	case "tool_calls":
		d.array(func() {
			c := decodeToolCall(d)
			c.NoID = false
			m.ToolCalls = append(m.ToolCalls, c)
		})
	case "function_call":
		m.FunctionCall = decodeFunctionCall(d)
	default:
		d.skip()
	}
}

func decodeAnnotation(d *decoder, index int) Annotation {
	a := Annotation{Index: index}
	d.object(func(name string) {
		switch name {
		case "url_citation":
			d.object(func(name string) { a.decode(d, name) })
		case "file_citation":
			a.File = &FileCitation{Document: -1}
			d.object(func(name string) { a.decode(d, name) })
		default:
			d.skip()
		}
	})
	return a
}

func (a *Annotation) decode(d *decoder, name string) {
	number := func(to *int) {
		if n := d.integer(); n != nil {
			*to = int(*n)
		}
	}
	f := a.File
	switch {
	case name == "start_index":
		number(&a.Start)
	case name == "end_index":
		number(&a.End)
	case f == nil && name == "url":
		a.URL = d.text()
	case f == nil && name == "title":
		a.Title = d.text()
	case f != nil && name == "index":
		number(&f.Document)
	case f != nil && name == "filename":
		f.Filename = d.text()
	case f != nil && name == "quote":
		f.Quote = d.text()
	case f != nil && name == "page":
		number(&f.Page)
	default:
		d.skip()
	}
}
