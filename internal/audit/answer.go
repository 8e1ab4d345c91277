package audit

import (
	"bufio"
	"bytes"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Said is what a file says that an answer said, read in one of its forms.
type Said struct {
	Form     string // "text", "JSON" or "stream"
	Manifest *Manifest
	replay   func(*Answer)
}

// ReadAnswer reads a file in every form that it may have: as the text of a choice, as it is and without a line feed at
// its end; as the JSON of an answer, of chat or embeddings; and as the events of a stream.
func ReadAnswer(file []byte) []Said {
	text := func(s string) Said {
		return Said{Form: "text", replay: func(a *Answer) { a.Text(0, s) }}
	}
	all := []Said{text(string(file))}
	if bare := strings.TrimSuffix(strings.TrimSuffix(string(file), "\n"), "\r"); len(bare) < len(file) {
		all = append(all, text(bare))
	}
	if one := new(answerJSON); json.Unmarshal(file, one, lenient()) == nil && (len(one.Choices) > 0 || len(one.Data) > 0) {
		return append(all, said("JSON", []*answerJSON{one}))
	}
	if events := readEvents(file); len(events) > 0 {
		all = append(all, said("stream", events))
	}
	return all
}

// answerJSON is what counts of an answer, or of a chunk of one.
type answerJSON struct {
	Choices []struct {
		Index   int          `json:"index"`
		Message *messageJSON `json:"message"`
		Delta   *messageJSON `json:"delta"`
	} `json:"choices"`
	Data []struct {
		Embedding jsontext.Value `json:"embedding"`
	} `json:"data"`
	Outcrop *struct {
		Provenance *Manifest `json:"provenance"`
	} `json:"outcrop"`
}

type messageJSON struct {
	Content   *string `json:"content"`
	Refusal   *string `json:"refusal"`
	ToolCalls []struct {
		Index    *int         `json:"index"`
		Function functionJSON `json:"function"`
	} `json:"tool_calls"`
	FunctionCall *functionJSON `json:"function_call"`
}

type functionJSON struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

func lenient() json.Options {
	return json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

func readEvents(file []byte) []*answerJSON {
	var all []*answerJSON
	lines := bufio.NewScanner(bytes.NewReader(file))
	lines.Buffer(nil, len(file)+1)
	for lines.Scan() {
		event, ok := strings.CutPrefix(lines.Text(), "data:")
		one := new(answerJSON)
		if ok && json.Unmarshal([]byte(event), one, lenient()) == nil {
			all = append(all, one)
		}
	}
	return all
}

func said(form string, parts []*answerJSON) Said {
	s := Said{Form: form, replay: func(a *Answer) {
		for _, p := range parts {
			p.tell(a)
		}
	}}
	for _, p := range parts {
		if p.Outcrop != nil && p.Outcrop.Provenance != nil {
			s.Manifest = p.Outcrop.Provenance
		}
	}
	return s
}

func (p *answerJSON) tell(a *Answer) {
	for i := range p.Choices {
		c := &p.Choices[i]
		for _, m := range []*messageJSON{c.Message, c.Delta} {
			if m != nil {
				m.tell(a, c.Index)
			}
		}
	}
	for i := range p.Data {
		v := p.Data[i].Embedding
		var text string
		if json.Unmarshal(v, &text) == nil {
			a.VectorText(text)
		} else {
			a.Vector(v)
		}
	}
}

func (m *messageJSON) tell(a *Answer, choice int) {
	for _, s := range []*string{m.Content, m.Refusal} {
		if s != nil {
			a.Text(choice, *s)
		}
	}
	for i, k := range m.ToolCalls {
		if k.Index != nil {
			i = *k.Index
		}
		a.Call(choice, i, k.Function.Name, k.Function.Arguments)
	}
	if f := m.FunctionCall; f != nil {
		a.Call(choice, 0, f.Name, f.Arguments)
	}
}
