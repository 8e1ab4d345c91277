package recall

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/translate"
)

// filled sets everything that is exported in a value: texts, lists of one and what pointers lead to.
func filled(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte("1")) // JSON
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 4)) // room behind the end, which an append to a shared list would write to
		filled(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				filled(v.Field(i))
			}
		}
	}
}

func whole[T any](p *T) *T {
	filled(reflect.ValueOf(p).Elem())
	return p
}

// partsOfFlights are the parts that flights of each endpoint carry.
func partsOfFlights(t *testing.T) map[string]map[*call.Keeping][]openai.Part {
	t.Helper()
	stored, err := openai.ReadStoredChat(openai.AppendStored(nil, whole(&openai.ChatResponse{})),
		openai.Head{ID: "a", Created: 1, Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	stored.Extension = *whole(&openai.Extension{})
	return map[string]map[*call.Keeping][]openai.Part{
		"plain": {&Chat: {whole(&openai.ChatResponse{})}},
		"streamed": {&Chat: {whole(&openai.ChatChunk{}),
			&openai.ChatChunk{Head: &openai.Head{}, Usage: &openai.Usage{Prompt: 1}}}},
		"stored":     {&Chat: {stored}},
		"embeddings": {&Items: {whole(&openai.EmbeddingResponse{})}},
	}
}

// deface does to a part whatever stages and server do to parts: rewrite texts, withhold, leave out, renumber, add to
// it.
func deface(p openai.Part, with string) openai.Part {
	if s, ok := p.(*openai.StoredChat); ok {
		if _, err := s.Response(); err != nil { // a policy reads it
			panic(err)
		}
	}
	for place, text := range p.Texts() {
		if !place.Signed {
			*text = with
		}
	}
	switch p := p.(type) {
	case *openai.ChatChunk:
		for i := range p.Choices {
			ch := &p.Choices[i]
			ch.Index = len(with)
			ch.Delta.ToolCalls = slices.DeleteFunc(ch.Delta.ToolCalls, func(openai.ToolCallDelta) bool { return true })
			for k := range ch.Delta.Annotations {
				ch.Delta.Annotations[k].Start = len(with)
			}
			p.Withhold(openai.Place{Choice: ch.Index})
		}
		p.Choices = slices.DeleteFunc(p.Choices, func(openai.ChunkChoice) bool { return with == "left" })
	case *openai.ChatResponse:
		for i := range p.Choices {
			p.Choices[i].Index = len(with)
			p.Choices[i].Message.Reasoning = with
		}
	case *openai.EmbeddingResponse:
		p.Data[0].Tokens = int64(len(with))
	}
	if m, ok := p.(interface{ Say(*openai.Extension) }); ok {
		m.Say(&openai.Extension{Adjusted: []string{with}, Cache: &openai.Cached{Age: int64(len(with))}})
	}
	written(p)
	return p
}

// Each part of a flight goes to two readers, who both do to it what they like: under the race detector, and so that
// neither sees what the other did.
func TestMendA4NoReaderOfAFlightSeesWhatAnotherDoesToAPart(t *testing.T) {
	words := []string{"left", "right"}
	for name, of := range partsOfFlights(t) {
		for how, parts := range of {
			f := newFlight(t.Context(), key{}, time.Minute, false)
			readers := []*reader{f.addReader(), f.addReader()}
			if err := f.load(call.Each(parts), how.Size); err != nil {
				t.Fatal(err)
			}
			f.opened(call.Head{}, nil)
			f.end(nil)
			before := written(parts...)
			got := make([][]openai.Part, len(readers))
			var wg sync.WaitGroup
			for i, s := range readers {
				wg.Go(func() {
					own := how.Copies(translate.Meta{ID: "own", Created: 1, Model: "m"}, nil)
					for p, err := range s.parts(t.Context()) {
						if err != nil {
							t.Error(err)
							return
						}
						got[i] = append(got[i], deface(own(p), words[i]))
					}
				})
			}
			wg.Wait()
			f.cancel()
			if after := written(parts...); after != before {
				t.Errorf("%s: what the flight holds was changed:\n%s\n%s", name, before, after)
			}
			for i := range got {
				if len(got[i]) != len(parts) {
					t.Fatalf("%s: %d parts of %d", name, len(got[i]), len(parts))
				}
				if text := written(got[i]...); strings.Contains(text, words[1-i]) || !strings.Contains(text, words[i]) {
					t.Errorf("%s: reader %d sees what the other has written: %s", name, i, text)
				}
			}
		}
	}
}
