package audit

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Proof is what was found out about an answer.
type Proof struct {
	Form    string // in which the file was read: "text", "JSON" or "stream"
	Choices []int  // of the answer, that the file holds
	Of      int    // so many choices has the answer
	ID      string
	At      string // RFC 3339
	Asked   string
	Served  string

	// Without a manifest also:
	Record *Record
	Chain  *Report
	Sealed bool // a seal vouches for the record
}

// ErrNotProven says that a file is not what the gateway has answered, or that nothing shows that it is.
var ErrNotProven = errors.New("not proven")

func notProven(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotProven, fmt.Sprintf(format, args...))
}

// RecordID reads the id of a record as people have it at hand: the header x-outcrop-provenance, or x-request-id, with
// or without req_.
func RecordID(text string) string {
	id, _, _ := strings.Cut(text, ";")
	id = strings.TrimSpace(id)
	if !strings.HasPrefix(id, "req_") {
		id = "req_" + id
	}
	return id
}

// Prove looks for the record of an answer in files, verifies the chain that it stands in, and compares its digests with
// those of file. The error is ErrNotProven, or about reading.
func Prove(paths []string, keys Keys, how Check, id string, file []byte) (*Proof, error) {
	var found *Found
	how.Each = func(f Found) {
		if f.Record.ID == id {
			found = &f
		}
	}
	if _, err := Verify(paths, how); err != nil {
		return nil, err
	}
	switch {
	case found == nil:
		return nil, notProven("there is no record %s", id)
	case !found.Chain.OK():
		return nil, notProven("the chain %s of the record does not hold: %s", found.Chain.Chain, found.Chain.Faults[0])
	case len(found.Record.Answers) == 0:
		return nil, notProven("the record %s is of an answer without text: status %d, outcome %s", id, found.Record.Status,
			found.Record.Outcome)
	}
	r := &found.Record
	p := &Proof{ID: r.ID, At: r.At.UTC().Format("2006-01-02T15:04:05.000Z"), Asked: r.Asked, Served: r.Served,
		Of:     len(r.Answers),
		Record: r, Chain: found.Chain, Sealed: found.Chain.Sealed >= found.Seq}
	return p, p.compare(ReadAnswer(file), keys.hashes, r.Answers)
}

// ProveManifest checks the signature of a manifest and compares its digests with those of file. The error is
// ErrNotProven.
func ProveManifest(m *Manifest, public []ed25519.PublicKey, file []byte) (*Proof, error) {
	if err := m.Verify(public); err != nil {
		return nil, notProven("%s", err)
	}
	p := &Proof{ID: m.ID, At: m.Time, Asked: m.Asked, Served: m.Served, Of: len(m.SHA256)}
	return p, p.compare(ReadAnswer(file), plainHashes(), m.SHA256)
}

// compare finds the form of a file in which it is what was answered. A text is one of the choices; of an answer every
// choice that it has must be the one of the same number.
func (p *Proof) compare(all []Said, h *hashes, want []string) error {
	for _, s := range all {
		a := h.answer()
		s.replay(a)
		p.Choices = nil
		for i, sum := range a.Sums() {
			at := i
			if s.Form == "text" {
				at = slices.Index(want, sum)
			}
			if at < 0 || at >= len(want) || want[at] != sum {
				p.Choices = nil
				break
			}
			p.Choices = append(p.Choices, at)
		}
		if p.Choices != nil {
			p.Form = s.Form
			return nil
		}
	}
	return notProven("the file is not what %s has answered", p.ID)
}
