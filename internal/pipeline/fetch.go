package pipeline

import (
	"context"

	"golang.org/x/sync/semaphore"

	"outcrop/internal/call"
	"outcrop/internal/media"
	"outcrop/translate"
)

// Download gets what a URL names, by way of allowed addresses only; with nil all are. Its errors are for the log only.
type Download func(ctx context.Context, url string, allowed func(url string) bool) (media.Item, error)

// downloads is how many links of one request are fetched at a time (R-PART-04).
const downloads = 4

// Fetch downloads what the request names by URL, each URL once. It stands inside Route, because only with the target's
// capabilities a request can be judged, and nothing is fetched for one that would be refused (R-REQ-05). With a nil
// download nothing is fetched, and the translation refuses every link.
func Fetch(download Download) call.Stage {
	return func(next call.Handler) call.Handler {
		if download == nil {
			return next
		}
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			if c.Endpoint.Chat == nil {
				return next(ctx, c)
			}
			target := c.Plan.Targets[0] // another is tried only when this one has found nothing wrong with the request
			links, err := c.Endpoint.Chat.Links(c, target)
			if err == nil && len(links) > 0 {
				c.Media, err = fetch(ctx, download, links, c.Allows)
			}
			if err != nil {
				return call.Reply{Head: call.Head{Target: target}}, err
			}
			return next(ctx, c)
		}
	}
}

// fetch downloads all links, or gives the first failure, which cancels the others.
func fetch(ctx context.Context, download Download, links []translate.Link,
	allowed func(string) bool) (media.Set, error) {
	items := make([]media.Item, len(links))
	err := call.FanOut(ctx, len(links), downloads, semaphore.NewWeighted(downloads),
		func(ctx context.Context, i int) error {
			var err error
			if items[i], err = download(ctx, links[i].URL, allowed); err != nil {
				return links[i].Fault(err)
			}
			return nil
		})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err() // the request ended, which is no fault of a link
	case err != nil:
		return nil, err
	}
	set := make(media.Set, len(links))
	for i, l := range links {
		set[l.URL] = items[i]
	}
	return set, nil
}
