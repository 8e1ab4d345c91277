// Package recall answers from memory what was asked before, and makes one call of equal requests that come at the same
// time.
//
// How answers of an endpoint are kept is a value of its row (call.Keeping); the values of chats and of vectors are
// here. It must not know who keeps the bytes, nor look at what an answer says beyond whether it is worth to be kept.
//
// Start at Recall; flight.go has the calls that several wait for, key.go what makes two requests equal.
package recall

import (
	"context"
	"iter"
	"time"

	"outcrop/cache"
	"outcrop/internal/call"
	"outcrop/internal/flow"
	"outcrop/openai"
	"outcrop/translate"
)

// Memory is where answers are kept. What it does not give is a miss, whatever the reason.
type Memory interface {
	GetMany(ctx context.Context, keys []string) []cache.Entry
	SetMany(ctx context.Context, items []cache.Item, ttl time.Duration)
}

// Recall answers from memory what was asked before, and makes one call of equal requests that come at the same time.
// What is kept, and for how long, is in docs/caching.md. With a nil memory there is no cache, and no header says
// anything of one.
func Recall(cfg CacheConfig, deadline time.Duration, memory Memory, shared *Shared) call.Stage {
	return func(next call.Handler) call.Handler {
		if memory == nil {
			return next
		}
		r := &recaller{cfg: cfg, deadline: deadline, memory: memory, keys: newKeyer(), Shared: shared, next: next}
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			switch keeps := c.Endpoint.Keeps; {
			case keeps == nil || c.Tune.CacheControl.NoStore:
				return r.around(ctx, c)
			case keeps.Items:
				return r.byItem(ctx, c)
			}
			return r.whole(ctx, c)
		}
	}
}

// recaller is what the calls of one Recall share.
type recaller struct {
	*Shared
	cfg      CacheConfig
	deadline time.Duration // of a plain call that several requests may wait for
	memory   Memory
	keys     *keyer
	next     call.Handler
}

// around is the way past the cache.
func (r *recaller) around(ctx context.Context, c *call.Call) (call.Reply, error) {
	reply, err := r.next(ctx, c)
	reply.Head.Cache.State = "bypass"
	return reply, err
}

// whole is the way of a request whose answer is kept as one.
func (r *recaller) whole(ctx context.Context, c *call.Call) (call.Reply, error) {
	ttl := r.cfg.ttl(c)
	if ttl <= 0 || !repeatable(c, r.cfg.MaxTemperature) && !r.cfg.always(c) {
		return r.around(ctx, c)
	}
	a := &lookup{recaller: r, call: c, how: c.Endpoint.Keeps, key: r.keys.chat(c), ttl: ttl}
	a.look, a.fetch, a.worth = a.hit, r.next, a.value
	return a.answer(ctx)
}

// repeatable tells whether a request asks for the most likely answer, which is the same whenever it is asked. What says
// nothing of the temperature asks for a new answer each time.
func repeatable(c *call.Call, highest float64) bool {
	t := c.Request.Facts().Temperature
	return t != nil && *t <= highest
}

// lookup is one request whose answer may be kept.
type lookup struct {
	*recaller
	call  *call.Call
	how   *call.Keeping
	key   key
	ttl   time.Duration
	look  func(ctx context.Context) (call.Reply, bool) // answers from memory, if it can
	fetch call.Handler                                 // answers in another way
	// what is worth keeping of a complete answer that fetch gave
	worth func(head call.Head, parts []openai.Part) []cache.Item
}

func (a *lookup) status(state string) call.CacheStatus {
	return call.CacheStatus{State: state, Key: a.key.public()}
}

// answer answers from memory, or from a call that is under way, or from one of its own.
func (a *lookup) answer(ctx context.Context) (call.Reply, error) {
	if a.call.Tune.CacheControl.NoCache {
		f := a.flight(ctx) // nobody joins it, and it joins none: what is under way is not new either
		reader, own := f.addReader(), *a.call
		go a.produce(f, &own, false)
		return a.read(ctx, reader, "bypass")
	}
	before := a.flights.landed.Load()
	if reply, ok := a.look(ctx); ok {
		return reply, nil
	}
	reader, leads := a.flights.join(a.key, func() *flight { return a.flight(ctx) })
	if !leads {
		return a.read(ctx, reader, "hit")
	}
	own := *a.call
	go a.produce(reader.flight, &own, a.flights.landed.Load() != before)
	return a.read(ctx, reader, "miss")
}

// hit answers with a whole answer from memory.
func (a *lookup) hit(ctx context.Context) (call.Reply, bool) {
	e := a.memory.GetMany(ctx, []string{a.key.String()})[0]
	age, fresh := age(a.call, e)
	if !fresh {
		return call.Reply{}, false
	}
	head, body, ok := readValue(a.key, e.Value)
	if !ok {
		return call.Reply{}, false
	}
	extension := openai.Extension{Cache: &openai.Cached{Age: int64(age.Seconds())}}
	parts, err := a.how.Read(body, a.how.Stamp(a.call), extension, a.call.Request.Facts().Stream)
	if err != nil {
		return call.Reply{}, false // a foreign value, or one of another version
	}
	head.Target = call.First(a.call)
	head.Cache = a.status("hit")
	head.Cache.Age = age
	return call.Reply{Head: head, Parts: func(yield func(openai.Part, error) bool) {
		to := flow.Of(ctx) // all of it is here, and can be written at once
		to.Begin()
		defer to.End()
		call.Each(parts)(yield)
	}}, true
}

// age is how old what was found is, and whether that will do for the request.
func age(c *call.Call, e cache.Entry) (time.Duration, bool) {
	if !e.Found() {
		return 0, false
	}
	age := max(time.Since(e.Stored), 0)
	control := &c.Tune.CacheControl
	return age, !control.HasAge || age <= control.MaxAge
}

// flight begins the call. It may take as long as a request may, whoever waits for it. A stream has no limit of ours
// (R-STR-19); Bedrock ends every call within an hour.
func (a *lookup) flight(ctx context.Context) *flight {
	limit, streamed := a.deadline, a.call.Request.Facts().Stream
	if streamed {
		limit = 2 * time.Hour
	}
	return newFlight(ctx, a.key, limit, streamed)
}

// produce makes the call of a flight, ends the flight and keeps its answer. Those who wait have the answer before it is
// kept, and until then others may still join. With again another flight has landed since memory was looked at, which
// may have been for this key.
func (a *lookup) produce(f *flight, own *call.Call, again bool) {
	defer f.cancel()
	var head call.Head
	remembered := false
	err := call.Guarded(func() error {
		if again {
			if reply, ok := a.look(f.ctx); ok {
				remembered = true
				f.opened(reply.Head, nil)
				return f.load(reply.Parts, a.how.Size)
			}
		}
		reply, err := a.fetch(f.ctx, own)
		head = reply.Head
		f.opened(head, call.Late(f.ctx, err))
		if err != nil {
			return err
		}
		return call.Late(f.ctx, f.load(reply.Parts, a.how.Size))
	})
	parts, all := f.all()
	if err != nil || remembered || !all || !a.writes.begin() {
		a.flights.land(f)
		f.end(err)
		if f.unread() {
			a.unheard(err)
		}
		return
	}
	f.end(nil)
	taken := a.keep(f.ctx, head, parts)
	a.flights.land(f)
	a.writes.end(taken)
}

// keepWithin bounds what a memory may take to keep one answer.
const keepWithin = 10 * time.Second

// keep stores what is worth it of a complete answer, and gives the bytes that it has taken of the late writes.
func (a *lookup) keep(ctx context.Context, head call.Head, parts []openai.Part) (taken int) {
	a.unheard(call.Guarded(func() error {
		items, size := a.worth(head, parts), 0
		for i := range items {
			size += len(items[i].Value)
		}
		if len(items) == 0 {
			return nil
		}
		if !a.writes.grow(size) {
			a.rec.CacheFault("crowded")
			return nil
		}
		taken = size
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
		defer cancel()
		a.memory.SetMany(ctx, items, a.ttl)
		return nil
	}))
	return taken
}

// read is the answer of a flight to one of those who wait for it, in the form that this one asked for.
func (a *lookup) read(ctx context.Context, s *reader, state string) (call.Reply, error) {
	stop := context.AfterFunc(ctx, func() { a.flights.leave(s) }) // in case nobody ranges
	head, err := s.head(ctx)
	if err != nil && state == "hit" {
		state = "miss" // a failure is nothing that anybody has kept
	}
	if head.Cache.State == "" || state == "hit" && head.Cache.State != state {
		head.Cache = a.status(state) // whoever joined has it for nothing, whatever it was to the first
	}
	if err != nil {
		stop()
		a.flights.leave(s)
		return call.Reply{Head: head}, err
	}
	stamp := a.how.Stamp(a.call)
	var mark *openai.Extension
	if state == "hit" {
		mark = &openai.Extension{Cache: &openai.Cached{}}
		head.Adjusted = ownAdjustments(head.Adjusted)
	}
	own := a.how.Copies(stamp, mark)
	var parts iter.Seq2[openai.Part, error] = func(yield func(openai.Part, error) bool) {
		defer stop()
		defer a.flights.leave(s)
		for part, err := range s.parts(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(own(part), nil) {
				return
			}
		}
	}
	if s.flight.streamed != a.call.Request.Facts().Stream {
		parts = a.formed(parts, stamp)
	}
	return call.Reply{Head: head, Parts: parts}, nil
}

// formed gives the parts in the form that the request asked for, where another request began the call in the other one.
func (a *lookup) formed(parts iter.Seq2[openai.Part, error], stamp translate.Meta) iter.Seq2[openai.Part, error] {
	if a.call.Request.Facts().Stream {
		return func(yield func(openai.Part, error) bool) {
			for part, err := range parts {
				if err != nil {
					yield(nil, err)
					return
				}
				for _, p := range a.how.Unfold(part, stamp) {
					if !yield(p, nil) {
						return
					}
				}
			}
		}
	}
	return func(yield func(openai.Part, error) bool) {
		var all []openai.Part
		for part, err := range parts {
			if err != nil {
				yield(nil, err)
				return
			}
			all = append(all, part)
		}
		yield(a.how.Fold(all))
	}
}

// value is what is kept of a complete answer.
func (a *lookup) value(head call.Head, parts []openai.Part) []cache.Item {
	if !fromFirst(a.call, head.Target) || !undoubted(head.Adjusted) {
		return nil
	}
	whole, err := a.how.Fold(parts)
	if err != nil || !a.how.Worthy(whole, a.cfg.ToolCalls) {
		return nil
	}
	head.Adjusted = ownAdjustments(head.Adjusted)
	value := writeValue(a.key, head, func(b []byte) []byte { return a.how.Write(b, whole) })
	return []cache.Item{{Key: a.key.String(), Value: value}}
}
