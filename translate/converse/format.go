package converse

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/internal/rawjson"
	"outcrop/translate"
)

// structure decides by which means a structured answer is asked for (TRANSLATION 1.8): native, forced tool,
// instruction.
func (c *pass) structure() {
	switch f := c.req.Format; {
	case f == nil:
	case f.Schema == nil || rawjson.IsEmptyObject(f.Schema):
		c.ask(nil)
	case c.native(f) || c.forceTool(f):
	default:
		c.ask(f.Schema)
	}
}

// native uses Bedrock's own structured output where the schema can be said in it (R-FMT-02).
func (c *pass) native(s *Format) bool {
	if c.caps.StructuredOutput != catalog.Yes || !c.may(translate.NativeFormat) {
		return false
	}
	schema, wrapped := wrapRoot(s.Schema)
	schema, size, ok := nativeSchema(schema)
	if !ok || !c.grammar.take(size) {
		return false
	}
	if !c.opts.Strict {
		c.add(translate.NativeFormat)
	}
	c.out.Answer.Unwrap = wrapped
	definition := types.JsonSchemaDefinition{Name: &s.Name, Schema: ptr(string(schema))}
	if s.Description != nil && !Blank(*s.Description) {
		definition.Description = s.Description
	}
	c.in.OutputConfig = &types.OutputConfig{TextFormat: &types.OutputFormat{
		Type:      types.OutputFormatTypeJsonSchema,
		Structure: &types.OutputFormatStructureMemberJsonSchema{Value: definition},
	}}
	return true
}

// forceTool makes the model answer by calling one tool (R-FMT-04). Unlike elsewhere a fact that is unknown counts as no
// (R-CAP-06).
func (c *pass) forceTool(s *Format) bool {
	if c.choice.Kind != None && len(c.tools) > 0 || c.caps.Tools == catalog.No || !c.caps.ToolChoice.Tool ||
		!c.mayNotThink() {
		return false
	}
	schema, wrapped := wrapRoot(s.Schema)
	schema, _ = objectSchema(schema) // of a root that is an object by its properties only
	description := s.Description
	if description == nil || Blank(*description) {
		description = ptr("Give the final answer in this form.")
	}
	c.tools = []tool{{Tool: &Tool{Name: s.Name, Description: description, Index: answerForm}, schema: schema}}
	c.choice.Kind, c.choice.Name = One, s.Name
	c.out.Answer = Answer{Tool: s.Name, Clean: true, Unwrap: wrapped, Properties: hasProperty(schema, "properties")}
	return true
}

// mayNotThink tells whether reasoning was not asked for and can be off.
func (c *pass) mayNotThink() bool {
	if c.req.Effort != "" && c.req.Effort != "none" {
		return false
	}
	if object, _ := c.thinkingObject(); object != nil && thinks(object) {
		return false
	}
	r := &c.caps.Reasoning
	return r.ForcedChoiceAllowed || !takesThinking(r) || r.Default != "always"
}

// ask demands JSON by a system instruction (R-FMT-06, R-FMT-10).
func (c *pass) ask(schema []byte) {
	c.out.Answer.Clean = true
	c.Adjust(c.req.Names.Format, "best_effort")
	c.asks = "Answer with one JSON object and nothing else: no explanation, no Markdown."
	if schema != nil {
		c.asks = "Answer with one JSON value and nothing else: no explanation, no Markdown. The value must be valid by " +
			"this JSON Schema:\n" + string(schema)
	}
}

// instruct puts the instruction last, so that it stands after any cache point of system.
func (c *pass) instruct() {
	if c.asks == "" {
		return
	}
	block := &types.SystemContentBlockMemberText{Value: c.asks}
	c.asks = ""
	if c.caps.System == catalog.No {
		c.system = append(c.system, block)
		return
	}
	c.in.System = append(c.in.System, block)
}

// wrapRoot puts a root that is not an object under "value" (R-FMT-08). Its definitions stay at the root, where
// references look for them.
func wrapRoot(schema []byte) (out []byte, wrapped bool) {
	typ, properties := "", false
	var definitions []byte
	rawjson.Members(schema, func(name string, value []byte) bool {
		switch name {
		case "type":
			typ = string(value)
		case "properties":
			properties = true
		case "$defs", "definitions":
			definitions = append(append(append(append(definitions, ',', '"'), name...), '"', ':'), value...)
		}
		return true
	})
	if typ == `"object"` || typ == "" && properties {
		return schema, false
	}
	return bytes.Join([][]byte{
		[]byte(`{"type":"object","properties":{"value":`), schema,
		[]byte(`},"required":["value"],"additionalProperties":false`), definitions, []byte("}"),
	}, nil), true
}

func hasProperty(schema []byte, property string) (has bool) {
	rawjson.Members(schema, func(name string, value []byte) bool {
		if name == "properties" {
			rawjson.Members(value, func(name string, _ []byte) bool {
				has = has || name == property
				return true
			})
		}
		return true
	})
	return has
}
