package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// running is a hash that texts go into piece by piece. The pieces of a stream are small, so they are collected.
type running struct {
	hash hash.Hash
	n    int
	buf  [512]byte
}

func feed[T string | []byte](r *running, s T) {
	for len(s) > 0 {
		n := copy(r.buf[r.n:], s) // to give s to the hash directly would copy it to the heap
		r.n += n
		s = s[n:]
		if r.n == len(r.buf) {
			r.flush()
		}
	}
}

func (r *running) flush() {
	_, _ = r.hash.Write(r.buf[:r.n]) // a hash never fails
	r.n = 0
}

// sum gives the digest in hexadecimal and makes the hash ready for the next text.
func (r *running) sum() string {
	r.flush()
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], r.hash.Sum(r.buf[:0]))
	r.hash.Reset()
	return string(text[:])
}

// hashes are running hashes of one key.
type hashes struct{ pool sync.Pool }

func newHashes(fresh func() hash.Hash) *hashes {
	return &hashes{sync.Pool{New: func() any { return &running{hash: fresh()} }}}
}

func keyedHashes(key []byte) *hashes {
	return newHashes(func() hash.Hash { return hmac.New(sha256.New, key) })
}

func plainHashes() *hashes { return newHashes(sha256.New) }

func (h *hashes) get() *running { return h.pool.Get().(*running) }

func (h *hashes) sum(r *running) string {
	s := r.sum()
	h.pool.Put(r)
	return s
}

func (h *hashes) of(text string) string {
	r := h.get()
	feed(r, text)
	return h.sum(r)
}

// Prompt takes the digest of a request: that of its texts in their order, each as role, length in bytes and the text
// itself, with a line feed behind the role and the length. So no two requests with different texts look alike.
type Prompt struct {
	hashes *hashes
	run    *running
	sum    string
}

// Prompt begins the keyed digest of a request.
func (k Keys) Prompt() *Prompt { return &Prompt{hashes: k.hashes, run: k.hashes.get()} }

// Text adds a text.
func (p *Prompt) Text(role, text string) {
	feed(p.run, role)
	feed(p.run, "\n")
	feed(p.run, strconv.Itoa(len(text)))
	feed(p.run, "\n")
	feed(p.run, text)
}

// Sum ends the digest.
func (p *Prompt) Sum() string {
	if p.run != nil {
		p.sum, p.run = p.hashes.sum(p.run), nil
	}
	return p.sum
}

// Answer takes the digests of the choices of one answer while it goes by, plain or in pieces: both give the same.
//
// The digest of a choice is that of its text: the content, and behind it the refusal. That of a choice with tool calls
// is the digest of a list of digests: the byte FF, which no text holds, and the word "calls"; then that of the text;
// then for each call those of name and arguments, with a space between them; a line feed ends each line. Ids of calls
// and reasoning have no part in it.
type Answer struct {
	hashes  *hashes
	choices []choice
	sums    []string
	space   [1]choice
}

type choice struct {
	index int
	text  *running
	calls []call // by index
}

type call struct {
	index     int
	name      string
	arguments *running
}

// Answer begins the keyed digests of an answer.
func (k Keys) Answer() *Answer { return k.hashes.answer() }

func (h *hashes) answer() *Answer {
	a := &Answer{hashes: h}
	a.choices = a.space[:0]
	return a
}

func (a *Answer) choice(index int) *choice {
	for i := range a.choices {
		if a.choices[i].index == index {
			return &a.choices[i]
		}
	}
	a.choices = append(a.choices, choice{index: index, text: a.hashes.get()})
	return &a.choices[len(a.choices)-1]
}

// Choice makes a choice, which may say nothing.
func (a *Answer) Choice(choice int) { a.choice(choice) }

// Text adds to the text of a choice, which it makes even when the text is empty.
func (a *Answer) Text(choice int, text string) {
	feed(a.choice(choice).text, text)
}

// Call adds to a tool call of a choice. The name comes whole, with the first piece.
func (a *Answer) Call(choice, index int, name, arguments string) {
	c := a.choice(choice)
	i, known := slices.BinarySearchFunc(c.calls, index, func(k call, index int) int { return k.index - index })
	if !known {
		c.calls = slices.Insert(c.calls, i, call{index: index, arguments: a.hashes.get()})
	}
	c.calls[i].name += name
	feed(c.calls[i].arguments, arguments)
}

// Vector adds a vector of an embedding answer, the JSON of its numbers in brackets. All vectors together, each without
// white space and with a line feed behind it, are the text of choice 0.
func (a *Answer) Vector(numbers []byte) {
	vector(a.choice(0).text, numbers,
		slices.IndexFunc(numbers, func(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }))
}

// VectorText adds a vector in base64.
func (a *Answer) VectorText(base64 string) { vector(a.choice(0).text, base64, -1) }

func vector[T string | []byte](r *running, v T, space int) {
	if space >= 0 {
		v = T(strings.Join(strings.Fields(string(v)), ""))
	}
	feed(r, v)
	feed(r, "\n")
}

// Sums ends the digests and gives them in the order of the choices.
func (a *Answer) Sums() []string {
	if a.sums != nil || len(a.choices) == 0 {
		return a.sums
	}
	slices.SortFunc(a.choices, func(x, y choice) int { return x.index - y.index })
	a.sums = make([]string, len(a.choices))
	for i := range a.choices {
		c := &a.choices[i]
		sum := a.hashes.sum(c.text)
		if len(c.calls) > 0 {
			sum = a.withCalls(sum, c.calls)
		}
		a.sums[i] = sum
	}
	a.choices = nil
	return a.sums
}

func (a *Answer) withCalls(text string, calls []call) string {
	list := a.hashes.get()
	feed(list, "\xffcalls\n")
	feed(list, text)
	feed(list, "\n")
	for i := range calls {
		feed(list, a.hashes.of(calls[i].name))
		feed(list, " ")
		feed(list, a.hashes.sum(calls[i].arguments))
		feed(list, "\n")
	}
	return a.hashes.sum(list)
}
