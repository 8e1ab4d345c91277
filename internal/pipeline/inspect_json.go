package pipeline

import (
	"context"
	"strings"

	"outcrop/openai"
	"outcrop/policy"
)

// inJSONMode tells whether the content of answers to the request is JSON.
func inJSONMode(req openai.Request) bool {
	chat, ok := req.(*openai.ChatRequest)
	return ok && chat.ResponseFormat != nil && strings.HasPrefix(chat.ResponseFormat.Type, "json")
}

// feedJSON takes the next piece of a JSON text. A string is looked at when it is whole, decoded; what stands between strings
// goes out at once. What turns out to be no JSON is held to the end, and then looked at as it is.
func (l *lane) feedJSON(ctx context.Context, piece string) (string, error) {
	if l.noJSON {
		return l.stream.Feed(ctx, piece)
	}
	l.literal += piece
	var out strings.Builder
	at := 0
	for at < len(l.literal) {
		c := l.literal[at]
		if c != '"' {
			n := bareLen(l.literal[at:])
			if l.noJSON = n < 0; n <= 0 {
				break
			}
			l.stream.Passed(l.literal[at:at+n], policy.Moves{})
			out.WriteString(l.literal[at : at+n])
			at += n
			continue
		}
		end := literalEnd(l.literal[at:])
		if end < 0 {
			break
		}
		text, err := l.literalText(ctx, l.literal[at:at+end])
		if err != nil || l.blocked {
			return out.String(), err
		}
		out.WriteString(text)
		at += end
	}
	l.literal = l.literal[at:]
	if !l.noJSON {
		return out.String(), nil
	}
	rest, err := l.stream.Feed(ctx, l.literal)
	l.literal = ""
	return out.String() + rest, err
}

// literalText inspects one string with its quotes.
func (l *lane) literalText(ctx context.Context, literal string) (string, error) {
	t := l.text
	t.Value = literal
	v, err := l.session.Inspect(ctx, policy.Output, []policy.Text{t})
	if err != nil {
		return "", err
	}
	l.note(policy.Output, v.Decisions)
	if l.blocked = v.Blocked; !l.blocked {
		l.stream.Passed(literal, v.Moves(0))
	}
	return v.Texts[0], nil
}

// betweenWords is what may stand between the strings, numbers and names of a JSON text.
const betweenWords = " \t\r\n{}[]:,"

// bareLen is the length of what s begins with outside of strings: a mark, or a number or name that is whole. It is 0 while that
// has no end yet, and -1 for what is no JSON.
func bareLen(s string) int {
	if strings.IndexByte(betweenWords, s[0]) >= 0 {
		return 1
	}
	switch n := strings.IndexAny(s, betweenWords+`"`); {
	case strings.Trim(s[:max(n, 0)], "0123456789+-.eE") == "" && n > 0, n == 4 && (s[:n] == "true" || s[:n] == "null"), n == 5 && s[:n] == "false":
		return n
	case n < 0 && len(s) <= longestBare:
		return 0
	}
	return -1
}

// longestBare is the longest number or name that is waited for.
const longestBare = 400

// literalEnd is behind the string that s begins with, -1 while it has no end.
func literalEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}
