package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"outcrop/openai"
)

// What bounds the memory of eachLine: lines of input read ahead, and their length.
const (
	longestLine  = 32 << 20
	linesInBatch = 64
	bytesInBatch = 1 << 20
)

// batch is a few lines on their way from input to output.
type batch struct {
	lines [][]byte // nil: one that was too long
	out   chan []byte
}

func (b batch) done(do func(to, line []byte) []byte) []byte {
	var out []byte
	for _, line := range b.lines {
		if line == nil {
			out = append(appendError(out, openai.Invalidf("line_too_long", "", "The line is longer than 32 MB.")), '\n')
		} else {
			out = guarded(do, out, line)
		}
	}
	return out
}

// guarded keeps a panic over one line from ending the work on all others.
func guarded(do func(to, line []byte) []byte, to, line []byte) (out []byte) {
	whole := to
	defer func() {
		if fault := recover(); fault != nil {
			out = append(appendError(whole, fmt.Errorf("the line cannot be worked on: panic: %v", fault)), '\n')
		}
	}()
	return do(to, line)
}

// eachLine writes do's line for each line of r, in the order of the lines, working on several at once. What was read is written before
// it waits for more input. It ends with r, at the first error of w, or when ctx ends.
func eachLine(ctx context.Context, r io.Reader, w io.Writer, do func(to, line []byte) []byte) error {
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
		read <- batches(bufio.NewReaderSize(r, 1<<20), func(lines [][]byte) bool {
			b := batch{lines, make(chan []byte, 1)}
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
	out := bufio.NewWriterSize(w, 1<<16)
	for {
		text, more, err := next(ctx, order)
		if err != nil {
			return err
		}
		if !more {
			return errors.Join(<-read, out.Flush())
		}
		if _, err = out.Write(text); err == nil && len(order) == 0 {
			err = out.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// next waits for the lines whose turn it is; there are no more when order is closed.
func next(ctx context.Context, order <-chan batch) (text []byte, more bool, err error) {
	select {
	case b, more := <-order:
		if !more {
			return nil, false, nil
		}
		select {
		case text = <-b.out:
			return text, true, nil
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	return nil, false, context.Cause(ctx)
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
