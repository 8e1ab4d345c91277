package audit

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"
)

// line is one line of a file. Hash is SHA-256 over the previous line's hash and this line's bytes up to its hash member, so that
// no line can be changed, moved or taken out without breaking all that follow.
type line struct {
	Chain  string    `json:"chain"`           // random name of the chain: one process, one chain
	Seq    int64     `json:"seq"`             // rises by one
	Time   time.Time `json:"time"`            // of writing
	Begin  *begin    `json:"begin,omitzero"`  // first line of a file
	Record *Record   `json:"record,omitzero"` // one answer
	Gap    int64     `json:"gap,omitzero"`    // so many records could not be kept
	Seal   *seal     `json:"seal,omitzero"`   // a signature on everything before
}

// begin opens a file: of a chain that goes on, Prev is the hash of the last line of the file before.
type begin struct {
	File   int    `json:"file"` // 1, 2 …
	Prev   string `json:"prev"`
	Public string `json:"public_key"` // base64
}

// seal is an Ed25519 signature over chain, sequence number and hash of the line before.
type seal struct {
	Upto      int64  `json:"upto"`
	Head      string `json:"head"`
	Signature string `json:"signature"`
}

func sealed(chain string, upto int64, head string) []byte {
	return fmt.Appendf(nil, "outcrop audit seal\n%s\n%d\n%s\n", chain, upto, head)
}

const hashMember = `,"hash":"`

// chain writes lines. Only one goroutine uses it.
type chain struct {
	name  string
	keys  Keys
	sink  Sink
	now   func() time.Time
	seq   int64
	file  int
	head  [sha256.Size]byte
	clean bool // nothing was written since the last seal
	room  []byte
}

func newChain(keys Keys, sink Sink, now func() time.Time) (*chain, error) {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails (Go 1.24)
	c := &chain{name: hex.EncodeToString(id[:]), keys: keys, sink: sink, now: now, clean: true}
	if err := c.sink.Next(c.header); err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	return c, c.sink.Flush()
}

// header makes the first line of a file.
func (c *chain) header() []byte {
	c.file++
	return c.encode(&line{Begin: &begin{File: c.file, Prev: hex.EncodeToString(c.head[:]), Public: base64.StdEncoding.EncodeToString(c.keys.PublicKey())}})
}

// encode gives the line with its hash and makes it the head of the chain. The line is good until the next one.
func (c *chain) encode(l *line) []byte {
	c.seq++
	l.Chain, l.Seq, l.Time = c.name, c.seq, c.now().UTC()
	b := l.appendJSON(append(c.room[:0], c.head[:]...))
	b = b[:len(b)-1]
	c.head = sha256.Sum256(b) // as link makes it, without a copy
	b = append(b, hashMember...)
	b = hex.AppendEncode(b, c.head[:])
	b = append(b, '"', '}', '\n')
	c.room = b
	return b[sha256.Size:]
}

func link(head [sha256.Size]byte, body []byte) [sha256.Size]byte {
	return sha256.Sum256(append(head[:len(head):len(head)], body...))
}

// put writes a line. After a failure the chain stands where it stood: what may have been written of the line is cut off by the
// sink, or shows as a broken line.
func (c *chain) put(l *line) error {
	if err := c.sink.Next(c.header); err != nil {
		return err
	}
	seq, head := c.seq, c.head
	if _, err := c.sink.Write(c.encode(l)); err != nil {
		c.seq, c.head = seq, head
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

func (c *chain) append(r *Record) error {
	c.clean = false
	return c.put(&line{Record: r})
}

func (c *chain) gap(n int64) error {
	c.clean = false
	return c.put(&line{Gap: n})
}

// seal signs what was written since the last seal, if anything was.
func (c *chain) seal() error {
	if c.clean {
		return nil
	}
	head := hex.EncodeToString(c.head[:])
	upto := c.seq
	if err := c.put(&line{Seal: &seal{Upto: upto, Head: head, Signature: c.keys.Sign(sealed(c.name, upto, head))}}); err != nil {
		return err
	}
	c.clean = true
	return c.sink.Flush()
}

func (c *chain) flush() error { return c.sink.Flush() }

func (c *chain) close() error {
	err := c.seal()
	if closing := c.sink.Close(); err == nil {
		err = closing
	}
	return err
}

// cutHash splits a line into what its hash covers and the hash.
func cutHash(text []byte) (body []byte, hash string, ok bool) {
	i := bytes.LastIndex(text, []byte(hashMember))
	if i < 0 || !bytes.HasSuffix(text, []byte(`"}`)) {
		return nil, "", false
	}
	return text[:i], string(text[i+len(hashMember) : len(text)-2]), true
}
