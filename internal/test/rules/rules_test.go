package rules

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"outcrop/internal/test/wiretest"
)

func list(t *testing.T) []Rule {
	t.Helper()
	list, err := Read(filepath.Join(wiretest.Root(t), List))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestEveryRuleHasATest is what keeps the coverage from rotting: a rule that must hold has a test, and a test names
// rules that exist.
func TestEveryRuleHasATest(t *testing.T) {
	tests, err := Citations(wiretest.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, r := range list(t) {
		known[r.ID] = true
		if r.Due() && len(tests[r.ID]) == 0 {
			t.Errorf("%s (%s; %s) has no test", r.ID, r.Level, r.Kinds)
		}
	}
	for id, by := range tests {
		if !known[id] {
			t.Errorf("%s is cited by %v, but is no rule", id, by)
		}
	}
}

// TestEveryGoldenRuleHasAFolder fails for a rule that must be shown by a golden folder and is shown by other tests
// alone.
func TestEveryGoldenRuleHasAFolder(t *testing.T) {
	tests, err := Citations(wiretest.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list(t) {
		folder := slices.ContainsFunc(tests[r.ID], func(at string) bool { return strings.Contains(at, "/testdata/") })
		if r.Due() && strings.Contains(r.Kinds, "G") && !folder {
			t.Errorf("%s (%s; %s) has no golden folder", r.ID, r.Level, r.Kinds)
		}
	}
}

// TestListEqualsSpecification compares the list with the specification, which is not part of this repository.
func TestListEqualsSpecification(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(wiretest.Shared(t), "spec", "*.md"))
	if err != nil || len(pages) < 4 {
		t.Fatal(pages, err)
	}
	var want []Rule
	for _, page := range pages {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		rules, err := FromSpecification(string(b))
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(page), err)
		}
		want = append(want, rules...)
	}
	for _, r := range list(t) {
		r.WaitsFor = ""
		i := slices.IndexFunc(want, func(w Rule) bool { return w.ID == r.ID })
		if i < 0 {
			t.Errorf("%s is listed, but not specified", r.ID)
			continue
		}
		if r != want[i] {
			t.Errorf("%s is listed as %s %s, and specified as %s %s", r.ID, r.Level, r.Kinds, want[i].Level, want[i].Kinds)
		}
		want = slices.Delete(want, i, i+1)
	}
	for _, w := range want {
		t.Errorf("%s (%s; %s) is specified, but not listed", w.ID, w.Level, w.Kinds)
	}
}

func TestFromSpecification(t *testing.T) {
	got, err := FromSpecification("# 1\n- **R-A-01** (M; G,W) Text of R-A-02.\n  - **R-A-03**\n| R-B-01 | `x` | – | M/L | G " +
		"W S |\n" +
		"\"Retry\" is R. All rows are (M) but where marked; tests G with a text, and W.\n| R-C-01 | a | 400 |\n| R-C-02 " +
		"(L) | b | 401 |\nAll rows are (M; W).\n| R-C-03 | c |\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromSpecification("- **R-A-100** (M; G)\n- **R-A-1000** (M; G) Too many.\n"); err == nil {
		t.Error("a rule that cannot be read is passed over")
	}
	want := []Rule{{"R-A-01", "M", "GW", ""}, {"R-A-03", "", "", ""}, {"R-B-01", "M/L", "GWS", ""},
		{"R-C-01", "M", "GW", ""}, {"R-C-02", "L", "GW", ""}, {"R-C-03", "M", "W", ""}}
	want = slices.Delete(want, 1, 2) // a number without level and tests is a mention
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestCitations(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{
		"a/a.go": "package a\nconst x = `R-A-01`\n",
		"a/a_test.go": "package a\n// R-A-02 in a comment\nvar y = \"R-A-03 in a table\"\nfunc TestY() { " +
			"print(\"R-A-04, -06 to -08 and -10\") /* R-A-05 */ }\n",
		"a/testdata/c/outcome.json":  `{"rules":["R-B-01"],"adjusted":"R-B-02"}`,
		"a/testdata/d/context.json":  `{"rules":["R-B-01"]}`,
		"examples/node/x.mjs":        "// R-C-01\ncheck(\"R-C-02\") // R-C-03\n",
		"examples/curl/x.sh":         "# R-C-04\necho 'R-C-05' https://x\n",
		"examples/go/main.go":        "package main\n// R-C-06\nfunc main() { print(\"R-C-07\") }\n",
		"examples/node_modules/x.sh": "echo R-C-08\n",
		"other/x.sh":                 "echo R-C-09\n",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Citations(root)
	if err != nil {
		t.Fatal(err)
	}
	testY := []string{"a/a_test.go TestY"}
	want := map[string][]string{
		"R-A-03": {"a/a_test.go"}, "R-A-04": testY, "R-A-06": testY, "R-A-07": testY, "R-A-08": testY, "R-A-10": testY,
		"R-B-01": {"a/testdata/c/", "a/testdata/d/"}, "R-C-02": {"examples/node/x.mjs"}, "R-C-05": {"examples/curl/x.sh"},
		"R-C-07": {"examples/go/main.go main"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, row := range map[string]string{
		"too few cells": "R-A-01\tM\tG", "level": "R-A-01\tX\tG\t", "kind": "R-A-01\tM\tQ\t", "number": "R-A-1\tM\tG\t",
		"twice": "R-A-01\tM\tG\t\nR-A-01\tM\tG\t",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rules.tsv")
			if err := os.WriteFile(path, []byte("rule\tlevel\ttests\twaits-for\n"+row+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if list, err := Read(path); err == nil {
				t.Errorf("read as %v", list)
			}
		})
	}
}
