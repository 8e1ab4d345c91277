package audit

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// claim is what the beginning of a chain says of another that was there before it.
type claim struct {
	point
	by string // chain
}

// claims reads what the first line of a file names. What is wrong with that line is told when it is verified.
func (v *verifier) claims(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	first, _ := bufio.NewReader(f).ReadBytes('\n')
	var l line
	if json.Unmarshal(first, &l, lenient()) == nil && l.Begin != nil && l.Begin.After != nil {
		to := l.Begin.After
		v.links[to.Chain] = append(v.links[to.Chain], claim{*to, l.Chain})
	}
	return nil
}

// linked compares a line with what later chains say of it.
func (v *verifier) linked(path string, n int, seq int64, hash string) {
	for _, l := range v.links[v.now.Chain] {
		switch {
		case l.Seq != seq:
		case l.Hash != hash:
			v.fault(path, n, "the line is not the one that chain %s has seen", l.by)
		default:
			v.now.Vouched, v.since = seq, 0
		}
	}
}

// end judges the end of the chain that was read.
func (v *verifier) end() {
	r := v.now
	if r == nil {
		return
	}
	r.Unsealed = v.since
	r.Closed = r.Closed && v.since == 0
	if v.next > 0 && v.gone(v.next) {
		r.Faults = append(r.Faults, fmt.Sprintf("%s: the chain goes on in file %d, which is missing", v.path, v.next))
	}
	for _, l := range v.links[r.Chain] {
		if l.Seq > v.seq {
			r.Faults = append(r.Faults,
				fmt.Sprintf("%s: the end was removed: line %d is the last, and chain %s has seen line %d", v.path,
					v.seq, l.by, l.Seq))
		}
		if !r.Closed && v.since > 0 {
			r.Followed = l.by
		}
	}
}

// gone tells whether the file after the present one is missing. One that was begun while the others were read is not.
func (v *verifier) gone(next int) bool {
	dir, name := filepath.Split(v.path)
	stem := strings.LastIndexByte(name, '-')
	if stem < 0 {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, fmt.Sprintf("%s-%04d.jsonl", name[:stem], next)))
	return err != nil || fileNumber(v.path) == 0
}

// missing looks for files and chains that should be there, and that no statement under a seal says to have been removed
// by the settings.
func (v *verifier) missing() {
	there := map[string]bool{}
	removed := map[string][]pruned{}
	for _, r := range v.reports {
		there[r.Chain] = true
		for _, s := range r.seals {
			if s.seq > r.Sealed {
				continue
			}
			for _, f := range s.files {
				removed[f.Chain] = append(removed[f.Chain], f)
			}
		}
	}
	if v.Partial {
		return
	}
	for _, r := range v.reports {
		if r.First > 1 && !slices.ContainsFunc(removed[r.Chain],
			func(f pruned) bool { return f.File == r.First-1 && f.Hash == r.prev }) {
			r.Faults = append(r.Faults, fmt.Sprintf("%sthe chain begins with file %d: the files before it are missing",
				r.start, r.First))
		}
		r.Pruned = len(removed[r.Chain])
		if to := r.after; to != nil && !there[to.Chain] && !slices.ContainsFunc(removed[to.Chain],
			func(f pruned) bool { return f.Seq >= to.Seq }) {
			r.Faults = append(r.Faults, fmt.Sprintf("%schain %s, which was there before this one, is missing",
				r.start, to.Chain))
		}
	}
}
