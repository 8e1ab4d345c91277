package policy

import (
	"context"
	"strings"
	"testing"
	"time"

	"outcrop/internal/test/growthtest"
	"outcrop/policy/finding"
	"outcrop/policy/form"
	"outcrop/policy/injection"
)

// worst are the inputs that cost a detector most: what begins like something and is nothing, what lies in itself, what
// runs on. A detector that is added needs a row here.
var worst = map[string][]string{
	"email":                {"@", "a@", "a@b.", `"@`, "a.a.a.a@b.b.b.", "é@é."},
	"email with another @": {"＠", "a＠", "a%40", "a&#64;", "&#0000000", "&&#", "%40%40", `a\u0040`, "a@b.c＠"},
	"ip4":                  {"1.1.1.", "1.1.1.1 ", "1.1.1.1.", "255."},
	"ip6":                  {":", "::", "a:", "1:1:", "fe80::1 ", "1:1:1:1:1:1:1:1:1"},
	"iban":                 {"DE89", "DE89 ", "DE 89 ", "GB29NWBK", "DE89 3704 "},
	"numbers": {"1 ", "12-", "(1) ", "+1 ", "555-123-4567 ", "030 901820 ", "4111 1111 1111 1111 ",
		"4111111111111111", "1/2 3.4-"},
	"address": {"Rue 1 ", "1 Street. ", "12 Main Street, A, ", "A A A A A 1 ", "12 A ", "Mainstraße 1 ",
		"P.O. Box 1 ", "1 Calle ", "Xx 1"},
	"url": {"http://", "://", "http://a ", "http://x.de/(", "http://x.de/[]", "a://b:c@", "postgres://a:",
		"http://a@b.c,", "a+a://a:@"},
	"www": {"www.", "www.a.", "www.a,", " www.a.b", "(www.a.b"},
	"token": {"sk-", "sk-a", "ghp_", "ghp_a1", "_", "-", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----",
		"github_pat_", " sk-abcdefghijklmnop"},
	"command": {" -u", " -u a:bc", " -a b -u c:de", "curl -u a:bc ", "curl -u 'a:", " --user ",
		"xcurl -u a:bc "},
	"key": {"AKIA", "AIza", "eyJ", "eyJa.", "eyJ.a", "eyJa-", "eyJa_", "AA", " AKIAAAAAAAAAAAAAAAA"},
	"assigned": {"password=", "password:", "token=", "a=", "=", "::a=", `"password": "a`, "authorization: ",
		"authorization: bearer a"},
	"custom":   {"E-12345", "E-", "1"},
	"patterns": {"<:@=_.-+1 A(", "aA1:/@.=-_"},
	"person": {"Anna ", "Anna", "Anna\n", "Anna, ", "Dear Anna and ", "Dear Anna & ", "A. ",
		"Anna van de la ", "i am ", "my name is john ", "王さん", "我叫", "Smith-", "O'", "X Anna and Y ", "a Turing–",
		"Miller set ", "Best,\n", "É", "Authorization: "},
	"hidden": {"\u200b", "\u202e", "\U000e0041", "a\u200b", "\u200b\u202e"},
	"injection": {"ignore ", "ignore all ", "i g n o r e ", "ignore all previous instructions ", "<", "<a",
		"<!--", "*", "__", "[", "\nsystem:", "QUJDREVGR0hJSktM", "%20", "é", "e\u0301", "中", `"`, "the "},
	"links": {"](", "](a", "](a](", "]:", "src=", "src=a", "://", "http://", "www.", "](//",
		"[a](http://b.c/(", "href='"},
	"leaks": {"a ", "the blue tariff ", "é"},
}

// scans are what stands beside the rows of detectors and forms and reads whole texts, too.
func scans(t *testing.T) map[string]func(s string) {
	t.Helper()
	cfg := Default()
	cfg.Redaction.Custom = []Custom{{Kind: "STAFF_ID", Pattern: `E-\d{6}`, Context: []string{"staff"}}}
	d, err := injection.New(injection.Config{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]func(s string){
		"injection": func(s string) { d.Score(s) },
		"links":     func(s string) { _, _ = form.Links(context.Background(), s) },
		"leaks":     func(s string) { _, _ = wordRuns(context.Background(), []Text{{Value: s, Role: "system"}}, 8) },
	}
	for _, row := range detectors {
		det, err := row.make(&cfg, func(string) bool { return true })
		if err != nil || det == nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		all[row.name] = func(s string) { _, _ = det.Detect(context.Background(), Input, []Text{{Value: s}}) }
	}
	for _, f := range form.Forms {
		one := &form.Patterns{Regions: form.DefaultRegions}
		for bit := range 8 {
			if f.Cue&(1<<bit) != 0 {
				one.ByCue[bit] = []form.Form{f}
			}
		}
		all[f.Name] = func(s string) { _, _ = one.Detect(context.Background(), Input, []Text{{Value: s}}) }
	}
	return all
}

func TestMendE5EveryDetectorHasAWorstInput(t *testing.T) {
	all := scans(t)
	for name := range all {
		if len(worst[name]) == 0 {
			t.Errorf("%s has no worst input", name)
		}
	}
	for name := range worst {
		if all[name] == nil {
			t.Errorf("%s is no detector", name)
		}
	}
}

// TestMendE5GrowthOfEveryDetectorOnItsWorstInput holds that its work grows no faster than the input, and that nothing
// costs far more than prose does.
func TestMendE5GrowthOfEveryDetectorOnItsWorstInput(t *testing.T) {
	const dear = 50
	check := func(t *testing.T, size int, units []string, scan func(string)) time.Duration {
		return growthtest.Check(t, size, func(n int) func() {
			var all []string
			for _, unit := range units {
				all = append(all, strings.Repeat(unit, n/len(unit)))
			}
			return func() {
				for _, s := range all {
					scan(s)
				}
			}
		}) / time.Duration(size*len(units)/1000)
	}
	all := scans(t)
	prose := check(t, 24<<10, []string{"The river rises in the hills, and the town below it has lived of the water for " +
		"many years. "},
		func(s string) { all["patterns"](s); all["injection"](s) })
	for name, scan := range all {
		t.Run(name, func(t *testing.T) {
			size := 24 << 10
			switch name {
			case "custom", "hidden": // shorter texts are read in another way; one list of findings would fit into a cache, the other not
				size = 2 * finding.Stride
			case "injection", "person": // which have no longer bounds than a window
				size = 3 * injection.Window
			}
			if each := check(t, size, worst[name], scan); each > dear*prose {
				t.Errorf("it costs %d times as much as prose", each/prose)
			}
		})
	}
}
