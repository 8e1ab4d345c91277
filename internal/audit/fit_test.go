package audit

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMendA3FindingsAreAddedUp(t *testing.T) {
	var all []Finding
	for i := range 90_000 {
		all = Note(all, Finding{Direction: "input", Kind: "EMAIL", Action: "redact", Role: "user", Count: 2,
			Place: fmt.Sprintf("messages[%d]", i), Score: float64(i%3) / 4})
	}
	all = Note(all, Finding{Direction: "input", Kind: "EMAIL", Action: "redact", Role: "tool", Count: 1,
		Place: "messages[7]"})
	want := []Finding{
		{Direction: "input", Kind: "EMAIL", Action: "redact", Role: "user", Count: 180_000, Place: "messages[0]", Score: 0.5},
		{Direction: "input", Kind: "EMAIL", Action: "redact", Role: "tool", Count: 1, Place: "messages[7]"},
	}
	if !reflect.DeepEqual(all, want) {
		t.Errorf("got %+v", all)
	}
	for i := range 10_000 {
		all = Note(all, Finding{Direction: "output", Kind: fmt.Sprint("K", i), Action: "flag", Count: 1})
	}
	sum := 0
	for _, f := range all {
		sum += f.Count
	}
	if len(all) > mostFindings || sum != 190_001 {
		t.Errorf("%d lines of %d findings", len(all), sum)
	}
}

// Whatever is large in a record, its line is kept, says what was cut, and the log does not count as failing, also when
// it is to fail closed.
func TestMendA3ARecordThatIsTooLargeIsCutAndKept(t *testing.T) {
	long := strings.Repeat("\x01é", mostRecord/2) // larger than a record even before it is escaped
	many := make([]string, 100_000)
	for i := range many {
		many[i] = strings.Repeat("f", 64)
	}
	findings := make([]Finding, 90_000)
	for i := range findings {
		findings[i] = Finding{Direction: "input", Kind: "EMAIL", Action: "redact", Count: 1,
			Place: fmt.Sprintf("messages[%d].content", i)}
	}
	each := Record{ID: "req_1", Status: 200, Outcome: "ok"}
	for name, tt := range map[string]struct {
		change func(*Record)
		cut    string
	}{
		"findings":   {func(r *Record) { r.Policy = findings }, "[policy]"},
		"answers":    {func(r *Record) { r.Answers = many }, "[answers]"},
		"upstream":   {func(r *Record) { r.Upstream = many }, "[upstream]"},
		"text":       {func(r *Record) { r.Text = &Text{Prompt: long, Answers: []string{long, "short"}} }, "[text]"},
		"many texts": {func(r *Record) { r.Text = &Text{Prompt: "p", Answers: many} }, "[text]"},
		"a name":     {func(r *Record) { r.Tier = long }, "[names]"},
		"a place":    {func(r *Record) { r.Policy = []Finding{{Place: long}} }, "[names]"},
		"all of it": {func(r *Record) {
			r.Policy, r.Answers, r.Upstream, r.Text, r.Outcome = findings, []string{long}, []string{long},
				&Text{Prompt: long}, long
		}, "[text policy names]"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t.TempDir())
			cfg.FailClosed = true
			files, err := NewFiles(cfg, time.Unix(1e9, 0), "x")
			if err != nil {
				t.Fatal(err)
			}
			var failed []error
			l, err := New(cfg, keys(t), files, Options{OnError: func(err error) { failed = append(failed, err) }})
			if err != nil {
				t.Fatal(err)
			}
			e, err := l.Open("req_1", time.Unix(5, 0))
			if err != nil {
				t.Fatal(err)
			}
			e.Record = each
			tt.change(&e.Record)
			e.Keep(e.At)
			if err := l.Close(t.Context()); err != nil || failed != nil || l.State().Lost != 0 {
				t.Fatalf("%v, %v, %+v", err, failed, l.State())
			}
			paths, _ := Paths(cfg.Dir)
			var found []Record
			reports, err := Verify(paths, Check{Each: func(f Found) { found = append(found, f.Record) }})
			if err != nil || len(reports) != 1 || !reports[0].OK() || reports[0].Missing != 0 || len(found) != 1 {
				t.Fatalf("%+v, %v, %d records", reports, err, len(found))
			}
			if got := fmt.Sprint(found[0].Cut); got != tt.cut || found[0].ID != "req_1" || found[0].Status != 200 {
				t.Errorf("cut %s, want %s: %.300v", got, tt.cut, found[0])
			}
			if info, err := os.Stat(paths[0]); err != nil || info.Size() > mostRecord+4096 {
				t.Errorf("%d bytes, %v", info.Size(), err)
			}
		})
	}
	if small := (Record{ID: "x", Text: &Text{Prompt: strings.Repeat("é", 60<<10)}}); true {
		if small.fit(); small.Cut != nil {
			t.Errorf("cut %v of a record that fits", small.Cut)
		}
	}
}
