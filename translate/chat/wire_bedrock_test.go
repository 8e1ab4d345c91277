package chat_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outcrop/internal/catalog"
	"outcrop/internal/test/wiretest"
	"outcrop/translate"
)

// differences are the ways in which the gateway may ask Bedrock otherwise than the recorded client did, each by a rule.
// Each rewrites the recorded request as the gateway would have sent it, and tells whether it had to.
var differences = []struct {
	rule, what string
	rewrite    func(rec object, row *catalog.Model) bool
}{
	{"R-CHO-01", "`toolChoice.auto` is the default and is left out", func(rec object, _ *catalog.Model) bool {
		tools, _ := rec["toolConfig"].(object)
		choice, _ := tools["toolChoice"].(object)
		if choice["auto"] == nil {
			return false
		}
		delete(tools, "toolChoice")
		return true
	}},
	{"R-TOOL-11", "`toolResult.status: success` is the default and is left out", eachBlock(func(b object) bool {
		result, _ := b["toolResult"].(object)
		if result["status"] != "success" {
			return false
		}
		delete(result, "status")
		return true
	})},
	{"R-TOOL-12", "JSON in a tool result is text, except for Mistral", func(rec object, row *catalog.Model) bool {
		if row.Caps.ToolResultJSON {
			return false
		}
		return eachBlock(func(b object) (changed bool) {
			result, _ := b["toolResult"].(object)
			for _, c := range listOf(result["content"]) {
				if v, ok := c["json"]; ok {
					text, _ := json.Marshal(v)
					c["text"], changed = string(text), true
					delete(c, "json")
				}
			}
			return changed
		})(rec, row)
	}},
	{"R-MSG-05", "neighbouring turns of one role are one turn", func(rec object, _ *catalog.Model) bool {
		var turns []any
		for _, turn := range listOf(rec["messages"]) {
			if n := len(turns); n > 0 && turns[n-1].(object)["role"] == turn["role"] {
				last := turns[n-1].(object)
				last["content"] = append(last["content"].([]any), turn["content"].([]any)...)
				continue
			}
			turns = append(turns, turn)
		}
		changed := len(turns) < len(rec["messages"].([]any))
		rec["messages"] = turns
		return changed
	}},
	{"R-MSG-12, R-CACHE-03", "a blank text is left out, and a cache point that it held away from a document moves " +
		"before the document", func(rec object, _ *catalog.Model) (changed bool) {
		for _, turn := range listOf(rec["messages"]) {
			blocks := turn["content"].([]any)
			for i := len(blocks) - 1; i > 0; i-- {
				text, ok := blocks[i].(object)["text"].(string)
				if !ok || strings.TrimSpace(text) != "" {
					continue
				}
				changed = true
				blocks = slices.Delete(blocks, i, i+1)
				if i < len(blocks) && blocks[i].(object)["cachePoint"] != nil && blocks[i-1].(object)["document"] != nil {
					blocks[i-1], blocks[i] = blocks[i], blocks[i-1]
				}
			}
			turn["content"] = blocks
		}
		return changed
	}},
	{"R-SMP-05", "with thinking on, a temperature of 1 is left out", func(rec object, _ *catalog.Model) bool {
		fields, _ := rec["additionalModelRequestFields"].(object)
		config, _ := rec["inferenceConfig"].(object)
		if fields["thinking"] == nil || fmt.Sprint(config["temperature"]) != "1" {
			return false
		}
		delete(config, "temperature")
		return true
	}},
	{"R-PART-11", "an image whose bytes are a text is a document", eachBlock(func(b object) bool {
		image, _ := b["image"].(object)
		source, _ := image["source"].(object)
		data, _ := source["bytes"].(string)
		bytes, err := base64.StdEncoding.DecodeString(data)
		if image == nil || err != nil || !strings.HasPrefix(http.DetectContentType(bytes), "text/plain") {
			return false
		}
		delete(b, "image")
		b["document"] = object{"format": "txt", "name": "Document 1", "source": source}
		return true
	})},
	{"R-RPL-08", "Mistral's tool call ids are nine letters and digits", func(rec object, row *catalog.Model) bool {
		return row.Caps.ToolIDPattern == "alnum9" && eachID(rec, func(string) string { return "" })
	}},
}

// nine is the pattern of R-RPL-08.
var nine = regexp.MustCompile(`^[a-zA-Z0-9]{9}$`)

// TestRecordedBedrockRequests asks through OpenAI's API for what recorded clients asked Bedrock directly, and compares
// the request that leaves with the recorded one.
func TestRecordedBedrockRequests(t *testing.T) {
	j := bedrockOf(t, http.NotFoundHandler())
	exact, stated, all := 0, 0, 0
	byRule, noForm := map[string]int{}, map[string]int{}
	for _, rec := range wiretest.Bedrock(t, "Converse", "ConverseStream") {
		all++
		got, row, why := asked(t, j, &rec)
		if why != "" {
			noForm[why]++
			continue
		}
		want := tidy(parseJSON(t, rec.Request)).(object)
		differs := false
		for _, d := range differences {
			if d.rewrite(want, row) {
				differs = true
				byRule[d.rule+" | "+d.what]++
			}
		}
		if row.Caps.ToolIDPattern == "alnum9" {
			eachID(got, func(id string) string {
				if !nine.MatchString(id) {
					t.Errorf("R-RPL-08 %s: id %q", rec.ID, id)
				}
				return ""
			})
		}
		if diff := cmp.Diff(tidy(want), tidy(got)); diff != "" {
			t.Errorf("%s on %s: recorded (-) and sent (+) differ by no stated rule:\n%s", rec.ID, rec.ModelID, diff)
		} else if differs {
			stated++
		} else {
			exact++
		}
	}
	if exact+stated < 170 {
		t.Errorf("only %d requests were compared", exact+stated)
	}
	keep(t, "bedrock", fmt.Sprintf("%d recorded requests: %d are reproduced, %d up to the stated differences, %d have "+
		"no OpenAI form. "+
		"(Empty members count as absent, numbers and schemas are compared by value.)\n\n"+
		"| Rule | Stated difference | Requests |\n|---|---|--:|\n%s\n| Not expressible | Requests |\n|---|--:|\n%s",
		all, exact, stated, all-exact-stated, rowsOf(byRule), rowsOf(noForm)))
}

// asked gives the body that is sent for a recorded request, or why there is none.
func asked(t *testing.T, j *judge, rec *wiretest.Interaction) (body object, row *catalog.Model, why string) {
	t.Helper()
	if rec.Integrity.Request == "altered" {
		return nil, nil, "the request was changed after recording"
	}
	to, unknown := catalog.Default().Resolve(rec.ModelID, rec.Region)
	format := ""
	if unknown == nil {
		format = to.Row.Format
	}
	req, err := wiretest.ChatRequest(rec, format)
	var no wiretest.NoForm
	switch {
	case errors.As(err, &no):
		return nil, nil, string(no)
	case err != nil:
		t.Fatal(err)
	case unknown != nil:
		return nil, nil, "the model does not exist (R-CAP-02)"
	}
	_, in, c, fault := way(mustMarshal(t, req), to, translate.Options{})
	if fault != nil {
		return nil, nil, "refused: " + fault.Code + " at " + withoutIndexes(fault.Param)
	}
	if err := j.send(t.Context(), in, &c, to.Row, rec.Operation == "ConverseStream"); err == nil {
		t.Fatal("a Bedrock that finds nothing has answered")
	}
	if list := c.Adjusted.List(); len(list) > 0 {
		t.Errorf("%s: %v", rec.ID, list)
	}
	return parseJSON(t, j.body).(object), to.Row, ""
}

func listOf(v any) (list []object) {
	items, _ := v.([]any)
	for _, x := range items {
		if o, ok := x.(object); ok {
			list = append(list, o)
		}
	}
	return list
}

// eachBlock rewrites every content block of the messages.
func eachBlock(rewrite func(block object) bool) func(object, *catalog.Model) bool {
	return func(rec object, _ *catalog.Model) (changed bool) {
		for _, turn := range listOf(rec["messages"]) {
			for _, b := range listOf(turn["content"]) {
				if rewrite(b) {
					changed = true
				}
			}
		}
		return changed
	}
}

// eachID replaces the ids of calls and results; the first id becomes what the function makes of it and a running
// number, and so on, so that what is compared is which result answers which call.
func eachID(rec object, as func(string) string) bool {
	numbers := map[string]string{}
	return eachBlock(func(b object) bool {
		for _, kind := range []string{"toolUse", "toolResult"} {
			if use, ok := b[kind].(object); ok {
				id := use["toolUseId"].(string)
				if numbers[id] == "" {
					numbers[id] = fmt.Sprint(as(id), "call ", len(numbers)+1)
				}
				use["toolUseId"] = numbers[id]
				return true
			}
		}
		return false
	})(rec, nil)
}

// tidy leaves out empty members of the top and of inferenceConfig, which mean nothing, and gives numbers and schemas
// that are strings their values.
func tidy(v any) any {
	top, ok := v.(object)
	if !ok {
		return v
	}
	if config, ok := top["inferenceConfig"].(object); ok && len(listOf(config["stopSequences"])) == 0 &&
		fmt.Sprint(config["stopSequences"]) == "[]" {
		delete(config, "stopSequences")
	}
	for name, value := range top {
		if s := fmt.Sprint(value); s == "[]" || s == "map[]" || value == nil {
			delete(top, name)
		}
	}
	return byValue(top)
}

func byValue(v any) any {
	switch v := v.(type) {
	case object:
		for name, x := range v {
			v[name] = byValue(x)
			if schema, ok := x.(string); ok && name == "schema" {
				var tree any
				if json.Unmarshal([]byte(schema), &tree) == nil {
					v[name] = tree
				}
			}
		}
	case []any:
		for i, x := range v {
			v[i] = byValue(x)
		}
	case json.Number:
		f, _ := v.Float64()
		return f
	}
	return v
}

func rowsOf(counts map[string]int) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "| %s | %d |\n", name, counts[name])
	}
	return b.String()
}
