package bedrock

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// counter is an OnUnknown that remembers.
type counter struct {
	mu   sync.Mutex
	seen []string
}

func (c *counter) add(kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, kind)
}

func (c *counter) String() string { return strings.Join(c.seen, " ") }

func TestUnknownBlocks(t *testing.T) {
	isolate(t)
	const (
		hologram = `{"hologram":{"depth":3}}`
		text     = `{"text":"a"}`
		tool     = `{"toolUse":{"toolUseId":"t1","name":"f","input":{}}}`
	)
	for _, c := range []struct{ name, content, want, counted string }{
		{"none", text + "," + tool, "Text ToolUse", ""},
		{"first", hologram + "," + text, "<nil> Text", "content_block"},
		{"after a tool call, which the SDK would double", tool + "," + hologram, "ToolUse <nil>", "content_block"},
		{"two in a row", tool + "," + hologram + "," + hologram + "," + text, "ToolUse <nil> <nil> Text",
			"content_block content_block"},
		{"two equal blocks stay two", text + "," + text, "Text Text", ""},
		{"nothing else", hologram, "<nil>", "content_block"},
		{"null", "null," + text, "<nil> Text", "content_block"},
	} {
		t.Run("R-GEN-10 "+c.name, func(t *testing.T) {
			var count counter
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				reply(w, strings.Replace(plainReply, `{"text":"Hello!"}`, c.content, 1))
			}), func(cfg *Config) { cfg.OnUnknown = count.add })
			out, err := client.Converse(t.Context(), plainInput())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range out.Output.(*types.ConverseOutputMemberMessage).Value.Content {
				got = append(got, strings.TrimPrefix(fmt.Sprintf("%T", b), "*types.ContentBlockMember"))
			}
			if strings.Join(got, " ") != c.want || count.String() != c.counted {
				t.Errorf("blocks %v, counted %q; want %s, %q", got, count.String(), c.want, c.counted)
			}
		})
	}
	t.Run("R-GEN-10 inside citations", func(t *testing.T) {
		var count counter
		client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			reply(w, strings.Replace(plainReply, `{"text":"Hello!"}`,
				`{"citationsContent":{"content":[{"text":"a"},{"song":"b"}],"citations":[]}}`, 1))
		}), func(cfg *Config) { cfg.OnUnknown = count.add })
		out, err := client.Converse(t.Context(), plainInput())
		if err != nil {
			t.Fatal(err)
		}
		cited := out.Output.(*types.ConverseOutputMemberMessage).Value.Content[0].(*types.ContentBlockMemberCitationsContent)
		if len(cited.Value.Content) != 2 || cited.Value.Content[1] != nil || count.String() != "content_block" {
			t.Errorf("%d parts, counted %q", len(cited.Value.Content), count.String())
		}
	})
}

func TestUnknownInStream(t *testing.T) {
	isolate(t)
	for _, c := range []struct {
		name    string
		frame   []byte
		events  int // of the three around it and itself
		counted string
	}{
		{"delta", frame("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"hologram":{"depth":3}}}`), 4, "delta"},
		{"reasoning delta", frame("contentBlockDelta",
			`{"contentBlockIndex":0,"delta":{"reasoningContent":{"mood":"good"}}}`), 4, "delta"},
		{"event", frame("applause", `{"loud":true}`), 3, "event"},
		{"reason to stop", frame("messageStop", `{"stopReason":"bored"}`), 4, "stop_reason"},
		{"start of a block", frame("contentBlockStart", `{"contentBlockIndex":0,"start":{"hologram":{}}}`), 4,
			"content_block"},
	} {
		t.Run("R-GEN-10 "+c.name, func(t *testing.T) {
			for _, frames := range [][][]byte{{frameStart, c.frame, frameStop, frameUsage},
				{c.frame, frameStart, frameStop, frameUsage}} {
				var count counter
				client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { streamed(w, frames...) }),
					func(cfg *Config) { cfg.OnUnknown = count.add })
				_, events, err := client.ConverseStream(t.Context(), streamInput())
				if err != nil {
					t.Fatal(err)
				}
				list, err := drain(events)
				if err != nil || len(list) != c.events || count.String() != c.counted {
					t.Errorf("%d events, error %v, counted %q; want %d, %q", len(list), err, count.String(), c.events, c.counted)
				}
			}
		})
	}
}

// A stream that stops and ends without metadata has not told its usage. One that is cut or left has not come so far.
func TestMissingUsage(t *testing.T) {
	isolate(t)
	for name, c := range map[string]struct {
		frames  [][]byte
		read    int
		counted string
	}{
		"stopped":       {[][]byte{frameStart, frameHello, frameStop}, 99, "usage_missing"},
		"told":          {[][]byte{frameStart, frameHello, frameStop, frameUsage}, 99, ""},
		"told before":   {[][]byte{frameUsage, frameStart, frameStop}, 99, ""},
		"never stopped": {[][]byte{frameStart, frameHello}, 99, ""},
		"cut":           {[][]byte{frameStart, frameStop, frameUsage[:20]}, 99, ""},
		"left":          {[][]byte{frameStart, frameHello, frameStop}, 3, ""},
	} {
		t.Run("R-STR-14 "+name, func(t *testing.T) {
			var count counter
			client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { streamed(w, c.frames...) }),
				func(cfg *Config) { cfg.OnUnknown = count.add })
			_, events, err := client.ConverseStream(t.Context(), streamInput())
			if err != nil {
				t.Fatal(err)
			}
			for range events {
				if c.read--; c.read == 0 {
					break
				}
			}
			if count.String() != c.counted {
				t.Errorf("counted %q, want %q", count.String(), c.counted)
			}
		})
	}
}
