package rules

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Citations finds the tests below the root of the project that carry the number of a rule, in order of their path. What
// counts stands in something that runs: a string of a Go test or of an example program, a line of an example that is no
// comment, or the "rules" of a golden folder. A comment alone does not count.
func Citations(root string) (map[string][]string, error) {
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if name := d.Name(); name == "node_modules" || rel != "." && strings.HasPrefix(name, ".") ||
				rel == "internal/test/rules" {
				return filepath.SkipDir // this package's own tests speak of rules without showing them
			}
			return nil
		}
		cite, err := reader(rel)(path)
		if err != nil {
			return fmt.Errorf("%s: %w", rel, err)
		}
		for _, c := range cite {
			for _, id := range numbers(c.text) {
				at := rel + c.place
				if c.place == folder {
					at = strings.TrimSuffix(filepath.ToSlash(filepath.Dir(rel)), "/") + "/"
				}
				if list := found[id]; len(list) == 0 || list[len(list)-1] != at {
					found[id] = append(list, at)
				}
			}
		}
		return nil
	})
	return found, err
}

// cited is a text that may hold numbers of rules, and where in its file it stands.
type cited struct{ place, text string }

// folder is the place of a text that speaks for the folder of its file.
const folder = "/"

// reader picks by its name how a file is read.
func reader(rel string) func(path string) ([]cited, error) {
	example := strings.HasPrefix(rel, "examples/")
	switch base := filepath.Base(rel); {
	case strings.HasSuffix(base, "_test.go"), example && strings.HasSuffix(base, ".go"):
		return goStrings
	case strings.Contains(rel, "/testdata/") && (base == "outcome.json" || base == "context.json"):
		return goldenRules
	case example && strings.HasSuffix(base, ".mjs"):
		return linesWithout("//")
	case example && (strings.HasSuffix(base, ".sh") || strings.HasSuffix(base, ".py")):
		return linesWithout("#")
	}
	return func(string) ([]cited, error) { return nil, nil }
}

func goStrings(path string) ([]cited, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var list []cited
	for _, decl := range file.Decls {
		place := ""
		if f, ok := decl.(*ast.FuncDecl); ok {
			place = " " + f.Name.Name
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					list = append(list, cited{place, s})
				}
			}
			return true
		})
	}
	return list, nil
}

func goldenRules(path string) ([]cited, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var v struct{ Rules []string }
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	return []cited{{folder, strings.Join(v.Rules, " ")}}, nil
}

func linesWithout(comment string) func(string) ([]cited, error) {
	return func(path string) ([]cited, error) {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var list []cited
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, comment) {
				code, _, _ := strings.Cut(line, " "+comment)
				list = append(list, cited{"", code})
			}
		}
		return list, nil
	}
}

var number = regexp.MustCompile(`(R-[A-Z]+-)(\d{2,3})((?:(?:,| and| to) -\d{2,3})*)`)
var further = regexp.MustCompile(`(,| and| to) -(\d{2,3})`)

// numbers are the rules that a text names, also as "R-STR-06, -07" and "R-ERR-67 to -70".
func numbers(text string) []string {
	var list []string
	for _, m := range number.FindAllStringSubmatch(text, -1) {
		last, _ := strconv.Atoi(m[2])
		list = append(list, m[1]+m[2])
		for _, f := range further.FindAllStringSubmatch(m[3], -1) {
			n, _ := strconv.Atoi(f[2])
			from := n
			if f[1] == " to" {
				from = last + 1
			}
			for ; from <= n; from++ {
				list = append(list, fmt.Sprintf("%s%02d", m[1], from))
			}
			last = n
		}
	}
	return list
}
