package attempt

import (
	"context"
	"errors"
	"iter"
	"sync"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/upstream"
	"outcrop/openai"
)

// Choices answers a request for several choices with as many equal calls, each its own choice (TRANSLATION 1.15). All
// or nothing: the first failure cancels the others and is the answer.
func Choices(next call.Handler) call.Handler {
	return func(ctx context.Context, c *call.Call) (call.Reply, error) {
		asked := c.Request.Facts()
		if asked.Choices == 1 {
			return next(ctx, c)
		}
		ctx, cancel := context.WithCancel(ctx)
		replies, err := several(ctx, cancel, int(asked.Choices), c, next)
		head := heads(replies)
		if err != nil {
			cancel() // also closes the streams that were opened and that nobody will range over
			return call.Reply{Head: head}, err
		}
		if asked.Stream {
			return call.Reply{Head: head, Parts: mergedStream(ctx, cancel, replies)}, nil
		}
		return call.Reply{Head: head, Parts: mergedPlain(cancel, replies)}, nil
	}
}

// several runs n copies of a call and joins them. A stream's copy has returned when its first event was there, so that
// one throttled copy still becomes a status (R-N-02).
func several(ctx context.Context, cancel context.CancelFunc, n int, c *call.Call,
	next call.Handler) ([]call.Reply, error) {
	replies := make([]call.Reply, n)
	group := upstream.NewGroup(n)
	var first error
	var once sync.Once
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			own := *c
			own.Group, own.Choice = group, i
			err := call.Guarded(func() (err error) {
				replies[i], err = next(ctx, &own)
				return err
			})
			if err != nil {
				once.Do(func() { first = err })
				cancel()
			}
		})
	}
	wg.Wait()
	group.Close()
	return replies, first
}

// heads is the head of all: the first one's target, every adjustment and AWS request id.
func heads(replies []call.Reply) call.Head {
	var all call.Head
	for _, r := range replies {
		if all.Target == (catalog.Target{}) {
			all.Target = r.Head.Target
		}
		all.Attempts += r.Head.Attempts
		all.Tries = append(all.Tries, r.Head.Tries...)
		all.Upstream = append(all.Upstream, r.Head.Upstream...)
		for _, a := range r.Head.Adjusted.List() {
			all.Adjusted.Add(a.Param, a.Reason)
		}
	}
	return all
}

// mergedPlain makes one answer of the plain ones. Usage is the sum over all calls, prompt included: it is what was
// billed (R-N-03).
func mergedPlain(cancel context.CancelFunc, replies []call.Reply) iter.Seq2[openai.Part, error] {
	return func(yield func(openai.Part, error) bool) {
		defer cancel()
		var whole *openai.ChatResponse
		for i, r := range replies {
			for part, err := range r.Parts {
				if err != nil {
					yield(nil, err)
					return
				}
				one := part.(*openai.ChatResponse)
				one.Choices[0].Index = i
				if whole == nil {
					whole = one
					continue
				}
				whole.Choices = append(whole.Choices, one.Choices...)
				whole.Usage = whole.Usage.Plus(one.Usage)
				whole.Outcrop = whole.Outcrop.Plus(one.Outcrop)
			}
		}
		yield(whole, nil)
	}
}

// piece is what one of several streams brought.
type piece struct {
	choice int
	part   openai.Part
	err    error
}

// mergedStream interleaves the streams in order of arrival, and sends the sum of their usage when all have ended. The
// streams live under ctx; cancel ends them, and every reader of one has ended when the sequence has.
func mergedStream(ctx context.Context, cancel context.CancelFunc, replies []call.Reply) iter.Seq2[openai.Part, error] {
	return func(yield func(openai.Part, error) bool) {
		pieces := make(chan piece)
		var wg sync.WaitGroup
		for i, r := range replies {
			wg.Go(func() {
				if err := call.Guarded(func() error { forward(ctx, pieces, i, r.Parts); return nil }); err != nil {
					forward(ctx, pieces, i, func(yield func(openai.Part, error) bool) { yield(nil, err) })
				}
			})
		}
		go func() { wg.Wait(); close(pieces) }()
		defer func() {
			cancel()
			for range pieces { // until the last reader has ended
			}
		}()
		var usage *openai.ChatChunk
		for p := range pieces {
			if p.err != nil {
				yield(nil, p.err)
				return
			}
			chunk := p.part.(*openai.ChatChunk)
			if len(chunk.Choices) == 0 {
				if usage != nil {
					chunk.Usage = usage.Usage.Plus(chunk.Usage)
				}
				usage = chunk
				continue
			}
			for i := range chunk.Choices {
				chunk.Choices[i].Index = p.choice
			}
			if !yield(chunk, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(nil, ctx.Err())
		} else if usage != nil {
			yield(usage, nil)
		}
	}
}

func forward(ctx context.Context, to chan<- piece, choice int, parts iter.Seq2[openai.Part, error]) {
	for part, err := range parts {
		if err != nil && errors.Is(err, context.Canceled) && ctx.Err() != nil {
			return // another choice has failed, or the reader has left
		}
		select {
		case to <- piece{choice, part, err}:
		case <-ctx.Done():
			return
		}
	}
}
