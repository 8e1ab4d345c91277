package inspect

import (
	"context"
	"strings"

	"outcrop/policy"
)

// literal is a string of a JSON text that has no end yet. Of each piece only what is new is looked at.
type literal struct {
	strings.Builder      // with the quote that it begins with; empty between strings
	escaped         bool // the last byte takes the meaning of the next one
}

// take adds what belongs to the string of a piece, and gives the rest and whether the string is whole.
func (l *literal) take(piece string) (rest string, whole bool) {
	i := 0
	if l.Len() == 0 {
		i = 1 // the quote
	}
	for ; i < len(piece); i++ {
		switch {
		case l.escaped:
			l.escaped = false
		case piece[i] == '\\':
			l.escaped = true
		case piece[i] == '"':
			l.WriteString(piece[:i+1])
			return piece[i+1:], true
		}
	}
	l.WriteString(piece)
	return "", false
}

// end gives the string, or what there is of it.
func (l *literal) end() string {
	text := l.String()
	l.Reset()
	l.escaped = false
	return text
}

// feedJSON takes the next piece of a JSON text. A string is looked at when it is whole, decoded; what stands between
// strings goes out at once. What turns out to be no JSON is held to the end, and then looked at as it is.
func (l *textStream) feedJSON(ctx context.Context, piece string) (string, error) {
	var out strings.Builder
	piece, l.bare = l.bare+piece, ""
	for piece != "" && !l.noJSON {
		if l.literal.Len() == 0 && piece[0] != '"' {
			switch n := bareLen(piece); {
			case n < 0:
				l.noJSON = true
			case n == 0:
				l.bare, piece = piece, ""
			default:
				l.stream.Passed(piece[:n], policy.Moves{})
				out.WriteString(piece[:n])
				piece = piece[n:]
			}
			continue
		}
		rest, whole := l.literal.take(piece)
		piece = rest
		if !whole {
			break
		}
		text, err := l.literalText(ctx, l.literal.end())
		if err != nil || l.blocked {
			return out.String(), err
		}
		out.WriteString(text)
	}
	if !l.noJSON {
		return out.String(), nil
	}
	rest, err := l.stream.Feed(ctx, piece)
	return out.String() + rest, err
}

// literalText inspects one string with its quotes.
func (l *textStream) literalText(ctx context.Context, literal string) (string, error) {
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

// bareLen is the length of what s begins with outside of strings: a mark, or a number or name that is whole. It is 0
// while that has no end yet, and -1 for what is no JSON.
func bareLen(s string) int {
	if strings.IndexByte(betweenWords, s[0]) >= 0 {
		return 1
	}
	switch n := strings.IndexAny(s, betweenWords+`"`); {
	case strings.Trim(s[:max(n, 0)], "0123456789+-.eE") == "" && n > 0, n == 4 && (s[:n] == "true" || s[:n] == "null"),
		n == 5 && s[:n] == "false":
		return n
	case n < 0 && len(s) <= longestBare:
		return 0
	}
	return -1
}

// longestBare is the longest number or name that is waited for.
const longestBare = 400
