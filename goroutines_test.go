package outcrop

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// unguarded are the goroutines that need nothing to catch a panic, by file and function: they run none of our code that
// could, or the one who is called catches it. Whoever adds a row says why.
var unguarded = map[string]string{
	"cmd/outcrop/cli.go signals":               "counts signals",
	"cmd/outcrop/serve.go run":                 "the drain, after which the process ends anyway",
	"cmd/outcrop/serve.go aws":                 "net/http catches what its handlers do",
	"cmd/outcrop/bedrock.go serveHTTP":         "closes a server",
	"cmd/outcrop/listen.go serveMetrics":       "net/http catches what its handlers do",
	"cmd/outcrop/lines.go eachLine":            "reads input; lines are worked on under guarded",
	"cmd/outcrop/translate.go":                 "net/http catches what its handlers do",
	"internal/attempt/choices.go mergedStream": "closes a channel when guarded readers have ended",
	"internal/attempt/slot.go":                 "ends a context",
	"internal/recall/recall.go read":           "leaves a flight",
	"internal/pipeline/deadline.go":            "ends a context",
	"internal/media/media.go":                  "closes a connection",
	"internal/bedrock/stream.go":               "closes a body, ends a context",
	"internal/store/sqlite/handle.go put":      "closes a database",
	"internal/upstream/slot.go lookAgain":      "arithmetic over a queue, of nothing that a client sends",
}

// TestMendA7EveryGoroutineCatchesItsPanic: a panic on a goroutine that nobody guards ends the process, and every answer
// under way.
func TestMendA7EveryGoroutineCatchesItsPanic(t *testing.T) {
	packages := map[string][]*ast.File{}
	names := map[*ast.File]string{}
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || path == "examples" || path == "bench" ||
			path == "tools" || path == filepath.Join("internal", "test") || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], file)
		names[file] = filepath.ToSlash(path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, files := range packages {
		bodies := map[string]ast.Node{}
		for _, f := range files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
					bodies[fn.Name.Name] = fn.Body
				}
			}
		}
		for _, f := range files {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Body == nil {
					continue
				}
				for _, begun := range goroutines(fn.Body) {
					seen++
					_, file := unguarded[names[f]]
					_, one := unguarded[names[f]+" "+fn.Name.Name]
					if !file && !one && !catches(begun, bodies, 3) {
						t.Errorf("%s: nothing catches a panic on this goroutine: use guarded, background.Runner or recover, or give "+
							"it a row in unguarded that says why",
							set.Position(begun.Pos()))
					}
				}
			}
		}
	}
	if seen < 15 {
		t.Errorf("only %d goroutines found: the search is broken", seen)
	}
}

// goroutines finds what a function starts: go statements, Go of groups, and functions that a timer or a context calls.
func goroutines(body ast.Node) []ast.Expr {
	var found []ast.Expr
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, n.Call.Fun)
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			switch {
			case !ok:
			case sel.Sel.Name == "Go" && len(n.Args) == 1, sel.Sel.Name == "AfterFunc" && len(n.Args) == 2:
				found = append(found, n.Args[len(n.Args)-1])
			}
		}
		return true
	})
	return found
}

// catches tells whether a function, or one of its package that it calls, catches panics.
func catches(n ast.Node, bodies map[string]ast.Node, depth int) bool {
	name := ""
	switch n := n.(type) {
	case *ast.Ident:
		name = n.Name
	case *ast.SelectorExpr:
		name = n.Sel.Name
	}
	if name != "" {
		n = bodies[name]
		if n == nil {
			return false
		}
	}
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || found {
			return !found
		}
		switch fun := call.Fun.(type) {
		case *ast.Ident:
			found = fun.Name == "recover" || strings.EqualFold(fun.Name, "guarded") || depth > 0 && bodies[fun.Name] != nil &&
				catches(fun, bodies, depth-1)
		case *ast.SelectorExpr:
			found = strings.EqualFold(fun.Sel.Name, "guarded") || depth > 0 && bodies[fun.Sel.Name] != nil &&
				catches(fun, bodies, depth-1)
		}
		return !found
	})
	return found
}
