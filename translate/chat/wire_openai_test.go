package chat_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"outcrop/internal/catalog"
	"outcrop/internal/media"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// judged are the models whose outcomes are kept in docs/recorded-traffic.md, one for each family of its own ways.
var judged = []struct{ name, id string }{
	{"Claude Haiku 4.5", "anthropic.claude-haiku-4-5-20251001-v1:0"},
	{"Claude Sonnet 5", "anthropic.claude-sonnet-5"},
	{"Nova Lite", "amazon.nova-lite-v1:0"},
	{"Nova 2 Lite", "amazon.nova-2-lite-v1:0"},
	{"Llama 3.3 70B", "meta.llama3-3-70b-instruct-v1:0"},
	{"Llama 4 Maverick", "meta.llama4-maverick-17b-instruct-v1:0"},
	{"Mistral Large", "mistral.mistral-large-2402-v1:0"},
	{"gpt-oss-120b", "openai.gpt-oss-120b-1:0"},
	{"Qwen3 32B", "qwen.qwen3-32b-v1:0"},
	{"DeepSeek R1", "deepseek.r1-v1:0"},
}

// outcomeRules says by which rule each adjustment and refusal of the recorded requests came. A new outcome fails the
// test until its rule is named here.
var outcomeRules = map[string]string{
	"messages[].name:ignored":                                    "R-MSG-18",
	"messages[].tool_calls:flattened":                            "R-TOOL-14",
	"messages[]:prefill_unsupported":                             "R-MSG-15",
	"reasoning_effort:not_configurable":                          "R-RSN-01",
	"response_format:best_effort":                                "R-FMT-06, -10",
	"seed:unsupported":                                           "R-PAR-19",
	"store:unsupported":                                          "R-PAR-36",
	"temperature:unsupported":                                    "R-SMP-04",
	"top_p:unsupported":                                          "R-SMP-04",
	"temperature:unsupported_with_reasoning":                     "R-SMP-05",
	"top_p:unsupported_with_reasoning":                           "R-SMP-05",
	"top_p:conflicts_with_temperature":                           "R-SMP-03",
	"tool_choice:downgraded":                                     "R-CHO-04",
	"tools[].function.strict:unsupported":                        "R-TOOL-06",
	"empty_array at messages":                                    "R-PAR-02",
	"invalid_image_format at messages[].content[].image_url.url": "R-PART-03",
	"unsupported_parameter at functions":                         "R-TOOL-09, -17",
	"unsupported_parameter at tools":                             "R-TOOL-09",
	"unsupported_parameter at web_search_options":                "R-PAR-28",
	"unsupported_value at messages[].content[]":                  "R-PART-07, -13, -14",
	"unsupported_value at messages[].content[].type":             "R-PART-14",
	"unsupported_value at modalities":                            "R-PAR-25",
}

// tally counts outcomes by name, one count for each judged model.
type tally map[string][]int

func (c tally) add(name string, model int) {
	if c[name] == nil {
		c[name] = make([]int, len(judged))
	}
	c[name][model]++
}

// TestRecordedChatRequests takes what real clients sent to OpenAI to every judged family: it is translated into a
// request that Bedrock takes, or refused by a rule that has a number.
func TestRecordedChatRequests(t *testing.T) {
	j := strictBedrock(t)
	all, without := 0, 0
	totals, adjusted, refused := tally{}, tally{}, tally{}
	for _, rec := range wiretest.OpenAI(t, "/v1/chat/completions") {
		if len(rec.Request) == 0 || string(rec.Request) == "null" {
			without++
			continue
		}
		all++
		for m, family := range judged {
			to := aim(t, family.id)
			body := withModel(t, rec.Request, family.id)
			req, in, c, fault := way(body, to, translate.Options{Media: fetched(t, body, to)})
			if fault != nil {
				totals.add("refused", m)
				refused.add(fault.Code+" at "+withoutIndexes(cmp.Or(fault.Param, "the body")), m)
				if fault.Kind != openai.Invalid || fault.Code == "" || fault.Message == "" {
					t.Errorf("%s on %s: %+v", rec.ID, family.name, fault)
				}
				continue
			}
			if text := complaint(t, j.send(t.Context(), in, &c, to.Row, req.Stream)); text != "" {
				t.Errorf("%s on %s: Bedrock answers %q to %.2000s", rec.ID, family.name, text, j.body)
			}
			list := c.Adjusted.List()
			if len(list) == 0 {
				totals.add("as asked", m)
				continue
			}
			totals.add("adjusted", m)
			for _, a := range list {
				adjusted.add(a.Param+":"+a.Reason, m)
			}
		}
	}
	if all < 230 {
		t.Errorf("only %d recorded requests", all)
	}
	for _, counts := range []tally{adjusted, refused} {
		for name := range counts {
			if outcomeRules[name] == "" {
				t.Errorf("which rule makes the outcome %q?", name)
			}
		}
	}
	keep(t, "openai", fmt.Sprintf("%d recorded requests (%d more have a reply only), each sent to %d "+
		"families.\n\n%s\n%s\n%s",
		all, without, len(judged), table(totals, "Outcome", false), table(adjusted, "Adjusted", true),
		table(refused, "Refused", true)))
}

// withModel replaces the model and nothing else.
func withModel(t *testing.T, body []byte, id string) []byte {
	t.Helper()
	members := parseJSON(t, body).(object)
	members["model"] = id
	return mustMarshal(t, members)
}

// fetched plays the fetcher: every link leads to a small picture.
func fetched(t *testing.T, body []byte, to catalog.Target) media.Set {
	t.Helper()
	req, fault := openai.DecodeChat(body)
	if fault != nil || openai.Validate(req) != nil {
		return nil
	}
	links, err := chat.Links(req, to, translate.Options{})
	if err != nil {
		return nil // nothing is fetched for a request that is refused whatever the bytes are
	}
	set := media.Set{}
	for _, l := range links {
		set[l.URL] = media.Item{Data: smallPicture(t), Type: "image/png"}
	}
	return set
}

func smallPicture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var anyIndex = regexp.MustCompile(`\[[0-9]+\]`)

func withoutIndexes(param string) string { return anyIndex.ReplaceAllString(param, "[]") }

// table writes counts as Markdown.
func table(counts tally, title string, rules bool) string {
	var b strings.Builder
	head, line := "| "+title, "|---"
	if rules {
		head, line = head+" | Rule", line+"|---"
	}
	for _, f := range judged {
		head, line = head+" | "+f.name, line+"|--:"
	}
	fmt.Fprintf(&b, "%s |\n%s|\n", head, line)
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "| %s |", name)
		if rules {
			fmt.Fprintf(&b, " %s |", outcomeRules[name])
		}
		for _, n := range counts[name] {
			if n == 0 {
				b.WriteString(" |")
			} else {
				fmt.Fprintf(&b, " %d |", n)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// keep compares a section of docs/recorded-traffic.md with what was found, or writes it under -update.
func keep(t *testing.T, section, found string) {
	t.Helper()
	path := filepath.Join(wiretest.Root(t), "docs", "recorded-traffic.md")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- begin "+section+" -->\n", "<!-- end "+section+" -->\n"
	before, rest, ok := strings.Cut(string(whole), begin)
	was, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no section %q", path, section)
	}
	if was == found {
		return
	}
	if update := flag.Lookup("update"); update == nil || update.Value.String() != "true" {
		t.Errorf("docs/recorded-traffic.md says otherwise (make recorded writes it anew):\n%s", found)
		return
	}
	if err := os.WriteFile(path, []byte(before+begin+found+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
