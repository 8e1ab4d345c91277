package responses

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// event is what tests read of an event.
type event struct {
	Type     string          `json:"type"`
	Number   int             `json:"sequence_number"`
	Response json.RawMessage `json:"response"`
	Output   int             `json:"output_index"`
	ItemID   string          `json:"item_id"`
	Delta    string          `json:"delta"`
	Text     *string         `json:"text"`
	Args     *string         `json:"arguments"`
	Input    *string         `json:"input"`
	Item     json.RawMessage `json:"item"`
}

// known are the types of events that are OpenAI's and that we tell; openai-node throws at any other.
var known = []string{"error", "response.created", "response.in_progress", "response.completed", "response.incomplete",
	"response.failed", "response.output_item.added", "response.output_item.done", "response.content_part.added",
	"response.content_part.done", "response.output_text.delta", "response.output_text.done",
	"response.output_text.annotation.added", "response.function_call_arguments.delta",
	"response.function_call_arguments.done", "response.custom_tool_call_input.delta",
	"response.custom_tool_call_input.done", "response.reasoning_summary_part.added",
	"response.reasoning_summary_part.done", "response.reasoning_summary_text.delta",
	"response.reasoning_summary_text.done"}

// checked reads a stream and holds it to what every client relies on: the order of items, that deltas join to what is
// done, and that what is done is in the answer (R-RSP-81, -82, -89).
func checked(t testing.TB, stream []byte) []event {
	t.Helper()
	var list []event
	open, deltas := -1, ""
	var done []json.RawMessage
	for block := range strings.SplitSeq(strings.TrimSuffix(string(stream), "\n\n"), "\n\n") {
		name, data, ok := strings.Cut(block, "\ndata: ")
		var e event
		if err := json.Unmarshal([]byte(data), &e); !ok || err != nil || "event: "+e.Type != name {
			t.Fatalf("R-RSP-80: %v: %q", err, block)
		}
		if e.Number != len(list) || !slices.Contains(known, e.Type) {
			t.Errorf("R-RSP-81: event %d is %q, number %d", len(list), e.Type, e.Number)
		}
		list = append(list, e)
		switch _, kind, _ := strings.Cut(e.Type, "response."); {
		case kind == "output_item.added":
			if open >= 0 || e.Output != len(done) {
				t.Errorf("R-RSP-89: item %d is added, %d is open, %d are done", e.Output, open, len(done))
			}
			open, deltas = e.Output, ""
		case kind == "output_item.done":
			if e.Output != open {
				t.Errorf("R-RSP-89: item %d is done, %d is open", e.Output, open)
			}
			done, open = append(done, e.Item), -1
		case strings.HasSuffix(kind, "part.added"):
			deltas = ""
		case strings.HasSuffix(kind, ".delta"):
			if deltas += e.Delta; e.Delta == "" {
				t.Errorf("R-RSP-89: %s without a delta", e.Type)
			}
		case strings.HasSuffix(kind, "text.done"), strings.HasSuffix(kind, "arguments.done"),
			strings.HasSuffix(kind, "input.done"):
			for _, whole := range []*string{e.Text, e.Args, e.Input} {
				if whole != nil && *whole != deltas {
					t.Errorf("R-RSP-82: deltas %q, done %q", deltas, *whole)
				}
			}
		}
		if open >= 0 && e.ItemID != "" && e.Output != open {
			t.Errorf("R-RSP-89: %s of item %d while %d is open", e.Type, e.Output, open)
		}
	}
	var answer struct {
		Output []json.RawMessage `json:"output"`
	}
	if err := json.Unmarshal(list[len(list)-1].Response, &answer); err != nil {
		t.Fatal(err)
	}
	if open >= 0 && list[len(list)-1].Type != "response.failed" {
		t.Errorf("R-RSP-82: item %d is not done", open)
	}
	if len(answer.Output) != len(done) {
		t.Fatalf("R-RSP-82: %d items are done, %d in the answer", len(done), len(answer.Output))
	}
	for i := range done {
		if !bytes.Equal(done[i], answer.Output[i]) {
			t.Errorf("R-RSP-82: item %d is done as %s, and in the answer as %s", i, done[i], answer.Output[i])
		}
	}
	return list
}

func TestInputTextHoldsBackHalves(t *testing.T) {
	for _, want := range []string{"", "plain", "tab\tand \"quotes\" and \\", "ümläut", "😀 and \u2028", "a\\u0041"} {
		quoted, err := json.Marshal(map[string]string{"input": want})
		if err != nil {
			t.Fatal(err)
		}
		var ascii strings.Builder // all of it in escapes, pairs of surrogates too
		for _, r := range want {
			if b, _ := json.Marshal(string(r)); r < 0x10000 {
				fmt.Fprintf(&ascii, `\u%04x`, r)
			} else {
				r -= 0x10000
				fmt.Fprintf(&ascii, `\u%04X\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
				_ = b
			}
		}
		for _, arguments := range []string{string(quoted), `{ "input" : "` + ascii.String() + `" }`} {
			for size := 1; size <= len(arguments); size++ {
				var in inputText
				var got string
				for from := 0; from < len(arguments); from += size {
					got += in.take(arguments[from:min(from+size, len(arguments))])
				}
				if got += in.rest(arguments); got != want || in.text.String() != want {
					t.Errorf("R-RSP-90 pieces of %d of %s: %q", size, arguments, got)
				}
			}
		}
	}
	for _, odd := range []string{`[1]`, `{"inputs":"x"}`, `{"other":1,"input":"x"}`, `"x"`, ``, `{"input":7}`} {
		var in inputText
		got := in.take(odd)
		want := odd
		if odd == `{"other":1,"input":"x"}` {
			want = "x"
		}
		if got += in.rest(odd); got != want {
			t.Errorf("R-RSP-90 another shape %s: %q", odd, got)
		}
	}
}
