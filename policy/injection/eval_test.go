package injection

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// labelled is one text of testdata/injection.
type labelled struct {
	Text      string `json:"text"`
	Injection bool   `json:"injection"`
	Kind      string `json:"kind"`
}

// readLabelled gives the texts of the files whose names match a pattern.
func readLabelled(t testing.TB, pattern string) []labelled {
	t.Helper()
	files, err := filepath.Glob("testdata/injection/" + pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no labelled texts: %v", err)
	}
	var all []labelled
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		s := bufio.NewScanner(f)
		for s.Scan() {
			var l labelled
			if err := json.Unmarshal(s.Bytes(), &l); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all = append(all, l)
		}
		if err := s.Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_ = f.Close()
	}
	return all
}

// quality is what a detector made of labelled texts.
type quality struct {
	found, attacks  int // true positives, and how many there were to find
	wrong, harmless int
	byKind          map[string][2]int // blocked and all
}

func measure(d *Scanner, texts []labelled, see func(l labelled, score float64, why []Signal)) quality {
	q := quality{byKind: map[string][2]int{}}
	for _, l := range texts {
		score, why := d.Score(l.Text)
		see(l, score, why)
		n, blocked := q.byKind[l.Kind], 0
		if score >= d.Threshold() {
			blocked = 1
		}
		q.byKind[l.Kind] = [2]int{n[0] + blocked, n[1] + 1}
		if l.Injection {
			q.attacks++
			q.found += blocked
		} else {
			q.harmless++
			q.wrong += blocked
		}
	}
	return q
}

func (q quality) recall() float64 { return float64(q.found) / float64(q.attacks) }

func (q quality) f1() float64 {
	return 2 * float64(q.found) / float64(q.attacks+q.found+q.wrong)
}

func (q quality) String() string {
	return fmt.Sprintf("F1 %.3f, recall %.3f of %d, false positives %.2f %% of %d %v",
		q.f1(), q.recall(), q.attacks, 100*float64(q.wrong)/float64(q.harmless), q.harmless, q.byKind)
}

// The figures of docs/policy.md. The floors keep a change from making things worse unnoticed. OUTCROP_EVAL=<set> prints
// what a set's attacks were missed and what else scored: keep it off heldout-test, whose texts no rule was written for.
func TestEvalInjection(t *testing.T) {
	d, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []struct {
		name, files string
		floor       float64
	}{
		{"first", "[agt]*.jsonl", 0.9},
		{"heldout-dev", "heldout-dev-*.jsonl", 0.75},
		{"heldout-test", "heldout-test-*.jsonl", 0.7},
		{"mention-dev", "mention-dev.jsonl", 0.93},
		{"mention-test", "mention-test.jsonl", 0.93},
	} {
		q := measure(d, readLabelled(t, set.files), func(l labelled, score float64, why []Signal) {
			wrong := !l.Injection && score >= d.Threshold()
			if wrong && !strings.HasSuffix(set.name, "-test") || strings.Contains(os.Getenv("OUTCROP_EVAL"), set.name) &&
				(l.Injection && score < d.Threshold() || !l.Injection && score > 0.4) {
				t.Logf("%-12s %.2f %q %v", l.Kind, score, l.Text, why)
			}
		})
		t.Logf("%s: %s", set.name, q)
		if q.f1() < set.floor || q.wrong*200 > q.harmless {
			t.Errorf("%s: F1 below %.2f, or more than 0.5 %% of the harmless texts blocked", set.name, set.floor)
		}
	}
}
