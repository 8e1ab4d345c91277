package openai

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// The validator walks through every field of a request, which costs as much as decoding it, and nearly all requests are
// in order. So what their tags say is looked at in a plain way first: where that finds nothing to object to, the
// validator would not either. It never refuses anything, it only leaves the judgement, and the words, to the validator.

// plainTag is the validate tag of one field, as far as it can be checked in a plain way.
type plainTag struct {
	field    int
	optional bool // nil is fine
	least    float64
	most     float64
	words    []string // nil: any
	only     bool     // only the empty value is surely fine
}

// plainTags are the tags of each type that was seen, a reflect.Type's []plainTag.
var plainTags sync.Map

// plainlyFine tells that v, a pointer to a struct, surely passes the validator.
func plainlyFine(v any) bool {
	s := reflect.ValueOf(v)
	if s.Kind() != reflect.Pointer || s.Elem().Kind() != reflect.Struct {
		return false
	}
	s = s.Elem()
	tags, seen := plainTags.Load(s.Type())
	if !seen {
		tags, _ = plainTags.LoadOrStore(s.Type(), plainTagsOf(s.Type()))
	}
	for i := range tags.([]plainTag) {
		t := &tags.([]plainTag)[i]
		if !t.fine(s.Field(t.field)) {
			return false
		}
	}
	return true
}

func (t *plainTag) fine(f reflect.Value) bool {
	if t.only {
		return f.IsZero()
	}
	if f.Kind() == reflect.Pointer {
		if f.IsNil() {
			return t.optional
		}
		f = f.Elem()
	}
	var size float64
	switch f.Kind() {
	case reflect.Int64:
		size = float64(f.Int())
	case reflect.Float64:
		size = f.Float()
	case reflect.Slice:
		size = float64(f.Len())
	case reflect.String:
		if t.words != nil {
			return slices.Contains(t.words, f.String())
		}
		size = float64(utf8.RuneCountInString(f.String()))
	default:
		return false
	}
	return size >= t.least && size <= t.most
}

// plainTagsOf reads the tags of a struct.
func plainTagsOf(t reflect.Type) []plainTag {
	var list []plainTag
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("validate")
		switch {
		case tag == "-": // the validator looks away
		case tag != "":
			list = append(list, plainTagOf(i, tag))
		case nests(f.Type):
			list = append(list, plainTag{field: i, only: true})
		}
	}
	return list
}

func plainTagOf(field int, tag string) plainTag {
	p := plainTag{field: field, least: math.Inf(-1), most: math.Inf(1)}
	for rule := range strings.SplitSeq(tag, ",") {
		name, arg, _ := strings.Cut(rule, "=")
		n, err := strconv.ParseFloat(arg, 64)
		switch {
		case name == "omitnil":
			p.optional = true
		case name == "required":
			p.least = max(p.least, 1) // of texts and lists, which are all that is required
		case name == "min" && err == nil:
			p.least = max(p.least, n)
		case name == "max" && err == nil:
			p.most = min(p.most, n)
		case name == "oneof":
			p.words = strings.Fields(arg)
		default:
			return plainTag{field: field, only: true}
		}
	}
	return p
}

// nests tells whether the validator may find tags inside of a field that has none.
func nests(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return false // it looks into lists only where a tag says so
	}
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("validate") != "" || nests(t.Field(i).Type) {
			return true
		}
	}
	return false
}
