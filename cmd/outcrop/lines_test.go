package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestMendA7ALineThatPanicsIsOneErrorAmongAnswers(t *testing.T) {
	var out bytes.Buffer
	err := eachLine(t.Context(), strings.NewReader("1\n2\n3\n"), &out, unseen,
		func(to, line []byte, _ int) ([]byte, bool) {
			if string(line) == "2" {
				var nothing *bytes.Buffer
				nothing.WriteByte('x')
			}
			return append(append(to, line...), '\n'), true
		})
	lines := strings.Split(out.String(), "\n")
	var bad *badLines
	if !errors.As(err, &bad) || bad.Error() != "1 of 3 lines could not be worked on: 2" || len(lines) != 4 ||
		lines[0] != "1" || !strings.Contains(lines[1], "panic") || lines[2] != "3" {
		t.Errorf("%v, %q", err, lines)
	}
}

func unseen(int, int) {}

// chopped takes writes, and notes what each of them holds.
type chopped struct {
	writes [][]byte
	after  func(n int)
}

func (c *chopped) Write(b []byte) (int, error) {
	c.writes = append(c.writes, bytes.Clone(b))
	c.after(len(c.writes))
	return len(b), nil
}

func TestMendC8AnInterruptLeavesNoHalfLine(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	why := &interrupted{2}
	out := &chopped{after: func(n int) {
		if n == 3 {
			cancel(why)
		}
	}}
	input, feed := io.Pipe()
	defer input.Close()
	go func() {
		for i := 0; ; i++ {
			if _, err := fmt.Fprintln(feed, i); err != nil {
				return
			}
		}
	}()
	err := eachLine(ctx, input, out, unseen, func(to, line []byte, _ int) ([]byte, bool) {
		return append(append(append(to, line...), bytes.Repeat([]byte("x"), 9000)...), '\n'), true
	})
	if !errors.Is(err, why) || exitCode(ctx, err) != 130 {
		t.Errorf("%v, exit code %d", err, exitCode(ctx, err))
	}
	for i, w := range out.writes {
		if !bytes.HasSuffix(w, []byte("x\n")) {
			t.Errorf("write %d ends in the middle of a line: %q", i, w[max(0, len(w)-20):])
		}
	}
}

func TestMendC8FaultyLinesHaveTheirNumbersAndFail(t *testing.T) {
	var in strings.Builder
	for i := 1; i <= 1000; i++ {
		if i%100 == 0 {
			in.WriteString("not JSON\n")
		} else {
			in.WriteString(`{"prompt":"Hi!","text":"Hi!"}` + "\n")
		}
	}
	for _, name := range []string{"route", "scan"} {
		out, err := execute(t, in.String(), name)
		if err == nil || err.Error() != "10 of 1000 lines could not be worked on: 100, 200, 300, 400, 500, 600, 700, 800, "+
			"900, 1000" {
			t.Errorf("%s: %v", name, err)
		}
		lines := strings.Split(out, "\n")
		for _, i := range []int{100, 1000} {
			if line := lines[i-1]; !strings.HasPrefix(line, `{"error":{"message":"`) ||
				!strings.HasSuffix(line, fmt.Sprintf(`,"line":%d}`, i)) {
				t.Errorf("%s: line %d is %s", name, i, line)
			}
		}
	}
}

func TestMendC8ATerminalSeesHowFarItIsAndWhatCameOut(t *testing.T) {
	var to bytes.Buffer
	p := newProgress(&to, "routed")
	if p.seen(1, 0); to.Len() != 0 {
		t.Errorf("what is no terminal gets %q", to.String())
	}
	p.to = &to
	p.count("lines", "tier fast")
	p.count("lines", "tier fast")
	p.count("lines", "tier quality")
	p.spend(.5)
	p.seen(3, 1)
	p.seen(3, 1) // not that soon
	p.end()
	text := to.String()
	if strings.Count(text, "3 lines, 1 faulty") != 1 ||
		!strings.Contains(text, "2  tier fast\n        1  tier quality\n") || !strings.Contains(text, "0.5000 USD") {
		t.Errorf("%q", text)
	}
}
