package policy

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// Bounds of what a stream keeps.
const (
	streamContext = 400       // bytes already released that detectors still read, for the words around
	streamMost    = 8432      // bytes that are held back at most; beyond, all but the last words go out
	streamJSON    = 4_000_000 // bytes of a tool call's arguments
	streamLong    = 512       // bytes that are held back from which on more is waited for before they are looked at again
)

// Stream inspects one text of an answer that comes in pieces. It gives out what is decided and holds back only what may
// still become, or change, a finding. A Stream belongs to one goroutine.
type Stream struct {
	session  *Session
	text     Text
	verdict  Verdict
	buf      string          // context, then what is held back
	more     strings.Builder // pieces behind that, until they are looked at
	next     int             // bytes from which on it is looked at again
	released int             // bytes of buf that are context
	length   int             // characters given out
	moves    Moves
	idle     bool // there is nothing to look for
	cut      bool // at the greatest length
}

// Stream begins a text of the answer; t.Value is ignored. Texts with t.JSON are decided at their end: what a string of
// arguments says cannot be read before it is whole.
func (s *Session) Stream(t Text) *Stream {
	p := s.policy
	idle := len(p.detectors) == 0 && len(p.domains.Rules) == 0 && len(p.output.forbidden) == 0 &&
		len(p.output.canaries) == 0 && p.cfg.Output.MaxLength == 0 && len(s.system) == 0
	return &Stream{session: s, text: t, idle: idle}
}

// Verdict is what was decided so far; its Texts are empty. After Blocked nothing more comes out.
func (st *Stream) Verdict() Verdict { return st.verdict }

// Place is where a place of the text, in code points, lies in what came out; known is false while that is not decided.
func (st *Stream) Place(p int) (moved int, known bool) {
	moved, known = st.moves.Place(p), st.idle || st.moves.Known(p)
	if st.cut {
		moved = min(moved, st.session.policy.cfg.Output.MaxLength)
	}
	return moved, known
}

// Passed tells of a piece of the text that was inspected by itself, and how its places moved.
func (st *Stream) Passed(piece string, moves Moves) { st.moves.Add(piece, moves) }

// Feed takes the next piece and gives what can go out.
func (st *Stream) Feed(ctx context.Context, piece string) (string, error) {
	if st.idle {
		return piece, nil
	}
	if size := len(st.buf) + st.more.Len() + len(piece); size < st.next || st.text.JSON && size < streamJSON {
		st.more.WriteString(piece)
		return "", nil
	}
	st.buf += st.held() + piece
	out, err := st.release(ctx, st.safe())
	// A long word, or a key without an end, is not read from its beginning with every piece.
	if long := len(st.buf) - st.released; long > streamLong {
		st.next = len(st.buf) + long/8
	} else {
		st.next = 0
	}
	return out, err
}

// held gives the pieces that were not looked at.
func (st *Stream) held() string {
	text := st.more.String()
	st.more.Reset()
	return text
}

// Flush gives the rest at the end of the text.
func (st *Stream) Flush(ctx context.Context) (string, error) {
	st.buf += st.held()
	if st.text.JSON && !st.idle && st.released == 0 {
		t := st.text
		t.Value = st.buf
		st.buf = ""
		v, err := st.session.Inspect(ctx, Output, []Text{t})
		if err != nil {
			return "", err
		}
		st.verdict.Blocked = st.verdict.Blocked || v.Blocked
		st.verdict.Decisions = append(st.verdict.Decisions, v.Decisions...)
		if v.Blocked {
			return "", nil
		}
		st.moves.Add(t.Value, v.Moves(0))
		return v.Texts[0], nil
	}
	return st.release(ctx, len(st.buf))
}

// release gives out the buffer up to at, or up to a finding that lies across.
func (st *Stream) release(ctx context.Context, at int) (string, error) {
	if st.verdict.Blocked || at <= st.released {
		return "", nil
	}
	t := st.text
	t.Value, t.Head, t.Tail = st.buf, st.released > 0, at < len(st.buf)
	edits, err := st.session.edits(ctx, Output, t)
	if err != nil {
		return "", err
	}
	edits = slices.DeleteFunc(edits, func(e edit) bool { return e.Start < st.released || e.Kind == KindLength })
	for _, e := range edits {
		if e.Start < at && e.End > at {
			at = e.Start
		}
	}
	edits = slices.DeleteFunc(edits, func(e edit) bool { return e.Start >= at })
	st.verdict.note(t, edits)
	if st.verdict.Blocked {
		return "", nil
	}
	for i := range edits {
		edits[i].Start -= st.released
		edits[i].End -= st.released
	}
	piece := st.buf[st.released:at]
	out, moves := st.session.rewrite(Output, piece, edits)
	st.moves.Add(piece, moves)
	out = st.limit(out)
	keep := max(0, at-streamContext)
	if keep > 0 {
		if sp := strings.IndexAny(st.buf[keep:at], " \n"); sp >= 0 {
			keep += sp
		}
	}
	st.buf, st.released = st.buf[keep:], at-keep
	return out, nil
}

// limit cuts at the greatest length of a text.
func (st *Stream) limit(out string) string {
	most := st.session.policy.cfg.Output.MaxLength
	if most == 0 {
		return out
	}
	n := utf8.RuneCountInString(out)
	st.length += n
	if st.length <= most {
		return out
	}
	a := st.session.policy.decide(KindLength, Output, st.text.Role)
	st.verdict.note(st.text, []edit{{Finding{Kind: KindLength, Score: 1}, a}})
	if a == Flag {
		return out
	}
	left := max(0, most-(st.length-n))
	st.length, st.cut = most, true
	return string([]rune(out)[:left])
}

// safe is how far the buffer is decided whatever comes: before the last words, as far as every detector says, and the
// rules of answers.
func (st *Stream) safe() int {
	s, p := st.buf, st.session.policy
	at := min(finding.Cluster(s, st.released, nil), p.output.settled(s, len(st.session.system) > 0))
	for _, d := range p.detectors {
		at = min(at, d.Settled(s, st.released))
	}
	if len(s)-at > streamMost {
		at = len(s) - finding.ClusterBytes
	}
	for at > st.released && at < len(s) && !utf8.RuneStart(s[at]) {
		at--
	}
	return max(at, st.released)
}
