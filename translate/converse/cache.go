package converse

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/catalog"
	"outcrop/translate"
)

// point makes a cache point of what a client wrote beside a part, message or tool; nil when the model takes none there
// (R-CACHE-05, R-CACHE-09).
func (c *pass) point(asked *Point, field bool) *types.CachePointBlock {
	c.explicit = true
	if k := &c.caps.Caching; k.Explicit == catalog.No || k.Explicit == catalog.Yes && !field {
		c.Adjust("cache_control", "unsupported")
		return nil
	}
	return c.timed(asked.TTL)
}

// timed makes a cache point that lives at least as long as asked, where the model can.
func (c *pass) timed(ttl string) *types.CachePointBlock {
	p := &types.CachePointBlock{Type: types.CachePointTypeDefault}
	switch ttl {
	case "", "5m":
	case "1h", "30m", "24h":
		if c.caps.Caching.Hour || c.caps.Caching.Explicit == catalog.Unknown {
			p.Ttl = types.CacheTTLOneHour
			break
		}
		fallthrough
	default:
		c.Adjust("cache_control", "ttl_unsupported")
	}
	return p
}

// takePoint puts a point after the block before it. A blank text has none (R-MSG-12): its point stands after the
// block before that, if the turn has one.
func (v *conversation) takePoint(asked *Point) {
	if last := &v.turns[len(v.turns)-1]; last.from < last.to {
		if point := v.point(asked, v.caps.Caching.Messages); point != nil {
			v.add(&types.ContentBlockMemberCachePoint{Value: *point})
		}
	}
}

// cacheResult is the point of a result; it stands after the result, never in it (R-CACHE-02).
func (v *conversation) cacheResult(asked *Point) []types.ContentBlock {
	if asked == nil {
		return nil
	}
	point := v.point(asked, v.caps.Caching.Messages)
	if point == nil {
		return nil
	}
	return []types.ContentBlock{&types.ContentBlockMemberCachePoint{Value: *point}}
}

// cache places automatic points, and repairs and counts all of them (TRANSLATION 1.12).
func (c *pass) cache() {
	c.judgeCaching()
	if !c.explicit && c.automatic() {
		c.placePoints()
		c.add(translate.CachePoints)
	} else if !c.explicit {
		return
	}
	if t := c.in.ToolConfig; t != nil {
		t.Tools = repair(t.Tools, isToolPoint, nil)
	}
	c.in.System = repair(c.in.System, isSystemPoint, nil)
	for i := range c.in.Messages {
		m := &c.in.Messages[i]
		m.Content = repair(m.Content, isBlockPoint, c.barsPoint)
	}
	c.limitPoints()
	c.raise()
}

// judgeCaching reports wishes about time that the model cannot keep.
func (c *pass) judgeCaching() {
	asked := &c.req.Cache
	if asked.day() {
		if c.takesNoPoints() {
			c.Adjust("prompt_cache_retention", "unsupported")
		} else {
			c.Adjust("prompt_cache_retention", "limited_to_1h")
		}
	}
	if asked.TTL != nil && c.takesNoPoints() {
		c.Adjust("prompt_cache_options", "unsupported")
	}
}

// takesNoPoints tells whether wishes about the cache come to nothing.
func (c *pass) takesNoPoints() bool {
	return c.caps.Caching.Explicit == catalog.No || !c.explicit && !c.may(translate.CachePoints)
}

// automatic tells whether points are placed without having been asked for one by one (R-CACHE-07, R-CACHE-08).
func (c *pass) automatic() bool {
	if c.opts.PromptCache == "off" || c.caps.Caching.Explicit != catalog.Yes || !c.may(translate.CachePoints) ||
		c.req.Cache.Explicit {
		return false
	}
	return c.req.Cache.Asked || c.opts.PromptCache != "asked" && slices.ContainsFunc(c.req.Turns,
		func(t Turn) bool { return t.Assistant })
}

// placePoints puts the automatic points where the last request wrote and the next one will read (R-CACHE-08).
func (c *pass) placePoints() {
	point, k := *c.timed(c.req.Cache.Lifetime()), &c.caps.Caching
	if t := c.in.ToolConfig; t != nil && k.Tools {
		t.Tools = append(t.Tools, &types.ToolMemberCachePoint{Value: point})
	}
	if len(c.in.System) > 0 && k.System {
		c.in.System = append(c.in.System, &types.SystemContentBlockMemberCachePoint{Value: point})
	}
	if !k.Messages {
		return
	}
	for i, left := len(c.in.Messages)-1, 2; i >= 0 && left > 0; i-- {
		if c.in.Messages[i].Role == types.ConversationRoleUser {
			c.placeIn(i, point)
			left--
		}
	}
}

// placeIn puts a point at the last place in a turn, or in the nearest turn before it that has a place.
func (c *pass) placeIn(turn int, point types.CachePointBlock) {
	for i := turn; i >= 0; i-- {
		m := &c.in.Messages[i]
		if at := placeBefore(m.Content, len(m.Content), c.barsPoint); at > 0 {
			m.Content = slices.Insert(slices.Clip(m.Content), at,
				types.ContentBlock(&types.ContentBlockMemberCachePoint{Value: point}))
			return
		}
	}
}

// placeBefore is the last place for a point at or before at: directly after a block that bars none; 0 when there is
// none.
func placeBefore[T any](list []T, at int, bars func(T) bool) int {
	for at > 0 && bars != nil && bars(list[at-1]) {
		at--
	}
	return at
}

func is[T any](x any) bool { _, ok := x.(T); return ok }

func isToolPoint(t types.Tool) bool { return is[*types.ToolMemberCachePoint](t) }

func isSystemPoint(b types.SystemContentBlock) bool {
	return is[*types.SystemContentBlockMemberCachePoint](b)
}

func isBlockPoint(b types.ContentBlock) bool { return is[*types.ContentBlockMemberCachePoint](b) }

// barsPoint tells whether a point may not stand directly after a block of a message.
func (c *pass) barsPoint(b types.ContentBlock) bool {
	switch b.(type) {
	case *types.ContentBlockMemberText, *types.ContentBlockMemberCachePoint:
		return false
	case *types.ContentBlockMemberDocument, *types.ContentBlockMemberVideo, *types.ContentBlockMemberReasoningContent:
		return true
	}
	return c.caps.Caching.AfterText
}

// repair moves points to where the service takes them: not first, not two in a row, not after a block that bars them
// (R-CACHE-03).
func repair[T any](list []T, isPoint, bars func(T) bool) []T {
	if !slices.ContainsFunc(list, isPoint) {
		return list
	}
	out := make([]T, 0, len(list))
	for _, x := range list {
		if !isPoint(x) {
			out = append(out, x)
			continue
		}
		at := placeBefore(out, len(out), bars)
		if at > 0 && !isPoint(out[at-1]) && (at == len(out) || !isPoint(out[at])) {
			out = slices.Insert(out, at, x)
		}
	}
	return out
}

// limitPoints keeps the points of tools and system, then the newest of the messages (R-CACHE-04).
func (c *pass) limitPoints() {
	left := 4
	if n := c.caps.Caching.MaxPoints; n > 0 {
		left = min(left, n)
	}
	keep := func() bool { left--; return left >= 0 }
	if t := c.in.ToolConfig; t != nil {
		t.Tools = slices.DeleteFunc(t.Tools, func(x types.Tool) bool { return isToolPoint(x) && !keep() })
	}
	c.in.System = slices.DeleteFunc(c.in.System,
		func(x types.SystemContentBlock) bool { return isSystemPoint(x) && !keep() })
	for i := len(c.in.Messages) - 1; i >= 0; i-- {
		m := &c.in.Messages[i]
		drop := 0 // of its oldest points
		for _, b := range m.Content {
			if isBlockPoint(b) && !keep() {
				drop++
			}
		}
		if drop > 0 {
			m.Content = slices.DeleteFunc(m.Content, func(b types.ContentBlock) bool {
				if drop > 0 && isBlockPoint(b) {
					drop--
					return true
				}
				return false
			})
		}
	}
	if left < 0 {
		c.Adjust("cache_control", "limit_of_4")
	}
}

// raise makes points of five minutes that stand before one of an hour live as long: the service refuses the other order
// (R-CACHE-06).
func (c *pass) raise() {
	points := c.points()
	hour := -1
	for i, p := range points {
		if p.Ttl == types.CacheTTLOneHour {
			hour = i
		}
	}
	for _, p := range points[:max(hour, 0)] {
		if p.Ttl != types.CacheTTLOneHour {
			p.Ttl = types.CacheTTLOneHour
			c.Adjust("cache_control", "ttl_raised")
		}
	}
}

// points are all cache points in the order in which the model reads them: tools, system, messages.
func (c *pass) points() []*types.CachePointBlock {
	var list []*types.CachePointBlock
	if t := c.in.ToolConfig; t != nil {
		for _, x := range t.Tools {
			if p, ok := x.(*types.ToolMemberCachePoint); ok {
				list = append(list, &p.Value)
			}
		}
	}
	for _, x := range c.in.System {
		if p, ok := x.(*types.SystemContentBlockMemberCachePoint); ok {
			list = append(list, &p.Value)
		}
	}
	for i := range c.in.Messages {
		for _, x := range c.in.Messages[i].Content {
			if p, ok := x.(*types.ContentBlockMemberCachePoint); ok {
				list = append(list, &p.Value)
			}
		}
	}
	return list
}
