package chat

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/converse"
)

// Context is what the way back must know of the way in.
type Context struct {
	converse.Context
	Functions bool // the client used the legacy functions: reply with function_call
}

// Input turns a decoded and validated chat request into the input of Converse for the target, and says what the way
// back must know. The error is always an *openai.Error with Param set: the first fault in the order of TRANSLATION 1.2.
// The input shares bytes with req, which must not change while the input is in use.
func Input(req *openai.ChatRequest, t catalog.Target,
	o translate.Options) (*bedrockruntime.ConverseInput, Context, error) {
	r := newReader(req, t.Row)
	r.read(o.MaxChoices)
	in, back, fault := converse.Input(&r.Request, t, o)
	if fault != nil {
		return nil, Context{}, fault
	}
	return in, Context{back, len(req.Functions) > 0}, nil
}

// names are chat's words for what the passes speak of.
var names = converse.Names{
	Limit: "max_completion_tokens", Effort: "reasoning_effort", Format: "response_format",
	Schema: "response_format.json_schema",
	Tools:  "tools", Choice: "tool_choice", Parallel: "parallel_tool_calls", Strict: "tools[].function.strict",
	Messages: "messages",
	Turn:     "messages[]", Role: "messages[].role", Name: "messages[].name", Calls: "messages[].tool_calls",
	Result: "messages[].tool_call_id",
	Part: func(at converse.Place, rest string) string {
		if at.Part < 0 {
			return converse.At("messages", at.Item, rest)
		}
		return converse.At("messages", at.Item, converse.At(".content", at.Part, rest))
	},
	Tool: func(i int, rest string) string { return converse.At("tools", i, ".function"+rest) },
}

// functionNames are the words of requests that use the legacy functions.
var functionNames = legacy(names)

func legacy(n converse.Names) converse.Names {
	n.Tools, n.Choice, n.Strict = "functions", "function_call", "functions[].strict"
	n.Tool = func(i int, rest string) string { return converse.At("functions", i, rest) }
	return n
}

// reader fills the request of the passes with a chat request.
type reader struct {
	converse.Request
	req       *openai.ChatRequest
	row       *catalog.Model
	blocks    []converse.Block // of all turns, one after the other
	from      int              // the first block of the turn that is being read
	many      bool             // user messages have several names (R-MSG-18)
	calls     []converse.Call
	results   []converse.Result
	functions int // legacy function calls so far

	room struct { // for requests of ordinary size, so that they cost no further allocations
		turns   [4]converse.Turn
		blocks  [6]converse.Block
		calls   [2]converse.Call
		results [2]converse.Result
	}
}

func newReader(req *openai.ChatRequest, row *catalog.Model) *reader {
	r := &reader{req: req, row: row}
	r.calls, r.results = r.room.calls[:0], r.room.results[:0]
	r.blocks = slices.Grow(r.room.blocks[:0], len(req.Messages)*5/4)
	r.Request = converse.Request{
		Names:   &names,
		Turns:   slices.Grow(r.room.turns[:0], len(req.Messages)),
		Last:    converse.Place{Item: max(len(req.Messages)-1, 0), Part: -1},
		OneCall: req.ParallelToolCalls != nil && !*req.ParallelToolCalls, Thinking: req.Thinking,
		Temperature: req.Temperature, TopP: req.TopP, TopK: req.TopK, Stop: req.Stop,
		Fields: req.AdditionalModelRequestFields, FieldPaths: req.AdditionalModelResponseFieldPaths,
		Tier: req.ServiceTier, Latency: req.PerformanceConfig, Guardrail: req.GuardrailConfig,
		Cache: converse.Caching{
			Asked:     req.PromptCacheKey != nil || req.PromptCacheOptions != nil || req.PromptCacheRetention != nil,
			Retention: req.PromptCacheRetention,
		},
		Unknown: req.Unknown(),
	}
	if len(req.Functions) > 0 {
		r.Names = &functionNames
	}
	if len(req.Metadata)+len(req.RequestMetadata) > 0 {
		r.Labels = []map[string]string{req.Metadata, req.RequestMetadata}
	}
	return r
}

// read reads what has a form of chat's own.
func (r *reader) read(mostChoices int) {
	if s := r.req.Spelling; s != nil {
		for _, n := range s.Notes {
			r.Adjust(n.Param, n.Reason)
		}
	}
	r.readTools()
	r.readChoice()
	r.readFormat()
	r.readEffort()
	r.readLimit()
	r.readCacheOptions()
	r.judgeMembers(mostChoices)
	r.readMessages()
}

func (r *reader) readLimit() {
	a, b := r.req.MaxCompletionTokens, r.req.MaxTokens
	if a != nil && b != nil && *a != *b {
		r.Adjust("max_tokens", "overridden")
	}
	if a != nil {
		r.Limit, r.LimitMember = a, "max_completion_tokens"
	} else if b != nil {
		r.Limit, r.LimitMember = b, "max_tokens"
	}
}

func (r *reader) readEffort() {
	switch e := r.req.ReasoningEffort; {
	case e == nil:
	case !slices.Contains(converse.Efforts[:], *e):
		r.Refuse(openai.CodeInvalidValue, "reasoning_effort",
			"Invalid value: '%s'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', 'xhigh' and "+
				"'max'.", *e)
	default:
		r.Effort = *e
	}
}

func (r *reader) readFormat() {
	f := r.req.ResponseFormat
	if f == nil {
		return
	}
	switch f.Type {
	case "text":
	case "json_object":
		r.Format = &converse.Format{}
	case "json_schema":
		r.readSchema(f.Schema)
	case "":
		r.Missing("response_format.type")
	default:
		r.Refuse(openai.CodeInvalidValue, "response_format.type",
			"Invalid value: '%s'. Supported values are: 'text', 'json_schema' and 'json_object'.", f.Type)
	}
}

func (r *reader) readSchema(s *openai.JSONSchema) {
	switch {
	case s == nil:
		r.Missing("response_format.json_schema")
	case s.Name == "":
		r.Missing("response_format.json_schema.name")
	case !converse.ValidName(s.Name):
		r.Refuse(openai.CodeInvalidValue, "response_format.json_schema.name",
			"Invalid 'response_format.json_schema.name': string does not match pattern. Expected a string that matches the "+
				"pattern '^[a-zA-Z0-9_-]{1,64}$'.")
	default:
		r.Format = &converse.Format{Name: s.Name, Description: s.Description, Schema: s.Schema}
	}
}

func (r *reader) readCacheOptions() {
	o := r.req.PromptCacheOptions
	if o == nil {
		return
	}
	r.Cache.TTL = o.TTL
	if o.Mode == nil {
		return
	}
	switch *o.Mode {
	case "explicit":
		r.Cache.Explicit = true
	case "implicit", "auto":
	default:
		r.Refuse(openai.CodeInvalidValue, "prompt_cache_options.mode",
			"Invalid value: '%s'. Supported values are: 'implicit' and 'explicit'.", *o.Mode)
	}
}

// readTools reads tools, or functions of the legacy form (TRANSLATION 1.6).
func (r *reader) readTools() {
	req := r.req
	if len(req.Functions) > 0 && len(req.Tools) > 0 {
		r.Refuse(openai.CodeInvalidValue, "functions",
			"'functions' and 'tools' cannot be given together; 'functions' is the older form of 'tools'.")
		return
	}
	if n := len(req.Functions) + len(req.Tools); n > 0 {
		r.Tools = make([]converse.Tool, 0, n)
	}
	for i := range req.Functions {
		r.Tools = append(r.Tools, toolOf(i, &req.Functions[i], req.Functions[i].Raw))
	}
	for i := range req.Tools {
		switch t := &req.Tools[i]; t.Type {
		case "function":
			tool := toolOf(i, &t.Function, t.Raw)
			tool.Point = pointOf(t.CacheControl)
			r.Tools = append(r.Tools, tool)
		case "":
			r.Missing(converse.At("tools", i, ".type"))
		default:
			r.Refuse(openai.CodeUnsupportedValue, converse.At("tools", i, ".type"),
				"Unsupported value: '%s'. Only tools of type 'function' are supported.", t.Type)
		}
	}
}

func toolOf(i int, f *openai.Function, whole []byte) converse.Tool {
	return converse.Tool{
		Name: f.Name, Description: f.Description, Schema: f.Parameters, Strict: f.Strict != nil && *f.Strict,
		Sent: whole, Index: i,
	}
}

func pointOf(c *openai.CacheControl) *converse.Point {
	switch {
	case c == nil:
		return nil
	case c.TTL == nil:
		return &converse.Point{}
	}
	return &converse.Point{TTL: *c.TTL}
}
