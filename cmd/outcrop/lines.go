package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"

	"outcrop/openai"
)

// What bounds the memory of eachLine: lines of input read ahead, and their length.
const (
	longestLine  = 32 << 20
	linesInBatch = 64
	bytesInBatch = 1 << 20
)

// work makes the line of output for one of input, appended to a buffer, and tells whether the line could be worked on. A fault is
// JSON that says its number, which counts from 1.
type work func(to, line []byte, number int) (out []byte, fine bool)

// batch is a few lines on their way from input to output.
type batch struct {
	lines [][]byte // nil: one that was too long
	first int      // number of the first
	out   chan result
}

// result is the lines of a batch, and the numbers of those that could not be worked on.
type result struct {
	text  []byte
	lines int
	bad   []int
}

func (b batch) done(do work) result {
	r := result{lines: len(b.lines)}
	for i, line := range b.lines {
		var fine bool
		if line == nil {
			r.text = appendFault(r.text, openai.Invalidf("line_too_long", "", "The line is longer than 32 MB."), b.first+i)
		} else {
			r.text, fine = guarded(do, r.text, line, b.first+i)
		}
		if !fine {
			r.bad = append(r.bad, b.first+i)
		}
	}
	return r
}

// guarded keeps a panic over one line from ending the work on all others.
func guarded(do work, to, line []byte, number int) (out []byte, fine bool) {
	defer func() {
		if fault := recover(); fault != nil {
			out, fine = appendFault(to, fmt.Errorf("the line cannot be worked on: panic: %v", fault), number), false
		}
	}()
	return do(to, line, number)
}

// appendFault appends {"error":{…},"line":7} and the end of the line.
func appendFault(to []byte, err error, number int) []byte {
	to = bytes.TrimSuffix(appendError(to, err), []byte("}"))
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

// eachLine writes do's line for each line of r, in the order of the lines, working on several at once. What was read is written before
// it waits for more input, and whole lines only, so that an interrupt leaves no half of one. It ends with r, at the first error of w,
// or when ctx ends. seen is told how many lines are done; lines with a fault become a *badLines at the end.
func eachLine(ctx context.Context, r io.Reader, w io.Writer, seen func(lines, bad int), do work) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := runtime.GOMAXPROCS(0)
	work, order := make(chan batch), make(chan batch, 4*workers)
	for range workers {
		go func() {
			for b := range work {
				b.out <- b.done(do)
			}
		}()
	}
	read := make(chan error, 1)
	go func() {
		defer close(order)
		defer close(work)
		first := 1
		read <- batches(bufio.NewReaderSize(r, 1<<20), func(lines [][]byte) bool {
			b := batch{lines, first, make(chan result, 1)}
			first += len(lines)
			for _, to := range []chan<- batch{order, work} {
				select {
				case to <- b:
				case <-ctx.Done():
					return false
				}
			}
			return true
		})
	}()
	var sum badLines
	var text []byte
	for {
		done, more, err := next(ctx, order)
		if err != nil {
			return err
		}
		text = append(text, done.text...)
		if len(text) > 0 && (!more || len(order) == 0 || len(text) >= bytesInBatch) {
			if _, err := w.Write(text); err != nil {
				return err
			}
			text = text[:0]
		}
		if !more {
			return errors.Join(<-read, sum.whole())
		}
		sum.add(done)
		seen(sum.lines, sum.bad)
	}
}

const badShown = 10 // numbers of lines in an error

func (b *badLines) add(r result) {
	b.lines += r.lines
	b.bad += len(r.bad)
	b.numbers = append(b.numbers, r.bad[:min(len(r.bad), badShown-len(b.numbers))]...)
}

// whole is the error of all lines; nil when each was fine.
func (b *badLines) whole() error {
	if b.bad == 0 {
		return nil
	}
	return b
}

// next waits for the lines whose turn it is; there are no more when order is closed.
func next(ctx context.Context, order <-chan batch) (done result, more bool, err error) {
	select {
	case b, more := <-order:
		if !more {
			return result{}, false, nil
		}
		select {
		case done = <-b.out:
			return done, true, nil
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	return result{}, false, context.Cause(ctx)
}

// batches reads lines, a few at a time, and fewer when more would have to be waited for.
func batches(r *bufio.Reader, use func([][]byte) bool) error {
	var lines [][]byte
	size := 0
	for {
		line, some, err := readLine(r)
		if some {
			lines, size = append(lines, line), size+len(line)
		}
		if len(lines) > 0 && (err != nil || len(lines) == linesInBatch || size >= bytesInBatch || r.Buffered() == 0) {
			if !use(lines) {
				return nil
			}
			lines, size = nil, 0
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine gives one line without its end, and whether there is one; nil for one that is too long, of which nothing is kept.
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
