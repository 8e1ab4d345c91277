package usage

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/access"
	"outcrop/internal/store"
	"outcrop/internal/store/memory"
)

func ask(t *testing.T, u *Usage, groupBy string) *Report {
	t.Helper()
	q, _, err := ParseQuery("", "", groupBy, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r, err := u.Read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestUsageIsAddedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := New(Config{Tags: []string{"project", "team"}}, NewLedger(memory.New(), nil))
		a, b := &access.Principal{KeyID: "a", Tenant: "acme"}, &access.Principal{KeyID: "b"}
		u.Count(a, "m1", map[string]string{"project": "x & y", "other": "z"}, Sums{Requests: 1})
		u.Count(a, "m1", map[string]string{"project": "x & y"}, Sums{Input: 10, Output: 5, Cost: 1_500_000})
		u.Count(a, "m2", nil, Sums{Requests: 1, Cached: 1})
		time.Sleep(time.Hour)
		u.Count(b, "m1", map[string]string{"project": "=cmd", "team": "t"}, Sums{Requests: 2, Errors: 1})
		var groups []string
		for _, row := range ask(t, u, "model,tag:project,hour").Rows {
			groups = append(groups, fmt.Sprintf("%q %d", row.Group, row.Requests))
		}
		want := []string{`["m1" "=cmd" "2000-01-01T01:00:00Z"] 2`, `["m1" "x & y" "2000-01-01T00:00:00Z"] 1`,
			`["m2" "" "2000-01-01T00:00:00Z"] 1`}
		if strings.Join(groups, "\n") != strings.Join(want, "\n") {
			t.Errorf("got %s", strings.Join(groups, "\n"))
		}
		r := ask(t, u, "tenant,tag:project")
		if r.Total.Requests != 4 || r.Total.Cost != 1_500_000 || len(r.Rows) != 3 {
			t.Errorf("%+v", r)
		}
		var answer struct {
			Data []struct {
				Tenant  string `json:"tenant"`
				Project string `json:"tag:project"`
				Cost    string `json:"cost_usd"`
				Nano    int64  `json:"cost_nano_usd"`
				Input   int64  `json:"input_tokens"`
			} `json:"data"`
		}
		if err := json.Unmarshal(r.AppendJSON(nil), &answer); err != nil || len(answer.Data) != 3 {
			t.Fatal(err, string(r.AppendJSON(nil)))
		}
		if d := answer.Data[2]; d.Tenant != "acme" || d.Project != "x & y" || d.Cost != "0.0015" || d.Nano != 1_500_000 ||
			d.Input != 10 {
			t.Errorf("%+v", d)
		}
		var text bytes.Buffer
		if err := r.WriteCSV(&text); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(&text).ReadAll()
		if err != nil || len(lines) != 4 || lines[0][0] != "tenant" || lines[0][9] != "cost_usd" || lines[1][1] != "'=cmd" {
			t.Errorf("%v, %q", err, lines)
		}
		var table bytes.Buffer
		if err := r.WriteTable(&table); err != nil || !strings.Contains(table.String(), "total") ||
			!strings.Contains(table.String(), "0.0015") {
			t.Errorf("%v\n%s", err, table.String())
		}
	})
}

func TestValuesOfTagsAreBounded(t *testing.T) {
	u := New(Config{Tags: []string{"project"}}, NewLedger(memory.New(), nil))
	for i := range 2 * mostValues {
		u.Count(&access.Principal{KeyID: "a"}, "m", map[string]string{"project": fmt.Sprint(i)}, Sums{Requests: 1})
	}
	r := ask(t, u, "tag:project")
	if len(r.Rows) != mostValues+1 || r.Total.Requests != 2*mostValues {
		t.Errorf("%d groups, %d requests", len(r.Rows), r.Total.Requests)
	}
	u.Count(&access.Principal{KeyID: "a"}, "m", map[string]string{"project": strings.Repeat("ü", 500)}, Sums{Requests: 1})
	for _, row := range ask(t, u, "tag:project").Rows {
		if len(row.Group[0]) > longestTag {
			t.Error("a value is as long as its client wants")
		}
	}
}

// flaky is a store that fails when it is told to.
type flaky struct {
	*memory.Store
	broken atomic.Bool
}

func (s *flaky) AddUsage(ctx context.Context, rows []store.Usage) error {
	if s.broken.Load() {
		return errors.New("disk full")
	}
	return s.Store.AddUsage(ctx, rows)
}

func TestLedgerWritesBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &flaky{Store: memory.New()}
		var reports []error
		l := NewLedger(s, func(err error) { reports = append(reports, err) })
		u := New(Config{}, l)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { l.Run(ctx, 48*time.Hour); close(done) }()
		written := func() (n int64) {
			_ = s.Usage(t.Context(), 0, 1<<40, func(u store.Usage) error { n += u.Requests; return nil })
			return n
		}
		count := func() { u.Count(&access.Principal{KeyID: "a"}, "m", nil, Sums{Requests: 1}) }
		count()
		if n := written(); n != 0 {
			t.Errorf("%d written at once", n)
		}
		time.Sleep(1100 * time.Millisecond)
		if n := written(); n != 1 {
			t.Errorf("%d written after a second", n)
		}
		s.broken.Store(true)
		count()
		time.Sleep(3 * time.Second)
		count()
		s.broken.Store(false)
		time.Sleep(2 * time.Second)
		if n := written(); n != 3 {
			t.Errorf("%d written after the store was back", n)
		}
		count()
		cancel()
		<-done
		if n := written(); n != 4 {
			t.Errorf("%d written at the end", n)
		}
		if len(reports) != 2 || reports[0] == nil || reports[1] != nil {
			t.Errorf("reports %v", reports)
		}
	})
}

func TestLedgerIsBounded(t *testing.T) {
	s := &flaky{Store: memory.New()}
	s.broken.Store(true)
	l := NewLedger(s, nil)
	u := New(Config{}, l)
	for i := range mostRows + 10 {
		u.Count(&access.Principal{KeyID: fmt.Sprint(i)}, "m", nil, Sums{Requests: 1})
	}
	if err := l.Flush(t.Context()); err == nil || len(l.rows) != mostRows {
		t.Error(err, len(l.rows))
	}
	u.Count(&access.Principal{KeyID: "late"}, "m", nil, Sums{Requests: 1})
	s.broken.Store(false)
	if err := l.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "1 calls") {
		t.Errorf("what was lost is not told: %v", err)
	}
}

func TestUsageIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New()
		l := NewLedger(s, func(error) {})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { l.Run(ctx, 2*time.Hour); close(done) }()
		New(Config{}, l).Count(&access.Principal{KeyID: "a"}, "m", nil, Sums{Requests: 1})
		time.Sleep(2*time.Hour + time.Minute)
		rows := func() (n int) {
			_ = s.Usage(t.Context(), 0, 1<<40, func(store.Usage) error { n++; return nil })
			return n
		}
		if rows() != 1 {
			t.Error("forgotten too early")
		}
		time.Sleep(time.Hour)
		if rows() != 0 {
			t.Error("kept too long")
		}
		cancel()
		<-done
	})
}

func TestParseUsageQuery(t *testing.T) {
	now := time.Date(2026, 11, 21, 6, 30, 0, 0, time.UTC)
	q, _, err := ParseQuery("2026-11-01", "1795242300", "key, tag:a.b,key", now)
	if err != nil || q.From != time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) || q.To.Unix() != 1795242300 ||
		strings.Join(q.GroupBy, "|") != "key|tag:a.b" {
		t.Errorf("%+v, %v", q, err)
	}
	if q, _, err := ParseQuery("", "", "", now); err != nil || q.To != now.Add(time.Second) ||
		q.From != q.To.Add(-month) || len(q.GroupBy) != 1 {
		t.Errorf("%+v, %v", q, err)
	}
	for want, args := range map[string][3]string{"from": {"yesterday", "", ""}, "to": {"", "2026", ""},
		"group_by": {"", "", "user"}} {
		if _, argument, err := ParseQuery(args[0], args[1], args[2], now); err == nil || argument != want {
			t.Errorf("%v: %s, %v", args, argument, err)
		}
	}
	if _, argument, err := ParseQuery("2026-11-02", "2026-11-01", "", now); err == nil || argument != "from" {
		t.Error(argument, err)
	}
}

func BenchmarkCount(b *testing.B) {
	u := New(Config{}, NewLedger(memory.New(), nil))
	p := &access.Principal{KeyID: "a", Tenant: "acme"}
	b.ReportAllocs()
	for b.Loop() {
		u.Count(p, "m", nil, Sums{Requests: 1})
	}
}
