package converse

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"outcrop/internal/catalog"
	"outcrop/internal/rawjson"
	"outcrop/openai"
)

func TestRawDocument(t *testing.T) {
	sent := `{ "b":1, "a":12345678901234567890, "s":"<&é>" }`
	d := raw([]byte(sent))
	got, err := d.MarshalSmithyDocument()
	if err != nil || string(got) != sent {
		t.Errorf("R-GEN-07 got %s, %v", got, err)
	}
	var v struct{ B int }
	if err := d.UnmarshalSmithyDocument(&v); err != nil || v.B != 1 {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestDataURL(t *testing.T) {
	for _, c := range []struct {
		name, url, data, mime string
		ok                    bool
	}{
		{"plain", "data:image/png;base64,aGk=", "hi", "image/png", true},
		{"scheme and marker in any case, parameters skipped", "DATA:Image/PNG;x=1;BASE64,aGk=", "hi", "image/png", true},
		{"missing padding", "data:;base64,aGk", "hi", "", true},
		{"URL-safe letters", "data:;base64,__79", "\xff\xfe\xfd", "", true},
		{"white space", "data:;base64,aG k\n=", "hi", "", true},
		{"percent escapes inside base64", "data:;base64,aGk%3D", "hi", "", true},
		{"percent-encoded text", "data:text/plain,a%20b", "a b", "text/plain", true},
		{"no comma", "data:text/plain", "", "", false},
		{"not base64", "data:;base64,*", "", "", false},
		{"broken escape", "data:,%zz", "", "", false},
	} {
		t.Run("R-PART-02 "+c.name, func(t *testing.T) {
			data, mime, ok := openai.DecodeDataURL(c.url)
			if ok != c.ok || ok && (string(data) != c.data || mime != c.mime) {
				t.Errorf("got %q %q %v", data, mime, ok)
			}
		})
	}
}

func TestDocumentNames(t *testing.T) {
	for in, want := range map[string]string{
		"Report.pdf": "Report", "a/b\\c.pdf": "a b c", "x  y\t\nz.md": "x y z", "(1) [2]-3_4.txt": "(1) [2]-3_4",
		"ümlaut.pdf": "mlaut", ".env": "env", "äöü.pdf": "",
		strings.Repeat("a", 99) + " b.pdf": strings.Repeat("a", 99),
	} {
		if got := cleanName(in); got != want {
			t.Errorf("R-PART-12 %q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzPieces(f *testing.F) {
	f.Add("a.b", `{"type":"object","properties":{"a":{"minimum":1}}}`)
	f.Add(strings.Repeat("x", 70), `{"$ref":"#"}`)
	f.Add("é", `{"anyOf":[{"type":["object","null"]},{"items":{"maxItems":3,"description":"d"}}],"$defs":{"a":{"properties":{}}}}`)
	f.Fuzz(func(t *testing.T, name, schema string) {
		n := names{taken: map[string]bool{}}
		if fit := n.free(name); !ValidName(fit) {
			t.Errorf("R-TOOL-02 %q becomes %q", name, fit)
		}
		if fit := n.free(name); !ValidName(fit) {
			t.Errorf("R-TOOL-02 %q, taken, becomes %q", name, fit)
		}
		c := pass{caps: &catalog.Capabilities{}}
		if id := c.fitID(name); !validID(id) {
			t.Errorf("R-RPL-07 %q becomes %q", name, id)
		}
		if clean := cleanName(name); len(clean) > longestDocumentName || strings.Contains(clean, "  ") {
			t.Errorf("R-PART-12 %q becomes %q", name, clean)
		}
		data, ok := openai.DecodeBase64(base64.RawURLEncoding.EncodeToString([]byte(name)))
		if !ok || string(data) != name {
			t.Errorf("R-PART-02 %q came back as %q", name, data)
		}
		if !jsontext.Value(schema).IsValid() {
			return
		}
		if out, ok := objectSchema([]byte(schema)); ok && (!json.Valid(out) || rawjson.Kind(out) != '{') {
			t.Errorf("R-TOOL-04 %s becomes %s", schema, out)
		}
		out, _, ok := nativeSchema([]byte(schema))
		if !ok {
			return
		}
		if !jsontext.Value(out).IsValid(jsontext.AllowDuplicateNames(true)) {
			t.Errorf("R-FMT-03 %s becomes %s", schema, out)
		}
		if again, _, ok := nativeSchema(out); !ok || !bytes.Equal(again, out) {
			t.Errorf("R-FMT-03 %s is rewritten twice, to %s", out, again)
		}
	})
}

func TestNativeSchema(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing to do keeps every byte", `{ "type":"object" ,"additionalProperties": false}`,
			`{ "type":"object" ,"additionalProperties": false}`},
		{"objects are closed", `{"type":"object","properties":{"a":{"type":["object","null"]}}}`,
			`{"type":"object","properties":{"a":{"type":["object","null"],"additionalProperties":false}},"additionalProperties":false}`},
		{"bounds move into the description", `{"type":"integer", "minimum":0, "maximum" : 10, "description":"n"}`,
			`{"type":"integer", "description":"n (minimum=0, maximum=10)"}`},
		{"the first member is a bound", `{"minimum":0 , "type":"integer"}`,
			`{ "type":"integer","description":"(minimum=0)"}`},
		{"only a bound", `{"minimum":0}`, `{"description":"(minimum=0)"}`},
		{"a rewrite of the same length counts",
			`{"items":{"minimum":0,"description":"n"},"anyOf":[{"minimum":0,"description":"n"}],"$defs":{"a":{"minimum":0,"description":"n"}}}`, `{"items":{"description":"n (minimum=0)"},"anyOf":[{"description":"n (minimum=0)"}],"$defs":{"a":{"description":"n (minimum=0)"}}}`},
		{"one item may be demanded", `{"type":"array","minItems":1}`, `{"type":"array","minItems":1}`},
		{"two may not", `{"type":"array","minItems":2,"items":[{"maximum":1}, {}]}`,
			`{"type":"array","items":[{"description":"(maximum=1)"}, {}],"description":"(minItems=2)"}`},
		{"a property that is called like a bound stays",
			`{"type":"object","additionalProperties":false,"properties":{"minimum":{"type":"integer"}}}`,
			`{"type":"object","additionalProperties":false,"properties":{"minimum":{"type":"integer"}}}`},
		{"constants are no schemas", `{"const":"minimum","enum":["maximum",1,null],"default":{"minimum":1}}`,
			`{"const":"minimum","enum":["maximum",1,null],"default":{"minimum":1}}`},
		{"inside alternatives and definitions",
			`{"anyOf":[{"multipleOf":2},{"$ref":"#/$defs/a"}],"$defs":{"a":{"exclusiveMinimum":1}}}`,
			`{"anyOf":[{"description":"(multipleOf=2)"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"description":"(exclusiveMinimum=1)"}}}`},
		{"open objects cannot be said", `{"type":"object","additionalProperties":{"type":"string"}}`, ""},
		{"nor recursion", `{"$defs":{"a":{"items":{"$ref":"#/$defs/b"}},"b":{"items":{"$ref":"#/$defs/a"}}},"$ref":"#/$defs/a"}`, ""},
		{"nor references to elsewhere", `{"$ref":"https://example.com/x"}`, ""},
		{"nor to the root", `{"items":{"$ref":"#"}}`, ""},
	} {
		t.Run("R-FMT-03 "+c.name, func(t *testing.T) {
			got, _, ok := nativeSchema([]byte(c.in))
			if ok != (c.want != "") || ok && string(got) != c.want {
				t.Errorf("%v\n got %s\nwant %s", ok, got, c.want)
			}
		})
	}
}

func TestMergeFields(t *testing.T) {
	var f fields
	f.add("inferenceConfig", []byte(`{"topK":5,"deep":{"a":1}}`))
	f.add("anthropic_beta", []byte(`["x"]`))
	f.merge([]byte(`{"anthropic_beta":["y", "x"],"inferenceConfig":{"deep":{"b":2},"topK":[1]},"new":null}`))
	if got, want := string(f.json()),
		`{"inferenceConfig":{"topK":[1],"deep":{"a":1,"b":2}},"anthropic_beta":["x","y"],"new":null}`; got != want {
		t.Errorf("R-EXT-03\n got %s\nwant %s", got, want)
	}
}

func TestTaken(t *testing.T) {
	used := taken{}
	var got []string
	for _, id := range []string{"a", "a", "a-3", "a", "a", "a-3", "b"} {
		got = append(got, used.free(id, func(n int64) string { return id + "-" + itoa(n) }))
	}
	if s := strings.Join(got, " "); s != "a a-2 a-3 a-4 a-5 a-3-2 b" {
		t.Errorf("R-MSG-11 got %s", s)
	}
}
