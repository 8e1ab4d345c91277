package offline

import (
	"fmt"
	"strings"
)

// Words in the last user text that make an answer as odd as those that models were seen to give.
const (
	thinkAgain  = "THINKAGAIN"  // thinking between texts and calls (interleaved thinking), where there is signed thinking
	sameID      = "SAMEID"      // two calls, all under one id
	stringInput = "STRINGINPUT" // the input of calls is a JSON string that holds the object
	noCall      = "NOCALL"      // the answer stops for a tool and calls none
)

// oddCalls are the calls of an answer as the words demand.
func oddCalls(said string, calls []call) []call {
	if len(calls) == 0 {
		return nil
	}
	if strings.Contains(said, sameID) {
		if len(calls) == 1 {
			calls = append(calls, calls[0])
		}
		for i := range calls {
			calls[i].id = calls[0].id
		}
	}
	if strings.Contains(said, stringInput) {
		for i := range calls {
			calls[i].input = marshal(string(calls[i].input))
		}
	}
	return calls
}

// thinkAgain puts a thought before every block but the first that is none, where the answer begins with one; a single text is
// said in two pieces. The signatures know what stood before them.
func (a *answer) thinkAgain(said string) {
	if !strings.Contains(said, thinkAgain) || len(a.blocks) < 2 || a.blocks[0].reason == nil {
		return
	}
	first, rest := a.blocks[0].reason, a.blocks[1:]
	if text := rest[0].text; len(rest) == 1 && text != nil {
		half := cutText(*text, len(*text)/2)
		rest = []block{textBlock(half), textBlock((*text)[len(half):])}
	}
	out := []block{a.blocks[0], rest[0]}
	for n, b := range rest[1:] {
		thought := fmt.Sprintf("I have said %s and think again.", plural(n+1, "thing"))
		again := &reason{redacted: redact(thought)}
		if first.redacted == nil {
			if first.text == "" {
				thought = ""
			}
			again = &reason{text: thought, signature: signAt(thought, shapeOf(len(out), func(i int) string { return out[i].letter() }))}
		}
		out = append(out, block{reason: again}, b)
	}
	a.blocks = out
}

func (b block) letter() string {
	switch {
	case b.reason != nil:
		return "r"
	case b.call != nil:
		return "c"
	}
	return "t"
}
