package telemetry

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// NewConsole writes for people in front of a terminal: one short line a request, colours if wanted. Every string and
// error that comes from elsewhere passes [Redact].
func NewConsole(w io.Writer, level slog.Level, colour bool) *slog.Logger {
	return slog.New(&console{out: &sink{w: w}, level: level, colour: colour})
}

// console is a handler of slog. Groups are not used in this program, so that their names only stand in front of the
// attributes.
type console struct {
	out    *sink
	level  slog.Level
	colour bool
	attrs  []slog.Attr
	group  string
}

type sink struct {
	mu sync.Mutex
	w  io.Writer
}

// Enabled implements slog.Handler.
func (c *console) Enabled(_ context.Context, l slog.Level) bool { return l >= c.level }

// WithAttrs implements slog.Handler.
func (c *console) WithAttrs(attrs []slog.Attr) slog.Handler {
	own := *c
	own.attrs = slices.Clone(c.attrs)
	for _, a := range attrs {
		own.attrs = append(own.attrs, clean(a))
	}
	return &own
}

// WithGroup implements slog.Handler.
func (c *console) WithGroup(name string) slog.Handler {
	own := *c
	own.group = c.group + name + "."
	return &own
}

// Handle implements slog.Handler.
func (c *console) Handle(_ context.Context, r slog.Record) error {
	attrs := append([]slog.Attr{}, c.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		a.Key = c.group + a.Key
		attrs = append(attrs, clean(a))
		return true
	})
	l := line{colour: c.colour}
	l.paint(dim, r.Time.Format("15:04:05"))
	if r.Message == "request" {
		l.request(attrs)
	} else {
		l.paint(levelColour(r.Level), strings.ToUpper(r.Level.String()))
		l.add(strings.Map(printable, tame(Redact(r.Message))))
		l.rest(attrs, nil)
	}
	l.WriteByte('\n')
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	_, err := io.WriteString(c.out.w, l.String())
	return err
}

// The colours that every terminal has.
const (
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
	plain  = "\x1b[0m"
)

func levelColour(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return red
	case l >= slog.LevelWarn:
		return yellow
	case l >= slog.LevelInfo:
		return cyan
	}
	return dim
}

func statusColour(status int64) string {
	switch {
	case status >= 500:
		return red
	case status >= 400:
		return yellow
	}
	return green
}

// line is one line under way: words with a space between them.
type line struct {
	strings.Builder
	colour bool
}

func (l *line) add(word string) { l.paint("", word) }

func (l *line) paint(colour, word string) {
	if word == "" {
		return
	}
	if l.Len() > 0 {
		l.WriteByte(' ')
	}
	if l.colour && colour != "" {
		word = colour + word + plain
	}
	l.WriteString(word)
}

// request writes what people look for first in an order that stays: status, what was asked and took how long, who
// served, tokens, cost; the rest follows with its names.
func (l *line) request(attrs []slog.Attr) {
	by := map[string]slog.Value{}
	for _, a := range attrs {
		by[a.Key] = a.Value
	}
	text := func(name string) string {
		v, ok := by[name]
		if !ok {
			return ""
		}
		return word(v.String())
	}
	if v, ok := by["status"]; ok {
		l.paint(statusColour(v.Int64()), v.String())
	}
	l.add(text("method"))
	l.add(text("route"))
	l.add(text("ms") + "ms")
	l.add(whoServed(text("asked"), text("model"), text("region")))
	if in := text("prompt_tokens"); in != "" {
		l.add(in + "+" + text("completion_tokens") + " tokens")
	}
	if v, ok := by["cost_usd"]; ok {
		l.add("$" + strconv.FormatFloat(v.Float64(), 'f', -1, 64))
	}
	l.rest(attrs, map[string]bool{"status": true, "method": true, "route": true, "ms": true, "model": true, "region": true,
		"asked":         true,
		"prompt_tokens": true, "completion_tokens": true, "cost_usd": true, "bytes": true})
}

// whoServed says which model was asked for, and which one answered where.
func whoServed(asked, model, region string) string {
	if model == "" {
		return asked
	}
	if region != "" {
		region = "@" + region
	}
	if asked == "" || asked == model {
		return model + region
	}
	return asked + " → " + model + region
}

// rest writes attributes as name=value, quoted where a value has spaces.
func (l *line) rest(attrs []slog.Attr, but map[string]bool) {
	for _, a := range attrs {
		if but[a.Key] || a.Equal(slog.Attr{}) {
			continue
		}
		value := a.Value.Resolve().String()
		if a.Value.Kind() == slog.KindTime {
			value = a.Value.Time().Format(time.RFC3339)
		}
		if value == "" {
			continue
		}
		l.paint(dim, a.Key+"=")
		l.WriteString(word(value))
	}
}

// word is a value that can be told from what stands around it, and is quoted if it could not: a client chooses some,
// and must not be able to write lines of its own or give orders to the terminal.
func word(value string) string {
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == '"' || r == '=' }) {
		return strconv.Quote(value)
	}
	return value
}

// printable replaces what breaks lines.
func printable(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}
