package chat

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
)

// structure decides by which means a structured answer is asked for (TRANSLATION 1.8): native, forced tool, instruction.
func (c *chat) structure() {
	f := c.req.ResponseFormat
	if f == nil {
		return
	}
	switch f.Type {
	case "text":
	case "json_object":
		c.ask(nil)
	case "json_schema":
		c.schema(f.Schema)
	case "":
		c.missing("response_format.type")
	default:
		c.refuse(openai.CodeInvalidValue, "response_format.type", "Invalid value: '%s'. Supported values are: 'text', 'json_schema' and 'json_object'.", f.Type)
	}
}

func (c *chat) schema(s *openai.JSONSchema) {
	switch {
	case s == nil:
		c.missing("response_format.json_schema")
	case s.Name == "":
		c.missing("response_format.json_schema.name")
	case !validName(s.Name):
		c.refuse(openai.CodeInvalidValue, "response_format.json_schema.name", "Invalid 'response_format.json_schema.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]{1,64}$'.")
	case s.Schema == nil || emptyObject(s.Schema):
		c.ask(nil)
	case c.native(s) || c.forceTool(s):
	default:
		c.ask(s.Schema)
	}
}

// native uses Bedrock's own structured output where the schema can be said in it (R-FMT-02).
func (c *chat) native(s *openai.JSONSchema) bool {
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
	if s.Description != nil && !blank(*s.Description) {
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
func (c *chat) forceTool(s *openai.JSONSchema) bool {
	if c.choice.kind != chooseNone && len(c.tools) > 0 || c.caps.Tools == catalog.No || !c.caps.ToolChoice.Tool || !c.mayNotThink() {
		return false
	}
	schema, wrapped := wrapRoot(s.Schema)
	schema, _ = objectSchema(schema) // of a root that is an object by its properties only
	description := s.Description
	if description == nil || blank(*description) {
		description = ptr("Give the final answer in this form.")
	}
	c.tools = []tool{{def: &openai.Function{Name: s.Name, Description: description}, schema: schema, index: answerForm}}
	c.choice.kind, c.choice.name = chooseTool, s.Name
	c.out.Answer = Answer{Tool: s.Name, Clean: true, Unwrap: wrapped, Properties: hasProperty(schema, "properties")}
	return true
}

// mayNotThink tells whether reasoning was not asked for and can be off.
func (c *chat) mayNotThink() bool {
	if e := c.req.ReasoningEffort; e != nil && *e != "none" {
		return false
	}
	if object, _ := c.thinkingObject(); object != nil && thinks(object) {
		return false
	}
	r := &c.caps.Reasoning
	return r.ForcedChoiceAllowed || !takesThinking(r) || r.Default != "always"
}

// ask demands JSON by a system instruction (R-FMT-06, R-FMT-10).
func (c *chat) ask(schema []byte) {
	c.out.Answer.Clean = true
	c.adjust("response_format", "best_effort")
	c.asks = "Answer with one JSON object and nothing else: no explanation, no Markdown."
	if schema != nil {
		c.asks = "Answer with one JSON value and nothing else: no explanation, no Markdown. The value must be valid by this JSON Schema:\n" + string(schema)
	}
}

// instruct puts the instruction last, so that it stands after any cache point of system.
func (c *chat) instruct() {
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

// wrapRoot puts a root that is not an object under "value" (R-FMT-08). Its definitions stay at the root, where references
// look for them.
func wrapRoot(schema []byte) (out []byte, wrapped bool) {
	typ, properties := "", false
	var definitions []byte
	members(schema, func(name string, value []byte) bool {
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
		[]byte(`{"type":"object","properties":{"value":`), schema, []byte(`},"required":["value"],"additionalProperties":false`), definitions, []byte("}"),
	}, nil), true
}

func hasProperty(schema []byte, property string) (has bool) {
	members(schema, func(name string, value []byte) bool {
		if name == "properties" {
			members(value, func(name string, _ []byte) bool {
				has = has || name == property
				return true
			})
		}
		return true
	})
	return has
}
