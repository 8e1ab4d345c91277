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

// line is one line of a file. Hash is SHA-256 over the previous line's hash and this line's bytes up to its hash
// member, so that no line can be changed, moved or taken out without breaking all that follow.
type line struct {
	Chain  string    `json:"chain"`           // random name of the chain: one process, one chain
	Seq    int64     `json:"seq"`             // rises by one
	Time   time.Time `json:"time"`            // of writing
	Begin  *begin    `json:"begin,omitzero"`  // first line of a file
	Record *Record   `json:"record,omitzero"` // one answer
	Gap    int64     `json:"gap,omitzero"`    // so many records could not be kept
	Lost   *lost     `json:"lost,omitzero"`   // a file was removed or replaced while it was written
	Pruned []pruned  `json:"pruned,omitzero"` // files that are removed by the settings, as soon as this line is sealed
	Next   int       `json:"next,omitzero"`   // last line of a file: the chain goes on in the file of this number
	End    bool      `json:"end,omitzero"`    // the process ends in order; only a seal follows
	Seal   *seal     `json:"seal,omitzero"`   // a signature on everything before
}

// begin opens a file: of a chain that goes on, Prev is the hash of the last line of the file before. The first file of
// a chain names the newest line of another chain in its folder, so that neither that chain nor its end can be removed
// without being missed.
type begin struct {
	File   int    `json:"file"` // 1, 2 …
	Prev   string `json:"prev"`
	Public string `json:"public_key"` // base64
	After  *point `json:"after,omitzero"`
}

// point is a line of a chain.
type point struct {
	Chain string `json:"chain"`
	Seq   int64  `json:"seq"`
	Hash  string `json:"hash"`
}

// lost is a file that was not there any more, or not the same, and how many records it held.
type lost struct {
	File    int   `json:"file"`
	Records int64 `json:"records"`
}

// pruned is a file that was removed, and its last line.
type pruned struct {
	File int `json:"file"`
	point
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
	name    string
	keys    Keys
	sink    Sink
	now     func() time.Time
	seq     int64
	file    int
	told    int   // the file whose end was written down
	records int64 // of the present file
	head    [sha256.Size]byte
	clean   bool // nothing was written since the last seal
	room    []byte

	lost    []lost // files of which no line tells yet
	waiting []byte // lines that were meant for them
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
	c.records = 0
	b := &begin{File: c.file, Prev: hex.EncodeToString(c.head[:]),
		Public: base64.StdEncoding.EncodeToString(c.keys.PublicKey())}
	if c.file == 1 {
		b.After = c.sink.Before()
	}
	text, _ := c.encode(&line{Begin: b}) // holds nothing that cannot be written
	return text
}

// encode gives the line with its hash and makes it the head of the chain. The line is good until the next one. What is
// no JSON, such as a score that is no number, leaves the chain as it was.
func (c *chain) encode(l *line) ([]byte, error) {
	l.Chain, l.Seq, l.Time = c.name, c.seq+1, c.now().UTC()
	b, err := appendJSON(append(c.room[:0], c.head[:]...), l)
	if err != nil {
		return nil, err
	}
	c.seq++
	b = b[:len(b)-1]
	c.head = sha256.Sum256(b) // as link makes it, without a copy
	b = append(b, hashMember...)
	b = hex.AppendEncode(b, c.head[:])
	b = append(b, '"', '}', '\n')
	c.room = b
	return b[sha256.Size:], nil
}

func link(head [sha256.Size]byte, body []byte) [sha256.Size]byte {
	return sha256.Sum256(append(head[:len(head):len(head)], body...))
}

// put writes a line, into a new file where one is due.
func (c *chain) put(l *line) error {
	if err := c.turn(); err != nil {
		return err
	}
	return c.write(l)
}

// turn begins a file where one is due.
func (c *chain) turn() error {
	if c.sink.Due() && c.told != c.file {
		if err := c.write(&line{Next: c.file + 1}); err != nil {
			return err
		}
		c.told = c.file
	}
	return c.sink.Next(c.header)
}

// write writes a line. After a failure the chain stands where it stood: what may have been written of the line is cut
// off by the sink, or shows as a broken line.
func (c *chain) write(l *line) error {
	seq, head := c.seq, c.head
	text, err := c.encode(l)
	if err == nil {
		_, err = c.sink.Write(text)
	}
	if err != nil {
		c.seq, c.head = seq, head
		return fmt.Errorf("write the audit log: %w", err)
	}
	c.clean = c.clean && l.Seal != nil
	if l.Record != nil {
		c.records++
	}
	return nil
}

func (c *chain) append(r *Record) error { return c.put(&line{Record: r}) }

func (c *chain) gap(n int64) error { return c.put(&line{Gap: n}) }

// seal signs what was written since the last seal, if anything was, and brings it to the disk: what is sealed is not
// lost when the host crashes.
func (c *chain) seal() error {
	if c.clean {
		return nil
	}
	if err := c.turn(); err != nil { // what begins a file belongs to what is sealed
		return err
	}
	head := hex.EncodeToString(c.head[:])
	upto := c.seq
	if err := c.write(&line{Seal: &seal{Upto: upto, Head: head,
		Signature: c.keys.Sign(sealed(c.name, upto, head))}}); err != nil {
		return err
	}
	if err := c.flush(); err != nil {
		return err
	}
	if err := c.sink.Sync(); err != nil {
		return err
	}
	c.clean = true
	return nil
}

// flush writes what waits to where the file is known to be.
func (c *chain) flush() error {
	if err := c.stand(); err != nil {
		return err
	}
	return c.sink.Flush()
}

// prune removes the files that the settings do not want kept any more, after it has said so under a seal. stuck is
// about files that could not be removed.
func (c *chain) prune() (stuck, err error) {
	old := c.sink.Old(c.now())
	if len(old) == 0 {
		return nil, nil
	}
	l := &line{}
	for _, f := range old {
		l.Pruned = append(l.Pruned, f.pruned)
	}
	if err := c.put(l); err != nil {
		return nil, err
	}
	if err := c.seal(); err != nil {
		return nil, err
	}
	return c.sink.Remove(old), nil
}

func (c *chain) close() error {
	err := c.stand()
	if ending := c.put(&line{End: true}); err == nil {
		err = ending
	}
	if sealing := c.seal(); err == nil {
		err = sealing
	}
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
