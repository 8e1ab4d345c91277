package chat

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
)

// The places where a part may stand, as bits.
const (
	inUser = 1 << iota
	inAssistant
	inTool
	inSystem
)

// partPlaces is the table of TRANSLATION 1.5.
func partPlaces(kind string) int {
	switch kind {
	case "text":
		return inUser | inAssistant | inTool | inSystem
	case "image_url", "file":
		return inUser | inTool
	case "input_audio", "video_url":
		return inUser
	case "refusal":
		return inAssistant
	}
	return 0
}

func partPath(i, j int, rest string) string { return at("messages", i, at(".content", j, rest)) }

// allowed tells whether a part may stand where it does and has what its type promises.
func (c *chat) allowed(i, j int, p *openai.ContentPart, place int) bool {
	if p.Type == "" {
		c.missing(partPath(i, j, ".type"))
		return false
	}
	if partPlaces(p.Type)&place == 0 {
		c.refuse(openai.CodeInvalidValue, partPath(i, j, ".type"), "Invalid value: '%s'. A part of this type cannot stand in a message of this role.", p.Type)
		return false
	}
	there := false
	switch p.Type {
	case "text":
		there = p.Text != nil
	case "refusal":
		there = p.Refusal != nil
	case "image_url":
		there = p.ImageURL != nil && p.ImageURL.URL != ""
	case "file":
		there = p.File != nil
	case "input_audio":
		there = p.InputAudio != nil
	case "video_url":
		there = p.VideoURL != nil
	}
	if !there {
		rest := "." + p.Type
		if p.Type == "image_url" && p.ImageURL != nil {
			rest += ".url"
		}
		c.missing(partPath(i, j, rest))
	}
	return there
}

// userMedia is the block of a part that is not text, nil when it was refused.
func (v *conversation) userMedia(i, j int, p *openai.ContentPart) types.ContentBlock {
	image, document, plain := v.mediaOf(i, j, p)
	switch {
	case image != nil:
		return &types.ContentBlockMemberImage{Value: *image}
	case document != nil:
		return &types.ContentBlockMemberDocument{Value: *document}
	case plain != "":
		return text(plain)
	}
	return nil
}

// resultContent is the content of a tool message. Media that the family does not take inside a result are appended to the
// last turn, and a text says so (R-TOOL-13).
func (v *conversation) resultContent(i int, m *openai.Message) []types.ToolResultContentBlock {
	if m.Content == nil {
		return nil
	}
	if m.Content.Parts == nil {
		if blank(m.Content.Text) {
			return nil
		}
		return []types.ToolResultContentBlock{v.resultPiece(m.Content.Text, true)}
	}
	out := make([]types.ToolResultContentBlock, 0, len(m.Content.Parts))
	for j := range m.Content.Parts {
		p := &m.Content.Parts[j]
		if !v.allowed(i, j, p, inTool) {
			continue
		}
		if p.Type != "text" {
			out = v.resultMedia(out, i, j, p)
		} else if !blank(*p.Text) {
			out = append(out, v.resultPiece(*p.Text, len(m.Content.Parts) == 1))
		}
	}
	return out
}

// resultPiece is a text of a result; where the family prefers it, a text that is alone and a JSON object goes as such
// (R-TOOL-12).
func (v *conversation) resultPiece(s string, alone bool) types.ToolResultContentBlock {
	if alone && v.caps.ToolResultJSON && !v.flat {
		if b := []byte(s); isObject(b) {
			return &types.ToolResultContentBlockMemberJson{Value: raw(b)}
		}
	}
	return &types.ToolResultContentBlockMemberText{Value: s}
}

func (v *conversation) resultMedia(out []types.ToolResultContentBlock, i, j int, p *openai.ContentPart) []types.ToolResultContentBlock {
	image, document, plain := v.mediaOf(i, j, p)
	inside := func(kind string) bool {
		return !v.flat && v.owner[i] >= 0 && slices.Contains(v.caps.ToolResultMedia, kind)
	}
	var block types.ContentBlock
	switch {
	case plain != "":
		return append(out, &types.ToolResultContentBlockMemberText{Value: plain})
	case image != nil && inside("image"):
		return append(out, &types.ToolResultContentBlockMemberImage{Value: *image})
	case document != nil && inside("document"):
		return append(out, &types.ToolResultContentBlockMemberDocument{Value: *document})
	case image != nil:
		block = &types.ContentBlockMemberImage{Value: *image}
	case document != nil:
		block = &types.ContentBlockMemberDocument{Value: *document}
	default:
		return out // refused
	}
	v.media.attachments++
	n := itoa(int64(v.media.attachments))
	v.turn(false)
	v.add(text("Attachment " + n + ":"))
	v.add(block)
	return append(out, &types.ToolResultContentBlockMemberText{Value: "See attachment " + n + "."})
}
