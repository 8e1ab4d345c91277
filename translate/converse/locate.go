package converse

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
)

// Where Bedrock and Claude's own server say that a fault is: toolConfig.tools.3.toolSpec.name counts from 0, with
// ".member" behind the number from 1, both with the cache points; tools.3.custom.name is Claude's, without them [F
// 2.2].
var (
	toolPlace    = regexp.MustCompile(`(?i)(toolConfig\.)?\btools\.(\d{1,6})(\.member)?((?:\.\w+)*)`)
	contentPlace = regexp.MustCompile(`(?i)\bmessages\.(\d{1,6})(\.member)?\.content\.(\d{1,6})(\.member)?((?:\.\w+)*)`)
	quotedValue  = regexp.MustCompile(`(?i)value '([^']{1,100})'`)
)

// locatePlace reads a place out of a refusal and puts the client's path for it into the error (R-TOOL-19); it tells
// whether there was one.
func (c *Context) locatePlace(e *openai.Error) bool {
	if e.Code == openai.CodeContextLength {
		return false
	}
	if m := toolPlace.FindStringSubmatch(e.Message); m != nil {
		return c.locateTool(e, m)
	}
	if m := contentPlace.FindStringSubmatch(e.Message); m != nil && c.locateMedia(e, m) {
		return true
	}
	text := strings.ToLower(e.Message)
	for i := range memberPlaces {
		p := &memberPlaces[i]
		if strings.Contains(text, p.text) {
			e.Param = cmp.Or(p.param(c), e.Param)
			e.Code = cmp.Or(e.Code, p.code)
			return e.Param != ""
		}
	}
	return false
}

// memberPlaces are the members of Bedrock's request, and of Claude's, that come from one member of the client's.
var memberPlaces = [...]struct {
	text  string
	code  string
	param func(*Context) string
}{
	{"message prefill", openai.CodeUnsupportedValue, func(c *Context) string { return c.names.Part(c.last, "") }},
	{"final assistant content", openai.CodeInvalidValue, func(c *Context) string { return c.names.Part(c.last, "") }},
	{"inferenceconfig.temperature", openai.CodeInvalidValue, named("temperature")},
	{"inferenceconfig.topp", openai.CodeInvalidValue, named("top_p")},
	{"inferenceconfig.maxtokens", openai.CodeInvalidValue, func(c *Context) string { return c.Limit }},
	{"inferenceconfig.stopsequences", openai.CodeInvalidValue, named("stop")},
	{"stop_sequences", openai.CodeInvalidValue, named("stop")},
	{"temperature: ", openai.CodeInvalidValue, named("temperature")},
	{"top_p: ", openai.CodeInvalidValue, named("top_p")},
	{"top_k: ", openai.CodeInvalidValue, named("top_k")},
}

func named(member string) func(*Context) string { return func(*Context) string { return member } }

// locateTool finds the tool that a place means.
func (c *Context) locateTool(e *openai.Error, m []string) bool {
	n, _ := strconv.Atoi(m[2]) // at most six digits
	k := n
	switch {
	case m[1] == "":
	case m[3] == "":
		k = c.toolAt(n)
	default:
		k = c.toolAt(n - 1)
		if v := quotedValue.FindStringSubmatch(e.Message); v != nil { // who counts otherwise names the value all the same
			if named := slices.IndexFunc(c.tools, func(t tool) bool { return t.Name == v[1] }); named >= 0 {
				k = named
			}
		}
	}
	if k < 0 || k >= len(c.tools) {
		return false
	}
	t, rest := &c.tools[k], strings.ToLower(m[4])
	e.Code = openai.CodeInvalidValue
	switch {
	case strings.Contains(rest, "schema"):
		e.Param, e.Code = t.path(c, ".parameters"), openai.CodeInvalidParameters
	case strings.Contains(rest, ".name"):
		e.Param = t.path(c, ".name")
	case strings.Contains(rest, ".description"):
		e.Param = t.path(c, ".description")
	case strings.Contains(rest, ".strict"):
		e.Param = t.path(c, ".strict")
	default:
		e.Param = t.path(c, "")
	}
	e.Message = "Tool '" + translate.Shorten(t.Name, translate.LongestParam) + "': " + e.Message
	return true
}

// toolAt is the number of a tool among the client's that is the n-th of toolConfig; -1 when it is none.
func (c *Context) toolAt(n int) int {
	if c.config == nil || n < 0 || n >= len(c.config.Tools) || isToolPoint(c.config.Tools[n]) {
		return -1
	}
	k := 0
	for _, t := range c.config.Tools[:n] {
		if !isToolPoint(t) {
			k++
		}
	}
	return k
}

// path is where the client defined a tool: among its tools, as the form of an answer, or nowhere but in the history.
func (t *tool) path(c *Context, rest string) string {
	switch t.Index {
	case answerForm:
		if rest == ".parameters" {
			rest = ".schema"
		}
		return c.names.Schema + rest
	case fromHistory:
		return c.names.Messages
	}
	return c.names.Tool(t.Index, rest)
}

// locateMedia finds the image or file that a place means: they are in the client's order.
func (c *Context) locateMedia(e *openai.Error, m []string) bool {
	turn, _ := strconv.Atoi(m[1])
	block, _ := strconv.Atoi(m[3])
	if m[2] != "" {
		turn--
	}
	if m[4] != "" {
		block--
	}
	kind := strings.ToLower(m[5] + " " + e.Message)
	list, count := c.images, filesIn[*types.ContentBlockMemberImage, *types.ToolResultContentBlockMemberImage]
	switch {
	case strings.Contains(kind, "image"):
	case strings.Contains(kind, "document"), strings.Contains(kind, "pdf"), strings.Contains(kind, "file"):
		list, count = c.files, filesIn[*types.ContentBlockMemberDocument, *types.ToolResultContentBlockMemberDocument]
	default:
		return false
	}
	k := mediaBefore(c.messages, turn, block, count)
	if k < 0 || k >= len(list) {
		return false
	}
	list = slices.Clone(list) // several choices may fail at once
	slices.SortFunc(list, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Item, b.Item), cmp.Compare(a.Part, b.Part))
	})
	e.Param = c.names.Part(list[k], "")
	e.Code = cmp.Or(e.Code, openai.CodeInvalidValue)
	return true
}

// mediaBefore counts the media of one kind before a block; -1 when there is no such block. Cache points are no blocks
// to who counts as Claude does, so a place that holds none of the kind means the next one that does.
func mediaBefore(messages []types.Message, turn, block int, count func(types.ContentBlock) int) int {
	if turn < 0 || turn >= len(messages) || block < 0 {
		return -1
	}
	k := 0
	for _, m := range messages[:turn] {
		for _, b := range m.Content {
			k += count(b)
		}
	}
	for i, b := range messages[turn].Content {
		n := count(b)
		if n > 0 && i >= block {
			return k
		}
		k += n
	}
	return -1
}

// filesIn counts the files of one kind in a block: Alone is a block of them, Inside one in a result.
func filesIn[Alone, Inside any](b types.ContentBlock) (n int) {
	if is[Alone](b) {
		return 1
	}
	if r, result := b.(*types.ContentBlockMemberToolResult); result {
		for _, x := range r.Value.Content {
			if is[Inside](x) {
				n++
			}
		}
	}
	return n
}
