package offline

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"outcrop/internal/bedrock/offline/answer"
	"outcrop/internal/bedrock/offline/wire"
)

// fault is what a request asks to go wrong; the package comment is its grammar. The zero value is a good day.
type fault struct {
	throttle int // -1: always; n: the first n requests
	key      string
	delay    time.Duration
	err      *wire.Exception
	first    *wire.Exception
	after    *wire.Exception
	afterN   int
	cut      int // events before the tear, if tearing
	silent   int // events before the silence, if muting
	split    int
	pace     time.Duration
	tearing  bool
	muting   bool
	mute     bool // silent from the start
	unknown  bool
	empty    bool
	noMeta   bool
	noStop   bool
	garbage  bool
}

// faultOf reads the faults of a request from the suffix of its model id and from its header.
func faultOf(op wire.Operation, header string) (fault, *wire.Exception) {
	var f fault
	for i, spec := range []string{op.Spec, header} {
		for _, one := range strings.FieldsFunc(spec, func(r rune) bool { return r == ',' || r == '+' }) {
			if f.set(strings.TrimSpace(one)) {
				continue
			}
			if i == 0 {
				return f, wire.Invalid(wire.BadIdentifier)
			}
			return f, wire.Invalid("The header x-outcrop-fault holds an unknown fault: %s", one)
		}
	}
	f.key = op.ID + "\n" + op.Spec + "\n" + header
	return f, nil
}

func (f *fault) set(spec string) bool {
	name, value, _ := strings.Cut(spec, "=")
	n, notNumber := strconv.Atoi(value)
	span, notSpan := time.ParseDuration(value)
	switch name {
	case "throttle":
		f.throttle = n
		if value == "" {
			f.throttle = -1
		}
		return value == "" || notNumber == nil && n >= 0
	case "key":
		return value != ""
	case "delay":
		f.delay = span
		return notSpan == nil
	case "pace":
		f.pace = span
		return notSpan == nil
	case "error":
		f.err = wire.ByName(value)
		return value != ""
	case "first":
		f.first = wire.ByName(value)
		return value != ""
	case "after":
		count, exception, ok := strings.Cut(value, ":")
		n, err := strconv.Atoi(count)
		f.afterN, f.after = n, wire.ByName(exception)
		return ok && err == nil && n >= 0 && exception != ""
	case "cut":
		f.cut, f.tearing = n, true
		return notNumber == nil && n >= 0
	case "silent":
		f.silent, f.muting, f.mute = n, value != "", value == ""
		return value == "" || notNumber == nil && n >= 0
	case "split":
		f.split = n
		return notNumber == nil && n > 0
	}
	return value == "" && f.flag(name)
}

func (f *fault) flag(name string) bool {
	switch name {
	case "unknown":
		f.unknown = true
	case "empty":
		f.empty = true
	case "nometa":
		f.noMeta = true
	case "nostop":
		f.noStop = true
	case "garbage":
		f.garbage = true
	default:
		return false
	}
	return true
}

// spoil changes a reply by those faults that do not depend on time.
func (f fault) spoil(rep *wire.Reply) *wire.Reply {
	if f.err != nil {
		return f.err.Reply()
	}
	if rep.Status >= 400 {
		return rep
	}
	if !rep.Stream {
		return f.spoilBody(rep)
	}
	frames := slices.Clone(rep.Frames)
	if f.noMeta {
		frames = slices.DeleteFunc(frames, func(fr wire.Frame) bool { return fr.Event == "metadata" })
	}
	if f.noStop {
		frames = slices.DeleteFunc(frames, func(fr wire.Frame) bool { return fr.Event == "contentBlockStop" })
	}
	if f.unknown {
		frames = addUnknown(frames)
	}
	switch {
	case f.empty:
		frames = nil
	case f.first != nil:
		frames = []wire.Frame{answer.ExceptionFrame(f.first)}
	case f.after != nil:
		frames = append(frames[:min(f.afterN, len(frames))], answer.ExceptionFrame(f.after))
	}
	if f.garbage && len(frames) > 0 {
		bad := bytes.Clone(frames[len(frames)/2].Bytes)
		bad[len(bad)-1] ^= 0xff // the last byte belongs to the checksum
		frames[len(frames)/2].Bytes = bad
	}
	return &wire.Reply{Status: rep.Status, Header: rep.Header, Stream: true, Frames: frames}
}

func (f fault) spoilBody(rep *wire.Reply) *wire.Reply {
	out := &wire.Reply{Status: rep.Status, Header: rep.Header, Body: rep.Body}
	switch {
	case f.first != nil:
		return f.first.Reply()
	case f.after != nil:
		return f.after.Reply()
	case f.empty:
		out.Body = nil
	case f.garbage:
		out.Body = []byte(`{"output": this is not JSON`)
	case f.unknown:
		out.Body = addUnknownMembers(rep.Body)
	}
	return out
}

// addUnknown puts what no service model of today knows into a stream: an event, a block with a start of an unknown
// kind, and a delta of an unknown kind inside a block that is open.
func addUnknown(frames []wire.Frame) []wire.Frame {
	strange := map[string]any{"kind": "not known"}
	var out []wire.Frame
	for _, fr := range frames {
		if fr.Event == "messageStop" {
			out = append(out,
				answer.EventFrame("contentBlockStart",
					map[string]any{"contentBlockIndex": 900, "start": map[string]any{"hologram": strange}}),
				answer.EventFrame("contentBlockDelta",
					map[string]any{"contentBlockIndex": 900, "delta": map[string]any{"hologram": strange}}),
				answer.EventFrame("contentBlockStop", map[string]any{"contentBlockIndex": 900}))
		}
		out = append(out, fr)
		switch fr.Event {
		case "messageStart":
			out = append(out, answer.EventFrame("contentBlockHeartbeat", map[string]any{"kind": "not known"}))
		case "contentBlockDelta":
			if !slices.ContainsFunc(out[:len(out)-1], func(fr wire.Frame) bool { return fr.Event == "contentBlockDelta" }) {
				out = append(out, answer.EventFrame("contentBlockDelta",
					map[string]any{"contentBlockIndex": 0, "delta": map[string]any{"hologram": strange}}))
			}
		}
	}
	return out
}

func addUnknownMembers(body []byte) []byte {
	v, e := wire.DecodeAny(body)
	m, ok := v.(map[string]any)
	if e != nil || !ok {
		return body
	}
	m["hologram"] = map[string]any{"kind": "not known"}
	if output, ok := m["output"].(map[string]any); ok {
		if msg, ok := output["message"].(map[string]any); ok {
			msg["content"] = append(wire.AsList(msg["content"]), map[string]any{"hologram": map[string]any{"kind": "not known"}})
		}
	}
	return wire.Marshal(m)
}

// throttles counts how often a list of faults was used, for throttle=N.
type throttles struct {
	mu   sync.Mutex
	seen map[string]int
}

const maxThrottles = 1024

func newThrottles() *throttles { return &throttles{seen: map[string]int{}} }

// refuse gives the exception of a throttled request, else nil.
func (t *throttles) refuse(f fault) *wire.Exception {
	switch {
	case f.throttle == 0:
		return nil
	case f.throttle < 0:
		return wire.ByName("ThrottlingException")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.seen[f.key]; !known && len(t.seen) >= maxThrottles {
		clear(t.seen) // forgetting all is crude, but keeps the memory bounded
	}
	t.seen[f.key]++
	if t.seen[f.key] <= f.throttle {
		return wire.ByName("ThrottlingException")
	}
	return nil
}
