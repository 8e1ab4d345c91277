package openai

import "slices"

// decodeStored reads the members that AppendStored has kept as JSON: those of the object "outcrop" and those of the
// answer.
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
		d.array(func() {
			a := Annotation{Index: len(m.Annotations)}
			decodeCited(d, a.decode)
			m.Annotations = append(m.Annotations, a)
		})
	case "citations":
		d.array(func() {
			c := Citation{Index: len(m.Citations), Document: -1}
			decodeCited(d, c.decode)
			m.Citations = append(m.Citations, c)
		})
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

// decodeCited reads an entry of annotations or citations, whose members stand below the name of its type.
func decodeCited(d *decoder, member func(d *decoder, name string)) {
	d.object(func(name string) {
		if name != "url_citation" && name != "file_citation" {
			d.skip()
			return
		}
		d.object(func(name string) { member(d, name) })
	})
}

func (a *Annotation) decode(d *decoder, name string) {
	switch name {
	case "start_index":
		d.place(&a.Start)
	case "end_index":
		d.place(&a.End)
	case "url":
		a.URL = d.text()
	case "title":
		a.Title = d.text()
	default:
		d.skip()
	}
}

func (c *Citation) decode(d *decoder, name string) {
	switch name {
	case "start_index":
		d.place(&c.Start)
	case "end_index":
		d.place(&c.End)
	case "index":
		d.place(&c.Document)
	case "filename":
		c.Filename = d.text()
	case "quote":
		c.Quote = d.text()
	case "page":
		d.place(&c.Page)
	default:
		d.skip()
	}
}

// place reads an integer into to; null leaves it as it is.
func (d *decoder) place(to *int) {
	if n := d.integer(); n != nil {
		*to = int(*n)
	}
}
