package score

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"outcrop/internal/wordlist"
)

func newScorer(t testing.TB, cfg Config) *Scorer {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScoreOrders(t *testing.T) {
	s := newScorer(t, Default())
	for _, c := range []struct{ name, easier, harder string }{
		{"greeting and fact", "hello there", "What is the capital of Hungary?"},
		{"fact and advice", "Who wrote Faust?", "How do I remove a stain of red wine from a wool carpet?"},
		{"steps of arithmetic", "Ada has 5 plums and eats 2. How many are left?",
			"Ada has 5 plums, twice as many pears, and 3 fewer figs than pears. She sells half of all her fruit at $2 each. " +
				"What does she earn?"},
		{"writing and code", "Write a warm letter to my grandmother about the garden.",
			"Write a Python function that merges sorted lists."},
		{"essay and proof", "Discuss the culture of the Baroque.", "Prove that the square root of 3 is irrational."},
		{"fact and formula in options", "Who painted it? A. Goya B. Manet C. Klee D. Miro",
			"What is it? A. x^2 + 1 B. 2x - 3 C. 17 D. 0.25"},
		{"one statement and several", "Which is true? A. Cats purr B. Dogs fly C. Hens bark",
			"Which are true? I. Cats purr. II. Dogs fly. III. Hens bark. A. I only B. I and II C. I, II, and III"},
		{"capitals deny", "Which of these is not red?", "Which of these is NOT red?"},
		{"years are no quantities", "Born in 1790, 1791 and 1792, all three died in 1848.",
			"Of 790, 791 and 792 cows, all but 48 died."},
		{"labels are no variables", "Which? A. cat B. dog C. hen", "Which? p. cat q. dog r. hen"},
		{"a term mentioned and a task", "Explain what an algorithm is.", "Implement an algorithm that sorts."},
		{"a quoted source", "According to the passage \"" +
			strings.Repeat("the king was old and his empire was tired of war, ", 8) + "\" what did the author think in 1790?",
			strings.Repeat("the wheel was old and the motor was tired of work, ", 8) + " what does the owner think of it?"},
		{"German", "Schreibe eine Geschichte über einen Hund.", "Beweise, dass die Gleichung keine Lösung hat."},
		{"Chinese", "你好", "证明这个方程没有整数解，并写出每一步。"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if easy, hard := s.Score(c.easier), s.Score(c.harder); easy >= hard {
				t.Errorf("%.3f %q\n%.3f %q", easy, c.easier, hard, c.harder)
			}
		})
	}
}

func TestScoreTiers(t *testing.T) {
	s := newScorer(t, Default())
	for text, want := range map[string]string{
		"":                                    Fast,
		"hi":                                  Fast,
		"thanks a lot, that's all":            Fast,
		"When did the first world war begin?": Fast,
		"My car makes a strange noise when I brake at low speed. What could it be, and is it dangerous?":       Balanced,
		"Prove by induction that 2^n > n^2 for all n > 4, and explain each step.":                              Quality,
		"Fix this: ```go\nfunc f() { defer mu.Unlock(); mu.Lock(); panic(err) }\n``` and justify each change.": Quality,
		"Design a distributed cache for several regions: compare the options, discuss failures and " +
			"justify the consistency.": Quality,
	} {
		if score := s.Score(text); s.Tier(score) != want {
			t.Errorf("%.3f is %s, want %s: %q", score, s.Tier(score), want, text)
		}
	}
}

func TestScoreTurns(t *testing.T) {
	s := newScorer(t, Default())
	const code = "Write a Go function that finds a cycle in a linked list without extra memory."
	alone, after := s.Score("Now do it in Python."), s.ScoreTurns([]string{code, "Now do it in Python."})
	if first := s.Score(code); after <= alone || after > first || s.Tier(after) == Fast {
		t.Errorf("a follow-up: alone %.3f, after the task %.3f, the task %.3f", alone, after, first)
	}
	if got, want := s.ScoreTurns([]string{code, "thanks!"}), s.Score("thanks!"); got != want {
		t.Errorf("thanks inherit: %.3f, want %.3f", got, want)
	}
	if got := s.ScoreTurns([]string{code, "thanks!", "Now do it in Python."}); got != after {
		t.Errorf("thanks between do not matter: %.3f, want %.3f", got, after)
	}
	if fresh := s.ScoreTurns([]string{code, "Who wrote Faust?"}); fresh >= after {
		t.Errorf("a new question inherits less: %.3f, the follow-up %.3f", fresh, after)
	}
	if got, want := s.ScoreTurns([]string{"hi", code}), s.Score(code); got != want {
		t.Errorf("what was easy before lowers nothing: %.3f, want %.3f", got, want)
	}
	if got, want := s.ScoreTurns([]string{code}), s.Score(code); got != want {
		t.Errorf("one turn: %.3f, want %.3f", got, want)
	}
	if got, want := s.ScoreTurns(nil), s.Score(""); got != want {
		t.Errorf("no turn: %.3f, want %.3f", got, want)
	}
}

// A text in a script without spaces has words too.
func TestScoreScripts(t *testing.T) {
	s := newScorer(t, Default())
	hello := s.Score("hello there")
	for _, text := range []string{
		"请告诉我你们城市里最好的三家餐馆，并说明它们为什么值得去。", "東京で一番おいしいラーメン屋を三つ教えてください。その理由も書いてください。",
		"ช่วยแนะนำร้านอาหารที่ดีที่สุดในเมืองของคุณและบอกเหตุผลด้วย",
		"Расскажите о лучших ресторанах вашего города и объясните, почему туда стоит пойти.",
		"أخبرني عن أفضل المطاعم في مدينتك ولماذا تستحق الزيارة", "서울에서 가장 맛있는 식당 세 곳을 추천하고 이유를 설명해 주세요",
	} {
		if short := s.Score(string([]rune(text)[:8])); short <= s.Score("") || s.Score(text) <= short ||
			s.Score(text) <= hello {
			t.Errorf("%.3f, its start %.3f, a greeting %.3f: %s", s.Score(text), short, hello, text)
		}
	}
}

func TestNewScorerRefuses(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"order":     func(c *Config) { c.FastBelow, c.BalancedBelow = 0.6, 0.5 },
		"negative":  func(c *Config) { c.FastBelow = -0.1 },
		"above 1":   func(c *Config) { c.BalancedBelow = 1.1 },
		"no number": func(c *Config) { c.FastBelow = math.NaN() },
		"weight":    func(c *Config) { c.Weights.Code = math.NaN() },
		"infinite":  func(c *Config) { c.Weights.Base = math.Inf(1) },
	} {
		cfg := Default()
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Every weight of the configuration weighs the feature of its name.
func TestWeightNames(t *testing.T) {
	fields := reflect.TypeFor[Weights]()
	if fields.NumField() != numFeatures+1 {
		t.Fatalf("%d weights, %d features and the base", fields.NumField(), numFeatures)
	}
	for i := 1; i < fields.NumField(); i++ {
		var w Weights
		reflect.ValueOf(&w).Elem().Field(i).SetFloat(1)
		for k, v := range w.list() {
			if name := fields.Field(i).Tag.Get("yaml"); (v == 1) != (featureNames[k] == name) {
				t.Errorf("weight %s is that of feature %s", name, featureNames[k])
			}
		}
	}
}

func TestScoreExplain(t *testing.T) {
	s := newScorer(t, Default())
	sum, names := 0.0, map[string]bool{}
	for _, f := range s.Explain(benchCode) {
		sum += f.Value * f.Weight
		names[f.Name] = true
	}
	if got := s.Score(benchCode); math.Abs(bend(sum)-got) > 1e-12 {
		t.Errorf("the parts give %v, the score is %v", bend(sum), got)
	}
	if !names["base"] || !names["code"] || !names["length"] || names["statements"] {
		t.Errorf("features %v", names)
	}
}

// Every listed word is read as its kind, or as that of an earlier list: an entry that the reader never finds would be
// dead.
func TestLexicon(t *testing.T) {
	words, signs, seen := wordlist.Parse(wordFile), wordlist.Parse(signFile), map[string]bool{}
	for kind, name := range kindNames {
		if kind != int(wNone) && len(words[name]) == 0 {
			t.Errorf("%q has no words", name)
		}
		for _, word := range words[name] {
			var r reading
			r.read(word)
			if !seen[word] && r.kinds[kind] != 1 {
				t.Errorf("%q is not read as kind %d", word, kind)
			}
			seen[word] = true
		}
		for _, pair := range signs[name] {
			var r reading
			r.read(pair)
			if utf8.RuneCountInString(pair) != 2 || r.kinds[kind] != 1 {
				t.Errorf("%q is not read as kind %d", pair, kind)
			}
		}
	}
	used := 0
	for _, e := range knownWords {
		if e.kind != wNone {
			used++
		}
	}
	if used > len(knownWords)/2 {
		t.Errorf("%d of %d places are taken: searches get long", used, len(knownWords))
	}
}

func TestScoreAllocates(t *testing.T) {
	s := newScorer(t, Default())
	turns := []string{benchCode, benchShort}
	if n := testing.AllocsPerRun(100, func() { s.Score(benchCode); s.ScoreTurns(turns) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzScore(f *testing.F) {
	for _, text := range []string{"", benchShort, benchCode, "A. 1 B. 2", "I. x II. y", "1/", "$", "_", "\xff\xfe", "’",
		"a’", "<", "12 V", "证"} {
		f.Add(text, text)
	}
	s := newScorer(f, Default())
	f.Fuzz(func(t *testing.T, a, b string) {
		Language(a)
		for _, score := range []float64{s.Score(a), s.ScoreTurns([]string{a, b})} {
			if !(score >= 0 && score <= 1) {
				t.Errorf("score %v", score)
			}
		}
	})
}
