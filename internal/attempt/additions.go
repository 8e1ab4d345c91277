package attempt

import (
	"context"
	"errors"
	"sync"
	"time"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/upstream"
	"outcrop/openai"
	"outcrop/translate"
)

// addressee is a target as far as what it refuses goes: an account and region may lack what the model has elsewhere.
type addressee struct{ called, region, role string }

func addresseeOf(t *catalog.Target) addressee { return addressee{t.CalledID, t.Region, t.Role} }

// mostRemembered bounds the memory of refusals; a gateway has far fewer targets.
const mostRemembered = 1000

// refusals remembers which additions of the gateway a target has refused (R-CAP-07), each for some time.
type refusals struct {
	keep  time.Duration // 0 remembers nothing
	mu    sync.RWMutex
	until map[addressee]map[translate.Additions]time.Time
}

// known is what a target need not be sent any more for now.
func (r *refusals) known(t *catalog.Target) (without translate.Additions) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.until) == 0 {
		return 0
	}
	for kind, until := range r.until[addresseeOf(t)] {
		if time.Now().Before(until) {
			without |= kind
		}
	}
	return without
}

// remember keeps what a target has refused. When the memory is full of facts that still hold, the next one is found out
// each time.
func (r *refusals) remember(t *catalog.Target, refused translate.Additions) {
	if r.keep <= 0 || refused == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key, now := addresseeOf(t), time.Now()
	if r.until[key] == nil {
		if len(r.until) >= mostRemembered {
			r.forget(now)
		}
		if len(r.until) >= mostRemembered {
			return
		}
		if r.until == nil {
			r.until = map[addressee]map[translate.Additions]time.Time{}
		}
		r.until[key] = map[translate.Additions]time.Time{}
	}
	for kind := range translate.AdditionKinds {
		if refused&kind != 0 {
			r.until[key][kind] = now.Add(r.keep)
		}
	}
}

// forget drops the targets of which nothing holds any more.
func (r *refusals) forget(now time.Time) {
	for key, kinds := range r.until {
		for kind, until := range kinds {
			if !now.Before(until) {
				delete(kinds, kind)
			}
		}
		if len(kinds) == 0 {
			delete(r.until, key)
		}
	}
}

// attemptChat answers a chat request through Converse or ConverseStream. What the gateway has added by itself never
// fails it: a refusal of an addition is answered by one more call without it, before anything has reached the client
// (R-CAP-07). Bedrock names one fault at a time, so that each kind of addition may take a call.
func attemptChat(ctx context.Context, e *engine, b Converser, c *call.Call, t catalog.Target) (call.Reply, error) {
	options := c.Options
	options.Media = c.Media
	options.Without = e.refusals.known(&t)
	own, err := e.newConverseCall(c, t, options)
	if err != nil {
		return call.Reply{}, err
	}
	reply, err := own.send(ctx, b)
	var without, remembered translate.Additions
	var oe *openai.Error
	for err != nil && ctx.Err() == nil && errors.As(err, &oe) {
		refused, lasting := own.back.Refused(oe)
		if refused &^= options.Without; refused == 0 {
			break
		}
		options.Without |= refused
		again, fault := e.newConverseCall(c, t, options)
		if fault != nil { // the wish cannot be met by any other means
			break
		}
		without, remembered = without|refused, remembered|lasting
		upstream.Again(ctx, oe)
		own = again
		reply, err = own.send(ctx, b)
	}
	if without == 0 {
		return reply, located(err, &own.back)
	}
	if errors.As(err, &oe) && oe.Kind == openai.Invalid { // whatever it was, it was not the additions alone
		return reply, located(err, &own.back)
	}
	e.countRefused(&t, without)
	e.refusals.remember(&t, remembered)
	return reply, located(err, &own.back)
}

func (e *engine) countRefused(t *catalog.Target, refused translate.Additions) {
	for kind, name := range translate.AdditionKinds {
		if refused&kind != 0 {
			e.recorder.AdditionRefused(call.ModelLabel(*t), name)
		}
	}
}
