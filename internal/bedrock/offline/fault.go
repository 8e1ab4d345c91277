package offline

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fault is what a request asks to go wrong; the package comment is its grammar. The zero value is a good day.
type fault struct {
	throttle int // -1: always; n: the first n requests
	key      string
	delay    time.Duration
	err      *exception
	first    *exception
	after    *exception
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
func faultOf(op operation, header string) (fault, *exception) {
	var f fault
	for i, spec := range []string{op.spec, header} {
		for _, one := range strings.FieldsFunc(spec, func(r rune) bool { return r == ',' || r == '+' }) {
			if f.set(strings.TrimSpace(one)) {
				continue
			}
			if i == 0 {
				return f, invalid(badIdentifier)
			}
			return f, invalid("The header x-outcrop-fault holds an unknown fault: %s", one)
		}
	}
	f.key = op.id + "\n" + op.spec + "\n" + header
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
		f.err = byName(value)
		return value != ""
	case "first":
		f.first = byName(value)
		return value != ""
	case "after":
		count, exception, ok := strings.Cut(value, ":")
		n, err := strconv.Atoi(count)
		f.afterN, f.after = n, byName(exception)
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
func (f fault) spoil(rep *reply) *reply {
	if f.err != nil {
		return f.err.reply()
	}
	if rep.status >= 400 {
		return rep
	}
	if !rep.stream {
		return f.spoilBody(rep)
	}
	frames := slices.Clone(rep.frames)
	if f.noMeta {
		frames = slices.DeleteFunc(frames, func(fr frame) bool { return fr.event == "metadata" })
	}
	if f.noStop {
		frames = slices.DeleteFunc(frames, func(fr frame) bool { return fr.event == "contentBlockStop" })
	}
	if f.unknown {
		frames = addUnknown(frames)
	}
	switch {
	case f.empty:
		frames = nil
	case f.first != nil:
		frames = []frame{exceptionFrame(f.first)}
	case f.after != nil:
		frames = append(frames[:min(f.afterN, len(frames))], exceptionFrame(f.after))
	}
	if f.garbage && len(frames) > 0 {
		bad := bytes.Clone(frames[len(frames)/2].bytes)
		bad[len(bad)-1] ^= 0xff // the last byte belongs to the checksum
		frames[len(frames)/2].bytes = bad
	}
	return &reply{status: rep.status, header: rep.header, stream: true, frames: frames}
}

func (f fault) spoilBody(rep *reply) *reply {
	out := &reply{status: rep.status, header: rep.header, body: rep.body}
	switch {
	case f.first != nil:
		return f.first.reply()
	case f.after != nil:
		return f.after.reply()
	case f.empty:
		out.body = nil
	case f.garbage:
		out.body = []byte(`{"output": this is not JSON`)
	case f.unknown:
		out.body = addUnknownMembers(rep.body)
	}
	return out
}

// addUnknown puts what no service model of today knows into a stream: an event, a block with a start of an unknown kind, and a
// delta of an unknown kind inside a block that is open.
func addUnknown(frames []frame) []frame {
	strange := map[string]any{"kind": "not known"}
	var out []frame
	for _, fr := range frames {
		if fr.event == "messageStop" {
			out = append(out,
				eventFrame("contentBlockStart", map[string]any{"contentBlockIndex": 900, "start": map[string]any{"hologram": strange}}),
				eventFrame("contentBlockDelta", map[string]any{"contentBlockIndex": 900, "delta": map[string]any{"hologram": strange}}),
				eventFrame("contentBlockStop", map[string]any{"contentBlockIndex": 900}))
		}
		out = append(out, fr)
		switch fr.event {
		case "messageStart":
			out = append(out, eventFrame("contentBlockHeartbeat", map[string]any{"kind": "not known"}))
		case "contentBlockDelta":
			if !slices.ContainsFunc(out[:len(out)-1], func(fr frame) bool { return fr.event == "contentBlockDelta" }) {
				out = append(out, eventFrame("contentBlockDelta", map[string]any{"contentBlockIndex": 0, "delta": map[string]any{"hologram": strange}}))
			}
		}
	}
	return out
}

func addUnknownMembers(body []byte) []byte {
	v, e := decodeAny(body)
	m, ok := v.(map[string]any)
	if e != nil || !ok {
		return body
	}
	m["hologram"] = map[string]any{"kind": "not known"}
	if output, ok := m["output"].(map[string]any); ok {
		if msg, ok := output["message"].(map[string]any); ok {
			msg["content"] = append(asList(msg["content"]), map[string]any{"hologram": map[string]any{"kind": "not known"}})
		}
	}
	return marshal(m)
}

// throttles counts how often a list of faults was used, for throttle=N.
type throttles struct {
	mu   sync.Mutex
	seen map[string]int
}

const maxThrottles = 1024

func newThrottles() *throttles { return &throttles{seen: map[string]int{}} }

// refuse gives the exception of a throttled request, else nil.
func (t *throttles) refuse(f fault) *exception {
	switch {
	case f.throttle == 0:
		return nil
	case f.throttle < 0:
		return byName("ThrottlingException")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.seen[f.key]; !known && len(t.seen) >= maxThrottles {
		clear(t.seen) // forgetting all is crude, but keeps the memory bounded
	}
	t.seen[f.key]++
	if t.seen[f.key] <= f.throttle {
		return byName("ThrottlingException")
	}
	return nil
}
