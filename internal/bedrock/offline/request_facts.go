package offline

import (
	"slices"
	"strings"
)

// point is one cache point with the field it stands in.
type point struct {
	field string
	ttl   string
}

// points lists the cache points in the order in which the service reads a request: tools, system, messages.
func (r *converseRequest) points() []point {
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

// eachMedia calls yield for every media block of the request, also those in tool results, until it returns an exception.
func (r *converseRequest) eachMedia(yield func(role, kind string, m *media) *exception) *exception {
	for _, m := range r.Messages {
		if e := eachOf(m.Role, m.Content, yield); e != nil {
			return e
		}
	}
	return nil
}

func eachOf(role string, blocks []contentOf, yield func(role, kind string, m *media) *exception) *exception {
	for _, b := range blocks {
		var e *exception
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

// thinking is what a request asks of Claude.
type thinking struct {
	on      bool
	mode    string // enabled, adaptive, disabled; "" when not sent
	budget  float64
	display string
}

func (r *converseRequest) thinking(f family) thinking {
	native, set := r.Native["thinking"].(map[string]any)
	th := thinking{on: f.reasoning == claudeDefault || f.reasoning == claudeAlways}
	if !set {
		return th
	}
	th.mode, _ = native["type"].(string)
	th.budget, _ = native["budget_tokens"].(float64)
	th.display, _ = native["display"].(string)
	th.on = th.mode != "disabled"
	return th
}

// forced tells whether the request forces a tool call, in Converse's place or in Claude's own.
func (r *converseRequest) forced() bool {
	if r.Tools != nil && r.Tools.Choice != nil && r.Tools.Choice.Auto == nil {
		return true
	}
	return slices.Contains([]string{"any", "tool"}, r.nativeChoice())
}

func (r *converseRequest) nativeChoice() string {
	c, _ := r.Native["tool_choice"].(map[string]any)
	sort, _ := c["type"].(string)
	return sort
}

// sampled tells whether a sampling parameter is set, in Converse's place or in Claude's own.
func (r *converseRequest) sampled(name string) bool {
	switch name {
	case "temperature":
		return r.Inference.Temperature != nil || r.Native["temperature"] != nil
	case "top_p":
		return r.Inference.TopP != nil || r.Native["top_p"] != nil
	}
	return r.Native[name] != nil
}

func (r *converseRequest) toolNamed(name string) *tool {
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

// kind names the one member of a block.
func (c contentOf) kind() string {
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

// letter is that of a block in history as [shapeOf] counts it; cache points and what no assistant says are nothing.
func (b *contentOf) letter() string {
	switch {
	case b.Reasoning != nil:
		return "r"
	case b.ToolUse != nil:
		return "c"
	case b.Text != nil:
		return "t"
	}
	return ""
}

// shapeOf says what kinds the first n blocks of a turn are; texts that follow each other are one, cache points are none.
func shapeOf(n int, kind func(i int) string) string {
	shape := ""
	for i := range n {
		if k := kind(i); k != "t" || !strings.HasSuffix(shape, "t") {
			shape += k
		}
	}
	return shape
}
