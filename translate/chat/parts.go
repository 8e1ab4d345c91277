package chat

import (
	"strings"

	"outcrop/openai"
	"outcrop/translate/converse"
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

func partPath(i, j int, rest string) string {
	return names.Part(converse.Place{Item: i, Part: j}, rest)
}

// allowed tells whether a part may stand where it does and has what its type promises.
func (r *reader) allowed(i, j int, p *openai.ContentPart, place int) bool {
	if p.Type == "" {
		r.found().Missing(partPath(i, j, ".type"))
		return false
	}
	if partPlaces(p.Type)&place == 0 {
		r.found().Refuse(openai.CodeInvalidValue, partPath(i, j, ".type"),
			"Invalid value: '%s'. A part of this type cannot stand in a message of this role.", p.Type)
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
		r.found().Missing(partPath(i, j, rest))
	}
	return there
}

// addMedia appends a part that is not text.
func (r *reader) addMedia(i, j int, p *openai.ContentPart) {
	m := &converse.Media{}
	switch p.Type {
	case "image_url":
		if !r.readImage(m, partPath(i, j, ".image_url.url"), p.ImageURL) {
			return
		}
	case "file":
		if !r.readFile(m, partPath(i, j, ".file"), p.File) {
			return
		}
	case "input_audio":
		m.Kind = converse.Sound
	case "video_url":
		m.Kind = converse.Video
	}
	r.add(converse.Block{At: converse.Place{Item: i, Part: j}, Media: m})
}

func (r *reader) readImage(m *converse.Media, path string, u *openai.ImageURL) bool {
	if u.Detail != nil && *u.Detail != "auto" {
		r.found().Adjust("messages[].content[].image_url.detail", "ignored")
	}
	m.URL, m.Text, m.Member = u.URL, u.Text, ".image_url.url"
	switch converse.Scheme(u.URL) {
	case "data", "http", "https":
		return true
	case "s3":
		r.found().Refuse(openai.CodeUnsupportedValue, path, "Unsupported value: images in S3 are not supported.")
	default:
		r.found().Refuse(openai.CodeInvalidImageURL, path,
			"Invalid image URL: expected a data URL, or a URL that starts with http:// or https://.")
	}
	return false
}

func (r *reader) readFile(m *converse.Media, path string, f *openai.File) bool {
	switch {
	case f.ID != nil:
		r.found().Refuse(openai.CodeUnsupported, path+".file_id",
			"Unsupported parameter: '%s'. Send the file itself as 'file_data'.", path+".file_id")
		return false
	case f.URL != nil:
		m.URL = *f.URL
	case f.Data == nil:
		r.found().Missing(path + ".file_data")
		return false
	case strings.EqualFold((*f.Data)[:min(len(*f.Data), len("data:"))], "data:"):
		m.URL = *f.Data
	default:
		m.Base64 = *f.Data
	}
	m.Kind, m.Text, m.Member = converse.File, f.Text, ".file.file_data"
	if f.URL != nil {
		m.Member = ".file.file_url"
	}
	if f.Filename != nil {
		m.Name = *f.Filename
	}
	return true
}
