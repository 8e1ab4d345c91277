package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"outcrop/internal/dialect"
	"outcrop/openai"
)

const longestLine = 32 << 20

// work makes the line of output for one of input, appended to a buffer, and tells whether the line could be worked on.
// A fault is JSON that says its number, which counts from 1.
type work func(to, line []byte, number int) (out []byte, fine bool)

// guarded keeps a panic over one line from ending the work on all others.
func (do work) guarded(to, line []byte, number int) (out []byte, fine bool) {
	defer func() {
		if fault := recover(); fault != nil {
			out, fine = appendFault(to, fmt.Errorf("the line cannot be worked on: panic: %v", fault), number), false
		}
	}()
	if line == nil {
		return appendFault(to, openai.Invalidf("line_too_long", "", "The line is longer than 32 MB."), number), false
	}
	return do(to, line, number)
}

// appendFault appends {"error":{…},"line":7} and the end of the line.
func appendFault(to []byte, err error, number int) []byte {
	var e *openai.Error
	if !errors.As(err, &e) {
		e = &openai.Error{Kind: openai.Invalid, Message: err.Error()}
	}
	to = bytes.TrimSuffix(dialect.OpenAI.Fail(to, e, ""), []byte("}"))
	return append(strconv.AppendInt(append(to, `,"line":`...), int64(number), 10), "}\n"...)
}

// badLines is the error of input of which lines could not be worked on; the others were.
type badLines struct {
	numbers []int // the first of them
	bad     int
	lines   int
}

func (b *badLines) Error() string {
	list := strings.Trim(strings.ReplaceAll(fmt.Sprint(b.numbers), " ", ", "), "[]")
	if b.bad > len(b.numbers) {
		list += " …"
	}
	return fmt.Sprintf("%d of %d lines could not be worked on: %s", b.bad, b.lines, list)
}

// whole is the error of all lines; nil when each was fine.
func (b *badLines) whole() error {
	if b.bad == 0 {
		return nil
	}
	return b
}

func (b *badLines) add(number int, fine bool) {
	const shown = 10
	b.lines = number
	if fine {
		return
	}
	if b.bad++; len(b.numbers) < shown {
		b.numbers = append(b.numbers, number)
	}
}

// oneLine is a line of input, or the end of it.
type oneLine struct {
	text  []byte // nil: it was too long
	some  bool   // there is one
	pause bool   // what comes next has to be waited for
	err   error
}

// eachLine writes do's line for each line of r. What was read is written before it waits for more input, and whole
// lines only, so that an interrupt leaves no half of one. It ends with r, at the first error of w, or when ctx ends,
// although r may never. seen is told how many lines are done; lines with a fault become a *badLines at the end.
func eachLine(ctx context.Context, r io.Reader, w io.Writer, seen func(lines, bad int), do work) error {
	const most = 1 << 20 // bytes that are written at once
	lines := make(chan oneLine)
	go readLines(ctx, bufio.NewReaderSize(r, 1<<20), lines)
	var sum badLines
	var out []byte
	for number := 1; ; number++ {
		var in oneLine
		select {
		case in = <-lines:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if in.some {
			var fine bool
			out, fine = do.guarded(out, in.text, number)
			sum.add(number, fine)
			seen(sum.lines, sum.bad)
		}
		if in.pause && len(out) > 0 || len(out) >= most {
			if _, err := w.Write(out); err != nil {
				return err
			}
			out = out[:0]
		}
		if errors.Is(in.err, io.EOF) {
			return sum.whole()
		}
		if in.err != nil {
			return in.err
		}
	}
}

// readLines reads lines until their end, which is the last that it sends, or that of ctx.
func readLines(ctx context.Context, r *bufio.Reader, to chan<- oneLine) {
	for {
		line, some, err := readLine(r)
		select {
		case to <- oneLine{line, some, err != nil || !holdsLine(r), err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// holdsLine tells whether the next line can be read without waiting for its end.
func holdsLine(r *bufio.Reader) bool {
	read, _ := r.Peek(r.Buffered())
	return bytes.IndexByte(read, '\n') >= 0
}

// readLine gives one line without its end, and whether there is one; nil for one that is too long, of which nothing is
// kept.
func readLine(r *bufio.Reader) (line []byte, some bool, err error) {
	line = []byte{}
	for {
		part, err := r.ReadSlice('\n')
		some = some || len(part) > 0
		if line != nil {
			line = append(line, part...)
		}
		if len(line) > longestLine+1 {
			line = nil
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if line = bytes.TrimSuffix(line, []byte("\n")); len(line) > longestLine {
			line = nil
		}
		return line, some, err
	}
}
