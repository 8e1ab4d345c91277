package audit

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// recordMember begins the record of a line, and stands nowhere else in it: quotes inside of strings are escaped.
const recordMember = `,"record":`

// appendJSON appends the line as package json would write it; a test holds the two together. A line is written for every answer, and
// by hand that costs a quarter.
func (l *line) appendJSON(b []byte) []byte {
	b = appendName(b, '{', "chain")
	b = appendString(b, l.Chain)
	b = appendName(b, ',', "seq")
	b = strconv.AppendInt(b, l.Seq, 10)
	b = appendName(b, ',', "time")
	b = appendTime(b, l.Time)
	if l.Begin != nil {
		b = appendAny(b, "begin", l.Begin)
	}
	if l.Record != nil {
		b = append(b, recordMember...)
		b = l.Record.appendJSON(b)
	}
	b = appendNumber(b, "gap", l.Gap)
	if l.Lost != nil {
		b = appendAny(b, "lost", l.Lost)
	}
	if l.Pruned != nil {
		b = appendAny(b, "pruned", l.Pruned)
	}
	b = appendNumber(b, "next", int64(l.Next))
	b = appendTrue(b, "end", l.End)
	if l.Seal != nil {
		b = appendAny(b, "seal", l.Seal)
	}
	return append(b, '}')
}

func (r *Record) appendJSON(b []byte) []byte {
	b = appendName(b, '{', "id")
	b = appendString(b, r.ID)
	b = appendName(b, ',', "at")
	b = appendTime(b, r.At)
	b = appendText(b, "tenant", r.Tenant)
	b = appendText(b, "key", r.Key)
	b = appendText(b, "from", r.From)
	b = appendText(b, "endpoint", r.Endpoint)
	b = appendTrue(b, "stream", r.Stream)
	b = appendName(b, ',', "status")
	b = strconv.AppendInt(b, int64(r.Status), 10)
	b = appendName(b, ',', "outcome")
	b = appendString(b, r.Outcome)
	b = appendText(b, "asked", r.Asked)
	b = appendText(b, "served", r.Served)
	b = appendText(b, "called", r.Called)
	b = appendText(b, "region", r.Region)
	b = appendText(b, "rule", r.Rule)
	b = appendText(b, "tier", r.Tier)
	b = appendText(b, "cache", r.Cache)
	if r.Policy != nil {
		b = appendAny(b, "policy", r.Policy)
	}
	b = appendText(b, "prompt", r.Prompt)
	b = appendTexts(b, "answers", r.Answers)
	if r.Usage != (Usage{}) {
		b = appendName(b, ',', "usage")
		b = r.Usage.appendJSON(b)
	}
	b = appendText(b, "cost_usd", r.Cost)
	b = appendName(b, ',', "ms")
	b = strconv.AppendInt(b, r.Millis, 10)
	b = appendNumber(b, "attempts", int64(r.Attempts))
	b = appendTexts(b, "upstream", r.Upstream)
	if r.Text != nil {
		b = appendAny(b, "text", r.Text)
	}
	b = appendTexts(b, "cut", r.Cut)
	return append(b, '}')
}

func (u *Usage) appendJSON(b []byte) []byte {
	first := len(b)
	b = appendNumber(b, "prompt", u.Prompt)
	b = appendNumber(b, "completion", u.Completion)
	b = appendNumber(b, "cache_read", u.CacheRead)
	b = appendNumber(b, "cache_write", u.CacheWrite)
	b = appendTrue(b, "estimated", u.Estimated)
	b[first] = '{' // instead of the first member's comma
	return append(b, '}')
}

func appendName(b []byte, before byte, name string) []byte {
	b = append(b, before, '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

// appendString writes what is no UTF-8 as package json does when it is allowed to, with U+FFFD.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func appendText(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(appendName(b, ',', name), s)
}

func appendTexts(b []byte, name string, all []string) []byte {
	if all == nil {
		return b
	}
	b = append(appendName(b, ',', name), '[')
	for i, s := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

func appendNumber(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(appendName(b, ',', name), n, 10)
}

func appendTrue(b []byte, name string, is bool) []byte {
	if !is {
		return b
	}
	return append(appendName(b, ',', name), "true"...)
}

func appendTime(b []byte, t time.Time) []byte {
	b = t.AppendFormat(append(b, '"'), time.RFC3339Nano)
	return append(b, '"')
}

// appendAny writes what is seldom there.
func appendAny(b []byte, name string, v any) []byte {
	text, _ := json.Marshal(v, jsontext.AllowInvalidUTF8(true)) // what is recorded can always be written
	return append(appendName(b, ',', name), text...)
}
