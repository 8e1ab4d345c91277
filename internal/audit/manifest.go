package audit

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Manifest is what an answer carries when its client asks for it: a signed statement of where it comes from. Who has
// the public key and the answer can check it without the records.
type Manifest struct {
	Version   int      `json:"version"` // 1
	ID        string   `json:"id"`      // of the record
	Chain     string   `json:"chain"`   // that the record stands in
	Time      string   `json:"time"`    // of the answer, RFC 3339
	Asked     string   `json:"asked"`   // the model that the client named
	Served    string   `json:"served"`  // the public id that served
	SHA256    []string `json:"sha256"`  // digest of each choice, in the form of [Answer] without a key
	Records   []string `json:"records"` // digest of each choice as it stands in the record
	Key       string   `json:"key"`     // short name of the public key
	Signature string   `json:"signature"`
}

// statement is what is signed: a line of its own for each member, in their order.
func (m *Manifest) statement() []byte {
	return []byte(strings.Join([]string{
		"outcrop provenance manifest", fmt.Sprint(m.Version), m.ID, m.Chain, m.Time, m.Asked, m.Served,
		strings.Join(m.SHA256, ","), strings.Join(m.Records, ","), m.Key, "",
	}, "\n"))
}

// Verify tells what is wrong with the signature of a manifest; nil is nothing.
func (m *Manifest) Verify(public []ed25519.PublicKey) error {
	if m.Version != 1 {
		return fmt.Errorf("the manifest is of version %d, which is not known here", m.Version)
	}
	for _, p := range public {
		if KeyID(p) == m.Key && Signed(p, m.statement(), m.Signature) {
			return nil
		}
	}
	return errors.New("the manifest is not signed with the key")
}

// Signing makes the manifest of one answer.
type Signing struct {
	entry  *Entry
	digest *Answer // without a key
}

// Sign begins a manifest. Its Digest must be told what that of the entry is told.
func (e *Entry) Sign() *Signing {
	return &Signing{e, plainHashes().answer()}
}

// Digest takes the digests without a key.
func (s *Signing) Digest() *Answer { return s.digest }

// Manifest ends the digests and gives the signed manifest as JSON. Asked, Served and Answers of the entry must be set.
func (s *Signing) Manifest(now time.Time) jsontext.Value {
	e, keys := s.entry, s.entry.log.keys
	m := Manifest{
		Version: 1, ID: e.ID, Chain: e.log.chain.name, Time: now.UTC().Format(time.RFC3339Nano), Asked: plain(e.Asked),
		Served: plain(e.Served),
		SHA256: s.digest.Sums(), Records: e.Answers, Key: KeyID(keys.PublicKey()),
	}
	m.Signature = keys.Sign(m.statement())
	text, err := json.Marshal(m, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil // strings and a number always can be written
	}
	return text
}
