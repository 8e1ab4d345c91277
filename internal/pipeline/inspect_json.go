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
			if !structural(c) {
				l.noJSON = true
				break
			}
			out.WriteByte(c)
			at++
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
	l.blocked = v.Blocked
	return v.Texts[0], nil
}

// structural tells what may stand between the strings of a JSON text.
func structural(c byte) bool {
	return strings.IndexByte(" \t\r\n{}[]:,0123456789+-.eEtruefalsn", c) >= 0
}

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
