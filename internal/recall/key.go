package recall

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"math"
	"reflect"
	"slices"
	"sync"

	"outcrop/internal/call"
	"outcrop/internal/media"
	"outcrop/openai"
	"outcrop/translate"
)

// keyFormat is part of every key: what was kept under another way to make keys is never found.
const keyFormat = "outcrop key 1"

// key names an answer, or a vector, in the cache. It tells nothing of what it was made from.
type key [sha256.Size]byte

// String is the key in the store.
func (k key) String() string { return hex.EncodeToString(k[:]) }

// public is the short form that clients see.
func (k key) public() string { return hex.EncodeToString(k[:8]) }

// keyer makes keys. It is safe for concurrent use.
type keyer struct {
	request, options encoding
	states           sync.Pool // of *keying
}

func newKeyer() *keyer {
	k := &keyer{request: encodingOf(reflect.TypeFor[openai.ChatRequest]()),
		options: encodingOf(reflect.TypeFor[translate.Options]())}
	k.states.New = func() any { return &keying{hash: sha256.New(), buf: make([]byte, 0, 4<<10)} }
	return k
}

// chat is the key of a chat request: whatever may change the answer, and whose it is (ARCHITECTURE 5).
func (k *keyer) chat(c *call.Call) key {
	s := k.states.Get().(*keying)
	defer k.states.Put(s)
	s.reset(c.Media)
	s.scope(c)
	k.options(s, reflect.ValueOf(&c.Options).Elem())
	req := c.Request.(*openai.ChatRequest)
	k.request(s, reflect.ValueOf(req).Elem())
	u := req.Unknown()
	s.texts(u.Top)
	s.texts(u.Nested)
	return s.sum()
}

// vectors are the keys of an embedding request's items, and one for all of them as they are sent: of equal texts that
// are asked for in equal ways, whoever else is asked for in the same request.
func (k *keyer) vectors(c *call.Call, texts []string, shape string) (items []key, all key) {
	s := k.states.Get().(*keying)
	defer k.states.Put(s)
	s.reset(nil)
	s.scope(c)
	s.text(shape)
	begin := s.sum()
	items = make([]key, len(texts))
	for i, t := range texts {
		s.begin(begin)
		s.text(t)
		items[i] = s.sum()
	}
	s.begin(begin)
	format := c.Request.(*openai.EmbeddingRequest).EncodingFormat
	s.bool(format != nil && *format == "base64")
	for i := range items {
		s.buf = append(s.buf, items[i][:]...)
		s.flush()
	}
	return items, s.sum()
}

// begin begins a key with another one, so that what many keys begin with is taken once.
func (s *keying) begin(k key) {
	s.hash.Reset()
	s.buf = append(s.buf[:0], k[:]...)
}

// keying is a key that is being made. What it takes is written so that no two different sequences of values look alike:
// every text with its length, every value that may be absent with a mark.
type keying struct {
	hash  hash.Hash
	buf   []byte
	media media.Set
}

func (s *keying) reset(m media.Set) {
	s.hash.Reset()
	s.buf, s.media = s.buf[:0], m
	s.text(keyFormat)
	s.text(translate.Version) // the same request may be answered in another way by another version
}

// scope is what every key begins with: whose answer it is, and who is asked for it. Without tenants every API key is
// one of its own.
func (s *keying) scope(c *call.Call) {
	s.text(c.Endpoint.Name)
	s.bool(c.Principal.Tenant != "")
	s.text(cmp.Or(c.Principal.Tenant, c.Principal.Key))
	t := c.Plan.Targets[0]
	s.text(t.Row.ID)
	s.text(t.CalledID)
	s.text(t.Region)
	s.text(t.Role)
	s.text(t.ServiceTier)
	s.text(c.Plan.InputType)
}

func (s *keying) sum() (k key) {
	s.flush()
	s.hash.Sum(k[:0])
	s.media = nil
	return k
}

func (s *keying) flush() {
	_, _ = s.hash.Write(s.buf) // a hash never fails
	s.buf = s.buf[:0]
}

func (s *keying) number(n uint64) { s.buf = binary.AppendUvarint(s.buf, n) }

func (s *keying) bool(b bool) {
	n := byte(0)
	if b {
		n = 1
	}
	s.buf = append(s.buf, n)
}

// text takes a text through the buffer: to give it to the hash directly would copy it to the heap.
func (s *keying) text(t string) {
	s.number(uint64(len(t)))
	for {
		if cap(s.buf)-len(s.buf) < binary.MaxVarintLen64 {
			s.flush()
		}
		n := min(len(t), cap(s.buf)-len(s.buf))
		s.buf = append(s.buf, t[:n]...)
		if t = t[n:]; t == "" {
			return
		}
	}
}

func (s *keying) bytes(b []byte) {
	s.number(uint64(len(b)))
	s.flush()
	_, _ = s.hash.Write(b)
}

func (s *keying) texts(list []string) {
	s.number(uint64(len(list)))
	for _, t := range list {
		s.text(t)
	}
}

// url takes what a URL leads to: of what was fetched the bytes count and not the URL, which may be signed anew for
// every request.
func (s *keying) url(u string) {
	item, fetched := s.media[u]
	s.bool(fetched)
	if !fetched {
		s.text(u)
		return
	}
	digest := sha256.Sum256(item.Data)
	s.text(item.Type)
	s.bytes(digest[:])
}

// encoding takes a value of one type.
type encoding func(s *keying, v reflect.Value)

// notInKeys are the exported fields that change no answer: how it is sent, the text of a definition whose members are
// all taken anyhow, and what reaches the key in another way.
var notInKeys = map[reflect.Type][]string{
	reflect.TypeFor[openai.ChatRequest](): {"Stream", "StreamOptions", "Spelling"},
	reflect.TypeFor[openai.Tool]():        {"Raw"},
	reflect.TypeFor[openai.Function]():    {"Raw"},
	reflect.TypeFor[openai.ImageURL]():    {"URL"},
	reflect.TypeFor[translate.Options]():  {"Media", "Known", "Without"}, // the last is the attempt's affair
}

// encodingOf walks through a type once, so that its values need no decisions. It panics for a kind that requests do not
// have today: what it cannot tell apart must not share an answer.
func encodingOf(t reflect.Type) encoding {
	switch {
	case t == reflect.TypeFor[*openai.ImageURL]():
		rest := structEncoding(t.Elem())
		return optional(func(s *keying, v reflect.Value) {
			s.url(v.Interface().(*openai.ImageURL).URL)
			rest(s, v.Elem())
		})
	case t == reflect.TypeFor[map[string]string]():
		return func(s *keying, v reflect.Value) { s.pairs(v.Interface().(map[string]string)) }
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return func(s *keying, v reflect.Value) { s.bytes(v.Bytes()) }
	}
	switch t.Kind() {
	case reflect.Struct:
		return structEncoding(t)
	case reflect.Pointer:
		elem := encodingOf(t.Elem())
		return optional(func(s *keying, v reflect.Value) { elem(s, v.Elem()) })
	case reflect.Slice:
		elem := encodingOf(t.Elem())
		return optional(func(s *keying, v reflect.Value) {
			s.number(uint64(v.Len())) //nolint:gosec // not negative
			for i := range v.Len() {
				elem(s, v.Index(i))
			}
		})
	case reflect.String:
		return func(s *keying, v reflect.Value) { s.text(v.String()) }
	case reflect.Bool:
		return func(s *keying, v reflect.Value) { s.bool(v.Bool()) }
	case reflect.Int, reflect.Int64:
		return func(s *keying, v reflect.Value) { s.number(uint64(v.Int())) } //nolint:gosec // two's complement is one to one
	case reflect.Float64:
		return func(s *keying, v reflect.Value) { s.number(math.Float64bits(v.Float())) }
	}
	panic(fmt.Sprintf("pipeline: no key for a %s", t))
}

// optional takes a value that may be nil.
func optional(some encoding) encoding {
	return func(s *keying, v reflect.Value) {
		s.bool(!v.IsNil())
		if !v.IsNil() {
			some(s, v)
		}
	}
}

// structEncoding takes the fields that are not zero, each after its name, and an empty name at the end. So a field that
// is added leaves the keys of requests without it as they were.
func structEncoding(t reflect.Type) encoding {
	type field struct {
		index int
		name  string
		take  encoding
	}
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		if f.IsExported() && !slices.Contains(notInKeys[t], f.Name) {
			fields = append(fields, field{i, f.Name, encodingOf(f.Type)})
		}
	}
	return func(s *keying, v reflect.Value) {
		for i := range fields {
			f := &fields[i]
			if member := v.Field(f.index); !member.IsZero() {
				s.text(f.name)
				f.take(s, member)
			}
		}
		s.text("")
	}
}

// pairs takes a map in the order of its keys.
func (s *keying) pairs(m map[string]string) {
	s.bool(m != nil)
	s.number(uint64(len(m)))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		s.text(name)
		s.text(m[name])
	}
}
