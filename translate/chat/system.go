package chat

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

func (v *conversation) systemMessage(i int, m *openai.Message) {
	if v.others && v.caps.System != catalog.No {
		v.adjust("messages[].role", "system_moved_to_front")
	}
	v.ignoreName(m)
	if m.Content == nil {
		return
	}
	if m.Content.Parts == nil {
		v.addSystem(m.Content.Text)
	}
	for j := range m.Content.Parts {
		p := &m.Content.Parts[j]
		if !v.allowed(i, j, p, inSystem) {
			continue
		}
		v.addSystem(*p.Text)
		v.system = v.cacheSystem(v.system, p)
	}
	if m.CacheControl != nil {
		v.system = v.cacheSystem(v.system, &openai.ContentPart{CacheControl: m.CacheControl})
	}
}

func (v *conversation) addSystem(s string) {
	if !blank(s) {
		v.system = append(v.system, &types.SystemContentBlockMemberText{Value: s})
	}
}

// systemToUser moves the system texts into the first user turn, for models without system prompts (R-MSG-04).
func (c *chat) systemToUser() {
	var texts []string
	for _, b := range c.system {
		if t, ok := b.(*types.SystemContentBlockMemberText); ok {
			texts = append(texts, t.Value)
		}
	}
	c.system = nil
	if len(texts) == 0 {
		return
	}
	block := text(strings.Join(texts, "\n\n"))
	if m := &c.in.Messages[0]; m.Role == types.ConversationRoleUser {
		m.Content = slices.Insert(slices.Clip(m.Content), 0, block)
		return
	}
	c.in.Messages = slices.Insert(c.in.Messages, 0, types.Message{Role: types.ConversationRoleUser, Content: []types.ContentBlock{block}})
}
