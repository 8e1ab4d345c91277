package openai

import (
	"iter"
	"slices"
	"strconv"
)

// ModerationRequest is the body of POST /v1/moderations.
type ModerationRequest struct {
	Model string // "" when absent
	// Input holds an item for each result: one for a string, one for each string of a list, one for all parts of a
	// multimodal list.
	Input []ModerationItem

	unknown Unknown
}

// ModerationItem is what gets one result.
type ModerationItem struct {
	Texts  []string
	Paths  []string // JSON path of each text
	Images int      // parts that are images, which cannot be read here
	Path   string   // of the item
}

// mostModerations is how many texts, or parts, a request may have: each text has a result of a thousand bytes. An
// embedding request may have as many.
const mostModerations = 2048

// DefaultModerationModel is the model that answers name where the request names none.
const DefaultModerationModel = "omni-moderation-latest"

// DecodeModeration reads the body of a moderation request, as [DecodeChat] does for chats, and checks it.
func DecodeModeration(body []byte) (*ModerationRequest, *Error) {
	var r ModerationRequest
	given := false
	unknown, err := decodeObject(body, func(d *decoder, name string) {
		switch name {
		case "model":
			if m := d.string(); m != nil {
				r.Model = *m
			}
		case "input":
			given = d.kind() != 'n'
			r.Input = decodeModerationInput(d)
		default:
			d.otherTop(name)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case !given:
		return nil, Invalidf(CodeMissing, "input", "Missing required parameter: 'input'.")
	case len(r.Input) == 0:
		return nil, Invalidf(CodeEmptyArray, "input", "Invalid 'input': empty array. Expected an array with minimum "+
			"length 1, but got an empty array instead.")
	}
	r.unknown = unknown
	return &r, nil
}

func decodeModerationInput(d *decoder) []ModerationItem {
	if d.kind() != '[' {
		if !d.is('"', "a string, an array of strings or an array of content parts") {
			return nil
		}
		return []ModerationItem{{Texts: []string{d.text()}, Paths: []string{"input"}, Path: "input"}}
	}
	var items []ModerationItem
	parts := ModerationItem{Path: "input"}
	n := 0
	d.arrayOf(mostModerations, func() {
		path := "input[" + strconv.Itoa(n) + "]"
		n++
		switch kind := d.kind(); {
		case kind == '"' && parts.Paths == nil && parts.Images == 0:
			items = append(items, ModerationItem{Texts: []string{d.text()}, Paths: []string{path}, Path: path})
		case kind == '{' && items == nil:
			p := decodePart(d)
			switch {
			case p.Type == "text" && p.Text != nil:
				parts.Texts, parts.Paths = append(parts.Texts, *p.Text), append(parts.Paths, path+".text")
			case p.Type == "image_url" && p.ImageURL != nil:
				parts.Images++
			default:
				d.wrongType("a part of type text or image_url", kind)
			}
		default:
			d.skip()
			d.wrongType("strings only or content parts only", kind)
		}
	})
	if len(parts.Texts) > 0 || parts.Images > 0 {
		items = append(items, parts)
	}
	return items
}

// Unknown lists the members that no rule knows.
func (r *ModerationRequest) Unknown() Unknown { return r.unknown }

// Texts yields the texts to judge.
func (r *ModerationRequest) Texts() iter.Seq2[Place, *string] {
	return func(yield func(Place, *string) bool) {
		for i := range r.Input {
			for j := range r.Input[i].Texts {
				if !yield(inRequest("user", r.Input[i].Paths[j]), &r.Input[i].Texts[j]) {
					return
				}
			}
		}
	}
}

// Unscanned yields the items that hold images.
func (r *ModerationRequest) Unscanned() iter.Seq[Place] {
	return func(yield func(Place) bool) {
		for i := range r.Input {
			for range r.Input[i].Images {
				if !yield(inRequest("user", r.Input[i].Path)) {
					return
				}
			}
		}
	}
}

// ModerationCategories are OpenAI's categories, in its order.
var ModerationCategories = [...]string{
	"harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
	"self-harm/instructions",
	"self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
}

// ModerationResponse is the answer to a moderation request.
type ModerationResponse struct {
	ID      string
	Model   string
	Results []ModerationResult
}

// ModerationResult is the judgement of one item. Categories that nobody has looked for are false, have score 0, and no
// applied input type.
type ModerationResult struct {
	Flagged map[string]bool    // by category
	Scores  map[string]float64 // by category; those that were looked for
	Local   ModerationFindings
}

// ModerationFindings is the extension "outcrop" of a result: what the gateway's own detectors have found.
type ModerationFindings struct {
	Injection        float64 // how much the texts look like an injection, 0 to 1
	InjectionBlocked bool    // whether the rules of the gateway would block it
	Findings         []ModerationFinding
	More             int // findings beyond those
	Unscanned        int // images
}

// Keep leaves so many of the findings and counts the others. It gives what is left of the room.
func (f *ModerationFindings) Keep(room int) int {
	if n := len(f.Findings); n > room {
		f.More += n - room
		f.Findings = slices.Clone(f.Findings[:room])
	}
	return room - len(f.Findings)
}

// ModerationFinding is one thing found. Start and End count code points of the text.
type ModerationFinding struct {
	Path       string
	Kind       string
	Start, End int
	Score      float64
}

// unchecked are the categories that nobody has looked for in a result.
func (r *ModerationResult) unchecked() []string {
	if len(r.Scores) == len(ModerationCategories) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(ModerationCategories[:]),
		func(c string) bool { _, looked := r.Scores[c]; return looked })
}

// Unchecked are the categories that nobody has looked for in some of the results, in OpenAI's order.
func (r *ModerationResponse) Unchecked() []string {
	missing := map[string]bool{}
	for i := range r.Results {
		for _, c := range r.Results[i].unchecked() {
			missing[c] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(ModerationCategories[:]), func(c string) bool { return !missing[c] })
}

// Tokens is nil: judging costs no tokens.
func (r *ModerationResponse) Tokens() *Usage { return nil }

// Texts yields nothing: no model wrote any.
func (r *ModerationResponse) Texts() iter.Seq2[Place, *string] {
	return func(func(Place, *string) bool) {}
}

// AppendJSON appends the whole answer.
func (r *ModerationResponse) AppendJSON(b []byte) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, r.ID)
	b = append(b, `,"model":`...)
	b = appendString(b, r.Model)
	b = append(b, `,"results":`...)
	b = appendEach(b, len(r.Results), func(b []byte, i int) []byte { return r.Results[i].appendJSON(b) })
	return append(b, '}')
}

func (r *ModerationResult) appendJSON(b []byte) []byte {
	flagged := false
	for _, f := range r.Flagged {
		flagged = flagged || f
	}
	b = append(b, `{"flagged":`...)
	b = strconv.AppendBool(b, flagged)
	each := func(b []byte, name string, value func(b []byte, category string) []byte) []byte {
		b = append(b, `,"`...)
		b = append(b, name...)
		b = append(b, `":{`...)
		for i, c := range ModerationCategories {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, '"')
			b = append(b, c...)
			b = append(b, `":`...)
			b = value(b, c)
		}
		return append(b, '}')
	}
	b = each(b, "categories", func(b []byte, c string) []byte { return strconv.AppendBool(b, r.Flagged[c]) })
	b = each(b, "category_scores",
		func(b []byte, c string) []byte { return strconv.AppendFloat(b, r.Scores[c], 'g', -1, 64) })
	b = each(b, "category_applied_input_types", func(b []byte, c string) []byte {
		if _, looked := r.Scores[c]; looked {
			return append(b, `["text"]`...)
		}
		return append(b, "[]"...)
	})
	b = r.Local.appendMember(b)
	if list := r.unchecked(); len(list) > 0 {
		b = append(b, `,"unchecked":`...)
		b = appendEach(b, len(list), func(b []byte, i int) []byte { return appendString(b, list[i]) })
	}
	return append(b, "}}"...)
}

// appendMember appends the object "outcrop", without its end.
func (f *ModerationFindings) appendMember(b []byte) []byte {
	b = append(b, `,"outcrop":{"injection":{"score":`...)
	b = strconv.AppendFloat(b, f.Injection, 'g', -1, 64)
	b = append(b, `,"blocked":`...)
	b = strconv.AppendBool(b, f.InjectionBlocked)
	b = append(b, `},"findings":`...)
	b = appendEach(b, len(f.Findings), func(b []byte, i int) []byte {
		x := &f.Findings[i]
		b = append(b, `{"path":`...)
		b = appendString(b, x.Path)
		b = append(b, `,"kind":`...)
		b = appendString(b, x.Kind)
		b = appendInt(b, `,"start":`, int64(x.Start))
		b = appendInt(b, `,"end":`, int64(x.End))
		b = append(b, `,"score":`...)
		b = strconv.AppendFloat(b, x.Score, 'g', -1, 64)
		return append(b, '}')
	})
	if f.More > 0 {
		b = appendInt(b, `,"more_findings":`, int64(f.More))
	}
	if f.Unscanned > 0 {
		b = appendInt(b, `,"unscanned":`, int64(f.Unscanned))
	}
	return b
}
