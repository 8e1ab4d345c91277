package recall

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"time"

	"outcrop/cache"
	"outcrop/internal/call"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/embed"
)

// byItem answers embedding requests from memory, item by item: only texts that are new cost a call (R-EMB-17). A vector
// depends on nothing but its text and how it is asked for, so temperature and the like do not matter.
func (r *recaller) byItem(ctx context.Context, c *call.Call) (call.Reply, error) {
	ttl := r.cfg.ttl(c)
	if ttl <= 0 {
		return r.around(ctx, c)
	}
	it, err := r.itemsOf(c)
	if err != nil {
		return call.Reply{Head: call.Head{Target: call.First(c), Adjusted: it.back.Adjusted}}, err
	}
	it.lookup = lookup{recaller: r, call: c, how: c.Endpoint.Keeps, key: it.all, ttl: ttl}
	it.look, it.fetch, it.worth = it.remember, it.ask, it.values
	return it.answer(ctx)
}

// Items is how vectors are kept: what is kept was kept item by item, and an answer with all of them has no id or time
// that would make it another.
var Items = call.Keeping{
	Items: true,
	Copies: func(translate.Meta, *openai.Extension) func(openai.Part) openai.Part {
		return func(p openai.Part) openai.Part { return p.(*openai.EmbeddingResponse).Copy() }
	},
	Size:  func(openai.Part) int { return 0 }, // a plain answer is one part
	Stamp: func(*call.Call) translate.Meta { return translate.Meta{} },
}

// items is an embedding request whose vectors are kept. What a flight finds is its leader's alone.
type items struct {
	lookup
	req  *openai.EmbeddingRequest
	back embed.Context
	keys []key
	all  key

	found *found             // what memory had; nil until it was asked
	new   []openai.Embedding // what a call has brought, for the items that were not found
}

// found is what memory had of a request.
type found struct {
	vectors []vector // by item; those without values are missing
	known   []bool
	hits    int
	oldest  time.Duration
}

// vector is little-endian float32 values, and the tokens of the text behind them.
type vector struct {
	values []byte
	tokens int64
}

// itemsOf checks the request as a call would, and makes the keys. The error is an *openai.Error.
func (r *recaller) itemsOf(c *call.Call) (*items, error) {
	it := &items{req: c.Request.(*openai.EmbeddingRequest)}
	options := c.Options
	options.InputType = c.Plan.InputType
	options.Known = make([]bool, it.req.Input.Len())
	for i := range options.Known {
		options.Known[i] = true // only to check: no call is made up
	}
	var err error
	if _, it.back, err = embed.Inputs(it.req, call.First(c), options); err != nil {
		return it, err
	}
	if err := embed.Decode(it.req); err != nil {
		return it, err
	}
	it.keys, it.all = r.keys.vectors(c, it.req.Input.Texts, it.back.Shape)
	return it, nil
}

// recall asks memory for every item.
func (it *items) recall(ctx context.Context) {
	f := &found{vectors: make([]vector, len(it.keys)), known: make([]bool, len(it.keys))}
	it.found = f
	if it.call.Tune.CacheControl.NoCache {
		return
	}
	names := make([]string, len(it.keys))
	for i, k := range it.keys {
		names[i] = k.String()
	}
	for i, e := range it.memory.GetMany(ctx, names) {
		age, fresh := age(it.call, e)
		if !fresh {
			continue
		}
		if v, ok := readVector(it.keys[i], e.Value); ok {
			f.vectors[i], f.known[i] = v, true
			f.hits++
			f.oldest = max(f.oldest, age)
		}
	}
}

// remember answers when memory has every item.
func (it *items) remember(ctx context.Context) (call.Reply, bool) {
	it.recall(ctx)
	f := it.found
	if f.hits < len(it.keys) {
		return call.Reply{}, false
	}
	head := call.Head{Target: call.First(it.call), Adjusted: it.back.Adjusted, Cache: it.status("hit")}
	head.Cache.Age = f.oldest
	whole := &openai.EmbeddingResponse{Model: call.First(it.call).Public, Data: make([]openai.Embedding, len(it.keys))}
	it.fill(whole, f)
	return call.Reply{Head: head, Parts: call.One(whole)}, true
}

// ask makes a call for the items that memory lacks, and joins what it brings with the others.
func (it *items) ask(ctx context.Context, c *call.Call) (call.Reply, error) {
	if it.found == nil {
		it.recall(ctx)
	}
	f := it.found
	if f.hits > 0 {
		c.Known = f.known
	}
	reply, err := it.next(ctx, c)
	if err != nil {
		return reply, err
	}
	if f.hits > 0 && reply.Head.Target.Row.ID != call.First(c).Row.ID {
		// Vectors of another model do not go together with these: they are let go, and all are asked for.
		for _, err := range reply.Parts {
			if err != nil {
				return reply, err
			}
		}
		c.Known = nil
		return it.next(ctx, c)
	}
	reply.Head.Cache = call.CacheStatus{State: "miss", Key: it.key.public(), Items: len(it.keys), Hits: f.hits}
	if it.call.Tune.CacheControl.NoCache {
		reply.Head.Cache.State = "bypass"
	}
	var whole *openai.EmbeddingResponse
	for part, err := range reply.Parts {
		if err != nil {
			return reply, err
		}
		whole = part.(*openai.EmbeddingResponse)
	}
	it.new = whole.Data
	it.join(whole, f)
	reply.Head.Cache.Saved = f.tokens()
	reply.Parts = call.One(whole)
	return reply, nil
}

// values is what is kept of an answer: the vectors of the call, each under its own key.
func (it *items) values(head call.Head, _ []openai.Part) []cache.Item {
	if !fromFirst(it.call, head.Target) || len(it.new) == 0 {
		return nil
	}
	var list []cache.Item
	next := 0
	for i, k := range it.keys {
		if it.found.known[i] {
			continue
		}
		e := &it.new[next]
		next++
		if values, err := packed(e); err == nil {
			value := writeValue(k, call.Head{}, func(b []byte) []byte {
				b = binary.AppendUvarint(b, uint64(max(e.Tokens, 0)))
				return append(b, values...)
			})
			list = append(list, cache.Item{Key: k.String(), Value: value})
		}
	}
	return list
}

// join puts what memory had between what a call has brought.
func (it *items) join(whole *openai.EmbeddingResponse, f *found) {
	if f.hits == 0 {
		return
	}
	data := make([]openai.Embedding, len(it.keys))
	next := 0
	for i := range data {
		if !f.known[i] {
			data[i] = whole.Data[next]
			next++
		}
	}
	whole.Data = data
	it.fill(whole, f)
}

// fill writes what memory had into an answer. The usage is that of the calls that have made the vectors.
func (it *items) fill(whole *openai.EmbeddingResponse, f *found) {
	plain := it.req.EncodingFormat == nil || *it.req.EncodingFormat != "base64"
	for i, v := range f.vectors {
		if !f.known[i] {
			continue
		}
		e := openai.Embedding{Tokens: v.tokens}
		if plain {
			e.Floats = embed.UnpackVector(make([]byte, 0, len(v.values)*3+2), v.values)
		} else {
			e.Base64 = base64.StdEncoding.EncodeToString(v.values)
		}
		whole.Data[i] = e
	}
	whole.Usage.Prompt += f.tokens()
}

func (f *found) tokens() (sum int64) {
	for _, v := range f.vectors {
		sum += v.tokens
	}
	return sum
}

// packed gives the values of an embedding as they are kept.
func packed(e *openai.Embedding) ([]byte, error) {
	if e.Floats == nil {
		return base64.StdEncoding.DecodeString(e.Base64)
	}
	return embed.PackVector(make([]byte, 0, len(e.Floats)/2), e.Floats)
}

// readVector reads what values has written under the key.
func readVector(k key, value []byte) (v vector, ok bool) {
	_, body, ok := readValue(k, value)
	if !ok {
		return v, false
	}
	tokens, size := binary.Uvarint(body)
	if size <= 0 || int64(tokens) < 0 { //nolint:gosec // checks just that
		return v, false
	}
	v = vector{values: body[size:], tokens: int64(tokens)} //nolint:gosec // checked above
	return v, len(v.values) > 0 && len(v.values)%4 == 0
}
