// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// finder goes through one file and notes every mutant with the edit that makes it possible.
type finder struct {
	*pkg
	file  *ast.File
	path  string
	src   []byte
	base  int
	fn    string
	edits []edit
}

func (w *finder) offset(at token.Pos) int { return int(at) - w.base }

func (w *finder) text(n ast.Node) string { return string(w.src[w.offset(n.Pos()):w.offset(n.End())]) }

func (w *finder) edit(n ast.Node, wrap func(inner string) string) {
	w.edits = append(w.edits, edit{w.offset(n.Pos()), w.offset(n.End()), wrap})
}

// note adds a mutant at n and returns the Go text that asks whether it is on.
func (w *finder) note(n ast.Node, mutation string) int {
	at := w.fset.Position(n.Pos())
	m := &mutant{
		ID: len(w.mutants) + 1, File: w.path, Line: at.Line, Column: at.Column, Func: w.fn,
		Original: strings.Join(strings.Fields(w.text(n)), " "), Mutation: mutation,
	}
	key := m.key()
	w.keys[key]++
	m.Nth = w.keys[key]
	w.mutants = append(w.mutants, m)
	return m.ID
}

func on(id int) string { return fmt.Sprintf("mutateOn(%d)", id) }

// function goes through one body. What a return removed from the last statement would leave
// behind does not compile where there are results, so it is none.
func (w *finder) function(typ *ast.FuncType, body *ast.BlockStmt) {
	b := &bodyFinder{finder: w, skip: map[ast.Node]bool{}, operand: map[ast.Expr]token.Token{}}
	if n := len(body.List); n > 0 {
		b.last = body.List[n-1]
		b.inLast = typ.Results != nil
	}
	ast.Inspect(body, b.visit)
}

// bodyFinder goes through one function.
type bodyFinder struct {
	*finder
	last    ast.Stmt
	inLast  bool
	skip    map[ast.Node]bool        // with all below it
	operand map[ast.Expr]token.Token // what joins the expression to its parent: && or ||; ! where only the parent is changed
}

func (b *bodyFinder) visit(n ast.Node) bool {
	if n == nil || b.skip[n] {
		return false
	}
	switch n := n.(type) {
	case *ast.FuncLit:
		b.function(n.Type, n.Body)
		return false
	case *ast.GenDecl:
		return n.Tok == token.VAR
	case *ast.BlockStmt:
		b.statements(n.List)
	case *ast.CaseClause:
		b.statements(n.Body)
	case *ast.CommClause:
		b.statements(n.Body)
	case ast.Stmt:
		b.parts(n)
	case *ast.KeyValueExpr:
		b.skip[n.Key] = true
	case ast.Expr:
		return b.expression(n)
	}
	return true
}

// parts keeps what is written to, and what is no value, from being changed as one.
func (b *bodyFinder) parts(n ast.Stmt) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, x := range n.Lhs {
			b.skip[x] = true
		}
	case *ast.IncDecStmt:
		b.skip[n.X] = true
	case *ast.RangeStmt:
		for _, x := range []ast.Expr{n.Key, n.Value} {
			if x != nil {
				b.skip[x] = true
			}
		}
		id := b.note(n.X, "range over nothing")
		at := b.offset(n.Body.Lbrace) + 1
		b.edits = append(b.edits, edit{at, at, func(string) string { return " if " + on(id) + " { break };" }})
	case *ast.SwitchStmt:
		b.cases(n)
	case *ast.ReturnStmt:
		b.results(n)
	}
}

// statements offers each statement of a list for removal.
func (b *bodyFinder) statements(list []ast.Stmt) {
	for _, s := range list {
		if !b.removable(s) {
			continue
		}
		id := b.note(s, "removed")
		b.edit(s, func(inner string) string { return "if !" + on(id) + " { " + inner + " }" })
	}
}

func (b *bodyFinder) removable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ExprStmt, *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt:
		return true
	case *ast.AssignStmt:
		id, ok := s.Lhs[0].(*ast.Ident)
		return s.Tok != token.DEFINE && !(ok && id.Name == "_" && len(s.Lhs) == 1)
	case *ast.BranchStmt:
		return s.Tok == token.BREAK || s.Tok == token.CONTINUE
	case *ast.ReturnStmt:
		inLast := b.last.Pos() <= s.Pos() && s.End() <= b.last.End()
		return s != b.last && !(b.inLast && inLast)
	}
	return false
}

// results changes what is returned where that is a word, such as a reason: to none.
func (b *bodyFinder) results(n *ast.ReturnStmt) {
	for _, x := range n.Results {
		tv := b.info.Types[x]
		basic, ok := tv.Type.Underlying().(*types.Basic)
		if !ok || basic.Info()&types.IsString == 0 || tv.Value != nil && b.text(x) == `""` {
			continue
		}
		name := b.typeName(tv.Type)
		if name == "" {
			continue
		}
		id := b.note(x, `""`)
		b.edit(x, func(inner string) string { return fmt.Sprintf("mutatePick[%s](%d, %s, \"\")", name, id, inner) })
	}
}

// cases makes each case of a switch over a value never match, and the whole of a clause always;
// and tries the clauses of one over conditions in another order. Their conditions themselves are
// changed as any other.
func (b *bodyFinder) cases(n *ast.SwitchStmt) {
	var clauses []*ast.CaseClause
	for _, s := range n.Body.List {
		if c := s.(*ast.CaseClause); c.List != nil {
			clauses = append(clauses, c)
		}
	}
	if n.Tag == nil {
		for i := 1; i < len(clauses); i++ {
			b.swapped(clauses[i-1], clauses[i])
		}
		return
	}
	if len(clauses) == 0 {
		return
	}
	tag := "mutateTag"
	if n.Init != nil {
		tag = b.text(n.Tag)
	}
	b.skip[n.Tag] = true
	b.edit(n.Tag, func(inner string) string {
		if n.Init != nil {
			return ""
		}
		return "mutateTag := (" + inner + ");"
	})
	for _, c := range clauses {
		b.matching(c, tag)
	}
}

func (b *bodyFinder) matching(c *ast.CaseClause, tag string) {
	always := b.note(c.List[0], "case always matches")
	for i, x := range c.List {
		b.skip[x] = true
		never := b.note(x, "case never matches")
		b.edit(x, func(inner string) string {
			t := fmt.Sprintf("(%s == (%s) && !%s)", tag, inner, on(never))
			if i == 0 {
				t = fmt.Sprintf("(%s || %s)", on(always), t)
			}
			return t
		})
	}
}

// swapped tries next before c.
func (b *bodyFinder) swapped(c, next *ast.CaseClause) {
	var first []string
	for _, x := range next.List {
		first = append(first, "("+b.text(x)+")")
	}
	id := b.note(c.List[0], "tried after the next case")
	for _, x := range c.List {
		b.edit(x, func(inner string) string {
			return fmt.Sprintf("((%s) && !(%s && (%s)))", inner, on(id), strings.Join(first, " || "))
		})
	}
}
