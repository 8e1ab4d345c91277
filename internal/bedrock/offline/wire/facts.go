package wire

import (
	"slices"
	"strings"
)

// point is one cache point with the field it stands in.
type point struct {
	Field string
	TTL   string
}

// Points lists the cache points in the order in which the service reads a request: tools, system, messages.
func (r *ConverseRequest) Points() []point {
	var found []point
	if r.Tools != nil {
		for _, d := range r.Tools.Tools {
			if d.CachePoint != nil {
				found = append(found, point{"tools", d.CachePoint.TTL})
			}
		}
	}
	for _, b := range r.System {
		if b.CachePoint != nil {
			found = append(found, point{"system", b.CachePoint.TTL})
		}
	}
	for _, m := range r.Messages {
		for _, b := range m.Content {
			if b.CachePoint != nil {
				found = append(found, point{"messages", b.CachePoint.TTL})
			}
		}
	}
	return found
}

// EachMedia calls yield for every media block of the request, also those in tool results, until it returns an
// exception.
func (r *ConverseRequest) EachMedia(yield func(role, kind string, m *Media) *Exception) *Exception {
	for _, m := range r.Messages {
		if e := eachOf(m.Role, m.Content, yield); e != nil {
			return e
		}
	}
	return nil
}

func eachOf(role string, blocks []ContentOf, yield func(role, kind string, m *Media) *Exception) *Exception {
	for _, b := range blocks {
		var e *Exception
		switch {
		case b.Image != nil:
			e = yield(role, "image", b.Image)
		case b.Document != nil:
			e = yield(role, "document", b.Document)
		case b.Video != nil:
			e = yield(role, "video", b.Video)
		case b.Audio != nil:
			e = yield(role, "audio", b.Audio)
		case b.ToolResult != nil:
			e = eachOf(role, b.ToolResult.Content, yield)
		}
		if e != nil {
			return e
		}
	}
	return nil
}

// Thinking is what a request asks of Claude.
type Thinking struct {
	On      bool
	Mode    string // enabled, adaptive, disabled; "" when not sent
	Budget  float64
	Display string
}

// Thinking reads what the request asks of Claude's thinking.
func (r *ConverseRequest) Thinking(f Family) Thinking {
	native, set := r.Native["thinking"].(map[string]any)
	th := Thinking{On: f.Reasoning == ClaudeDefault || f.Reasoning == ClaudeAlways}
	if !set {
		return th
	}
	th.Mode, _ = native["type"].(string)
	th.Budget, _ = native["budget_tokens"].(float64)
	th.Display, _ = native["display"].(string)
	th.On = th.Mode != "disabled"
	return th
}

// Forced tells whether the request forces a tool call, in Converse's place or in Claude's own.
func (r *ConverseRequest) Forced() bool {
	if r.Tools != nil && r.Tools.Choice != nil && r.Tools.Choice.Auto == nil {
		return true
	}
	return slices.Contains([]string{"any", "tool"}, r.NativeChoice())
}

// NativeChoice is the type of tool_choice in Claude's own place; "" without one.
func (r *ConverseRequest) NativeChoice() string {
	c, _ := r.Native["tool_choice"].(map[string]any)
	sort, _ := c["type"].(string)
	return sort
}

// Sampled tells whether a sampling parameter is set, in Converse's place or in Claude's own.
func (r *ConverseRequest) Sampled(name string) bool {
	switch name {
	case "temperature":
		return r.Inference.Temperature != nil || r.Native["temperature"] != nil
	case "top_p":
		return r.Inference.TopP != nil || r.Native["top_p"] != nil
	}
	return r.Native[name] != nil
}

// ToolNamed gives a tool of the request; nil for none.
func (r *ConverseRequest) ToolNamed(name string) *Tool {
	if r.Tools == nil {
		return nil
	}
	for i, d := range r.Tools.Tools {
		if d.Spec != nil && d.Spec.Name == name || d.System != nil && d.System.Name == name {
			return &r.Tools.Tools[i]
		}
	}
	return nil
}

// Kind names the one member of a block.
func (c ContentOf) Kind() string {
	switch {
	case c.Text != nil:
		return "text"
	case c.Image != nil:
		return "image"
	case c.Document != nil:
		return "document"
	case c.Video != nil:
		return "video"
	case c.Audio != nil:
		return "audio"
	case c.Search != nil:
		return "searchResult"
	case c.JSON != nil:
		return "json"
	}
	return "other"
}

// Letter is that of a block in history as [shapeOf] counts it; cache points and what no assistant says are nothing.
func (c ContentOf) Letter() string {
	switch {
	case c.Reasoning != nil:
		return "r"
	case c.ToolUse != nil:
		return "c"
	case c.Text != nil:
		return "t"
	}
	return ""
}

// ShapeOf says what kinds the first n blocks of a turn are; texts that follow each other are one, cache points are
// none.
func ShapeOf(n int, kind func(i int) string) string {
	shape := ""
	for i := range n {
		if k := kind(i); k != "t" || !strings.HasSuffix(shape, "t") {
			shape += k
		}
	}
	return shape
}
