package audit

import (
	"math"
	"strings"
	"testing"
	"time"
)

// The line of a record as files hold it: readers of ours and of others rely on names, order and form of its members.
func TestLineOfARecord(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 7_000_000, time.UTC)
	full := line{Chain: "c", Seq: 2, Time: at, Record: &Record{ID: "req_\xff\"\\</a>\x01", At: at, Tenant: "t", Key: "k",
		From:     "192.0.2.1",
		Endpoint: "chat.completions", Stream: true, Status: 200, Outcome: "ok", Asked: "a", Served: "s",
		Called: "x", Region: "r",
		Rule: "u", Tier: "fast", Cache: "miss",
		Policy: []Finding{{Direction: "input", Kind: "EMAIL", Action: "redact", Role: "user", Count: 2,
			Place: "messages[0].content", Score: 0.25}},
		Prompt: "p", Answers: []string{"a", "b"}, Usage: Usage{Prompt: 1, Completion: 2, CacheRead: 3, CacheWrite: 4,
			Estimated: true}, Cost: "0.5", Millis: 6,
		Attempts: 7, Upstream: []string{"aws"}, Text: &Text{Prompt: "grün", Answers: []string{""}}, Cut: []string{"text"}}}
	got, err := appendJSON(nil, full)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"chain":"c","seq":2,"time":"2026-02-03T04:05:06.007Z","record":{"id":"req_�\"\\</a>\u0001","at":"2026-02-03T04:05:06.007Z",` +
		`"tenant":"t","key":"k","from":"192.0.2.1","endpoint":"chat.completions","stream":true,"status":200,"outcome":"ok","asked":"a","served":"s",` +
		`"called":"x","region":"r","rule":"u","tier":"fast","cache":"miss","policy":[{"direction":"input","kind":"EMAIL","action":"redact",` +
		`"role":"user","count":2,"place":"messages[0].content","score":0.25}],"prompt":"p","answers":["a","b"],"usage":{"prompt":1,"completion":2,` +
		`"cache_read":3,"cache_write":4,"estimated":true},"cost_usd":"0.5","ms":6,"attempts":7,"upstream":["aws"],` +
		`"text":{"prompt":"grün","answers":[""]},"cut":["text"]}}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What cannot be written is an error, and leaves the chain whole.
func TestALineThatIsNoJSON(t *testing.T) {
	var out strings.Builder
	c, err := newChain(keys(t), NewStream(&out), time.Now)
	must(t, err)
	seq, head := c.seq, c.head
	if err := c.append(&Record{Policy: []Finding{{Score: math.NaN()}}}); err == nil {
		t.Error("written")
	}
	if c.seq != seq || c.head != head {
		t.Error("the chain has moved on")
	}
	must(t, c.append(&Record{ID: "next"}))
	must(t, c.flush())
	if lines := strings.Count(out.String(), "\n"); lines != 2 {
		t.Errorf("%d lines:\n%s", lines, out.String())
	}
}
