package openai

import (
	"errors"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// string reads a string; nil for null.
func (d *decoder) string() *string {
	if !d.is('"', "a string") {
		return nil
	}
	tok, err := d.dec.ReadToken()
	if err != nil {
		d.syntax(err)
		return nil
	}
	s := tok.String()
	return &s
}

// text reads a string; "" for null.
func (d *decoder) text() string {
	if s := d.string(); s != nil {
		return *s
	}
	return ""
}

// boolean reads a boolean; nil for null.
func (d *decoder) boolean() *bool {
	if d.err != nil {
		return nil
	}
	kind := d.dec.PeekKind()
	if kind != 't' && kind != 'f' {
		d.is('t', "a boolean")
		return nil
	}
	if err := d.dec.SkipValue(); err != nil {
		d.syntax(err)
		return nil
	}
	b := kind == 't'
	return &b
}

// number reads a number; nil for null.
func (d *decoder) number() *float64 {
	raw := d.literal("a number")
	if raw == nil {
		return nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		d.fail(CodeInvalidValue, "the number is out of range")
		return nil
	}
	return &f
}

// integer reads an integer; 100.0 counts as one (R-REQ-03), nil for null.
func (d *decoder) integer() *int64 {
	raw := d.literal("an integer")
	if raw == nil {
		return nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err == nil {
		return &n
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	switch {
	case errors.Is(err, strconv.ErrRange), math.Abs(f) >= 1<<63:
		code := CodeIntegerAboveMax
		if raw[0] == '-' {
			code = CodeIntegerBelowMin
		}
		d.fail(code, "the integer is out of range")
		return nil
	case f != math.Trunc(f):
		d.fail(CodeInvalidType, "expected an integer, but got a decimal number instead")
		return nil
	}
	n = int64(f)
	return &n
}

func (d *decoder) literal(want string) jsontext.Value {
	if !d.is('0', want) {
		return nil
	}
	raw, err := d.dec.ReadValue()
	if err != nil {
		d.syntax(err)
		return nil
	}
	return raw
}

// raw reads any value and keeps its bytes as they were sent (R-GEN-07); nil for null.
func (d *decoder) raw() jsontext.Value {
	if d.err != nil {
		return nil
	}
	raw, err := d.dec.ReadValue()
	if err != nil {
		d.syntax(err)
		return nil
	}
	if raw.Kind() == 'n' {
		return nil
	}
	return raw
}

// rawObject is raw for members that must be objects.
func (d *decoder) rawObject() jsontext.Value {
	if !d.is('{', "an object") {
		return nil
	}
	return d.raw()
}

// strings reads an array of strings; nil for null.
func (d *decoder) strings() []string {
	var list []string
	if d.array(func() { list = append(list, d.required("a string")) }) && list == nil {
		list = []string{}
	}
	return list
}

// required reads a string where null is a fault too.
func (d *decoder) required(want string) string {
	if d.err == nil && d.dec.PeekKind() == 'n' {
		_ = d.dec.SkipValue()
		d.wrongType(want, 'n')
		return ""
	}
	return d.text()
}

// pairs reads an object of strings; nil for null.
func (d *decoder) pairs() map[string]string {
	var m map[string]string
	if d.object(func(name string) {
		if m == nil {
			m = map[string]string{}
		}
		if !d.entry() {
			return
		}
		m[name] = d.required("a string")
	}) && m == nil {
		m = map[string]string{}
	}
	return m
}
