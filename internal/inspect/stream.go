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

// screen inspects the parts of one answer. Each text that grows over chunks has a lane of its own; of each choice one lane is
// open, and closes before anything else of the choice goes out.
type screen struct {
	*inspection
	yield    func(openai.Part, error) bool
	left     bool // the reader has
	head     *openai.Head
	open     map[int]*lane          // by choice
	places   map[openai.Place]*lane // all lanes
	lanes    []*lane                // those, in order
	contents []*lane                // those of contents, of which a choice has one
	closed   []int                  // choices that were blocked
}

// lane is one text of a streamed answer.
type lane struct {
	*screen
	place   openai.Place
	text    policy.Text
	stream  *policy.Stream
	restore *policy.Restorer
	unheard strings.Builder // not seen by the detectors of Bedrock yet
	heardAt policy.Moves    // of what they have seen
	literal literal         // of a JSON text
	bare    string          // of a JSON text: a number or name that has no end yet
	noJSON  bool            // what should be JSON is none
	waiting []openai.Delta  // what is told of places that are not decided yet
	blocked bool
}

func (s *screen) send(p openai.Part) { s.left = s.left || !s.yield(p, nil) }

// end writes down what was decided about the lanes.
func (s *screen) end() {
	for _, l := range s.lanes {
		s.note(policy.Output, l.stream.Verdict().Decisions)
	}
}

// chunk inspects one chunk. What is left of it goes out unless nothing is.
func (s *screen) chunk(ctx context.Context, c *openai.ChatChunk) error {
	s.head = c.Head
	had := len(c.Choices)
	c.Choices = slices.DeleteFunc(c.Choices, func(ch openai.ChunkChoice) bool { return slices.Contains(s.closed, ch.Index) })
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
			*text, err = s.lane(place).feed(ctx, *text)
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
		if k := slices.IndexFunc(s.contents, func(l *lane) bool { return l.place.Choice == ch.Index }); k >= 0 {
			s.contents[k].tell(&ch.Delta)
		}
	}
	c.Choices = slices.DeleteFunc(c.Choices, func(ch openai.ChunkChoice) bool { return slices.Contains(s.closed, ch.Index) || !says(&ch) })
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
	d.ToolCalls = slices.DeleteFunc(d.ToolCalls, func(t openai.ToolCallDelta) bool { return t.ID == "" && t.Name == "" && t.Arguments == "" })
	if f := d.FunctionCall; f != nil && f.Name == "" && f.Arguments == "" {
		d.FunctionCall = nil
	}
	return ch.FinishReason != "" || d.Role != "" || d.Content != "" || d.Reasoning != "" || len(d.ReasoningDetails) > 0 || len(d.ToolCalls) > 0 ||
		d.FunctionCall != nil || len(d.Annotations) > 0 || len(d.Citations) > 0
}

// closeBefore closes the open lane of a choice when the chunk holds something else of it, which comes after all of the lane.
// The finish chunk comes last, unless the lane turns out to be blocked.
func (s *screen) closeBefore(ctx context.Context, ch *openai.ChunkChoice) error {
	l := s.open[ch.Index]
	if l == nil || !l.endsAt(ch) {
		return nil
	}
	delete(s.open, ch.Index)
	return l.close(ctx)
}

// endsAt tells that the chunk holds something other than more of the lane.
func (l *lane) endsAt(ch *openai.ChunkChoice) bool {
	d := &ch.Delta
	here := func(path string) bool { return l.place.Path == path }
	other := func(t openai.ToolCallDelta) bool { return !here("tool_calls") || t.Index != l.place.Tool }
	return ch.FinishReason != "" || d.Content != "" && !here("content") || d.Reasoning != "" && !here("reasoning_content") ||
		len(d.ReasoningDetails) > 0 && here("reasoning_content") || slices.ContainsFunc(d.ToolCalls, other) || d.FunctionCall != nil && !here("function_call")
}

// lane gives the lane of a place, and makes it the open one.
func (s *screen) lane(place openai.Place) *lane {
	if l := s.open[place.Choice]; l != nil && l.place == place {
		return l
	}
	if s.open == nil {
		s.open, s.places = map[int]*lane{}, map[openai.Place]*lane{}
	}
	l := s.places[place]
	if l == nil {
		text := s.outgoing(place)
		l = &lane{screen: s, place: place, text: text, stream: s.session.Stream(text), restore: s.session.Vault().Stream(text.JSON)}
		s.places[place], s.lanes = l, append(s.lanes, l)
		if place.Path == "content" {
			s.contents = append(s.contents, l)
		}
	}
	s.open[place.Choice] = l
	return l
}

// feed takes the next piece and gives what can go out.
func (l *lane) feed(ctx context.Context, piece string) (string, error) {
	piece, err := l.heard(ctx, piece, false)
	if err != nil || l.blocked {
		return "", err
	}
	out, err := l.take(ctx, piece)
	l.blocked = l.blocked || l.stream.Verdict().Blocked
	return l.restore.Feed(out), err
}

// take has our own detectors look at a piece, and gives what is decided.
func (l *lane) take(ctx context.Context, piece string) (string, error) {
	if l.text.JSON && !l.session.Idle() {
		return l.feedJSON(ctx, piece)
	}
	return l.stream.Feed(ctx, piece)
}

// close sends what is held back.
func (l *lane) close(ctx context.Context) error {
	if l.blocked {
		return nil
	}
	out, err := l.heard(ctx, "", true)
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

// piece is a chunk that holds more of the lane.
func (l *lane) piece(text string) *openai.ChatChunk {
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

// of is a chunk of the lane's choice.
func (l *lane) of(d openai.Delta) *openai.ChatChunk {
	return &openai.ChatChunk{Head: l.head, Choices: []openai.ChunkChoice{{Index: l.place.Choice, Delta: d}}}
}

// heard collects pieces for the detectors of Bedrock and gives what has passed them; without any, it gives the piece.
func (l *lane) heard(ctx context.Context, piece string, last bool) (string, error) {
	if !l.Managed.Looks(policy.Output) {
		return piece, nil
	}
	l.unheard.WriteString(piece)
	if l.unheard.Len() == 0 || !last && (l.text.JSON || l.unheard.Len() < segment) {
		return "", nil
	}
	unheard := l.unheard.String()
	l.unheard.Reset()
	var out strings.Builder
	for len(unheard) >= segment || last && unheard != "" {
		t := l.text
		t.Value = unheard
		if !last {
			t.Value = t.Value[:judge.WordEnd(t.Value)]
		}
		unheard = unheard[len(t.Value):]
		v, err := l.inspect(ctx, policy.Output, []policy.Text{t})
		if err != nil {
			return "", err
		}
		l.note(policy.Output, v.Decisions)
		if v.Blocked {
			l.blocked = true
			return "", nil
		}
		l.heardAt.Add(t.Value, v.Moves(0))
		out.WriteString(v.Texts[0])
	}
	l.unheard.WriteString(unheard)
	return out.String(), nil
}

// once inspects a text that is whole in one chunk.
func (s *screen) once(ctx context.Context, place openai.Place, text *string) error {
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
func (s *screen) block(choice int) {
	if slices.Contains(s.closed, choice) {
		return
	}
	s.closed = append(s.closed, choice)
	s.send(&openai.ChatChunk{Head: s.head, Choices: []openai.ChunkChoice{{Index: choice, FinishReason: openai.FinishContentFilter}}})
}

// flushAll sends what is held back of choices that nothing has finished.
func (s *screen) flushAll(ctx context.Context) error {
	for _, l := range s.lanes {
		if s.open[l.place.Choice] != l || s.left {
			continue
		}
		if err := l.close(ctx); err != nil {
			return err
		}
	}
	return nil
}
