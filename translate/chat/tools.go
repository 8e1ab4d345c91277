package chat

import (
	"bytes"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
)

// tool is one function that may be sent.
type tool struct {
	def    *openai.Function
	sent   []byte // the whole definition as the client sent it
	schema []byte // ready for the wire
	strict bool
	cache  *openai.CacheControl
	index  int // among the client's tools or functions, or one of those below
}

// Tools that are none of the client's.
const (
	answerForm  = -1 // R-FMT-04
	fromHistory = -2 // R-TOOL-15
)

// toolPath is the path of the i-th definition, in the form that the client used.
func (c *chat) toolPath(i int, rest string) string {
	if c.out.Functions {
		return at("functions", i, rest)
	}
	return at("tools", i, ".function"+rest)
}

// declareTools reads tools, or functions of the legacy form (TRANSLATION 1.6).
func (c *chat) declareTools() {
	req := c.req
	c.out.Functions = len(req.Functions) > 0
	if c.out.Functions && len(req.Tools) > 0 {
		c.refuse(openai.CodeInvalidValue, "functions", "'functions' and 'tools' cannot be given together; 'functions' is the older form of 'tools'.")
		return
	}
	c.tools = make([]tool, 0, len(req.Tools)+len(req.Functions))
	c.toolAt = make(map[string]int, cap(c.tools))
	for i := range req.Functions {
		c.declare(i, &req.Functions[i], req.Functions[i].Raw, nil)
	}
	for i := range req.Tools {
		switch t := &req.Tools[i]; t.Type {
		case "function":
			c.declare(i, &t.Function, t.Raw, t.CacheControl)
		case "":
			c.missing(at("tools", i, ".type"))
		default:
			c.refuse(openai.CodeUnsupportedValue, at("tools", i, ".type"), "Unsupported value: '%s'. Only tools of type 'function' are supported.", t.Type)
		}
	}
}

func (c *chat) declare(i int, def *openai.Function, whole []byte, cache *openai.CacheControl) {
	if def.Name == "" {
		c.missing(c.toolPath(i, ".name"))
		return
	}
	if j, there := c.toolAt[def.Name]; there {
		if !bytes.Equal(c.tools[j].sent, whole) {
			c.refuse(openai.CodeInvalidValue, c.toolPath(i, ".name"), "Invalid value: '%s'. Another tool of this name is defined otherwise.", def.Name)
		}
		return
	}
	schema, ok := objectSchema(def.Parameters)
	if !ok {
		c.refuse(openai.CodeInvalidParameters, c.toolPath(i, ".parameters"), "Invalid schema for function '%s': the root of the schema must be of type 'object'.", def.Name)
		return
	}
	c.toolAt[def.Name] = len(c.tools)
	c.tools = append(c.tools, tool{def: def, sent: whole, schema: schema, cache: cache, index: i})
}

// noParameters is the schema of a function that has none.
const noParameters = `{"type":"object","properties":{}}`

// objectSchema makes a schema's root an object without touching anything else (R-TOOL-04); ok is false for a root of another
// type.
func objectSchema(schema []byte) (out []byte, ok bool) {
	if schema == nil || emptyObject(schema) {
		return []byte(noParameters), true
	}
	if kindOf(schema) != '{' {
		return nil, false
	}
	typ := ""
	members(schema, func(name string, value []byte) bool {
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
func (c *chat) sendTools() {
	c.refuseTools()
	c.names.assign(c)
	if len(c.tools) == 0 {
		if c.flat = !c.declareHistory(); c.flat {
			return
		}
	}
	config := &types.ToolConfiguration{Tools: make([]types.Tool, 0, len(c.tools)+1), ToolChoice: c.choice.wire(&c.names)}
	strict := 0
	for i := range c.tools {
		t := &c.tools[i]
		if t.def.Strict != nil && *t.def.Strict {
			if strict < mostStrict && c.makeStrict(t) {
				strict++
			} else {
				c.adjust(c.toolMember()+".strict", "unsupported")
			}
		}
		config.Tools = append(config.Tools, c.toolSpec(t))
		if t.cache != nil {
			config.Tools = c.cacheTool(config.Tools, t.cache)
		}
	}
	c.in.ToolConfig = config
	c.oneCall()
}

// toolMember is the path of a definition as adjustments write it.
func (c *chat) toolMember() string {
	if c.out.Functions {
		return "functions[]"
	}
	return "tools[].function"
}

func (c *chat) toolSpec(t *tool) types.Tool {
	spec := types.ToolSpecification{
		Name:        ptr(c.names.bedrock(t.def.Name)),
		InputSchema: &types.ToolInputSchemaMemberJson{Value: raw(t.schema)},
	}
	if d := t.def.Description; d != nil && !blank(*d) {
		spec.Description = d
	}
	if t.strict {
		spec.Strict = ptr(true)
	}
	return &types.ToolMemberToolSpec{Value: spec}
}

// refuseTools refuses tools for a model that takes none; forbidden tools are simply left out (R-TOOL-09).
func (c *chat) refuseTools() {
	if c.choice.kind == chooseNone {
		c.tools = nil
	}
	if len(c.tools) == 0 || c.caps.Tools != catalog.No {
		return
	}
	member := "tools"
	if c.out.Functions {
		member = "functions"
	}
	c.refuse(openai.CodeUnsupported, member, "Unsupported parameter: '%s' is not supported with the model '%s'.", member, c.to.Public)
	c.tools = nil
}

// declareHistory declares every tool that history names, where the setting asks for it (R-TOOL-15); it tells whether there
// are any.
func (c *chat) declareHistory() bool {
	if !c.opts.DeclareHistory || c.caps.Tools == catalog.No {
		return false
	}
	seen := map[string]bool{}
	for name := range historyNames(c.req.Messages) {
		if !seen[name] {
			seen[name] = true
			c.tools = append(c.tools, tool{def: &openai.Function{Name: name}, schema: []byte(noParameters), index: fromHistory})
		}
	}
	c.out.DiscardCalls = len(c.tools) > 0
	return c.out.DiscardCalls
}

// makeStrict gives a tool to Bedrock's strict mode where the model has it, the schema can be said in it and there is room for it
// beside those that were given before (R-TOOL-06).
func (c *chat) makeStrict(t *tool) bool {
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
