package audit

import (
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Every member of a line is written as package json would write it: one that is added and forgotten by hand shows here.
func TestLinesAsJSON(t *testing.T) {
	full := line{Begin: &begin{After: &point{}}, Lost: &lost{}, Record: &Record{Policy: []Finding{{}}, Text: &Text{}}, Seal: &seal{}}
	fill(reflect.ValueOf(&full).Elem())
	odd := full
	odd.Record = &Record{ID: "\xff\"\\\u2028</a>\x01", Answers: []string{}, Upstream: []string{"a", "b"}, Usage: Usage{Estimated: true}}
	for name, l := range map[string]line{"nothing": {}, "empty record": {Record: &Record{}}, "everything": full, "odd": odd} {
		want, err := json.Marshal(l, jsontext.AllowInvalidUTF8(true))
		if err != nil {
			t.Fatal(err)
		}
		if got := l.appendJSON(nil); string(got) != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// fill gives every field a value.
func fill(v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 2, 3, 4, 5, 6, 7_000_000, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		}
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.String:
		v.SetString("grün \"x\"\n")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(0.25)
	default:
		v.SetInt(-12)
	}
}
