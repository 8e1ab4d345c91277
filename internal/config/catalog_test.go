package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCatalogFaults(t *testing.T) {
	_, err := load(`models:
  aliases: {docs: "cohere.embed-v4:0"}
  input_types: {docs: question, doc: search_query}
  refresh: 5s
  catalog:
    anthropic.claude-opus-7:
      like: anthropic.claude-opus-66
    us.anthropic.claude-opus-7: {context: 5}
    nonsense: {kind: chat}
    acme.rocket-1: {context: 100000}
    acme.embed-1: {kind: embed}
    acme.image-1: {kind: image}
    acme.rocket-2:
      context: many
      max_output: -1
      dimensions: [256, big]
      end_of_life: soon
      temperature: true
      converse: "on"
      capabilities:
        vison: true
        tool_choice: [auto, required]
        reasoning: {shape: deep, efforts: [low, none]}
        caching: yes
      prices:
        us: {input: 1e3, output: -1, cached: 2}
    acme.rocket-3: [1]
    acme.rocket-4:
`, []string{"OUTCROP_MODELS_CATALOG=x"})
	want := []string{
		`outcrop.yaml:3:23: models.input_types[docs]: must be one of search_document, search_query, classification, clustering, not "question"`,
		`outcrop.yaml:3:38: models.input_types[doc]: is no alias of models.aliases`,
		`outcrop.yaml:4:12: models.refresh: must be at least 1m, not 5s`,
		`outcrop.yaml:6:5: models.catalog[anthropic.claude-opus-7]: like: the model "anthropic.claude-opus-66" is not in the catalogue`,
		`outcrop.yaml:8:5: models.catalog[us.anthropic.claude-opus-7]: "us.anthropic.claude-opus-7" names an inference profile; the row is that of the model, without "us."`,
		`outcrop.yaml:9:5: models.catalog[nonsense]: "nonsense" is not the id of a model, which is provider.name`,
		`outcrop.yaml:10:5: models.catalog[acme.rocket-1]: nothing is known of "acme.rocket-1": it needs like, or kind`,
		`outcrop.yaml:11:5: models.catalog[acme.embed-1]: nobody knows how "acme.embed-1" is asked for embeddings: it needs like, naming a model that is asked alike`,
		`outcrop.yaml:12:26: models.catalog[acme.image-1].kind: must be one of chat, embed, not image`,
		`outcrop.yaml:14:16: models.catalog[acme.rocket-2].context: must be a whole number, not "many"`,
		`outcrop.yaml:15:19: models.catalog[acme.rocket-2].max_output: must be at least 0, not -1`,
		`outcrop.yaml:16:25: models.catalog[acme.rocket-2].dimensions[1]: must be a whole number, not "big"`,
		`outcrop.yaml:17:20: models.catalog[acme.rocket-2].end_of_life: must be a date such as 2027-01-31, not "soon"`,
		`outcrop.yaml:18:7: models.catalog[acme.rocket-2].temperature: unknown key`,
		`outcrop.yaml:19:17: models.catalog[acme.rocket-2].converse: must be true or false, not "on"`,
		`outcrop.yaml:21:9: models.catalog[acme.rocket-2].capabilities.vison: unknown key; did you mean vision?`,
		`outcrop.yaml:22:29: models.catalog[acme.rocket-2].capabilities.tool_choice[1]: must be one of auto, any, tool, not "required"`,
		`outcrop.yaml:23:28: models.catalog[acme.rocket-2].capabilities.reasoning.shape: must be one of budget, adaptive, nova, effort, config, object, none, not deep`,
		`outcrop.yaml:23:49: models.catalog[acme.rocket-2].capabilities.reasoning.efforts[1]: must be one of low, medium, high, xhigh, max, not "none"`,
		`outcrop.yaml:24:18: models.catalog[acme.rocket-2].capabilities.caching: must be a mapping (key: value), not "yes"`,
		`outcrop.yaml:26:21: models.catalog[acme.rocket-2].prices[us].input: must be a number, not "1e3"`,
		`outcrop.yaml:26:34: models.catalog[acme.rocket-2].prices[us].output: must be at least 0, not -1`,
		`outcrop.yaml:26:38: models.catalog[acme.rocket-2].prices[us].cached: unknown key`,
		`outcrop.yaml:27:20: models.catalog[acme.rocket-3]: must be a mapping (key: value), not a list`,
		`outcrop.yaml:28:5: models.catalog[acme.rocket-4]: nothing is known of "acme.rocket-4": it needs like, or kind`,
		`OUTCROP_MODELS_CATALOG: models.catalog: can be set in the file only`,
	}
	if diff := cmp.Diff(want, complaints(err)); diff != "" {
		t.Error(diff)
	}
}

func TestAliasFaults(t *testing.T) {
	const own = "'arn:aws:bedrock:us-east-1:111122223333:provisioned-model/x'"
	for _, tt := range []struct {
		name, text string
		environ    []string
		want       []string
	}{
		{"all at once, with other faults", `models:
  aliases:
    a: b
    b: a
    c: c
    d: nope
    to-d: d
    to-b: b
    e: has a space
    to-e: e
    f: [x]
    to-f: f
    fine: us.acme.rocket-1
    ours: ` + own + `
  base_models:
    ` + own + `: acme.rocket-9
  catalog:
    acme.rocket-1: {kind: chat, converse: true}
log: {level: loud}
`, []string{"BEDROCK_MODEL_ID=gpt-4o", "MAX_POOL_CONNECTIONS=-4"}, []string{
			`outcrop.yaml:3:8: models.aliases[a]: a → b → a is a circle`,
			`outcrop.yaml:5:8: models.aliases[c]: c → c is a circle`,
			`outcrop.yaml:6:8: models.aliases[d]: leads nowhere: "nope" is not a model, profile or ARN of Bedrock`,
			`outcrop.yaml:9:8: models.aliases[e]: must be neither empty nor hold spaces or control characters, not "has a space"`,
			`outcrop.yaml:11:8: models.aliases[f]: must be a single value, not a list`,
			`outcrop.yaml:16:67: models.base_models[arn:…]: the base model "acme.rocket-9" of arn:… is not in the catalogue`,
			`outcrop.yaml:19:14: log.level: must be one of debug, info, warn, error, not "loud"`,
			`BEDROCK_MODEL_ID: models.aliases[default]: leads nowhere: "gpt-4o" is not a model, profile or ARN of Bedrock`,
			`MAX_POOL_CONNECTIONS: bedrock.pool_connections: must be at least 1, not -4`,
		}},
		{"a circle through a variable", "models: {aliases: {x: default}}\n", []string{"BEDROCK_MODEL_ID=x"},
			[]string{`BEDROCK_MODEL_ID: models.aliases[default]: default → x → default is a circle`}},
		{"a name for a row that is at fault", "models: {aliases: {x: acme.rocket-1, y: nope}, catalog: {acme.rocket-1: " +
			"{context: 5}}}\n", nil, []string{
			`outcrop.yaml:1:41: models.aliases[y]: leads nowhere: "nope" is not a model, profile or ARN of Bedrock`,
			`outcrop.yaml:1:58: models.catalog[acme.rocket-1]: nothing is known of "acme.rocket-1": it needs like, or kind`}},
		{"with a fault for the embedded Bedrock", "models: {aliases: {x: amazon.nova-lite-v1:0+throttle}}\n", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(tt.text, tt.environ)
			if diff := cmp.Diff(tt.want, complaints(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
