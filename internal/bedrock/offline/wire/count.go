package wire

import (
	"encoding/json"
)

// Tokens estimates how many tokens a number of bytes makes: four bytes each, at least one for any text.
func Tokens(n int) int { return (n + 3) / 4 }

// segment is a piece of a request in reading order, with its estimated tokens; cut marks a cache point after it.
type segment struct {
	Bytes  []byte
	Tokens int
	Cut    *point
}

// Segments lists a request in the order of the prompt: tools, system, messages.
func Segments(r *ConverseRequest) []segment {
	var all []segment
	add := func(v any, n int) {
		b, _ := json.Marshal(v) // plain values read from JSON: cannot fail
		all = append(all, segment{Bytes: b, Tokens: n})
	}
	mark := func(field string, c *cachePoint) {
		if len(all) > 0 {
			all[len(all)-1].Cut = &point{field, c.TTL}
		}
	}
	if r.Tools != nil {
		for _, d := range r.Tools.Tools {
			if d.CachePoint != nil {
				mark("tools", d.CachePoint)
				continue
			}
			b, _ := json.Marshal(d)
			add(d, Tokens(len(b)))
		}
	}
	for _, b := range r.System {
		if b.CachePoint != nil {
			mark("system", b.CachePoint)
			continue
		}
		add(b, countBlock(b))
	}
	for _, m := range r.Messages {
		add(m.Role, 3) // what a chat template costs a turn
		for _, b := range m.Content {
			if b.CachePoint != nil {
				mark("messages", b.CachePoint)
				continue
			}
			add(b, countBlock(b))
		}
	}
	return all
}

// CountRequest is how many tokens a request has.
func CountRequest(r *ConverseRequest) int {
	n := 0
	for _, s := range Segments(r) {
		n += s.Tokens
	}
	return n
}

// countBlock estimates one block. Images cost their pixels by 750, as Anthropic states it for Claude.
func countBlock(b ContentOf) int {
	switch {
	case b.Text != nil:
		return Tokens(len(*b.Text))
	case b.Image != nil:
		if w, h, ok := ImageSize(b.Image.Source.Bytes); ok {
			return w*h/750 + 1
		}
		return 1600
	case b.Document != nil:
		return countDocument(b.Document)
	case b.Video != nil:
		return Tokens(len(b.Video.Source.Bytes) / 16)
	case b.ToolUse != nil:
		return Tokens(len(b.ToolUse.Name)+len(b.ToolUse.Input)) + 3
	case b.ToolResult != nil:
		n := 3
		for _, c := range b.ToolResult.Content {
			n += countBlock(c)
		}
		return n
	case b.JSON != nil:
		return Tokens(len(b.JSON))
	case b.Guard != nil && b.Guard.Text != nil:
		return Tokens(len(b.Guard.Text.Text))
	case b.Reasoning != nil && b.Reasoning.Text != nil:
		return Tokens(len(b.Reasoning.Text.Text))
	}
	return 1
}

func countDocument(d *Media) int {
	n := len(d.Name) + len(d.Context) + len(d.Source.Bytes)
	if d.Source.Text != nil {
		n += len(*d.Source.Text)
	}
	return Tokens(n + len(JoinTexts(d.Source.Content)))
}
