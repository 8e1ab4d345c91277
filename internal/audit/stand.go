package audit

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
)

// replacedError says that a file was removed, replaced or cut while it was written. A new one goes on from there.
type replacedError struct {
	path    string
	records int64
}

func (e *replacedError) Error() string {
	return fmt.Sprintf("%s was removed, replaced or cut while it was written; %d records are gone, and the chain goes "+
		"on in a new file", e.path, e.records)
}

// stand looks whether the file that is written is still where it was made. If it is not, what is written to it would be
// seen by nobody: a new file is begun, which says how many records are gone with the old one, and what had waited for
// that one is written to it. The error tells so, once.
func (c *chain) stand() error {
	path, waiting, gone := c.sink.Lost()
	if gone {
		c.waiting = append(c.waiting, waiting...)
		c.lost = append(c.lost, lost{c.file, c.records - int64(bytes.Count(waiting, []byte(recordMember)))})
	}
	if len(c.lost) == 0 {
		return nil
	}
	if err := c.sink.Next(c.header); err != nil {
		return err
	}
	replaced := &replacedError{path: path}
	for len(c.lost) > 0 {
		l := c.lost[0]
		if err := c.write(&line{Lost: &l}); err != nil {
			return err
		}
		replaced.records += l.Records
		c.lost = c.lost[1:]
	}
	for text := range bytes.Lines(c.waiting) {
		if err := c.again(text); err != nil {
			return err
		}
		c.waiting = c.waiting[len(text):]
	}
	if err := c.sink.Flush(); err != nil {
		return err
	}
	return replaced
}

// again writes a line anew that nothing behind it has been written for. Beginnings and seals were those of the old
// file.
func (c *chain) again(text []byte) error {
	body, _, _ := cutHash(bytes.TrimSuffix(text, []byte("\n")))
	var l line
	if err := json.Unmarshal(append(bytes.Clone(body), '}'), &l, lenient()); err != nil {
		return fmt.Errorf("read a line of the audit log that waits: %w", err)
	}
	if l.Record == nil && l.Gap == 0 && l.Lost == nil && l.Pruned == nil {
		return nil
	}
	return c.write(&l)
}
