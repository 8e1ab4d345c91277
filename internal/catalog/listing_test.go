package catalog

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	opus    = "anthropic.claude-opus-6-20270101-v1:0"
	appARN  = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/team"
	lastDay = "2027-06-30"
)

func listing() Listing {
	end, err := time.Parse(time.DateOnly, lastDay)
	if err != nil {
		panic(err)
	}
	return Listing{
		Models: []ListedModel{
			{ID: opus, Name: "Claude Opus 6", Provider: "Anthropic", Inputs: []string{"TEXT", "IMAGE"},
				Outputs: []string{"TEXT"}, Streaming: Yes,
				Inference: []string{"INFERENCE_PROFILE"}, Started: time.Unix(1798761600, 0)},
			{ID: "acme.rocket-1", Name: "Rocket", Provider: "Acme", Inputs: []string{"TEXT", "SMELL"}, Outputs: []string{"TEXT"},
				Streaming: No, Inference: []string{"ON_DEMAND"}},
			{ID: "acme.vectors-1", Provider: "Acme", Outputs: []string{"EMBEDDING"}},
			{ID: "anthropic.claude-draw-1", Provider: "Anthropic", Outputs: []string{"IMAGE"}},
			{ID: "amazon.titan-embed-text-v3:0", Provider: "Amazon", Outputs: []string{"EMBEDDING"},
				Inference: []string{"ON_DEMAND"}},
			{ID: "amazon.nova-lite-v1:0", Inputs: []string{"TEXT"}, Streaming: No,
				Inference: []string{"ON_DEMAND", "INFERENCE_PROFILE"}, Legacy: true, Ends: end},
			{ID: "amazon.nova-lite-v1:0:24k", Provider: "Amazon", Outputs: []string{"TEXT"}, Inference: []string{"ON_DEMAND"}},
			{ID: "amazon.nova-huge-v1:0", Provider: "Amazon", Outputs: []string{"TEXT"}, Inference: []string{"PROVISIONED"}},
			{ID: "anthropic.claude-mythos-5"},
			{ID: "mistral.mistral-small-2402-v1:0", Inference: []string{"ON_DEMAND"}},
			{ID: "not an id", Provider: "Nobody"}, {ID: "noprovider"}, {},
		},
		Profiles: []ListedProfile{
			{ID: "us." + opus, Model: opus},
			{ID: "sa." + haiku, Model: haiku},
			{ID: "apac." + haiku, Model: haiku},
			{ID: "us.anthropic.claude-only-here-1", Model: "anthropic.claude-only-here-1"},
			{ID: "us.x", Model: "nonsense"},
			{ID: "team", ARN: appARN, Application: true, Model: haiku},
			{ID: "odd", ARN: appARN + "2", Application: true, Model: "nonsense"},
		},
	}
}

func TestListing(t *testing.T) {
	before := Default().byID[haiku]
	beforeCopy := *before
	c := Default().WithListing(listing())
	row := func(name string) *Model {
		target, err := c.Resolve(name, "us-east-1")
		if err != nil {
			return &Model{ID: "nothing"}
		}
		return target.Row
	}
	called := func(name, region string) string {
		target, err := c.Resolve(name, region)
		if err != nil {
			t.Fatal(err)
		}
		return target.CalledID
	}
	opus5 := Default().lines.of(Default().words.line("anthropic", "claude-opus-5"))
	for _, x := range []struct {
		rule      string
		got, want any
	}{
		{"R-CAP-05 a new model is like the newest of its line", row(opus).Caps.Reasoning, opus5.Caps.Reasoning},
		{"R-MOD-06 and is known from then on", row(opus).Known, true},
		{"R-MOD-06 and is served as its line is", row(opus).Converse, Yes},
		{"R-MOD-06 with its name", row(opus).Name + " of " + row(opus).Provider, "Claude Opus 6 of Anthropic"},
		{"R-MOD-06 with its inputs", strings.Join(row(opus).InputModalities, " "), "text image"},
		{"R-MOD-02 with its start of life", row(opus).Created, int64(1798761600)},
		{"R-CAP-03 it needs a profile, which is listed", called(opus, "us-east-1"), "us." + opus},
		{"R-CAP-05 it lends nothing to others", row("anthropic.claude-opus-7").Created, opus5.Created},
		{"R-CAP-06 a new provider's model is unknown", row("acme.rocket-1").Caps.Tools, Unknown},
		{"R-MOD-06 but for what the list says", row("acme.rocket-1").Caps.Streaming, No},
		{"R-MOD-06 also of pictures", row("acme.rocket-1").Caps.Vision, No},
		{"R-MOD-06 words that are new are passed on", strings.Join(row("acme.rocket-1").InputModalities, " "), "text smell"},
		{"R-CAP-06 whether Converse serves it is unknown", row("acme.rocket-1").Converse, Unknown},
		{"R-CAP-02 a new provider's ids have an id's shape", row("acme.rocket-2").Known, false},
		{"R-CAP-08 a new kind of embeddings", row("acme.vectors-1").Kind, Embed},
		{"R-CAP-08 pictures of a provider of chat models", row("anthropic.claude-draw-1").Kind, Kind("image")},
		{"R-CAP-05 a new model for embeddings", row("amazon.titan-embed-text-v3:0").EmbedShape, EmbedTitan},
		{"R-MOD-02 legacy", row("amazon.nova-lite-v1:0").Status, "legacy"},
		{"R-MOD-02 end of life", row("amazon.nova-lite-v1:0").EndOfLife, lastDay},
		{"R-MOD-06 what is known stays", row("amazon.nova-lite-v1:0").Caps.Streaming, Yes},
		{"R-MOD-06 on demand in this region", called("amazon.nova-lite-v1:0", "us-west-2"), "amazon.nova-lite-v1:0"},
		{"R-MOD-06 gated is a matter of access", row("anthropic.claude-mythos-5").Status,
			Default().byID["anthropic.claude-mythos-5"].Status},
		{"R-MOD-06 listed is active", row("mistral.mistral-small-2402-v1:0").Status, "active"},
		{"R-MOD-06 a size is no model of its own", c.byID["amazon.nova-lite-v1:0:24k"] == nil, true},
		{"R-MOD-06 what can only be provisioned is no row", c.byID["amazon.nova-huge-v1:0"] == nil, true},
		{"R-MOD-06 nonsense is no row", c.byID["not an id"] == nil && c.byID["noprovider"] == nil && c.byID[""] == nil &&
			c.byID["nonsense"] == nil, true},
		{"R-MOD-06 a new geography", row("sa." + haiku).ID, haiku},
		{"R-CAP-04 its profile's ARN", row("arn:aws:bedrock:sa-east-1:123456789012:inference-profile/sa." + haiku).ID, haiku},
		{"R-CAP-03 a listed profile is no longer doubtful", called(haiku, "ap-northeast-2"), "apac." + haiku},
		{"R-MOD-06 a model that only a profile names", row("us.anthropic.claude-only-here-1").ID,
			"anthropic.claude-only-here-1"},
		{"R-CAP-04 an application profile", row(appARN).ID, haiku},
		{"R-CAP-04 an application profile of nonsense", row(appARN + "2").ID, ""},
		{"R-MOD-01 not offered in the region", row("amazon.nova-micro-v1:0").Elsewhere, true},
		{"R-MOD-01 offered through a profile", row(haiku).Elsewhere, false},
		{"R-MOD-01 a name that nobody listed", row("anthropic.claude-opus-7").Elsewhere, false},
	} {
		t.Run(x.rule, func(t *testing.T) {
			if !reflect.DeepEqual(x.got, x.want) {
				t.Errorf("%v, want %v", x.got, x.want)
			}
		})
	}
	if !reflect.DeepEqual(beforeCopy, *before) || Default().byID[opus] != nil {
		t.Error("R-MOD-06 a refresh changed rows that requests under way hold")
	}
	if !slices.IsSortedFunc(c.Models(), func(a, b *Model) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("R-MOD-01 not in order of id")
	}
	if target, _ := c.Resolve(appARN, "us-east-1"); target.NeedsBase() {
		t.Error("R-CAP-04 the base model of a listed profile is asked for again")
	}
}

// Refreshing starts from the same catalogue each time, so that what left the lists leaves the rows.
func TestListingAgain(t *testing.T) {
	first := Default().WithListing(listing())
	if again := Default().WithListing(Listing{}); again.byID[opus] != nil ||
		again.byID["amazon.nova-micro-v1:0"].Elsewhere {
		t.Error("R-MOD-06 an empty list changes nothing")
	}
	if n, m := len(first.Models()), len(first.WithListing(listing()).Models()); n != m {
		t.Errorf("R-MOD-06 the same list twice: %d and %d rows", n, m)
	}
}

func TestListingBelowConfiguration(t *testing.T) {
	no := false
	c, err := Default().WithListing(listing()).With(Options{
		Rows: map[string]Override{
			opus: {Like: "anthropic.claude-sonnet-5", MaxOutput: 1000,
				Capabilities: CapabilityFacts{Streaming: &no}},
			"amazon.nova-micro-v1:0": {Context: 5},
		},
		BaseModels: map[string]string{appARN: "amazon.nova-lite-v1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := c.byID[opus]
	if m.Caps.Streaming != No || m.MaxOutput != 1000 || m.Name != "Claude Opus 6" ||
		!slices.Equal(m.Profiles, []string{"us." + opus}) {
		t.Errorf("configuration wins, identity and profiles stay: %+v", m)
	}
	if target, _ := c.Resolve("us."+opus, ""); target.Row != m {
		t.Error("R-CAP-04 the listed profile leads to the configured row")
	}
	if target, _ := c.Resolve(appARN, ""); target.Row.ID != "amazon.nova-lite-v1:0" {
		t.Error("R-CAP-04 a configured base model wins over the list")
	}
	if c.byID["amazon.nova-micro-v1:0"].Elsewhere {
		t.Error("R-MOD-01 who configures a model wants it listed")
	}
}
