package chat

import (
	"errors"
	"strings"
	"testing"

	"outcrop/openai"
	"outcrop/translate"
)

func partAsked(t *testing.T, part string, change func(*openai.ChatRequest)) (string, *openai.Error) {
	t.Helper()
	req, fault := openai.DecodeChat([]byte(`{"model":"m","messages":[{"role":"user","content":[` + part + `]}]}`))
	if fault != nil {
		t.Fatal(fault)
	}
	if change != nil {
		change(req)
	}
	in, c, err := Input(req, target(t, haiku), translate.Options{})
	if errors.As(err, &fault) {
		return "", fault
	}
	return string(wireBody(t, in, &c, false)), nil
}

// A picture that is a text was recorded twice: Bedrock refuses it in the middle of a stream, OpenAI at once.
func TestTextThatClaimsToBeAnImage(t *testing.T) {
	for _, url := range []string{"data:image/png;base64,SGVsbG8=", "data:image/svg+xml,%3Csvg/%3E",
		"DATA: Image/jpeg;base64,SGVsbG8"} {
		_, fault := partAsked(t, `{"type":"image_url","image_url":{"url":"`+url+`"}}`, nil)
		if fault == nil || fault.Code != openai.CodeInvalidImage || fault.Param != "messages[0].content[0].image_url.url" {
			t.Errorf("R-PART-03 %s: %v", url, fault)
		}
	}
	for url, format := range map[string]string{"data:text/csv;base64,YSxi": "csv", "data:,hello": "txt",
		"data:image/png;base64,JVBERi0xLjQ=": "pdf"} {
		if body, fault := partAsked(t, `{"type":"image_url","image_url":{"url":"`+url+`"}}`, nil); fault != nil ||
			!strings.Contains(body, `"format":"`+format+`"`) {
			t.Errorf("R-PART-11 %s: %s, %v", url, body, fault)
		}
	}
}

// What policy makes of the text inside a file is what the model reads.
func TestFileTextCanBeRewritten(t *testing.T) {
	for _, part := range []string{
		`{"type":"file","file":{"filename":"a.md","file_data":"c2VjcmV0"}}`,
		`{"type":"file","file":{"filename":"a.txt","file_data":"data:text/markdown;base64,c2VjcmV0"}}`,
		`{"type":"image_url","image_url":{"url":"data:text/markdown,secret"}}`,
	} {
		body, fault := partAsked(t, part, func(r *openai.ChatRequest) {
			for _, s := range r.Texts() {
				*s = strings.ReplaceAll(*s, "secret", "xxx")
			}
		})
		if fault != nil || !strings.Contains(body, `"bytes":"eHh4"`) || !strings.Contains(body, `"format":"md"`) {
			t.Errorf("R-PART-10 R-PART-11 %s: %s, %v", part, body, fault)
		}
		body, fault = partAsked(t, part, func(r *openai.ChatRequest) {
			for _, s := range r.Texts() {
				*s = strings.ReplaceAll(*s, "secret", "")
			}
		})
		if fault == nil || strings.Contains(body, "c2VjcmV0") {
			t.Errorf("R-PART-10 %s, of which nothing is left: %s", part, body)
		}
	}
}
