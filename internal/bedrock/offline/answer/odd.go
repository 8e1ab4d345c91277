package answer

import (
	"fmt"
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// Words in the last user text that make an answer as odd as those that models were seen to give.
const (
	thinkAgain  = "THINKAGAIN"  // thinking between texts and calls (interleaved thinking), where there is signed thinking
	SameID      = "SAMEID"      // two calls, all under one id
	StringInput = "STRINGINPUT" // the input of calls is a JSON string that holds the object
	NoCall      = "NOCALL"      // the answer stops for a tool and calls none
)

// oddCalls are the calls of an answer as the words demand.
func oddCalls(said string, calls []call) []call {
	if len(calls) == 0 {
		return nil
	}
	if strings.Contains(said, SameID) {
		if len(calls) == 1 {
			calls = append(calls, calls[0])
		}
		for i := range calls {
			calls[i].id = calls[0].id
		}
	}
	if strings.Contains(said, StringInput) {
		for i := range calls {
			calls[i].input = wire.Marshal(string(calls[i].input))
		}
	}
	return calls
}

// thinkAgain puts a thought before every block but the first that is none, where the answer begins with one; a single
// text is said in two pieces. The signatures know what stood before them.
func (a *Answer) thinkAgain(said string) {
	if !strings.Contains(said, thinkAgain) || len(a.Blocks) < 2 || a.Blocks[0].reason == nil {
		return
	}
	first, rest := a.Blocks[0].reason, a.Blocks[1:]
	if text := rest[0].Text; len(rest) == 1 && text != nil {
		half := cutText(*text, len(*text)/2)
		rest = []Block{TextBlock(half), TextBlock((*text)[len(half):])}
	}
	out := []Block{a.Blocks[0], rest[0]}
	for n, b := range rest[1:] {
		thought := fmt.Sprintf("I have said %s and think again.", plural(n+1, "thing"))
		again := &reason{redacted: wire.Redact(thought)}
		if first.redacted == nil {
			if first.text == "" {
				thought = ""
			}
			again = &reason{text: thought,
				signature: wire.SignAt(thought, wire.ShapeOf(len(out), func(i int) string { return out[i].letter() }))}
		}
		out = append(out, Block{reason: again}, b)
	}
	a.Blocks = out
}

func (b Block) letter() string {
	switch {
	case b.reason != nil:
		return "r"
	case b.call != nil:
		return "c"
	}
	return "t"
}
