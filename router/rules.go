package router

import (
	"time"

	"outcrop/router/score"
)

// The names of the default tiers, of the rule set that router.rules is, and of what a rule may name in place of a tier.
const (
	TierFast     = score.Fast
	TierBalanced = score.Balanced
	TierQuality  = score.Quality

	Auto = "auto"

	byScore  = "score"  // the default tier that the score asks for
	byHeader = "header" // the tier that the header x-outcrop-tier names; without the header the rule does not fire
)

// Rules are the tiers, and the rules that choose among them.
type Rules struct {
	Tiers    map[string]Tier   `yaml:"tiers" validate:"dive,keys,label,endkeys" help:"name of a tier: its targets; fast, balanced and quality exist by default"`
	Rules    []Rule            `yaml:"rules" validate:"max=1000,dive" help:"rules of the model auto, read in order; the first that fires decides (docs/recipes/write-routing-rules.md)"`
	RuleSets map[string][]Rule `yaml:"rule_sets" validate:"dive,keys,label,endkeys,min=1,max=1000,dive" help:"name of a further rule set, which clients use as a model: its rules"`
	Score    score.Config      `yaml:"score"`
}

// Tier is an ordered list of targets that serve alike.
type Tier struct {
	Targets []Target `yaml:"targets" validate:"min=1,max=64,dive" help:"models that serve the tier, the first preferred"`
	Next    string   `yaml:"next" help:"tier that takes what none of the targets can do; of fast it is balanced, of balanced quality"`
}

// Target is one model of a tier.
type Target struct {
	Model       string `yaml:"model" validate:"word,max=2048" help:"id of a model or profile, or ARN"`
	Region      string `yaml:"region" validate:"omitempty,region" help:"AWS region that is called; empty is the gateway's own"`
	Weight      int    `yaml:"weight" validate:"min=0,max=1000000" help:"share of the calls among targets of the same order; 0 counts as 1"`
	Order       int    `yaml:"order" validate:"min=0,max=1000000" help:"targets of the same order are equals; 0 is the place in the list"`
	ServiceTier string `yaml:"service_tier" validate:"omitempty,oneof=default flex priority reserved" help:"Bedrock's service tier for requests that ask for none"`
}

// Rule fires when everything that it says is so; one that says nothing always fires. Words and tokens are those of the
// last user turn, unless their name says prompt: then of everything that is sent.
type Rule struct {
	Name string `yaml:"name" validate:"label" help:"what the header x-outcrop-route calls the rule"`
	Tier string `yaml:"tier" validate:"label" help:"tier to use, score for the one that the score asks for, or header for the one that the header x-outcrop-tier names"`
	When string `yaml:"when" validate:"max=10000" help:"condition in the language of expr-lang.org, over the facts of the request"`

	MinWords *int `yaml:"min_words" validate:"omitnil,min=0" help:"fewest words of the last user turn"`
	MaxWords *int `yaml:"max_words" validate:"omitnil,min=0" help:"most words of the last user turn"`
	MinTools *int `yaml:"min_tools" validate:"omitnil,min=0" help:"fewest tools"`

	HasImage    *bool `yaml:"has_image" help:"whether there are images"`
	HasVideo    *bool `yaml:"has_video" help:"whether there are videos"`
	HasDocument *bool `yaml:"has_document" help:"whether there are documents"`
	HasTools    *bool `yaml:"has_tools" help:"whether there are tools"`
	Code        *bool `yaml:"code" help:"whether the last user turn holds code or asks for it"`

	Keywords   []string          `yaml:"keywords" list:"or-one" validate:"max=1000,dive,required,max=200" help:"any of these stands in the last user turn, as a whole word, in upper or lower case"`
	Pattern    string            `yaml:"pattern" validate:"max=10000" help:"regular expression (RE2) that the last user turn matches somewhere"`
	Effort     []string          `yaml:"effort" list:"or-one" validate:"dive,required" help:"reasoning_effort is one of these"`
	Language   []string          `yaml:"language" list:"or-one" validate:"dive,oneof=en de fr es pt it nl sv pl tr ru uk el ar fa he hi th zh ja ko" help:"language of the last user turn (en, de …) is one of these"`
	Tenant     []string          `yaml:"tenant" list:"or-one" validate:"dive,required" help:"the tenant is one of these"`
	Key        []string          `yaml:"key" list:"or-one" validate:"dive,required" help:"the public name of the API key is one of these"`
	User       []string          `yaml:"user" list:"or-one" validate:"dive,required" help:"user (or safety_identifier) is one of these"`
	HeaderTier []string          `yaml:"header_tier" list:"or-one" validate:"dive,required" help:"the header x-outcrop-tier is one of these"`
	Metadata   map[string]string `yaml:"metadata" validate:"max=16" help:"members of metadata, each with this value"`

	MaxTimeBudget *time.Duration `yaml:"max_time_budget" validate:"omitnil,min=0" help:"most time that the request gives"`

	// What the former release has known besides: gone from the documents, and taken for one release as the condition in
	// the tag. They are asked in this order, so that the score is worked out last.
	MinTokens        *int           `yaml:"min_tokens" validate:"omitnil,min=0" when:"last.tokens >= %v"`
	MaxTokens        *int           `yaml:"max_tokens" validate:"omitnil,min=0" when:"last.tokens <= %v"`
	MinPromptWords   *int           `yaml:"min_prompt_words" validate:"omitnil,min=0" when:"prompt.words >= %v"`
	MaxPromptWords   *int           `yaml:"max_prompt_words" validate:"omitnil,min=0" when:"prompt.words <= %v"`
	MinPromptTokens  *int           `yaml:"min_prompt_tokens" validate:"omitnil,min=0" when:"prompt.tokens >= %v"`
	MaxPromptTokens  *int           `yaml:"max_prompt_tokens" validate:"omitnil,min=0" when:"prompt.tokens <= %v"`
	MinTurns         *int           `yaml:"min_turns" validate:"omitnil,min=0" when:"turns >= %v"`
	MaxTurns         *int           `yaml:"max_turns" validate:"omitnil,min=0" when:"turns <= %v"`
	MaxTools         *int           `yaml:"max_tools" validate:"omitnil,min=0" when:"tools <= %v"`
	MinOutput        *int           `yaml:"min_output" validate:"omitnil,min=0" when:"max_output > 0 && max_output >= %v"`
	MaxOutput        *int           `yaml:"max_output" validate:"omitnil,min=0" when:"max_output > 0 && max_output <= %v"`
	MinChoices       *int           `yaml:"min_n" validate:"omitnil,min=0" when:"n >= %v"`
	ToolResults      *bool          `yaml:"tool_results" when:"(tool_results > 0) == %v"`
	StructuredOutput *bool          `yaml:"structured_output" when:"structured_output == %v"`
	Math             *bool          `yaml:"math" when:"math == %v"`
	Stream           *bool          `yaml:"stream" when:"stream == %v"`
	MinTimeBudget    *time.Duration `yaml:"min_time_budget" validate:"omitnil,min=0" when:"time_budget != duration('0s') && time_budget >= duration('%v')"`
	MinScore         *float64       `yaml:"min_score" validate:"omitnil,min=0,max=1" when:"score >= %v"`
	MaxScore         *float64       `yaml:"max_score" validate:"omitnil,min=0,max=1" when:"score <= %v"`
}

// DefaultRules are the tiers and rules of a gateway that is told nothing. docs/recipes/write-routing-rules.md shows
// them.
func DefaultRules() Rules {
	tier := func(ids ...string) Tier {
		var t Tier
		for _, id := range ids {
			t.Targets = append(t.Targets, Target{Model: id})
		}
		return t
	}
	yes, long := true, 60
	return Rules{
		Tiers: map[string]Tier{
			TierFast:     tier("amazon.nova-2-lite-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"),
			TierBalanced: tier("anthropic.claude-sonnet-5", "amazon.nova-pro-v1:0"),
			TierQuality:  tier("anthropic.claude-opus-5", "anthropic.claude-sonnet-5"),
		},
		Rules: []Rule{
			{Name: "header", Tier: byHeader},
			{Name: "images", HasImage: &yes, Tier: byScore}, // whichever tier it is, only models that see are candidates
			{Name: "videos", HasVideo: &yes, Tier: byScore},
			{Name: "planning", MinWords: &long, Tier: TierQuality, Keywords: []string{
				"plan", "planning", "roadmap", "strategy", "architecture", "design", "trade-off", "trade-offs",
				"tradeoff", "tradeoffs",
				"reason", "reasoning", "step by step", "step-by-step", "think through", "prove", "proof", "derive",
				"derivation", "deduce",
				"analyze", "analyse", "analysis", "evaluate", "critique", "root cause", "pros and cons",
			}},
			{Name: byScore, Tier: byScore},
		},
		Score: score.Default(),
	}
}
