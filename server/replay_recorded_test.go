package server_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"outcrop/internal/test/wiretest"
)

// What recorded answers of Bedrock say, read without the translation.

// block is one content block of a recorded answer.
type block struct {
	Text    *string `json:"text"`
	ToolUse *struct {
		ID    string          `json:"toolUseId"`
		Name  string          `json:"name"`
		Type  string          `json:"type"`
		Input json.RawMessage `json:"input"`
	} `json:"toolUse"`
	Citations *struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	} `json:"citationsContent"`
}

type recordedUsage struct {
	Input      int64 `json:"inputTokens"`
	Output     int64 `json:"outputTokens"`
	CacheRead  int64 `json:"cacheReadInputTokens"`
	CacheWrite int64 `json:"cacheWriteInputTokens"`
}

func (u recordedUsage) openAI() [4]int64 {
	prompt := u.Input + u.CacheRead + u.CacheWrite
	return [4]int64{prompt, u.Output, prompt + u.Output, u.CacheRead}
}

// recorded reads what a recorded plain answer says.
func recorded(t *testing.T, raw json.RawMessage) answer {
	t.Helper()
	var r struct {
		Output struct {
			Message struct {
				Content []block `json:"content"`
			} `json:"message"`
		} `json:"output"`
		Stop  string          `json:"stopReason"`
		Usage recordedUsage   `json:"usage"`
		Trace json.RawMessage `json:"trace"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	a := answer{usage: r.Usage.openAI()}
	for _, b := range r.Output.Message.Content {
		a.add(b)
	}
	a.finish = finishOf(r.Stop, r.Trace, len(a.calls) > 0)
	return a
}

func (a *answer) add(b block) {
	switch {
	case b.Text != nil:
		a.text += *b.Text
	case b.Citations != nil:
		for _, c := range b.Citations.Content {
			a.text += c.Text
		}
	case b.ToolUse != nil && b.ToolUse.Type != "server_tool_use":
		a.calls = append(a.calls, toolCall{b.ToolUse.ID, b.ToolUse.Name, string(b.ToolUse.Input)})
	}
}

// folded reads what the events of a recorded stream say.
func folded(t *testing.T, events []wiretest.Event) answer {
	t.Helper()
	var a answer
	var stop string
	var trace json.RawMessage
	client := map[int]int{} // content block to client tool call
	for _, e := range events {
		var p struct {
			Index int   `json:"contentBlockIndex"`
			Start block `json:"start"`
			Delta struct {
				Text    string `json:"text"`
				ToolUse *struct {
					Input string `json:"input"`
				} `json:"toolUse"`
			} `json:"delta"`
			Stop  string          `json:"stopReason"`
			Usage *recordedUsage  `json:"usage"`
			Trace json.RawMessage `json:"trace"`
		}
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			t.Fatal(err)
		}
		switch e.Type {
		case "contentBlockStart":
			if before := len(a.calls); p.Start.ToolUse != nil {
				if a.add(p.Start); len(a.calls) > before {
					client[p.Index] = before
				}
			}
		case "contentBlockDelta":
			a.text += p.Delta.Text
			if i, ok := client[p.Index]; ok && p.Delta.ToolUse != nil {
				a.calls[i].arguments += p.Delta.ToolUse.Input
			}
		case "messageStop":
			stop = p.Stop
		case "metadata":
			trace = p.Trace
			a.usage = p.Usage.openAI()
		}
	}
	for i := range a.calls {
		if strings.TrimSpace(a.calls[i].arguments) == "" {
			a.calls[i].arguments = "{}" // R-STR-11
		}
	}
	a.finish = finishOf(stop, trace, len(a.calls) > 0)
	return a
}

// finishOf is the table of TRANSLATION 2.2, as far as recordings go.
func finishOf(stop string, trace json.RawMessage, calls bool) string {
	usable := "stop"
	if calls {
		usable = "tool_calls"
	}
	switch stop {
	case "max_tokens", "model_context_window_exceeded":
		return "length"
	case "content_filtered":
		return "content_filter"
	case "guardrail_intervened":
		if trace == nil || bytes.Contains(trace, []byte(`"BLOCKED"`)) || bytes.Contains(trace, []byte("Guardrail blocked")) {
			return "content_filter"
		}
	}
	return usable
}

// recordedVectors reads the vectors of a recorded embedding reply of any family.
func recordedVectors(t *testing.T, raw json.RawMessage) [][]float64 {
	t.Helper()
	var titan struct {
		Embedding []float64 `json:"embedding"`
	}
	var cohere3 struct {
		Embeddings [][]float64 `json:"embeddings"`
	}
	var cohere4 struct {
		Embeddings struct {
			Float [][]float64 `json:"float"`
		} `json:"embeddings"`
	}
	var nova struct {
		Embeddings []struct {
			Embedding []float64 `json:"embedding"`
		} `json:"embeddings"`
	}
	switch {
	case json.Unmarshal(raw, &titan) == nil && titan.Embedding != nil:
		return [][]float64{titan.Embedding}
	case json.Unmarshal(raw, &cohere3) == nil:
		return cohere3.Embeddings
	case json.Unmarshal(raw, &cohere4) == nil:
		return cohere4.Embeddings.Float
	case json.Unmarshal(raw, &nova) == nil:
		var all [][]float64
		for _, e := range nova.Embeddings {
			all = append(all, e.Embedding)
		}
		return all
	}
	t.Fatalf("unknown form of an embedding reply: %.200s", raw)
	return nil
}
