package eval

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func sets(t *testing.T) []Set {
	t.Helper()
	s, err := Read(os.DirFS("../../../router/testdata/eval"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The floors lie a little below what `make eval` prints: a change of the score may not lose more than that unseen.
func TestFloors(t *testing.T) {
	rules, err := Rules()
	if err != nil {
		t.Fatal(err)
	}
	// above: by how much the area is more than that of counting words
	floors := map[string]struct{ area, rank, above float64 }{
		"maths":               {0.590, 0.60, 0.02},
		"choice, A. on lines": {0.595, 0.70, 0.03},
		"choice, (A) inline":  {0.595, 0.70, 0.03},
		"choice, wrapped":     {0.595, 0.70, 0.03},
		"choice, bare lines":  {0.595, 0.70, 0.03},
		"choice, no options":  {0.590, 0.68, 0.03},
		"open, first turn":    {0.650, 0.72, 0.10},
		"open, both turns":    {0.650, 0.72, 0.10},
		"chat":                {0.760, 0.80, 0},
	}
	all := sets(t)
	if len(all) != len(floors) {
		t.Errorf("%d sets, %d floors", len(all), len(floors))
	}
	for _, s := range all {
		floor, known := floors[s.Name]
		score, words := Measure(s, rules[0].Scores(s)), Measure(s, rules[1].Scores(s))
		if !known || score.Area < floor.area || score.Rank < floor.rank || score.Area < words.Area+floor.above {
			t.Errorf("%s: %+v falls below %+v; counting words has %+v", s.Name, score, floor, words)
		}
		if s.Name != "chat" && score.Ties > 0.05 {
			t.Errorf("%s: %.2f of the prompts share their score", s.Name, score.Ties)
		}
	}
}

// The default thresholds send ordinary traffic where it belongs, but for a few lines.
func TestTiers(t *testing.T) {
	all := sets(t)
	chat := all[len(all)-1]
	tiers, err := Tiers(chat)
	if err != nil {
		t.Fatal(err)
	}
	wrong, order := 0, []string{"fast", "balanced", "quality"}
	for i, it := range chat.Items {
		if it.Tier != tiers[i] {
			wrong++
		}
		if d := slices.Index(order, it.Tier) - slices.Index(order, tiers[i]); d > 1 || d < -1 {
			t.Errorf("%s in place of %s: %s", tiers[i], it.Tier, it.Text)
		}
	}
	if wrong > 5 {
		t.Errorf("%d of %d lines are in a neighbouring tier", wrong, len(tiers))
	}
}

func TestMeasure(t *testing.T) {
	s := Set{Items: []Item{{Difficulty: 0}, {Difficulty: 0}, {Difficulty: 0}, {Difficulty: 1}}}
	for _, c := range []struct {
		name   string
		scores []float64
		area   float64
	}{
		{"right", []float64{1, 2, 3, 4}, 0.8}, // recovered at four of the five cost points 0, 1, 2, 3 and 4
		{"wrong way round", []float64{4, 3, 2, 1}, 0.2},
		{"all alike", []float64{7, 7, 7, 7}, 0.5},
		{"half alike", []float64{1, 1, 2, 2}, 0.7},
	} {
		if got := Measure(s, c.scores); math.Abs(got.Area-c.area) > 1e-9 || got.Best != 0.8 {
			t.Errorf("%s: %+v, want %v", c.name, got, c.area)
		}
	}
	if f := Measure(s, []float64{1, 2, 3, 4}); f.Ties != 0 {
		t.Errorf("ties %v", f.Ties)
	}
	if f := Measure(s, []float64{1, 1, 3, 4}); f.Ties != 0.5 || f.Rank <= 0 || f.Rank >= 1 {
		t.Errorf("%+v", f)
	}
	if f := Measure(s, []float64{1, 1, 1, 1}); f.Rank != 0 {
		t.Errorf("rank %v", f.Rank)
	}
}

func TestReadRefuses(t *testing.T) {
	good := fstest.MapFS{}
	for _, name := range []string{"maths", "choice", "chat"} {
		good[name+".jsonl"] = &fstest.MapFile{Data: []byte(`{"difficulty":0.5,"text":"Why?"}` + "\n")}
	}
	good["open.jsonl"] = &fstest.MapFile{Data: []byte(`{"difficulty":0.5,"turns":["Why?"]}`)}
	if _, err := Read(good); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"", "{", `{"difficulty":2,"text":"Why?"}`, `{"difficulty":0.5}`} {
		bad := fstest.MapFS{}
		for name, f := range good {
			bad[name] = f
		}
		if line == "" {
			delete(bad, "maths.jsonl")
		} else {
			bad["maths.jsonl"] = &fstest.MapFile{Data: []byte(`{"difficulty":0.5,"text":"Why?"}` + "\n" + line)}
		}
		_, err := Read(bad)
		if err == nil || line != "" && !strings.Contains(err.Error(), "maths.jsonl:2") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
