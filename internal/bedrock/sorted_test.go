package bedrock

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// TestMendB14TheSameRequestHasTheSameBytes looks at what leaves, plain and streamed.
func TestMendB14TheSameRequestHasTheSameBytes(t *testing.T) {
	isolate(t)
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		if strings.HasSuffix(r.URL.Path, "-stream") {
			streamed(w, wholeReply)
			return
		}
		reply(w, plainReply)
	}))
	defer server.Close()
	b := connect(t, server.URL)
	defer closeIdle(b)
	c, err := b.For(catalog.Target{Row: &catalog.Model{ID: testModel}})
	if err != nil {
		t.Fatal(err)
	}
	metadata := map[string]string{}
	for i := range 16 {
		metadata[fmt.Sprintf("key%02d", 15-i)] = fmt.Sprint("value ", i)
	}
	want := `"requestMetadata":{"key00":"value 15","key01":"value 14",`
	for range 20 {
		in, streamIn := plainInput(), streamInput()
		in.RequestMetadata, streamIn.RequestMetadata = metadata, metadata
		if _, err := c.Converse(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		_, events, err := c.ConverseStream(t.Context(), streamIn)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range events {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, body := range bodies {
		if body != bodies[i%2] || !strings.Contains(body, want) || strings.Count(body, "value ") != 16 {
			t.Fatalf("R-GEN-06: request %d is\n%s\nand the first was\n%s", i, body, bodies[i%2])
		}
	}
}

// TestMendB12ACallThatCannotBeReadIsTriedOnceMore and then told as what it is, also when the model's server calls it a
// fault of ours.
func TestMendB12ACallThatCannotBeReadIsTriedOnceMore(t *testing.T) {
	isolate(t)
	for _, name := range []string{"ModelErrorException", "ModelStreamErrorException"} {
		for failures, want := range map[int]string{1: "", 2: openai.CodeMalformedOutput} {
			tries := 0
			c, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tries++; tries <= failures {
					refuse(w, 424, name, `{"message":"Model produced invalid sequence as part of ToolUse","originalStatusCode":400}`)
					return
				}
				reply(w, plainReply)
			}))
			_, err := c.Converse(t.Context(), plainInput())
			code := ""
			if err != nil {
				e := err.(*openai.Error) //nolint:errorlint // the client promises it
				if code = e.Code; e.Kind != openai.BadUpstream || e.Final {
					t.Errorf("R-ERR-49: %+v", e)
				}
			}
			if code != want || tries != 2 {
				t.Errorf("R-ERR-49 %s, %d failures: code %q after %d tries", name, failures, code, tries)
			}
		}
	}
}
