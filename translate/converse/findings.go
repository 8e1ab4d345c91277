package converse

import (
	"strings"

	"outcrop/openai"
	"outcrop/translate"
)

// Findings are what was found of a request on its way: the first fault in the order of TRANSLATION 1.2, and what was
// adjusted.
type Findings struct {
	Adjusted translate.Adjustments
	fault    *openai.Error
}

// Refuse notes a 400 about a member.
func (f *Findings) Refuse(code, param, format string, args ...any) {
	f.Note(openai.Invalidf(code, param, format, args...))
}

// Missing notes that a required member is not there.
func (f *Findings) Missing(param string) {
	f.Refuse(openai.CodeMissing, param, "Missing required parameter: '%s'.", param)
}

// Note keeps the fault that comes first in the order of 1.2, and in the client's order within a list.
func (f *Findings) Note(fault *openai.Error) {
	if f.fault == nil || before(fault.Param, f.fault.Param) {
		f.fault = fault
	}
}

// Adjust notes what was dropped, clamped or weakened; nothing where the API has no name for it.
func (f *Findings) Adjust(param, reason string) {
	if param != "" {
		f.Adjusted.Add(param, reason)
	}
}

// take notes what others found.
func (f *Findings) take(o *Findings) {
	if o.fault != nil {
		f.Note(o.fault)
	}
	for _, x := range o.Adjusted.List() {
		f.Adjust(x.Param, x.Reason)
	}
}

// before tells whether one path comes before another: by its first member, else by the first index in which they
// differ.
func before(a, b string) bool {
	if x, y := translate.Rank(a), translate.Rank(b); x != y {
		return x < y
	}
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	at := strings.LastIndexAny(a[:same], "[]") + 1
	if at == 0 || a[at-1] == ']' {
		return false
	}
	x, _, _ := strings.Cut(a[at:], "]")
	y, _, _ := strings.Cut(b[at:], "]")
	return len(x) < len(y) || len(x) == len(y) && x < y
}
