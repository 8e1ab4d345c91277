package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/media"
	"outcrop/openai"
	"outcrop/translate"
)

const tinyPNG = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01"

func linkPart(url string) string {
	return fmt.Sprintf(`{"type":"image_url","image_url":{"url":%q}}`, url)
}

func withParts(parts ...string) string {
	return `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Hi"},` + strings.Join(parts, ",") +
		`]}]}`
}

func links(t *testing.T, body, model string, o translate.Options) ([]translate.Link, *openai.Error) {
	t.Helper()
	req, fault := openai.DecodeChat([]byte(body))
	if fault != nil {
		t.Fatal(fault)
	}
	list, err := Links(req, target(t, model), o)
	if err != nil && !errors.As(err, &fault) {
		t.Fatalf("not an openai.Error: %v", err)
	}
	return list, fault
}

func TestChatLinks(t *testing.T) {
	t.Run("R-PART-04 each URL once, where it stands first", func(t *testing.T) {
		got, fault := links(t, `{"model":"m","messages":[
			{"role":"user","content":[{"type":"text","text":"Hi"},`+linkPart("https://a.test/1")+`,`+linkPart("data:image/png;base64,iVBORw0KGgo=")+`,`+linkPart("HTTP://a.test/2")+`]},
			{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"c","content":[`+linkPart("https://a.test/1")+`,`+linkPart("https://a.test/3")+`]}],
			"tools":[{"type":"function","function":{"name":"f"}}]}`, haiku, translate.Options{})
		want := []translate.Link{
			{URL: "https://a.test/1", Param: "messages[0].content[1].image_url.url"},
			{URL: "HTTP://a.test/2", Param: "messages[0].content[3].image_url.url"},
			{URL: "https://a.test/3", Param: "messages[2].content[1].image_url.url"}}
		if fault != nil || !slices.Equal(got, want) {
			t.Errorf("%v, %v", got, fault)
		}
	})
	for _, tt := range []struct{ name, body, param string }{
		{"a member", `{"model":"m","logprobs":true,"messages":[{"role":"user","content":[` + linkPart("https://a.test/1") +
			`]}]}`, "logprobs"},
		{"a part before", withParts(linkPart("nonsense"), linkPart("https://a.test/1")),
			"messages[0].content[1].image_url.url"},
		{"a part behind", withParts(linkPart("https://a.test/1"), `{"type":"file","file":{"file_data":"!"}}`),
			"messages[0].content[2].file.file_data"},
		{"a link where none may stand", `{"model":"m","messages":[{"role":"system","content":[` +
			linkPart("https://a.test/1") + `]}]}`, "messages[0].content[0].type"},
		{"more links than parts are possible", withParts(many(26)...), "messages[0].content[26].image_url.url"},
	} {
		t.Run("R-REQ-05 "+tt.name+" is refused before anything is fetched", func(t *testing.T) {
			list, fault := links(t, tt.body, haiku, translate.Options{})
			if fault == nil || fault.Param != tt.param || list != nil {
				t.Errorf("%v, %v", list, fault)
			}
		})
	}
	t.Run("R-GEN-04 strict mode refuses before anything is fetched", func(t *testing.T) {
		body := strings.Replace(withParts(linkPart("https://a.test/1")), `"model":"m"`, `"model":"m","seed":1`, 1)
		if _, fault := links(t, body, haiku, translate.Options{Strict: true}); fault == nil || fault.Param != "seed" {
			t.Errorf("%v", fault)
		}
	})
	t.Run("without links nothing is checked here", func(t *testing.T) {
		if list, fault := links(t, `{"model":"m","logprobs":true,"messages":[]}`, haiku, translate.Options{}); fault != nil ||
			list != nil {
			t.Errorf("%v, %v", list, fault)
		}
	})
}

func many(n int) (list []string) {
	for i := range n {
		list = append(list, linkPart(fmt.Sprintf("https://a.test/%d", i)))
	}
	return list
}

func TestFetchedMedia(t *testing.T) {
	const url, path = "https://a.test/x", "messages[0].content[1].image_url.url"
	for _, tt := range []struct {
		name, model string
		item        media.Item
		block       types.ContentBlock // nil when it is refused
		code, param string
	}{
		{"R-PART-03 the format comes from the bytes", haiku, media.Item{Data: []byte(tinyPNG), Type: "image/jpeg"},
			&types.ContentBlockMemberImage{Value: types.ImageBlock{Format: "png",
				Source: &types.ImageSourceMemberBytes{Value: []byte(tinyPNG)}}}, "", ""},
		{"R-PART-03 bytes that are nothing known", haiku, media.Item{Data: []byte("\x00\x01\x02"), Type: "image/png"}, nil,
			"invalid_image_format", path},
		{"R-PART-07 an image for a model without", "amazon.nova-micro-v1:0", media.Item{Data: []byte(tinyPNG)}, nil,
			"unsupported_value", "messages[0].content[1]"},
		{"R-PART-09 an image over the limit", haiku, media.Item{Data: append([]byte(tinyPNG), make([]byte, 3_932_160)...)},
			nil, "invalid_value", "messages[0].content[1]"},
		{"R-PART-11 a text for a model without documents", "amazon.nova-micro-v1:0",
			media.Item{Data: []byte("a,b"), Type: "text/csv"},
			&types.ContentBlockMemberText{Value: "File: Document 1\na,b"}, "", ""},
		{"R-PART-11 sound", haiku, media.Item{Data: []byte("ID3 and more bytes")}, nil, "unsupported_value",
			"messages[0].content[1]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, in, _, fault := ask(t, withParts(linkPart(url)), target(t, tt.model),
				translate.Options{Media: media.Set{url: tt.item}})
			if tt.block == nil {
				if fault == nil || fault.Code != tt.code || fault.Param != tt.param {
					t.Errorf("%v", fault)
				}
				return
			}
			if fault != nil {
				t.Fatal(fault)
			}
			if got := in.Messages[0].Content[1]; !reflect.DeepEqual(got, tt.block) {
				t.Errorf("%+v, want %+v", got, tt.block)
			}
		})
	}
	t.Run("R-PART-11 a PDF is a document", func(t *testing.T) {
		_, in, c, fault := ask(t, withParts(linkPart(url)), target(t, haiku),
			translate.Options{Media: media.Set{url: {Data: []byte("%PDF-1.4"), Type: "image/png"}}})
		if fault != nil {
			t.Fatal(fault)
		}
		d, ok := in.Messages[0].Content[1].(*types.ContentBlockMemberDocument)
		if !ok || d.Value.Format != types.DocumentFormatPdf || c.File != "messages[0].content[1]" {
			t.Errorf("%T, %q", in.Messages[0].Content[1], c.File)
		}
	})
	t.Run("R-GEN-11 the same bytes as a data URL and fetched are the same call", func(t *testing.T) {
		_, a, ac, fault := ask(t, withParts(linkPart("data:;base64,iVBORw0KGgo=")), target(t, haiku), translate.Options{})
		if fault != nil {
			t.Fatal(fault)
		}
		_, b, bc, fault := ask(t, withParts(linkPart(url)), target(t, haiku),
			translate.Options{Media: media.Set{url: {Data: []byte("\x89PNG\r\n\x1a\n")}}})
		if fault != nil || string(wireBody(t, a, &ac, false)) != string(wireBody(t, b, &bc, false)) {
			t.Errorf("%v", fault)
		}
	})
	t.Run("R-PART-04 what was not fetched is refused", func(t *testing.T) {
		for name, o := range map[string]translate.Options{"no set": {},
			"another URL": {Media: media.Set{"https://a.test/y": {Data: []byte(tinyPNG)}}}} {
			if _, _, _, fault := ask(t, withParts(linkPart(url)), target(t, haiku), o); fault == nil ||
				fault.Code != "invalid_image_url" || fault.Param != path || fault.Message != "Error while downloading "+url+"." {
				t.Errorf("%s: %v", name, fault)
			}
		}
	})
	t.Run("a URL without end is not sent back whole", func(t *testing.T) {
		fault := translate.Link{URL: "https://a.test/" + strings.Repeat("é", 5000), Param: path}.Fault(nil)
		if len(fault.Message) > 2100 || !utf8.ValidString(fault.Message) {
			t.Errorf("%d bytes", len(fault.Message))
		}
	})
}

// TestChatLinksRefusesNothingElse takes every golden request with images, strictly and not, and names the images by URL
// instead: where the whole way in finds no fault, the check before must not either.
func TestChatLinksRefusesNothingElse(t *testing.T) {
	seen := 0
	for _, dir := range goldenFolders(t, "bedrock_request.json") {
		req, _, _, err := goldenInput(t, dir)
		if err != nil {
			t.Fatal(err)
		}
		was := readOutcome(t, dir)
		to, lax := target(t, was.ModelID), translate.Options{}
		if was.Options != nil {
			if err := json.Unmarshal(was.Options, &lax); err != nil {
				t.Fatal(err)
			}
		}
		strict := lax
		strict.Strict = true
		_, _, strictFault := Input(req, to, strict)
		if !nameByURL(req) {
			continue
		}
		seen++
		if list, err := Links(req, to, lax); err != nil || len(list) == 0 {
			t.Errorf("%s: %d links, %v", dir, len(list), err)
		}
		if _, err := Links(req, to, strict); err != nil && strictFault == nil {
			t.Errorf("%s, strictly: %v", dir, err)
		}
	}
	if seen < 3 {
		t.Errorf("%d golden requests have an image", seen)
	}
}

// nameByURL puts a URL for every image of a request; false when it has none.
func nameByURL(req *openai.ChatRequest) (found bool) {
	for i := range req.Messages {
		if c := req.Messages[i].Content; c != nil {
			for j := range c.Parts {
				if u := c.Parts[j].ImageURL; u != nil && c.Parts[j].Type == "image_url" {
					u.URL = fmt.Sprintf("https://a.test/%d/%d", i, j)
					found = true
				}
			}
		}
	}
	return found
}
