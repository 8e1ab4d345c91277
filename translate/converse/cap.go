package converse

import (
	"strconv"
	"strings"

	"outcrop/internal/rawjson"
)

// Names under which the families know a limit on what they write, and on what they think before, in small letters
// without anything between the words. They are those of Claude (max_tokens, max_tokens_to_sample, budget_tokens),
// Nova (inferenceConfig.maxTokens, max_new_tokens), Llama (max_gen_len), Titan (maxTokenCount), Jurassic (maxTokens),
// and of what is served with vLLM or OpenAI's parameters. Several answers in one, each as long as the limit
// (num_generations of Cohere, numResults of Jurassic, n), are one.
var (
	limitNames = spellings("maxtokens", "maxnewtokens", "maxcompletiontokens", "maxoutputtokens", "maxtokenstosample",
		"maxgenlen", "maxtokencount", "maxlength", "maxgeneratedtokens")
	copiesNames = spellings("n", "numgenerations", "numreturnsequences", "numresults", "bestof")
	budgetNames = spellings("budgettokens", "thinkingbudget", "thinkingbudgettokens", "thinkingtokenbudget",
		"maxthinkingtokens", "reasoningbudget", "maxreasoningtokens")
)

func spellings(list ...string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, name := range list {
		m[name] = true
	}
	return m
}

// capFields holds what additionalModelRequestFields say to the cap of the caller's key, in every spelling and at any
// depth (R-LIM-03).
func (c *pass) capFields() {
	for i := range c.fields.list {
		f := &c.fields.list[i]
		member := append(rawjson.Quote(nil, f.name), ':')
		out, capped := capLimits(append(member, f.value...), c.opts.MaxTokens)
		if !capped {
			continue
		}
		f.value = out[len(member):]
		c.Adjust(c.whoGave(f.name), "capped_at_"+itoa(c.opts.MaxTokens))
	}
}

// whoGave is the member of the request that a field comes from.
func (c *pass) whoGave(field string) string {
	given := "additional_model_request_fields"
	if field != "thinking" {
		return given
	}
	by := field
	rawjson.Members(c.req.Fields, func(name string, _ []byte) bool {
		if name == field {
			by = given
		}
		return by == field
	})
	return by
}

// capLimits gives JSON in which no limit is above most, and no budget for thinking above the share of it that leaves
// room for an answer. It goes through the text once; duplicates of a name are each looked at.
func capLimits(b []byte, most int64) (out []byte, capped bool) {
	kept := 0
	for i := 0; i < len(b); {
		if b[i] != '"' {
			i++
			continue
		}
		end := min(rawjson.ClosingQuote(b, i)+1, len(b))
		colon := rawjson.SkipSpace(b, end)
		if colon >= len(b) || b[colon] != ':' {
			i = end
			continue
		}
		highest := highestOf(rawjson.Unquote(b[i:end]), most)
		i = rawjson.SkipSpace(b, colon+1)
		if highest == 0 || rawjson.Kind(b[i:]) == '{' || rawjson.Kind(b[i:]) == '[' {
			continue
		}
		end = rawjson.SkipValue(b, i)
		if above(b[i:end], highest) {
			out = append(append(out, b[kept:i]...), itoa(highest)...)
			kept, capped = end, true
		}
		i = end
	}
	return append(out, b[kept:]...), capped
}

// highestOf is the greatest value that a member may have; 0 for one that limits nothing.
func highestOf(name string, most int64) int64 {
	short := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' || r == '.' {
			return -1
		}
		return r
	}, strings.ToLower(name))
	switch {
	case limitNames[short]:
		return most
	case budgetNames[short]:
		return max(most*3/4, 1)
	case copiesNames[short]:
		return 1
	}
	return 0
}

// above tells whether a value is more than highest. What is less than nothing stands for no limit; what is no number
// is left for the model to judge.
func above(value []byte, highest int64) bool {
	text := string(value)
	if rawjson.Kind(value) == '"' {
		text = rawjson.Unquote(value)
	}
	n, err := strconv.ParseFloat(text, 64) // what is out of its range comes as infinite
	return (err == nil || n != 0) && (n > float64(highest) || n < 0)
}
