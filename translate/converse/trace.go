package converse

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"outcrop/openai"
)

// verdict is what a guardrail's trace tells: the action, and the trace as a client may see it.
type verdict struct {
	action string // one of openai's Guardrail constants
	trace  jsontext.Value
}

// judge reads a trace; without one the action is none. Any block outweighs all masking (R-FIN-02).
func judge(t *types.GuardrailTraceAssessment) verdict {
	if t == nil {
		return verdict{action: openai.GuardrailNone}
	}
	var r traceReader
	shown, _ := r.read(reflect.ValueOf(t))
	// Marshal cannot fail: read makes maps, slices, strings, numbers and booleans.
	trace, _ := json.Marshal(shown, json.Deterministic(true))
	v := verdict{openai.GuardrailNone, trace}
	why := deref(t.ActionReason) // may have several lines
	switch {
	case r.blocked || strings.Contains(why, "Guardrail blocked"):
		v.action = openai.GuardrailBlocked
	case r.masked || strings.Contains(why, "Guardrail masked"):
		v.action = openai.GuardrailMasked
	}
	return v
}

// secretFields of a trace are not shown: recorded traces carry there the very text that was masked (R-GRD-05). Text is
// that of an automated reasoning finding, which quotes the conversation.
var secretFields = []string{"ModelOutput", "Match", "Regex", "Text"}

// traceReader walks through the SDK's types of a trace, so that new policies need no code here.
type traceReader struct{ blocked, masked bool }

// read gives the JSON value of v under the names of the wire, and false when there is nothing to show.
func (r *traceReader) read(v reflect.Value) (any, bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, false
		}
		if v.Kind() == reflect.Interface {
			return r.readUnion(v.Elem())
		}
		return r.read(v.Elem())
	case reflect.Struct:
		return r.readStruct(v), true
	case reflect.Slice:
		list := []any{}
		for i := range v.Len() {
			if x, ok := r.read(v.Index(i)); ok {
				list = append(list, x)
			}
		}
		return list, !v.IsNil()
	case reflect.Map:
		object := map[string]any{}
		for _, k := range v.MapKeys() {
			if x, ok := r.read(v.MapIndex(k)); ok {
				name := k.String()
				object[name[strings.LastIndexByte(name, '/')+1:]] = x // the id of a guardrail that was named by its ARN
			}
		}
		return object, !v.IsNil()
	case reflect.String:
		s := v.String()
		return s, s != "" && !strings.HasPrefix(s, "arn:")
	case reflect.Bool, reflect.Int32, reflect.Int64, reflect.Float64:
		return v.Interface(), true
	}
	return nil, false
}

func (r *traceReader) readStruct(v reflect.Value) map[string]any {
	object := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || slices.Contains(secretFields, f.Name) || strings.HasSuffix(f.Name, "Arn") {
			continue
		}
		x, ok := r.read(v.Field(i))
		if !ok {
			continue
		}
		if f.Name == "Action" {
			r.blocked = r.blocked || x == "BLOCKED"
			r.masked = r.masked || x == "ANONYMIZED"
		}
		object[wireName(f.Name)] = x
	}
	return object
}

// readUnion shows a member of a union, such as *types.GuardrailAutomatedReasoningFindingMemberValid, as {"valid":…}.
func (r *traceReader) readUnion(v reflect.Value) (any, bool) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil, false
	}
	_, member, ok := strings.Cut(v.Type().Name(), "Member")
	value := v.FieldByName("Value")
	if !ok || member == "" || !value.IsValid() { // types.UnknownUnionMember is no member
		return nil, false
	}
	x, ok := r.read(value)
	return map[string]any{wireName(member): x}, ok
}

func wireName(field string) string {
	c, n := utf8.DecodeRuneInString(field)
	return string(unicode.ToLower(c)) + field[n:]
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
