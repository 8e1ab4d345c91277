package translate

import (
	"slices"
	"strconv"
	"strings"

	"outcrop/openai"
)

// memberOrder is the order of TRANSLATION 1.2, then of 1.3: faults and adjustments are reported in it.
var memberOrder = [...]string{
	"model", "messages", "stream", "stream_options", "max_completion_tokens", "max_tokens", "temperature",
	"top_p", "stop", "n",
	"tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "response_format", "reasoning_effort",
	"verbosity", "seed", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "modalities",
	"audio", "prediction", "web_search_options", "metadata", "user", "safety_identifier", "prompt_cache_key",
	"prompt_cache_retention", "prompt_cache_options", "service_tier", "store", "moderation",
	"top_k", "thinking", "additional_model_request_fields", "additional_model_response_field_paths", "guardrail_config",
	"performance_config", "request_metadata", "cache_control", "prompt_variables",
}

// Rank is the place of a path's first member in the order; what is not in it comes last.
func Rank(path string) int { return rank(memberOrder[:], path) }

func rank(order []string, path string) int {
	root := path
	if i := strings.IndexAny(path, ".["); i >= 0 {
		root = path[:i]
	}
	if i := slices.Index(order, root); i >= 0 {
		return i
	}
	return len(order)
}

// Adjustments collects what was dropped, clamped or weakened on the way (TRANSLATION 0.1). The zero value is empty.
type Adjustments struct {
	list    []Adjustment
	ordered bool // as they are to be told
}

// Adjustment is one entry of x-outcrop-adjusted: the member with array indexes as [], and the reason in snake_case.
type Adjustment struct{ Param, Reason string }

// UnknownParameter is the reason of an adjustment whose Param is a name that the client made up.
const UnknownParameter = "unknown_parameter"

// Clip keeps copies from writing into one another's list: several choices of one request add to their own at once.
func (a *Adjustments) Clip() { a.list = slices.Clip(a.list) }

// fewAdjustments is how many of the first ones Add compares with: the gateway itself makes hardly more, but a client
// may make up hundreds of thousands of members, and comparing each with all before it would take minutes.
const fewAdjustments = 32

// Add notes an adjustment.
func (a *Adjustments) Add(param, reason string) {
	if x := (Adjustment{param, reason}); !slices.Contains(a.list[:min(len(a.list), fewAdjustments)], x) {
		a.list = append(a.list, x)
	}
}

// List gives the adjustments, each pair once, in the order of the table in TRANSLATION 1.2; those of one member stay
// as they were added.
func (a *Adjustments) List() []Adjustment {
	var byRank [len(memberOrder) + 1][]Adjustment
	var seen map[Adjustment]bool // only of a list that Add could not keep free of repetitions
	if len(a.list) > fewAdjustments {
		seen = make(map[Adjustment]bool, len(a.list))
	}
	for _, x := range a.list {
		if seen[x] {
			continue
		}
		if seen != nil {
			seen[x] = true
		}
		r := 0
		if !a.ordered {
			r = Rank(x.Param)
		}
		byRank[r] = append(byRank[r], x)
	}
	return slices.Concat(byRank[:]...)
}

// maxHeader is how long x-outcrop-adjusted may become (R-GEN-03).
const maxHeader = 2000

// Named is the list under the names of another API, in the order in which that has its members.
func (a *Adjustments) Named(name func(string) string, order []string) Adjustments {
	other := Adjustments{ordered: true}
	list := a.List()
	for i, x := range list {
		if x.Reason != UnknownParameter {
			list[i].Param = name(x.Param)
		}
	}
	slices.SortStableFunc(list, func(x, y Adjustment) int { return rank(order, x.Param) - rank(order, y.Param) })
	for _, x := range list {
		other.Add(x.Param, x.Reason)
	}
	return other
}

// Header is the value of x-outcrop-adjusted (R-GEN-03), "" when nothing was adjusted.
func (a *Adjustments) Header() string {
	if len(a.list) == 0 {
		return ""
	}
	list := a.List()
	var b strings.Builder
	for i, x := range list {
		entry := x.entry()
		more := ""
		if left := len(list) - i - 1; left > 0 {
			more = ",more:" + strconv.Itoa(left)
		}
		if b.Len()+1+len(entry)+len(more) > maxHeader {
			comma(&b)
			b.WriteString("more:" + strconv.Itoa(len(list)-i))
			break
		}
		comma(&b)
		b.WriteString(entry)
	}
	return b.String()
}

func comma(b *strings.Builder) {
	if b.Len() > 0 {
		b.WriteByte(',')
	}
}

// entry is param:reason. The brackets of our own paths stay; every odd byte of a name that the client made up is
// encoded.
func (x Adjustment) entry() string {
	param := x.Param
	if x.Reason == UnknownParameter {
		param = percentEncode(param)
	}
	return param + ":" + x.Reason
}

func percentEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; letterOrDigit(c) || c == '_' || c == '.' || c == '-' {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

func letterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// Of what a client made up, a message repeats no more than this: no answer grows with the request.
const (
	mostNamed    = 32  // adjustments; the rules themselves make fewer
	LongestParam = 100 // bytes of a member's name
)

// StrictFault is what an adjustment becomes in strict mode (R-GEN-04), nil when there is none.
func (a *Adjustments) StrictFault() *openai.Error {
	if len(a.list) == 0 {
		return nil
	}
	list := a.List()
	var names strings.Builder
	for i, x := range list {
		if i == mostNamed {
			names.WriteString(" and " + strconv.Itoa(len(list)-i) + " more")
			break
		}
		if i > 0 {
			names.WriteString(", ")
		}
		names.WriteString(Shorten(x.Param, LongestParam) + ":" + x.Reason)
	}
	return openai.Invalidf(openai.CodeUnsupportedValue, list[0].Param,
		"Strict mode is on, and this request cannot be honoured as it stands: %s.", names.String())
}

// Shorten cuts a text that a client made up, without leaving half a character.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
