package inspect

import (
	"context"
	"slices"
	"strings"

	"outcrop/internal/judge"
	"outcrop/openai"
	"outcrop/policy"
)

// segment is how many bytes of a stream detectors of Bedrock see at a time: they charge by thousands of characters.
const segment = 1000

// inspector inspects the parts of one answer. Each text that grows over chunks has a stream of its own; of each choice
// one is open, and closes before anything else of the choice goes out.
type inspector struct {
	*inspection
	yield    func(openai.Part, error) bool
	left     bool // the reader has
	head     *openai.Head
	open     map[int]*textStream          // by choice
	places   map[openai.Place]*textStream // all of them
	streams  []*textStream                // those, in order
	contents []*textStream                // those of contents, of which a choice has one
	closed   []int                        // choices that were blocked
}

// textStream is one text of a streamed answer.
type textStream struct {
	*inspector
	place       openai.Place
	text        policy.Text
	stream      *policy.Stream
	restore     *policy.Restorer
	unjudged    strings.Builder // not seen by the detectors of Bedrock yet
	judgedMoves policy.Moves    // of what they have seen
	literal     literal         // of a JSON text
	bare        string          // of a JSON text: a number or name that has no end yet
	noJSON      bool            // what should be JSON is none
	waiting     []openai.Delta  // what is told of places that are not decided yet
	blocked     bool
}

func (s *inspector) send(p openai.Part) { s.left = s.left || !s.yield(p, nil) }

// end writes down what was decided about the texts.
func (s *inspector) end() {
	for _, l := range s.streams {
		s.note(policy.Output, l.stream.Verdict().Decisions)
	}
}

// chunk inspects one chunk. What is left of it goes out unless nothing is.
func (s *inspector) chunk(ctx context.Context, c *openai.ChatChunk) error {
	s.head = c.Head
	had := len(c.Choices)
	c.Choices = slices.DeleteFunc(c.Choices,
		func(ch openai.ChunkChoice) bool { return slices.Contains(s.closed, ch.Index) })
	for n := range c.Choices {
		if err := s.closeBefore(ctx, &c.Choices[n]); err != nil || s.left {
			return err
		}
	}
	var signed []openai.Place
	var sealed []policy.Text
	for place, text := range c.Texts() {
		var err error
		switch {
		case place.Signed:
			t := s.outgoing(place)
			t.Value = *text
			signed, sealed = append(signed, place), append(sealed, t)
		case place.Path == "reasoning_details" || place.Path == "annotations" || place.Path == "citations":
			err = s.once(ctx, place, text)
		default:
			*text, err = s.textStream(place).feed(ctx, *text)
		}
		if err != nil {
			return err
		}
	}
	if err := s.seal(ctx, policy.Output, c, signed, sealed); err != nil {
		return err
	}
	for n := range c.Choices {
		ch := &c.Choices[n]
		if l := s.open[ch.Index]; l != nil && l.blocked {
			s.block(ch.Index)
		}
		if k := slices.IndexFunc(s.contents, func(l *textStream) bool { return l.place.Choice == ch.Index }); k >= 0 {
			s.contents[k].tell(&ch.Delta)
		}
	}
	c.Choices = slices.DeleteFunc(c.Choices,
		func(ch openai.ChunkChoice) bool { return slices.Contains(s.closed, ch.Index) || !says(&ch) })
	if len(c.Choices) > 0 || had == 0 || c.Usage != nil || !c.Outcrop.Empty() {
		s.send(c)
	}
	for _, l := range s.contents {
		l.tellWaiting(false)
	}
	return nil
}

// says tells whether anything is left of a choice.
func says(ch *openai.ChunkChoice) bool {
	d := &ch.Delta
	d.ToolCalls = slices.DeleteFunc(d.ToolCalls,
		func(t openai.ToolCallDelta) bool { return t.ID == "" && t.Name == "" && t.Arguments == "" })
	if f := d.FunctionCall; f != nil && f.Name == "" && f.Arguments == "" {
		d.FunctionCall = nil
	}
	return ch.FinishReason != "" || d.Role != "" || d.Content != "" || d.Reasoning != "" || len(d.ReasoningDetails) > 0 ||
		len(d.ToolCalls) > 0 ||
		d.FunctionCall != nil || len(d.Annotations) > 0 || len(d.Citations) > 0
}

// closeBefore closes the open text of a choice when the chunk holds something else of it, which comes after all of the
// text. The finish chunk comes last, unless the text turns out to be blocked.
func (s *inspector) closeBefore(ctx context.Context, ch *openai.ChunkChoice) error {
	l := s.open[ch.Index]
	if l == nil || !l.endsAt(ch) {
		return nil
	}
	delete(s.open, ch.Index)
	return l.close(ctx)
}

// endsAt tells that the chunk holds something other than more of the text.
func (l *textStream) endsAt(ch *openai.ChunkChoice) bool {
	d := &ch.Delta
	here := func(path string) bool { return l.place.Path == path }
	other := func(t openai.ToolCallDelta) bool { return !here("tool_calls") || t.Index != l.place.Tool }
	return ch.FinishReason != "" || d.Content != "" && !here("content") ||
		d.Reasoning != "" && !here("reasoning_content") ||
		len(d.ReasoningDetails) > 0 && here("reasoning_content") || slices.ContainsFunc(d.ToolCalls, other) ||
		d.FunctionCall != nil && !here("function_call")
}

// textStream gives the text of a place, and makes it the open one.
func (s *inspector) textStream(place openai.Place) *textStream {
	if l := s.open[place.Choice]; l != nil && l.place == place {
		return l
	}
	if s.open == nil {
		s.open, s.places = map[int]*textStream{}, map[openai.Place]*textStream{}
	}
	l := s.places[place]
	if l == nil {
		text := s.outgoing(place)
		l = &textStream{inspector: s, place: place, text: text, stream: s.session.Stream(text),
			restore: s.session.Vault().Stream(text.JSON)}
		s.places[place], s.streams = l, append(s.streams, l)
		if place.Path == "content" {
			s.contents = append(s.contents, l)
		}
	}
	s.open[place.Choice] = l
	return l
}

// feed takes the next piece and gives what can go out.
func (l *textStream) feed(ctx context.Context, piece string) (string, error) {
	piece, err := l.judged(ctx, piece, false)
	if err != nil || l.blocked {
		return "", err
	}
	out, err := l.take(ctx, piece)
	l.blocked = l.blocked || l.stream.Verdict().Blocked
	return l.restore.Feed(out), err
}

// take has our own detectors look at a piece, and gives what is decided.
func (l *textStream) take(ctx context.Context, piece string) (string, error) {
	if l.text.JSON && !l.session.Idle() {
		return l.feedJSON(ctx, piece)
	}
	return l.stream.Feed(ctx, piece)
}

// close sends what is held back.
func (l *textStream) close(ctx context.Context) error {
	if l.blocked {
		return nil
	}
	out, err := l.judged(ctx, "", true)
	if err == nil && !l.blocked {
		out, err = l.take(ctx, out)
	}
	if open := l.literal.end() + l.bare; err == nil && open != "" { // the text ends inside of a string, a number or a name
		l.bare = ""
		_, err = l.stream.Feed(ctx, open)
	}
	var rest string
	if err == nil && !l.blocked {
		rest, err = l.stream.Flush(ctx)
	}
	if err != nil {
		return err
	}
	l.blocked = l.blocked || l.stream.Verdict().Blocked
	if out = l.restore.Feed(out+rest) + l.restore.Flush(); out != "" {
		l.send(l.piece(out))
	}
	l.tellWaiting(true)
	if l.blocked {
		l.block(l.place.Choice)
	}
	return nil
}

// piece is a chunk that holds more of the text.
func (l *textStream) piece(text string) *openai.ChatChunk {
	var d openai.Delta
	switch l.place.Path {
	case "reasoning_content":
		d.Reasoning = text
	case "tool_calls":
		d.ToolCalls = []openai.ToolCallDelta{{Index: l.place.Tool, Arguments: text}}
	case "function_call":
		d.FunctionCall = &openai.FunctionCallDelta{Arguments: text}
	default:
		d.Content = text
	}
	return l.of(d)
}

// of is a chunk of the text's choice.
func (l *textStream) of(d openai.Delta) *openai.ChatChunk {
	return &openai.ChatChunk{Head: l.head, Choices: []openai.ChunkChoice{{Index: l.place.Choice, Delta: d}}}
}

// judged collects pieces for the detectors of Bedrock and gives what has passed them; without any, it gives the piece.
func (l *textStream) judged(ctx context.Context, piece string, last bool) (string, error) {
	if !l.Managed.Looks(policy.Output) {
		return piece, nil
	}
	l.unjudged.WriteString(piece)
	if l.unjudged.Len() == 0 || !last && (l.text.JSON || l.unjudged.Len() < segment) {
		return "", nil
	}
	unjudged := l.unjudged.String()
	l.unjudged.Reset()
	var out strings.Builder
	for len(unjudged) >= segment || last && unjudged != "" {
		t := l.text
		t.Value = unjudged
		if !last {
			t.Value = t.Value[:judge.WordEnd(t.Value)]
		}
		unjudged = unjudged[len(t.Value):]
		v, err := l.inspect(ctx, policy.Output, []policy.Text{t})
		if err != nil {
			return "", err
		}
		l.note(policy.Output, v.Decisions)
		if v.Blocked {
			l.blocked = true
			return "", nil
		}
		l.judgedMoves.Add(t.Value, v.Moves(0))
		out.WriteString(v.Texts[0])
	}
	l.unjudged.WriteString(unjudged)
	return out.String(), nil
}

// once inspects a text that is whole in one chunk.
func (s *inspector) once(ctx context.Context, place openai.Place, text *string) error {
	t := s.outgoing(place)
	t.Value = *text
	v, err := s.session.Inspect(ctx, policy.Output, []policy.Text{t})
	if err != nil {
		return err
	}
	s.note(policy.Output, v.Decisions)
	if v.Blocked {
		*text = ""
		s.block(place.Choice)
		return nil
	}
	*text, _ = s.session.Vault().Restore(v.Texts[0], false)
	return nil
}

// block ends a choice: what is safe has gone out.
func (s *inspector) block(choice int) {
	if slices.Contains(s.closed, choice) {
		return
	}
	s.closed = append(s.closed, choice)
	s.send(&openai.ChatChunk{Head: s.head,
		Choices: []openai.ChunkChoice{{Index: choice, FinishReason: openai.FinishContentFilter}}})
}

// flushAll sends what is held back of choices that nothing has finished.
func (s *inspector) flushAll(ctx context.Context) error {
	for _, l := range s.streams {
		if s.open[l.place.Choice] != l || s.left {
			continue
		}
		if err := l.close(ctx); err != nil {
			return err
		}
	}
	return nil
}
