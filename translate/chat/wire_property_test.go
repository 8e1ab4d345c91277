package chat_test

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
)

// unknowable are complaints of Bedrock that no rule could have prevented: they are about what the client wrote in the
// model's own words, which pass as they are, or about what only Bedrock can check.
var unknowable = []struct {
	rule, text string
	wrote      func(*openai.ChatRequest) bool
}{
	{"R-EXT-02", `"thinking.type.disabled" is not supported`, ownThinking},
	{"R-EXT-02", `"thinking.type.enabled" is not supported`, ownThinking},
	{"R-EXT-02", "adaptive thinking is not supported", ownThinking},
	{"R-EXT-02", "thinking.enabled.budget_tokens", ownThinking},
	{"R-EXT-02", "thinking: Input tag", ownThinking},
	{"R-EXT-02", "`max_tokens` must be greater than `thinking.budget_tokens`", ownThinking},
	{"R-EXT-02", "Expected `thinking` or `redacted_thinking`", ownThinking}, // R-RSN-07 is about efforts
	{"R-RPL-02", "Invalid `signature` in `thinking` block", ownReasoning},
	{"R-RPL-02", "Invalid `data` in `redacted_thinking` block", ownReasoning},
	{"R-EXT-03", "Extra inputs are not permitted", ownFields},
	{"R-EXT-03", "extraneous key", ownFields},
	{"R-EXT-03", "conflicts with an existing field", ownFields},
}

func ownThinking(r *openai.ChatRequest) bool { return r.Thinking != nil || ownFields(r) }

func ownFields(r *openai.ChatRequest) bool { return r.AdditionalModelRequestFields != nil }

func ownReasoning(r *openai.ChatRequest) bool {
	return slices.ContainsFunc(r.Messages, func(m openai.Message) bool { return len(m.ReasoningDetails) > 0 })
}

// live are the targets that the embedded Bedrock answers for.
func live(t testing.TB, j *judge) (list []catalog.Target) {
	t.Helper()
	for _, row := range catalog.Default().Models() {
		if row.Kind != catalog.Chat || row.Converse == catalog.No {
			continue
		}
		to := aim(t, row.ID)
		_, in, c, fault := way([]byte(`{"model":"m","messages":[{"role":"user","content":"Hi"}]}`), to, translate.Options{})
		if fault != nil {
			t.Fatal(fault)
		}
		if _, err := j.converse(t.Context(), in, &c); err == nil {
			list = append(list, to)
		}
	}
	if len(list) < 60 {
		t.Fatalf("only %d live chat models", len(list))
	}
	return list
}

// runs is how many requests are made up.
const runs = 6000

var metadataOnTheWire = regexp.MustCompile(`"requestMetadata":\{[^{}]*\}`) // members in any order (R-GEN-06)

// sent gives the body that leaves for a request, and what Bedrock says to it.
func (j *judge) sent(t testing.TB, body []byte, to catalog.Target,
	o translate.Options) (wireBody []byte, complained string, fault *openai.Error) {
	t.Helper()
	req, in, c, fault := way(body, to, o)
	if fault != nil {
		return nil, "", fault
	}
	complained = complaint(t, j.send(t.Context(), in, &c, to.Row, req.Stream))
	if !couldKnow(req, complained) {
		complained = ""
	}
	return metadataOnTheWire.ReplaceAll(j.body, nil), complained, nil
}

// couldKnow tells whether a rule could have prevented the complaint.
func couldKnow(req *openai.ChatRequest, complained string) bool {
	for _, u := range unknowable {
		if strings.Contains(complained, u.text) && u.wrote(req) {
			return false
		}
	}
	return complained != ""
}

// TestAnyRequestIsAccepted sends made-up requests to every live model of the embedded Bedrock.
func TestAnyRequestIsAccepted(t *testing.T) {
	t.Run("R-RPL-13 R-GEN-06", func(t *testing.T) {
		j := strictBedrock(t)
		models, roll := live(t, j), newDice(t, j)
		accepted, refused, found := 0, map[string]int{}, map[string]string{}
		counts := map[string]int{}
		for seed := range uint64(runs) {
			d := roll(seed)
			to := models[d.IntN(len(models))]
			body := mustMarshal(t, d.request(to.Row))
			o := translate.Options{DeclareHistory: seed%5 == 0, NeutralNames: seed%7 == 0, NoMetadata: seed%11 == 0}
			first, complained, fault := j.sent(t, body, to, o)
			if fault != nil {
				refused[fault.Code+" at "+withoutIndexes(fault.Param)]++
				if fault.Kind != openai.Invalid || fault.Code == "" || fault.Param == "" {
					t.Errorf("seed %d: %+v", seed, fault)
				}
				continue
			}
			if complained != "" {
				key := withoutNumbers(complained)
				counts[key]++
				if old, ok := found[key]; !ok || len(body) < len(old) {
					found[key] = fmt.Sprintf("seed %d on %s: %s\n  asked %.3000s\n  sent %.1500s", seed, to.Row.ID,
						complained, body, first)
				}
				continue
			}
			accepted++
			if seed%8 == 0 {
				if again, _, _ := j.sent(t, body, to, o); !bytes.Equal(first, again) {
					t.Errorf("R-GEN-06 seed %d:\n%s\n%s", seed, first, again)
				}
			}
		}
		t.Logf("%d requests accepted by %d models; refused: %v", accepted, len(models), refused)
		for _, key := range slices.Sorted(maps.Keys(found)) {
			t.Errorf("%d times: %s", counts[key], found[key])
		}
		if accepted < runs/2 {
			t.Errorf("only %d requests were accepted", accepted)
		}
	})
}

var digits = regexp.MustCompile(`[0-9]+|tc_[0-9a-f]+|call_\S+`)

func withoutNumbers(s string) string { return digits.ReplaceAllString(s, "N") }
