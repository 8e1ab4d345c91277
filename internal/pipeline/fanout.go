package pipeline

import (
	"context"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// fanOut runs do for every index below n, at most limit at a time, each inside a slot of the shared slots, and joins them
// all before it returns. The first error cancels the context of the others and is the result.
func fanOut(ctx context.Context, n, limit int, slots *semaphore.Weighted, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(limit)
	for i := range n {
		g.Go(func() error {
			if err := slots.Acquire(ctx, 1); err != nil {
				return err
			}
			defer slots.Release(1)
			return guarded(func() error { return do(ctx, i) })
		})
	}
	return g.Wait()
}
