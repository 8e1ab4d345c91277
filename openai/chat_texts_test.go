package openai_test

import (
	"encoding/base64"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"outcrop/openai"
)

func decodeChat(t *testing.T, body string) *openai.ChatRequest {
	t.Helper()
	r, err := openai.DecodeChat([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Everything that a model may read is yielded with its place, and can be rewritten there.
func TestChatRequestTexts(t *testing.T) {
	r := decodeChat(t, `{"model":"m","user":"u","metadata":{"k":"v"},"prediction":{"type":"content","content":"p"},"stop":["s"],"messages":[
		{"role":"system","content":"sys","name":"n"},
		{"role":"user","name":"Ann","content":[{"type":"text","text":"t"},
			{"type":"file","file":{"filename":"a.txt","file_data":"data:text/plain;base64,aGVsbG8="}},
			{"type":"image_url","image_url":{"url":"data:text/html,%3Cp%3E"}},
			{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]},
		{"role":"assistant","content":[{"type":"refusal","refusal":"no"}],"refusal":"never",
			"reasoning_details":[{"type":"reasoning.text","text":"signed","signature":"x"},{"type":"reasoning.text","text":"unsigned"}],
			"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"2","type":"custom","custom":{"name":"c","input":"in"}}]},
		{"role":"assistant","function_call":{"name":"f","arguments":"{\"a\":1}"}},
		{"role":"tool","tool_call_id":"1","content":"result"}],
		"tools":[{"type":"function","function":{"name":"f","description":"d"}}],"functions":[{"name":"f","description":"e"}],
		"response_format":{"type":"json_schema","json_schema":{"name":"j","description":"g","schema":{}}}}`)
	want := []string{
		"system messages[0].content sys",
		"user messages[1].name Ann",
		"user messages[1].content[0].text t",
		"user messages[1].content[1].file.filename a.txt",
		"user messages[1].content[1].file.file_data hello",
		"user messages[1].content[2].image_url.url <p>",
		"assistant messages[2].content[0].refusal no",
		"assistant messages[2].refusal never",
		"assistant messages[2].tool_calls[0].function.arguments {}",
		"assistant messages[2].tool_calls[1].custom.input in",
		"assistant messages[2].reasoning_details[0].text signed",
		`assistant messages[3].function_call.arguments {"a":1}`,
		"tool messages[4].content result",
		"tools tools[0].function.description d",
		"tools functions[0].description e",
		"tools response_format.json_schema.description g",
	}
	var got []string
	var texts []*string
	for p, s := range r.Texts() {
		got = append(got, p.Role+" "+p.Path+" "+*s)
		texts = append(texts, s)
		if p.Signed != strings.Contains(p.Path, "reasoning_details") || p.Tool != -1 {
			t.Errorf("place %+v", p)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, s := range texts {
		*s = "#" // also after the iteration
	}
	for p, s := range r.Texts() {
		if *s != "#" {
			t.Errorf("%s is %q, not what was written", p.Path, *s)
		}
	}
	for n := range want {
		i := 0
		for range r.Texts() { // Go panics when a sequence goes on after its end
			if i++; i > n {
				break
			}
		}
	}
}

func TestChatRequestUnscanned(t *testing.T) {
	text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("ä€ 😀 plain text, ", 200)))
	pdf := base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 " + strings.Repeat("x", 2000)))
	late := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 2000) + "\x00"))
	for _, c := range []struct {
		name, part string
		unscanned  bool
	}{
		{"text", `{"type":"text","text":"t"}`, false},
		{"text file", `{"type":"file","file":{"file_data":"` + text + `"}}`, false},
		{"text file as data URL", `{"type":"file","file":{"file_data":"DATA:application/json;base64,` + text + `"}}`, false},
		{"text file that claims to be an image", `{"type":"file","file":{"file_data":"data:image/png;base64,` + text + `"}}`,
			false},
		{"text file, URL-safe without padding", `{"type":"file","file":{"file_data":"w7_Dvw"}}`, false},
		{"PDF", `{"type":"file","file":{"file_data":"` + pdf + `"}}`, true},
		{"short PDF", `{"type":"file","file":{"file_data":"JVBERi0xLjQ="}}`, true},
		{"binary after much text", `{"type":"file","file":{"file_data":"` + late + `"}}`, true},
		{"not base64", `{"type":"file","file":{"file_data":"***"}}`, true},
		{"data URL without a comma", `{"type":"file","file":{"file_data":"data:x"}}`, true},
		{"file in a store", `{"type":"file","file":{"file_id":"f"}}`, true},
		{"text in an image URL", `{"type":"image_url","image_url":{"url":"data:;base64,` + text + `"}}`, false},
		{"text that claims to be an image", `{"type":"image_url","image_url":{"url":"data:Image/png;base64,` + text + `"}}`,
			true},
		{"link", `{"type":"image_url","image_url":{"url":"https://example.com"}}`, true},
		{"sound", `{"type":"input_audio","input_audio":{"data":"aGk=","format":"wav"}}`, true},
		{"video", `{"type":"video_url","video_url":{"url":"https://example.com"}}`, true},
	} {
		r := decodeChat(t, `{"messages":[{"role":"user"},{"role":"tool","content":[`+c.part+`]}]}`)
		var got []openai.Place
		for p := range r.Unscanned() {
			got = append(got, p)
		}
		var want []openai.Place
		if c.unscanned {
			want = []openai.Place{{Role: "tool", Path: "messages[1].content[0]", Tool: -1}}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", c.name, got)
		}
		for range r.Unscanned() {
			break
		}
	}
}

// Reasoning that was signed is left out as a whole: Claude takes a turn back without it, but not with a part of it.
func TestWithhold(t *testing.T) {
	r := decodeChat(t, `{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"a","reasoning_details":[
		{"type":"reasoning.text","text":"one","signature":"s"},{"type":"reasoning.encrypted","data":"eA=="}]}]}`)
	for p := range r.Texts() {
		r.Withhold(p) // of an ordinary text it does nothing
		if left := len(r.Messages[1].ReasoningDetails); (left == 0) != p.Signed {
			t.Errorf("after %+v %d entries are left", p, left)
		}
	}
	r.Withhold(openai.Place{Path: "messages[7].reasoning_details[0].text", Signed: true})
	r.Withhold(openai.Place{Path: "tools[0]", Signed: true})

	details := []openai.ReasoningDetail{{Type: openai.ReasoningText, Text: "one", Signature: "s"}}
	whole := openai.ChatResponse{
		Choices: []openai.Choice{{Index: 0, Message: openai.ReplyMessage{Reasoning: "one", ReasoningDetails: details}},
			{Index: 1, Message: openai.ReplyMessage{Reasoning: "one", ReasoningDetails: details}}}}
	for p := range whole.Texts() {
		if p.Signed && p.Choice == 1 {
			whole.Withhold(p)
		}
	}
	if body := string(whole.AppendJSON(nil)); strings.Count(body, `"reasoning_content":"one"`) != 1 ||
		strings.Count(body, `"signature":"s"`) != 1 {
		t.Errorf("one choice of two keeps its reasoning: %s", body)
	}
	chunk := openai.ChatChunk{Head: chunkHead,
		Choices: []openai.ChunkChoice{{Index: 3, Delta: openai.Delta{ReasoningDetails: details}}}}
	for p := range chunk.Texts() {
		if !p.Signed || p.Path != "reasoning_details" {
			t.Errorf("place %+v", p)
		}
		chunk.Withhold(p)
	}
	if body := string(chunk.AppendJSON(nil, false)); strings.Contains(body, "reasoning") {
		t.Errorf("%s", body)
	}
}

// Reasoning of Claude's in its own form is read like ours, and ours counts where both are there.
func TestThinkingBlocks(t *testing.T) {
	const blocks = `"thinking_blocks":[{"type":"thinking","thinking":"one","signature":"s","cache_control":null},{"type":"redacted_thinking","data":"eA=="}]`
	r := decodeChat(t, `{"messages":[{"role":"assistant",`+blocks+`},{"role":"assistant",`+blocks+`,"reasoning_details":[{"type":"reasoning.text","text":"two"}]},
		{"role":"assistant","thinking_blocks":null}]}`)
	want := []openai.ReasoningDetail{
		{Index: 0, Type: openai.ReasoningText, Text: "one", Signature: "s", Format: "bedrock.claude"},
		{Index: 1, Type: openai.ReasoningEncrypted, Data: "eA==", Format: "bedrock.claude"},
	}
	if got := r.Messages[0].ReasoningDetails; !reflect.DeepEqual(got, want) {
		t.Errorf("R-RPL-06 %+v", got)
	}
	if got := r.Messages[1].ReasoningDetails; len(got) != 1 || got[0].Text != "two" {
		t.Errorf("R-RPL-06 both forms: %+v", got)
	}
	if u := r.Unknown(); len(u.Nested) > 0 || r.Messages[2].ReasoningDetails != nil {
		t.Errorf("R-RPL-06 %+v", u)
	}
}

// An error repeats no more of a request than it needs.
func TestErrorsAreBounded(t *testing.T) {
	long := strings.Repeat("ü", 1<<20)
	for _, body := range []string{`{"metadata":{"` + long + `":1}}`, `{"messages":[{"` + long + `":1,"content":1}]}`,
		`{"model":"m","messages":[{}],"verbosity":"` + long + `"}`} {
		r, err := openai.DecodeChat([]byte(body))
		if err == nil {
			err = openai.Validate(r)
		}
		if err == nil || len(err.Message) > 9000 || len(err.Param) > 600 || !utf8.ValidString(err.Message+err.Param) {
			t.Errorf("R-ERR-61 %.100v: %d bytes about %d", err, len(err.Message), len(err.Param))
		}
	}
}

func TestEmbeddingUnscanned(t *testing.T) {
	r, err := openai.DecodeEmbedding([]byte(`{"input":[[1,2],[3]]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for p := range r.Unscanned() {
		got = append(got, p.Path)
	}
	if want := []string{"input[0]", "input[1]"}; !slices.Equal(got, want) {
		t.Errorf("R-EMB-02 token lists at %v", got)
	}
}
