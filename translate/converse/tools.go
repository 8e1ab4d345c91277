package converse

import (
	"bytes"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/internal/rawjson"
	"outcrop/openai"
	"outcrop/translate"
)

// tool is one function that may be sent.
type tool struct {
	*Tool
	schema []byte // ready for the wire
	strict bool
}

// Tools that are none of the client's have one of these for their Index.
const (
	answerForm  = -1 // R-FMT-04
	fromHistory = -2 // R-TOOL-15
)

// declareTools judges the tools of a request (TRANSLATION 1.6).
func (c *pass) declareTools() {
	if len(c.req.Tools) == 0 {
		return
	}
	c.tools = make([]tool, 0, len(c.req.Tools))
	c.toolAt = make(map[string]int, len(c.req.Tools))
	for i := range c.req.Tools {
		c.declare(&c.req.Tools[i])
	}
}

func (c *pass) declare(t *Tool) {
	path := c.req.Names.Tool
	if t.Name == "" {
		c.Missing(path(t.Index, ".name"))
		return
	}
	if j, there := c.toolAt[t.Name]; there {
		if !bytes.Equal(c.tools[j].Sent, t.Sent) {
			c.Refuse(openai.CodeInvalidValue, path(t.Index, ".name"),
				"Invalid value: '%s'. Another tool of this name is defined otherwise.", t.Name)
		}
		return
	}
	schema, ok := objectSchema(t.Schema)
	if !ok {
		c.Refuse(openai.CodeInvalidParameters, path(t.Index, ".parameters"),
			"Invalid schema for function '%s': the root of the schema must be of type 'object'.", t.Name)
		return
	}
	c.toolAt[t.Name] = len(c.tools)
	c.tools = append(c.tools, tool{Tool: t, schema: schema})
}

// noParameters is the schema of a function that has none.
const noParameters = `{"type":"object","properties":{}}`

// objectSchema makes a schema's root an object without touching anything else (R-TOOL-04); ok is false for a root of
// another type.
func objectSchema(schema []byte) (out []byte, ok bool) {
	if schema == nil || rawjson.IsEmptyObject(schema) {
		return []byte(noParameters), true
	}
	if rawjson.Kind(schema) != '{' {
		return nil, false
	}
	typ := ""
	rawjson.Members(schema, func(name string, value []byte) bool {
		if name == "type" {
			typ = string(value)
		}
		return true // of duplicate members the last counts
	})
	switch typ {
	case `"object"`:
		return schema, true
	case "":
		i := bytes.IndexByte(schema, '{') + 1
		return slices.Concat(schema[:i], []byte(`"type":"object",`), schema[i:]), true
	}
	return nil, false
}

// mostStrict is how many strict tools a request may have (FACTS 2.2).
const mostStrict = 20

// sendTools puts the tools into toolConfig, or decides that none are sent and their history becomes text (R-TOOL-14).
func (c *pass) sendTools() {
	c.refuseTools()
	c.names.assign(c)
	if len(c.tools) == 0 {
		if c.flat = !c.declareHistory(); c.flat {
			return
		}
	}
	config := &types.ToolConfiguration{Tools: make([]types.Tool, 0, len(c.tools)+1), ToolChoice: c.toolChoice()}
	strict := 0
	for i := range c.tools {
		t := &c.tools[i]
		if t.Strict {
			if strict < mostStrict && c.makeStrict(t) {
				strict++
			} else {
				c.Adjust(c.req.Names.Strict, "unsupported")
			}
		}
		config.Tools = append(config.Tools, c.toolSpec(t))
		if t.Point != nil {
			if point := c.point(t.Point, c.caps.Caching.Tools); point != nil {
				config.Tools = append(config.Tools, &types.ToolMemberCachePoint{Value: *point})
			}
		}
	}
	c.in.ToolConfig = config
	c.oneCall()
}

func (c *pass) toolSpec(t *tool) types.Tool {
	spec := types.ToolSpecification{
		Name:        ptr(c.names.bedrock(t.Name)),
		InputSchema: &types.ToolInputSchemaMemberJson{Value: raw(t.schema)},
	}
	if d := t.Description; d != nil && !Blank(*d) {
		spec.Description = d
	}
	if t.strict {
		spec.Strict = ptr(true)
	}
	return &types.ToolMemberToolSpec{Value: spec}
}

// refuseTools refuses tools for a model that takes none; forbidden tools are simply left out (R-TOOL-09).
func (c *pass) refuseTools() {
	if c.choice.Kind == None {
		c.tools = nil
	}
	if len(c.tools) == 0 || c.caps.Tools != catalog.No {
		return
	}
	member := c.req.Names.Tools
	c.Refuse(openai.CodeUnsupported, member,
		"Unsupported parameter: '%s' is not supported with the model '%s'.", member, c.to.Public)
	c.tools = nil
}

// declareHistory declares every tool that history names, where the setting asks for it (R-TOOL-15); it tells whether
// there are any.
func (c *pass) declareHistory() bool {
	if !c.opts.DeclareHistory || c.caps.Tools == catalog.No {
		return false
	}
	seen := map[string]bool{}
	for name := range historyNames(c.req.Turns) {
		if !seen[name] {
			seen[name] = true
			c.tools = append(c.tools, tool{Tool: &Tool{Name: name, Index: fromHistory}, schema: []byte(noParameters)})
		}
	}
	c.out.DiscardCalls = len(c.tools) > 0
	return c.out.DiscardCalls
}

// makeStrict gives a tool to Bedrock's strict mode where the model has it, the schema can be said in it and there is
// room for it beside those that were given before (R-TOOL-06).
func (c *pass) makeStrict(t *tool) bool {
	if c.caps.StrictTools != catalog.Yes || !c.may(translate.StrictTools) {
		return false
	}
	schema, size, ok := nativeSchema(t.schema)
	if !ok || !c.grammar.take(size) {
		return false
	}
	t.schema, t.strict = schema, true
	if !c.opts.Strict {
		c.add(translate.StrictTools)
	}
	return true
}
