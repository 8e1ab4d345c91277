package router

import (
	"reflect"
	"testing"
	"time"
)

// TestFormerMembers: what a former release said in members of their own fires as it did then.
func TestFormerMembers(t *testing.T) {
	least := func(n, want int) bool { return n >= want }
	most := func(n, want int) bool { return n <= want }
	numbers := map[string]func(e *environment, want int) bool{
		"MinTokens":       func(e *environment, w int) bool { return least(e.Last.Tokens, w) },
		"MaxTokens":       func(e *environment, w int) bool { return most(e.Last.Tokens, w) },
		"MinPromptWords":  func(e *environment, w int) bool { return least(e.Prompt.Words, w) },
		"MaxPromptWords":  func(e *environment, w int) bool { return most(e.Prompt.Words, w) },
		"MinPromptTokens": func(e *environment, w int) bool { return least(e.Prompt.Tokens, w) },
		"MaxPromptTokens": func(e *environment, w int) bool { return most(e.Prompt.Tokens, w) },
		"MinTurns":        func(e *environment, w int) bool { return least(e.Turns, w) },
		"MaxTurns":        func(e *environment, w int) bool { return most(e.Turns, w) },
		"MaxTools":        func(e *environment, w int) bool { return most(e.Tools, w) },
		"MinOutput":       func(e *environment, w int) bool { return e.MaxOutput != 0 && least(e.MaxOutput, w) },
		"MaxOutput":       func(e *environment, w int) bool { return e.MaxOutput != 0 && most(e.MaxOutput, w) },
		"MinChoices":      func(e *environment, w int) bool { return least(e.Choices, w) },
	}
	flags := map[string]func(e *environment) bool{
		"ToolResults":      func(e *environment) bool { return e.ToolResults > 0 },
		"StructuredOutput": func(e *environment) bool { return e.StructuredOutput },
		"Math":             func(e *environment) bool { return e.Math },
		"Stream":           func(e *environment) bool { return e.Stream },
	}
	scores := map[string]func(e *environment, want float64) bool{
		"MinScore": func(e *environment, w float64) bool { return e.Score >= w },
		"MaxScore": func(e *environment, w float64) bool { return e.Score <= w },
	}
	budgets := map[string]func(e *environment, want time.Duration) bool{
		"MinTimeBudget": func(e *environment, w time.Duration) bool { return e.TimeBudget != 0 && e.TimeBudget >= w },
	}
	said, yes, no := 0, 0, 0
	check := func(member string, value any, then func(e *environment) bool) {
		said++
		rule := Rule{Name: "mine", Tier: TierQuality}
		field := reflect.ValueOf(&rule).Elem().FieldByName(member)
		field.Set(reflect.New(field.Type().Elem()))
		field.Elem().Set(reflect.ValueOf(value))
		r := newRouter(t, withRules(rule, Rule{Name: "rest", Tier: TierFast}))
		for _, body := range samples {
			for _, who := range []Caller{{}, {TimeBudget: time.Second}, {TimeBudget: 90 * time.Minute}} {
				f := facts(t, Auto, body, who)
				f.need(gAll, r.scorer)
				plan, err := r.Plan(facts(t, Auto, body, who))
				if err != nil {
					t.Fatal(err)
				}
				want := then(&f.known)
				if want {
					yes++
				} else {
					no++
				}
				if got := plan.Rule == "mine"; got != want {
					t.Errorf("%s %v fires: %t, want %t: %v on %s", member, value, got, want, rule.Former(), body)
				}
			}
		}
	}
	for member, then := range numbers {
		for _, want := range []int{0, 1, 2, 3, 5, 12, 1000, 2000} {
			check(member, want, func(e *environment) bool { return then(e, want) })
		}
	}
	for member, then := range flags {
		for _, want := range []bool{true, false} {
			check(member, want, func(e *environment) bool { return then(e) == want })
		}
	}
	for member, then := range scores {
		for _, want := range []float64{0, 1e-9, 0.25, 0.5, 1} {
			check(member, want, func(e *environment) bool { return then(e, want) })
		}
	}
	for member, then := range budgets {
		for _, want := range []time.Duration{0, time.Millisecond, time.Second, 90 * time.Minute, 100 * time.Hour} {
			check(member, want, func(e *environment) bool { return then(e, want) })
		}
	}
	formed := 0
	for field := range reflect.TypeFor[Rule]().Fields() {
		if field.Tag.Get("when") != "" {
			formed++
		}
	}
	if tested := len(numbers) + len(flags) + len(scores) + len(budgets); tested != formed || yes < said || no < said {
		t.Errorf("%d of %d members tested, %d firing, %d not", tested, formed, yes, no)
	}
}

var samples = []string{
	user(""), user("Hello there"), user("Solve 3x + 5 = 20 for x."), user("人工智能是什"),
	user("Plan the migration of a database, step by step, and prove that no row of it can be lost on the way, please."),
	user("Hi") + `,"stream":true,"n":2,"max_tokens":1000`,
	user("Hi") + `,"max_tokens":2000,"response_format":{"type":"json_object"}`,
	`"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]`,
	`"messages":[{"role":"user","content":"a"},{"role":"tool","tool_call_id":"x","content":"b"}]`,
	user("Hi") + `,"tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}]`,
	picture,
}
