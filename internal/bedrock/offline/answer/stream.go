package answer

import (
	"bytes"
	"hash/crc32"
	"regexp"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"outcrop/internal/bedrock/offline/wire"
)

// Frames is the answer as events, in the order of FACTS 1.4: messageStart, the blocks one after the other, messageStop,
// metadata. A contentBlockStart exists for tool calls only.
func (a *Answer) Frames(r *wire.ConverseRequest, t wire.Target) []wire.Frame {
	f := t.Model.Traits
	e := &events{}
	e.add("messageStart", map[string]any{"role": "assistant"})
	index := 0
	if f.Reasoning == wire.ReasonsByEffort { // gpt-oss opens with an empty text block [FACTS 1.4]
		e.delta(0, map[string]any{"text": ""})
		e.stop(0)
		index++
	}
	for _, b := range a.Blocks {
		e.block(index, b, f)
		index++
	}
	stop := map[string]any{"stopReason": a.Stop}
	if fields := a.nativeFields(r); fields != nil {
		stop["additionalModelResponseFields"] = fields
	}
	e.add("messageStop", stop)
	meta := map[string]any{"usage": a.Usage.json(f, true), "metrics": map[string]any{"latencyMs": a.latency()}}
	a.echo(meta, r, t)
	e.add("metadata", meta)
	return e.frames
}

type events struct{ frames []wire.Frame }

func (e *events) add(event string, payload map[string]any) {
	e.frames = append(e.frames, EventFrame(event, payload))
}

func (e *events) delta(index int, delta map[string]any) {
	e.add("contentBlockDelta", map[string]any{"contentBlockIndex": index, "delta": delta})
}

func (e *events) stop(index int) {
	e.add("contentBlockStop", map[string]any{"contentBlockIndex": index})
}

func (e *events) block(index int, b Block, f wire.Family) {
	switch {
	case b.call != nil:
		e.call(index, b.call, f)
	case b.reason != nil:
		e.reason(index, b.reason)
	default:
		for _, piece := range words(*b.Text) {
			e.delta(index, map[string]any{"text": piece})
		}
	}
	e.stop(index)
}

func (e *events) call(index int, c *call, f wire.Family) {
	use := map[string]any{"toolUseId": c.id, "name": c.Name}
	if f.TypedCalls {
		use["type"] = "tool_use"
	}
	e.add("contentBlockStart", map[string]any{"contentBlockIndex": index, "start": map[string]any{"toolUse": use}})
	if !f.Fragments {
		e.delta(index, map[string]any{"toolUse": map[string]any{"input": string(c.input)}})
		return
	}
	e.delta(index, map[string]any{"toolUse": map[string]any{"input": ""}})
	if string(c.input) == "{}" { // a call without arguments has no other fragment [FACTS 1.4]
		return
	}
	for _, piece := range fragments(string(c.input), 9) {
		e.delta(index, map[string]any{"toolUse": map[string]any{"input": piece}})
	}
}

func (e *events) reason(index int, r *reason) {
	inside := func(key string, v any) {
		e.delta(index, map[string]any{"reasoningContent": map[string]any{key: v}})
	}
	if r.redacted != nil {
		inside("redactedContent", wire.Base64Of(r.redacted))
		return
	}
	for _, piece := range words(r.text) {
		inside("text", piece)
	}
	if r.signature != "" {
		inside("signature", r.signature)
	}
}

var word = regexp.MustCompile(`\s*\S+|\s+$`)

// words cuts a text into pieces of one word each, with the space before it. An empty text is one empty piece, a very
// long word is cut too.
func words(t string) []string {
	if t == "" {
		return []string{""}
	}
	var pieces []string
	for _, w := range word.FindAllString(t, -1) {
		pieces = append(pieces, fragments(w, 40)...)
	}
	return pieces
}

// fragments cuts a text into pieces of about n bytes, never inside a character.
func fragments(t string, n int) []string {
	var pieces []string
	for len(t) > n {
		at := n
		for at > 0 && !utf8.RuneStart(t[at]) {
			at--
		}
		pieces = append(pieces, t[:at])
		t = t[at:]
	}
	return append(pieces, t)
}

const filler62 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// EventFrame encodes one event. The filler p has a length that depends on the payload, so that the same answer has the
// same bytes.
func EventFrame(event string, payload map[string]any) wire.Frame {
	sum := crc32.ChecksumIEEE(wire.Marshal(payload))
	payload["p"] = filler62[:2+sum%uint32(len(filler62)-2)]
	return encode(event, ":event-type", "event", wire.Marshal(payload))
}

// ExceptionFrame encodes an exception inside a stream; its type is spelt in lower camel case [FACTS 1.4].
func ExceptionFrame(e *wire.Exception) wire.Frame {
	first, size := utf8.DecodeRuneInString(e.Name)
	return encode(string(unicode.ToLower(first))+e.Name[size:], ":exception-type", "exception", e.Body())
}

func encode(name, header, sort string, payload []byte) wire.Frame {
	m := eventstream.Message{Payload: payload}
	m.Headers.Set(header, eventstream.StringValue(name))
	m.Headers.Set(":content-type", eventstream.StringValue("application/json"))
	m.Headers.Set(":message-type", eventstream.StringValue(sort))
	var b bytes.Buffer
	// Encoding fails for messages above 16 MB only, which no answer here reaches.
	_ = eventstream.NewEncoder().Encode(&b, m)
	return wire.Frame{Event: name, Bytes: b.Bytes()}
}
