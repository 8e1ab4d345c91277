package audit

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/go-json-experiment/json"
)

// Report is what a check of one chain has found.
type Report struct {
	Chain   string `json:"chain"`
	Key     string `json:"key"`   // short name of the public key that the chain names
	First   int    `json:"first"` // number of the first file that is there: 1, unless the oldest were removed
	Files   int    `json:"files"`
	Records int    `json:"records"`
	Missing int64  `json:"missing"`          // records that the gateway itself says it could not keep
	Sealed  int64  `json:"sealed"`           // sequence number up to which a seal vouches
	Vouched int64  `json:"vouched,omitzero"` // sequence number up to which the beginning of a later chain vouches
	// lines for which neither vouches: their order and content hold together, but an end may be missing
	Unsealed int `json:"unsealed"`
	// the last line is being written, or was when the process or its disk ended
	Torn   bool `json:"torn"`
	Closed bool `json:"closed"` // the process has ended in order, and nothing is missing at the end
	// a later chain, although the end of this one is not sealed: it runs beside that one, was killed, or was cut
	Followed string   `json:"followed,omitzero"`
	Pruned   int      `json:"pruned,omitzero"` // files that the settings have removed, as a seal says
	Faults   []string `json:"faults"`          // what is wrong, with file and line; none proves the chain

	start string     // file and line of its beginning
	prev  string     // that the first file begins with
	after *point     // that the chain names
	seals []sealSeen // of files that were removed, not yet believed
}

// sealSeen is a statement about files that a seal behind it must vouch for.
type sealSeen struct {
	seq   int64
	files []pruned
}

// OK tells that nothing was changed, and nothing removed before the last seal.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

// Check says how strict a verification is.
type Check struct {
	// Public are keys of which one must have signed. Without any, seals must be of the key that the files name, which only
	// proves that they are of one piece.
	Public  []ed25519.PublicKey
	Partial bool        // files may be missing before the first of a chain, and chains before others
	Each    func(Found) // told of every record, before anything behind it was checked; may be nil
}

// Found is a record in its chain.
type Found struct {
	Chain  *Report // complete only when the verification has ended
	Seq    int64
	Record Record
}

// Verify checks files in order and gives a report for each chain in them. The error is about reading, never about
// content.
func Verify(paths []string, how Check) ([]*Report, error) {
	v := verifier{Check: how, links: map[string][]claim{}}
	for _, p := range paths {
		if err := v.claims(p); err != nil {
			return nil, err
		}
	}
	for _, p := range paths {
		if err := v.file(p); err != nil {
			return nil, err
		}
	}
	v.end()
	v.missing()
	return v.reports, nil
}

type verifier struct {
	Check
	reports []*Report

	links map[string][]claim // by the chain that they name

	now   *Report
	path  string // of the present file
	next  int    // the file that the last line says to follow; 0 is none
	head  [sha256.Size]byte
	seq   int64
	files int               // of this chain, so far
	key   ed25519.PublicKey // of this chain
	since int               // lines since the last seal or the last line that a later chain names
	ended bool              // the process has said so
}

const longestLine = 16 << 20

func (v *verifier) file(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	v.path = path
	r := bufio.NewReaderSize(f, 64<<10)
	for n := 1; ; n++ {
		text, err := r.ReadBytes('\n')
		if len(text) > longestLine {
			v.fault(path, n, "the line is too long")
			return nil
		}
		if len(text) > 0 {
			v.line(path, n, text)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (v *verifier) fault(path string, n int, format string, args ...any) {
	if v.now == nil {
		v.start("unknown")
	}
	const most = 100 // one change breaks every seal behind it
	if len(v.now.Faults) < most {
		v.now.Faults = append(v.now.Faults, fmt.Sprintf("%s:%d: ", path, n)+fmt.Sprintf(format, args...))
	}
}

func (v *verifier) start(chain string) {
	v.end()
	v.now = &Report{Chain: chain}
	v.reports = append(v.reports, v.now)
	v.head, v.seq, v.files, v.key, v.since, v.next, v.ended = [sha256.Size]byte{}, 0, 0, nil, 0, 0, false
}

func (v *verifier) line(path string, n int, text []byte) {
	whole := bytes.TrimSuffix(text, []byte("\n"))
	body, hash, ok := cutHash(whole)
	var l line
	if !ok && v.now != nil && torn(text) {
		v.now.Torn = true
		return
	}
	if !ok || json.Unmarshal(append(bytes.Clone(body), '}'), &l) != nil {
		v.fault(path, n, "this is not a line of an audit log")
		return
	}
	if l.Begin != nil {
		v.begin(path, n, &l)
	}
	switch {
	case v.now == nil || l.Begin == nil && v.files == 0:
		v.fault(path, n, "the file does not begin with the beginning of a chain")
		return
	case l.Chain != v.now.Chain:
		v.fault(path, n, "the line is of another chain")
		return
	case l.Seq != v.seq+1:
		v.fault(path, n, "line %d of the chain follows line %d", l.Seq, v.seq)
	}
	v.seq, v.next = l.Seq, l.Next
	before := v.head
	if sum := link(v.head, body); hex.EncodeToString(sum[:]) != hash {
		v.fault(path, n, "the line was changed, or the one before it was changed or removed")
	}
	// The chain goes on from what the line says of itself, so that one change is one fault.
	_, _ = hex.Decode(v.head[:], []byte(hash)[:min(len(hash), 2*sha256.Size)])
	v.since++
	v.linked(path, n, l.Seq, hash)
	switch {
	case l.Record != nil:
		v.now.Records++
		if v.Each != nil {
			v.Each(Found{v.now, l.Seq, *l.Record})
		}
	case l.Gap > 0:
		v.now.Missing += l.Gap
	case l.Lost != nil:
		v.now.Missing += l.Lost.Records
		v.fault(path, n, "file %d of the chain was removed, replaced or cut while the gateway wrote it, with %d records",
			l.Lost.File, l.Lost.Records)
	case len(l.Pruned) > 0:
		v.now.seals = append(v.now.seals, sealSeen{l.Seq, l.Pruned})
	case l.End:
		v.ended = true
	case l.Seal != nil:
		v.seal(path, n, &l, before)
	}
}

func (v *verifier) begin(path string, n int, l *line) {
	key, err := base64.StdEncoding.DecodeString(l.Begin.Public)
	if err != nil || len(key) != ed25519.PublicKeySize {
		v.fault(path, n, "the public key cannot be read")
		return
	}
	if v.now == nil || v.now.Chain != l.Chain {
		v.start(l.Chain)
		v.key, v.now.Key, v.now.First = key, KeyID(key), l.Begin.File
		v.now.start, v.now.prev, v.now.after = fmt.Sprintf("%s:%d: ", path, n), l.Begin.Prev, l.Begin.After
		if l.Begin.File != 1 {
			v.seq = l.Seq - 1
			_, _ = hex.Decode(v.head[:], []byte(l.Begin.Prev)[:min(len(l.Begin.Prev), 2*sha256.Size)])
		}
	} else if l.Begin.File != v.files+1 || !bytes.Equal(key, v.key) {
		v.fault(path, n, "file %d of the chain follows file %d", l.Begin.File, v.files)
	}
	if len(v.Public) > 0 && !slices.ContainsFunc(v.Public,
		func(p ed25519.PublicKey) bool { return p.Equal(ed25519.PublicKey(key)) }) {
		v.fault(path, n, "the chain is signed with another key")
	}
	if l.Begin.Prev != hex.EncodeToString(v.head[:]) {
		v.fault(path, n, "the end of the file before was removed")
	}
	if v.now.Torn {
		v.fault(path, n, "the file before ends in the middle of a line")
	}
	v.files = l.Begin.File
	v.now.Files++
}

// torn tells the beginning of a line: it has no end, and nothing stands behind where its hash would end.
func torn(text []byte) bool {
	if bytes.HasSuffix(text, []byte("\n")) {
		return false
	}
	_, hash, hashed := bytes.Cut(text, []byte(hashMember))
	return !hashed || len(hash) <= 2*sha256.Size || string(hash[2*sha256.Size:]) == `"`
}

func (v *verifier) seal(path string, n int, l *line, head [sha256.Size]byte) {
	s := l.Seal
	switch {
	case s.Upto != l.Seq-1 || s.Head != hex.EncodeToString(head[:]):
		v.fault(path, n, "the seal is not for the line before it")
	case !Signed(v.key, sealed(l.Chain, s.Upto, s.Head), s.Signature):
		v.fault(path, n, "the signature of the seal is wrong")
	default:
		v.now.Sealed = s.Upto
		v.now.Closed = v.ended
		v.since = 0
	}
}
