package audit

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// recordMember begins the record of a line, and stands nowhere else in it: quotes inside of strings are escaped.
const recordMember = `,"record":`

// appendJSON appends a line, or a part of one. What is no UTF-8 is written with U+FFFD.
func appendJSON(b []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true))
	return append(b, text...), err
}
