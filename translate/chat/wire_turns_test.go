package chat_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outcrop/internal/catalog"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// twoTurns are recordings of which the second continues the first: its history holds the first one's reply.
type twoTurns struct {
	first, second wiretest.Interaction
	turn          int // of the second request's messages: the reply to the first
}

// lossy are second requests whose client had itself lost something of the reply.
var lossy = map[string]string{
	"langchain-aws.test_agent_loop_streaming-v0.1": "the text beside the call",
}

// recordedPairs finds them: the calls of a reply, or its signature, stand in the history of another request.
func recordedPairs(t *testing.T) (pairs []twoTurns) {
	t.Helper()
	all := wiretest.Bedrock(t, "Converse", "ConverseStream")
	made := map[string]*wiretest.Interaction{} // what is unique in a reply leads to its recording
	for i := range all {
		if all[i].Status == 200 {
			for _, mark := range marks(t, replyBlocks(t, &all[i])) {
				made[mark] = &all[i]
			}
		}
	}
	for _, rec := range all {
		if len(rec.Request) == 0 || string(rec.Request) == "null" {
			continue
		}
		for n, turn := range listOf(parseJSON(t, rec.Request).(object)["messages"]) {
			if turn["role"] != "assistant" {
				continue
			}
			found := marks(t, listOf(turn["content"]))
			if i := slices.IndexFunc(found, func(m string) bool { return made[m] != nil }); i >= 0 {
				pairs = append(pairs, twoTurns{*made[found[i]], rec, n})
			}
		}
	}
	return pairs
}

// marks are what occurs in no other reply: ids of calls and signatures.
func marks(t *testing.T, blocks []object) (list []string) {
	t.Helper()
	for _, b := range blocks {
		if use, ok := b["toolUse"].(object); ok && use["toolUseId"] != nil {
			list = append(list, "call "+use["toolUseId"].(string))
		}
		if r, ok := b["reasoningContent"].(object); ok {
			text, _ := r["reasoningText"].(object)
			for _, v := range []any{text["signature"], r["redactedContent"]} {
				if s, ok := v.(string); ok && s != "" {
					list = append(list, "signed "+s)
				}
			}
		}
	}
	return list
}

// replyBlocks are the content blocks of a recorded reply, a stream's joined with nothing of this module.
func replyBlocks(t *testing.T, rec *wiretest.Interaction) (blocks []object) {
	t.Helper()
	if rec.Operation == "Converse" {
		reply, _ := parseJSON(t, rec.Response).(object)
		output, _ := reply["output"].(object)
		message, _ := output["message"].(object)
		return listOf(message["content"])
	}
	byIndex := map[string]object{}
	join := func(to object, name string, v any) {
		s, _ := to[name].(string)
		to[name] = s + fmt.Sprint(v)
	}
	inner := func(b object, name string) object {
		if b[name] == nil {
			b[name] = object{}
		}
		return b[name].(object)
	}
	for _, e := range rec.Events {
		p, _ := parseJSON(t, e.Payload).(object)
		if p["contentBlockIndex"] == nil || e.Type == "contentBlockStop" {
			continue
		}
		index := fmt.Sprint(p["contentBlockIndex"])
		b := byIndex[index]
		if b == nil {
			b = object{}
			byIndex[index] = b
			blocks = append(blocks, b)
		}
		if start, ok := p["start"].(object); ok {
			for kind, v := range start {
				b[kind] = v
			}
		}
		delta, _ := p["delta"].(object)
		for kind, v := range delta {
			switch kind {
			case "text":
				join(b, "text", v)
			case "toolUse":
				join(inner(b, "toolUse"), "input", v.(object)["input"])
			case "reasoningContent":
				r := inner(b, "reasoningContent")
				for name, s := range v.(object) {
					if name == "redactedContent" {
						join(r, name, s)
					} else {
						join(inner(r, "reasoningText"), name, s)
					}
				}
			}
		}
	}
	for _, b := range blocks {
		if use, ok := b["toolUse"].(object); ok {
			if s, ok := use["input"].(string); ok && s != "" {
				use["input"] = parseJSON(t, []byte(s))
			} else {
				use["input"] = object{}
			}
		}
	}
	return blocks
}

// TestRecordedTwoTurns plays a recorded reply through the way back, hands it back as an SDK would, and wants Bedrock to
// get exactly the blocks that it had sent.
func TestRecordedTwoTurns(t *testing.T) {
	pairs := recordedPairs(t)
	count := map[string]int{}
	for _, p := range pairs {
		name := fmt.Sprintf("R-RPL-04/%s to %s turn %d", p.first.ID, p.second.ID, p.turn)
		t.Run(name, func(t *testing.T) {
			to, err := catalog.Default().Resolve(p.second.ModelID, p.second.Region)
			if err != nil {
				t.Fatal(err)
			}
			req, err := wiretest.ChatRequest(&p.second, to.Row.Format)
			if err != nil {
				t.Skipf("the second request has no OpenAI form: %v", err)
			}
			replaceTurn(t, req, p.turn, replayed(t, &p.first, to))
			_, in, c, fault := way(mustMarshal(t, req), to, translate.Options{})
			if fault != nil {
				t.Fatal(fault)
			}
			j := bedrockOf(t, http.NotFoundHandler())
			_ = j.send(t.Context(), in, &c, to.Row, false) // nobody answers; the body is what matters
			sent := listOf(parseJSON(t, j.body).(object)["messages"])
			recorded := parseJSON(t, p.second.Request).(object)
			for _, d := range differences {
				d.rewrite(recorded, to.Row)
			}
			if to.Row.Caps.ToolIDPattern == "alnum9" {
				eachID(object{"messages": anyList(sent)}, func(string) string { return "" })
			}
			want := listOf(recorded["messages"])
			if diff := cmp.Diff(withoutUnsigned(want), sent); diff != "" && lossy[p.second.ID] == "" {
				t.Errorf("recorded (-) and sent (+) differ:\n%s", diff)
			}
			produced := withoutType(withoutUnsigned([]object{{"content": anyList(replyBlocks(t, &p.first))}}))[0]["content"]
			if diff := cmp.Diff(produced, sent[p.turn]["content"]); diff != "" && to.Row.Caps.ToolIDPattern == "" {
				t.Errorf("what Bedrock had produced (-) and what it gets back (+) differ:\n%s", diff)
			}
			for _, b := range listOf(sent[p.turn]["content"]) {
				for kind := range b {
					count[kind]++
				}
			}
			count["pairs of "+p.first.Operation]++
		})
	}
	t.Logf("%d pairs: %v", len(pairs), count)
	if len(pairs) < 20 || count["toolUse"] < 20 || count["reasoningContent"] < 4 {
		t.Errorf("R-RPL-04 needs more than %d pairs with %v", len(pairs), count)
	}
}

// replayed is the assistant message that an SDK keeps of the reply: the message of a plain answer, whole, and the same
// of a stream.
func replayed(t *testing.T, rec *wiretest.Interaction, to catalog.Target) object {
	t.Helper()
	j := bedrockOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if rec.Operation == "Converse" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(rec.Response)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		_, _ = w.Write(rec.EventStream)
	}))
	_, in, c, fault := way([]byte(`{"model":"m","messages":[{"role":"user","content":"Hi"}]}`), to, translate.Options{})
	if fault != nil {
		t.Fatal(fault)
	}
	var answer openai.Part
	if rec.Operation == "Converse" {
		r, err := j.converse(t.Context(), in, &c)
		if err != nil {
			t.Fatal(err)
		}
		answer = r
	} else {
		parts, err := j.stream(t.Context(), in, &c)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err = chat.Fold(parts); err != nil {
			t.Fatal(err)
		}
	}
	whole := parseJSON(t, written(answer)).(object)
	return listOf(whole["choices"])[0]["message"].(object)
}

// replaceTurn puts the message in the place of the assistant message that stands for a turn of the recorded request.
func replaceTurn(t *testing.T, req object, turn int, message object) {
	t.Helper()
	messages := req["messages"].([]object)
	at := -1
	for i, m := range messages {
		if m["role"] == "assistant" {
			if at++; at == turn/2 { // roles alternate in these recordings
				messages[i] = message
				return
			}
		}
	}
	t.Fatalf("no assistant message for turn %d", turn)
}

func anyList(blocks []object) (list []any) {
	for _, b := range blocks {
		list = append(list, b)
	}
	return list
}

// withoutUnsigned leaves out what is not sent back: reasoning that nobody signed (R-RPL-03), and blank texts
// (R-MSG-12).
func withoutUnsigned(messages []object) []object {
	for _, m := range messages {
		blocks, _ := m["content"].([]any)
		m["content"] = slices.DeleteFunc(blocks, func(b any) bool {
			r, ok := b.(object)["reasoningContent"].(object)
			text, _ := r["reasoningText"].(object)
			blank := b.(object)["text"] == ""
			return blank || ok && r["redactedContent"] == nil && text["signature"] == nil
		})
	}
	return messages
}

// withoutType takes from calls the type that replies carry and requests must not (FACTS 1.3).
func withoutType(messages []object) []object {
	for _, m := range messages {
		for _, b := range listOf(m["content"]) {
			if use, ok := b["toolUse"].(object); ok {
				delete(use, "type")
			}
		}
	}
	return messages
}
