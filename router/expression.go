package router

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"outcrop/router/score"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// expression is a condition written in the language of expr-lang.org, compiled and type-checked.
type expression struct {
	program  *vm.Program
	needs    group
	sets     []*wordSet // of its calls of keywords
	machines sync.Pool  // of *vm.VM: each brings a stack of its own
}

// compileExpression checks a condition. The error says where in the text it is, counting lines and columns from 1.
func compileExpression(text string) (e *expression, err error) {
	defer func() {
		if r := recover(); r != nil { // a fault of the library must not end the process
			e, err = nil, fmt.Errorf("does not compile: %v", r)
		}
	}()
	v := &reader{expression: &expression{needs: gShape}}
	program, err := expr.Compile(text, expr.Env(&environment{}), expr.AsBool(), expr.DisableBuiltin("now"), expr.Patch(v))
	if err != nil {
		return nil, expressionFault(err)
	}
	v.program = program
	return v.expression, nil
}

func expressionFault(err error) error {
	var f *file.Error
	if !errors.As(err, &f) {
		// what the whole is: not true or false, say
		return fmt.Errorf("does not compile at its column 1: %s", oneLine(err.Error()))
	}
	at := fmt.Sprintf("column %d", f.Column+1)
	if f.Line > 1 {
		at = fmt.Sprintf("line %d, column %d", f.Line, f.Column+1)
	}
	return fmt.Errorf("does not compile at its %s: %s", at, oneLine(f.Message))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// reader goes over a condition when it is compiled: it notes which facts are read, and prepares the words of
// keywords("plan", …).
type reader struct {
	*expression
}

// groupsOf are the facts that are not always there, by the names that conditions use.
var groupsOf = map[string]group{
	"last": gMeasure, "prompt": gMeasure, "code": gCode, "math": gMath, "language": gLanguage, "score": gScore,
	"keywords": gLast, "$env": gAll,
}

// Visit is called by the library for each node, the inner ones first.
func (v *reader) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		v.needs |= groupsOf[n.Value]
	case *ast.MemberNode:
		of, isName := n.Node.(*ast.IdentifierNode)
		if !isName || of.Value != "last" && of.Value != "prompt" {
			return
		}
		if p, constant := n.Property.(*ast.StringNode); !constant || p.Value == "text" {
			v.needs |= gLast | gWhole
		}
	case *ast.CallNode:
		v.keywords(node, n)
	}
}

// keywords puts a call that names the prepared words in place of one that lists them.
func (v *reader) keywords(node *ast.Node, call *ast.CallNode) {
	name, ok := call.Callee.(*ast.IdentifierNode)
	if !ok || name.Value != "keywords" || len(call.Arguments) == 0 {
		return
	}
	words := make([]string, len(call.Arguments))
	for i, arg := range call.Arguments {
		s, constant := arg.(*ast.StringNode)
		if !constant {
			return // found at run time, or refused by the type checker
		}
		words[i] = s.Value
	}
	v.sets = append(v.sets, newWordSet(words...))
	ast.Patch(node, &ast.CallNode{
		Callee:    &ast.IdentifierNode{Value: "keywords#"},
		Arguments: []ast.Node{&ast.IntegerNode{Value: len(v.sets) - 1}},
	})
}

// holds tells whether the condition is so. What goes wrong when it runs, such as an entry of metadata that is not there
// where a number was expected, is not.
func (e *expression) holds(f *Facts, s *score.Scorer) bool {
	f.need(e.needs, s)
	f.known.Keywords = func(words ...string) bool { return newWordSet(words...).in(f.known.Last.Text) }
	f.known.WordSet = func(set int) bool { return e.sets[set].in(f.known.Last.Text) }
	m, ok := e.machines.Get().(*vm.VM)
	if !ok {
		m = new(vm.VM)
	}
	defer e.machines.Put(m)
	out, err := m.Run(e.program, &f.known)
	yes, isBool := out.(bool)
	return err == nil && isBool && yes
}
