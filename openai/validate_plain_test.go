package openai

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// TestPlainlyFine holds the short way to the validator: whatever it lets pass must pass there, and what is usual must
// pass it.
func TestPlainlyFine(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	let := map[bool]int{}
	for range 20000 {
		for _, v := range []any{randomly(rnd, &ChatRequest{}), randomly(rnd, &EmbeddingRequest{})} {
			fine, err := plainlyFine(v), validate().Struct(v)
			if fine && err != nil {
				t.Fatalf("R-ERR-61 let pass: %v in %+v", err, v)
			}
			let[fine]++
			if !fine && err == nil && !hasList(v) {
				t.Fatalf("R-ERR-61 not let pass: %+v", v)
			}
		}
	}
	if let[true] < 1000 || let[false] < 1000 {
		t.Errorf("%d let pass, %d not: the requests of this test are too much alike", let[true], let[false])
	}
}

// hasList tells of members that the short way leaves to the validator.
func hasList(v any) bool {
	r, ok := v.(*ChatRequest)
	return ok && (r.Metadata != nil || r.RequestMetadata != nil || r.AdditionalModelResponseFieldPaths != nil)
}

// randomly fills the tagged members of a request, most of them with values around the ends of their ranges.
func randomly(rnd *rand.Rand, v any) any {
	texts := []string{"", "m", "low", "24h", "float", "none", "other", strings.Repeat("é", 64), strings.Repeat("x", 2049)}
	numbers := []float64{-3, -2, 0, 1, 2, 20, 21, 2147483647, 2147483648}
	s := reflect.ValueOf(v).Elem()
	wild := rnd.IntN(3) == 0
	for i := range s.NumField() {
		f := s.Field(i)
		if tag := s.Type().Field(i).Tag.Get("validate"); tag == "" || tag == "-" {
			continue
		}
		if !wild && rnd.IntN(8) > 0 {
			switch f.Kind() {
			case reflect.String:
				f.SetString("m")
			case reflect.Slice:
				if f.Type() == reflect.TypeFor[[]Message]() {
					f.Set(reflect.ValueOf(make([]Message, 1)))
				}
			}
			continue
		}
		switch text, number := texts[rnd.IntN(len(texts))], numbers[rnd.IntN(len(numbers))]; f.Interface().(type) {
		case string:
			f.SetString(text)
		case *string:
			f.Set(reflect.ValueOf(&text))
		case *int64:
			n := int64(number)
			f.Set(reflect.ValueOf(&n))
		case *float64:
			f.Set(reflect.ValueOf(&number))
		case []Message:
			f.Set(reflect.ValueOf(make([]Message, rnd.IntN(2))))
		case []string:
			f.Set(reflect.ValueOf([]string{text}))
		case map[string]string:
			f.Set(reflect.ValueOf(map[string]string{"k": text}))
		}
	}
	return v
}
