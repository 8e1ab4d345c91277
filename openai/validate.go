package openai

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// validate is built once: it caches what it learns of each struct.
var validate = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	return v
})

// Validate checks the ranges that stand in the validate tags of a request and gives the first fault in the order of its
// members as a 400 in OpenAI's words, or nil (R-ERR-61). v is a pointer to a struct.
func Validate(v any) *Error {
	if plainlyFine(v) {
		return nil
	}
	err := validate().Struct(v)
	if err == nil {
		return nil
	}
	var faults validator.ValidationErrors
	if !errors.As(err, &faults) || len(faults) == 0 {
		return &Error{Kind: Internal, Message: "The request could not be checked.", Err: err}
	}
	return faultOf(faults[0])
}

// faultOf puts a fault of the validator into OpenAI's words.
func faultOf(f validator.FieldError) *Error {
	_, path, _ := strings.Cut(f.Namespace(), ".") // without the name of the Go type
	kind := f.Kind()
	switch f.Tag() {
	case "required":
		return Invalidf(CodeMissing, path, "Missing required parameter: '%s'.", path)
	case "oneof":
		return Invalidf(CodeInvalidValue, path, "Invalid value: '%v'. Supported values are: %s.", f.Value(),
			quoteAll(strings.Fields(f.Param())))
	case "min", "gte":
		return limitFault(path, f, below(kind), "minimum", ">=")
	case "max", "lte":
		return limitFault(path, f, above(kind), "maximum", "<=")
	}
	return Invalidf(CodeInvalidValue, path, "Invalid value for '%s'.", path)
}

func limitFault(path string, f validator.FieldError, code, which, sign string) *Error {
	size := reflect.ValueOf(f.Value())
	switch f.Kind() {
	case reflect.String:
		return Invalidf(code, path, "Invalid '%s': string too %s. Expected a string with %s length %s, but got a string "+
			"with length %d instead.",
			path, tooWhat(which), which, f.Param(), len([]rune(size.String())))
	case reflect.Slice, reflect.Array:
		if code == CodeEmptyArray {
			return Invalidf(code, path, "Invalid '%s': empty array. Expected an array with minimum length %s, but got an "+
				"empty array instead.", path, f.Param())
		}
		return Invalidf(code, path, "Invalid '%s': array too %s. Expected an array with %s length %s, but got an array "+
			"with length %d instead.",
			path, tooWhat(which), which, f.Param(), size.Len())
	case reflect.Map:
		return Invalidf(code, path, "Invalid '%s': too many properties. Expected an object with %s %s properties, but got "+
			"%d instead.", path, which, f.Param(), size.Len())
	}
	side := "below"
	if which == "maximum" {
		side = "above"
	}
	what := strings.SplitN(code, "_", 2)[0]
	return Invalidf(code, path, "Invalid '%s': %s %s %s value. Expected a value %s %s, but got %v instead.", path, what,
		side, which, sign, f.Param(), f.Value())
}

func tooWhat(which string) string {
	if which == "maximum" {
		return "long"
	}
	return "short"
}

func below(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "string_below_min_length"
	case reflect.Slice, reflect.Array:
		return CodeEmptyArray
	case reflect.Map:
		return "object_below_min_properties"
	case reflect.Float32, reflect.Float64:
		return CodeDecimalBelowMin
	}
	return CodeIntegerBelowMin
}

func above(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return CodeStringAboveMax
	case reflect.Slice, reflect.Array:
		return CodeArrayAboveMax
	case reflect.Map:
		return "object_above_max_properties"
	case reflect.Float32, reflect.Float64:
		return CodeDecimalAboveMax
	}
	return CodeIntegerAboveMax
}

// quoteAll is 'a', 'b' and 'c'.
func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("'%s'", w)
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " and " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}
