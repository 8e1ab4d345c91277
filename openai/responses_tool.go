package openai

import "github.com/go-json-experiment/json/jsontext"

// decodeChoice reads tool_choice and keeps how it was sent.
func (r *ResponsesRequest) decodeChoice(d *decoder) *ToolChoice {
	if d.kind() != '{' {
		c := decodeToolChoice(d)
		if c != nil {
			r.ToolChoiceSent, _ = jsontext.AppendQuote(nil, c.Mode)
		}
		return c
	}
	raw := d.rawObject()
	if raw == nil {
		return nil
	}
	r.ToolChoiceSent = raw
	var c ToolChoice
	d.within(raw, func(d *decoder, name string) {
		switch name {
		case "type":
			c.Type = d.text()
		case "name":
			c.Name = d.text()
		case "namespace":
			if s := d.text(); s != "" {
				c.Namespace = s
			}
		case "function", "custom":
			c.Name = decodeNamed(d, c.Name)
		case "mode":
			c.Mode = d.text()
		case "tools":
			c.Allowed = []string{}
			d.array(func() { c.Allowed = append(c.Allowed, r.decodeAllowed(d)...) })
		default:
			d.other(name)
		}
	})
	return &c
}

// decodeAllowed reads the name of one tool that is allowed, with its namespace in front as tools are called on their
// way to the model; nothing for null.
func (r *ResponsesRequest) decodeAllowed(d *decoder) []string {
	var tool, namespace string
	if !d.object(func(name string) {
		switch name {
		case "type":
			d.text()
		case "name":
			tool = d.text()
		case "namespace":
			namespace = d.text()
		case "function", "custom":
			tool = decodeNamed(d, tool)
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return []string{NamespacedTool(namespace, tool)}
}

// NamespacedTool is what a tool of a namespace is called on its way to the model (R-RSP-62).
func NamespacedTool(namespace, name string) string {
	if namespace == "" || namespace == "functions" {
		return name
	}
	return namespace + "__" + name
}

func decodeResponsesTools(d *decoder) []ResponsesTool {
	var list []ResponsesTool
	if d.array(func() { list = append(list, decodeResponsesTool(d, true)) }) && list == nil {
		list = []ResponsesTool{}
	}
	return list
}

// decodeResponsesTool reads a tool. Only tools at the top may hold others.
func decodeResponsesTool(d *decoder, top bool) ResponsesTool {
	raw := d.rawObject()
	if raw == nil {
		if d.err == nil {
			d.wrongType("an object", 'n')
		}
		return ResponsesTool{}
	}
	t := ResponsesTool{Raw: raw}
	d.within(raw, func(d *decoder, name string) {
		if name == "type" {
			t.Type = d.text()
		} else {
			d.skip()
		}
	})
	t.Function.Raw = raw
	switch t.Type {
	case "function", "custom", "namespace", "tool_search":
		d.within(raw, func(d *decoder, name string) { t.member(d, name, top) })
	} // the members of others are OpenAI's affair
	return t
}

func (t *ResponsesTool) member(d *decoder, name string, top bool) {
	f := &t.Function
	switch name {
	case "name":
		f.Name = d.text()
	case "description":
		f.Description = d.string()
	case "parameters":
		f.Parameters = d.raw()
	case "strict":
		f.Strict = d.boolean()
	case "function", "custom":
		if inner := decodeFunction(d); inner.Raw != nil {
			*f = inner
		}
	case "format":
		t.Format = decodeGrammar(d)
	case "execution":
		t.Execution = d.text()
	case "tools":
		if !top || t.Type != "namespace" {
			d.other(name)
			return
		}
		d.array(func() { t.Tools = append(t.Tools, decodeResponsesTool(d, false)) })
	case "cache_control", "prompt_cache_breakpoint":
		t.CacheControl = decodeCacheControl(d)
	case "type", "output_schema", "allowed_callers", "defer_loading":
		d.skip()
	default:
		d.other(name)
	}
}

func decodeGrammar(d *decoder) *ResponsesGrammar {
	var g ResponsesGrammar
	if !d.object(func(name string) {
		switch name {
		case "type":
			g.Type = d.text()
		case "syntax":
			g.Syntax = d.text()
		case "definition":
			g.Definition = d.text()
		default:
			d.other(name)
		}
	}) {
		return nil
	}
	return &g
}
