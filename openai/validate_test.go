package openai

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestValidateChat(t *testing.T) {
	long := strings.Repeat("é", 65)
	for _, c := range []struct{ name, body, code, param, text string }{
		{"R-ERR-61 model missing", `{"messages":[{"role":"user"}]}`, CodeMissing, "model",
			"Missing required parameter: 'model'."},
		{"R-ERR-61 messages missing", `{"model":"m"}`, CodeMissing, "messages", "Missing"},
		{"R-ERR-61 messages null is missing", `{"model":"m","messages":null}`, CodeMissing, "messages", "Missing"},
		{"R-ERR-61 messages empty", `{"model":"m","messages":[]}`, CodeEmptyArray, "messages",
			"empty array. Expected an array with minimum length 1"},
		{"R-ERR-61 first fault in order", `{"model":"m","messages":[{}],"top_p":2,"temperature":3}`, CodeDecimalAboveMax,
			"temperature", "decimal above maximum value. Expected a value <= 2, but got 3 instead."},
		{"R-ERR-61 integer below", `{"model":"m","messages":[{}],"max_completion_tokens":0}`, CodeIntegerBelowMin,
			"max_completion_tokens", "integer below minimum value. Expected a value >= 1, but got 0 instead."},
		{"R-ERR-61 integer above", `{"model":"m","messages":[{}],"top_logprobs":21}`, CodeIntegerAboveMax,
			"top_logprobs", "<= 20"},
		{"R-ERR-61 limit beyond 32 bits", `{"model":"m","messages":[{}],"max_tokens":2147483648}`, CodeIntegerAboveMax,
			"max_tokens", "<= 2147483647"},
		{"R-ERR-61 decimal below", `{"model":"m","messages":[{}],"presence_penalty":-2.5}`, CodeDecimalBelowMin,
			"presence_penalty", ">= -2"},
		{"R-ERR-61 not in the list", `{"model":"m","messages":[{}],"verbosity":"loud"}`, CodeInvalidValue, "verbosity",
			"Invalid value: 'loud'. Supported values are: 'low', 'medium' and 'high'."},
		{"R-ERR-61 text too long, counted in characters", `{"model":"m","messages":[{}],"safety_identifier":"` + long + `"}`,
			CodeStringAboveMax, "safety_identifier", "length 65"},
		{"R-PAR-29 metadata value too long", `{"model":"m","messages":[{}],"metadata":{"k":"` + strings.Repeat("v", 513) +
			`"}}`, CodeStringAboveMax, "metadata[k]", "length 512"},
		{"R-PAR-29 metadata key too long", `{"model":"m","messages":[{}],"metadata":{"` + strings.Repeat("k", 65) + `":""}}`,
			CodeStringAboveMax, "metadata[" + strings.Repeat("k", 65) + "]", "length 64"},
		{"R-PAR-29 too many pairs", `{"model":"m","messages":[{}],"metadata":{` + pairs(17) + `}}`,
			"object_above_max_properties", "metadata", "maximum 16"},
		{"R-EXT-04 too many paths", `{"model":"m","messages":[{}],"additional_model_response_field_paths":["` +
			strings.Repeat(`/a","`, 10) + `/a"]}`, CodeArrayAboveMax, "additional_model_response_field_paths", "length 11"},
		{"R-EXT-04 empty path", `{"model":"m","messages":[{}],"additional_model_response_field_paths":["/a",""]}`,
			"string_below_min_length", "additional_model_response_field_paths[1]", "too short"},
		{"R-GEN-02 nulls pass", `{"model":"m","messages":[{}],"temperature":null,"n":null,"verbosity":null,"metadata":null}`,
			"", "", ""},
		{"R-PAR-07 ends of the range pass", `{"model":"m","messages":[{}],"temperature":0,"top_p":1,"n":1,"max_tokens":1}`,
			"", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := DecodeChat([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			check(t, Validate(r), c.code, c.param, c.text)
		})
	}
}

func TestValidateEmbedding(t *testing.T) {
	format := "hex"
	check(t, Validate(&EmbeddingRequest{Model: "m", EncodingFormat: &format}), CodeInvalidValue, "encoding_format",
		"'float' and 'base64'")
}

func check(t *testing.T, got *Error, code, param, text string) {
	t.Helper()
	if code == "" {
		if got != nil {
			t.Fatalf("refused: %+v", got)
		}
		return
	}
	if got == nil {
		t.Fatal("not refused")
	}
	if got.Kind != Invalid || got.Code != code || got.Param != param || !strings.Contains(got.Message, text) {
		t.Errorf("got %q %q %q", got.Code, got.Param, got.Message)
	}
}

func pairs(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"k%d":"v"`, i)
	}
	return strings.Join(list, ",")
}

// TestValidateTagsAreKnown fails for a tag that would only get the general message.
func TestValidateTagsAreKnown(t *testing.T) {
	known := []string{"required", "omitnil", "dive", "keys", "endkeys", "oneof", "min", "max", "gte", "lte", "-"}
	for _, typ := range []reflect.Type{reflect.TypeFor[ChatRequest](), reflect.TypeFor[EmbeddingRequest]()} {
		for i := range typ.NumField() {
			for tag := range strings.SplitSeq(typ.Field(i).Tag.Get("validate"), ",") {
				name, _, _ := strings.Cut(tag, "=")
				if name != "" && !strings.Contains(" "+strings.Join(known, " ")+" ", " "+name+" ") {
					t.Errorf("%s.%s: tag %q has no words of its own", typ.Name(), typ.Field(i).Name, name)
				}
			}
		}
	}
}

func TestValidateOfSomethingElse(t *testing.T) {
	if e := Validate(3); e == nil || e.Kind != Internal {
		t.Errorf("got %v", e)
	}
}

func BenchmarkValidate(b *testing.B) {
	temperature, limit := 0.7, int64(100)
	r := ChatRequest{Model: "m", Messages: []Message{{Role: "user"}}, Temperature: &temperature, MaxTokens: &limit}
	b.ReportAllocs()
	for b.Loop() {
		if err := Validate(&r); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAllowedToolsDoNotNest guards against lists in lists, whose unknown members would each have a path as long as the
// body.
func TestAllowedToolsDoNotNest(t *testing.T) {
	const n = 3000
	body := `{"model":"m","tool_choice":` + strings.Repeat(`{"x":1,"name":"f","allowed_tools":{"tools":[`, n) +
		strings.Repeat(`]}}`, n) + `}`
	r, err := DecodeChat([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"tool_choice.x", "tool_choice.allowed_tools.tools[0].x",
		"tool_choice.allowed_tools.tools[0].allowed_tools"}
	if got := r.Unknown().Nested; !reflect.DeepEqual(got, want) {
		t.Errorf("R-CHO-06 %d unknown members, want %v", len(got), want)
	}
	if got := r.ToolChoice.Allowed; !reflect.DeepEqual(got, []string{"f"}) {
		t.Errorf("R-CHO-06 allowed %v", got)
	}
}
