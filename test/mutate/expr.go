// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"
)

// expression notes what can be changed in x itself; it is false if nothing below x can.
func (b *bodyFinder) expression(x ast.Expr) bool {
	tv, ok := b.info.Types[x]
	switch {
	case ok && tv.IsType():
		return false
	case ok && tv.Value != nil:
		b.constant(x, tv)
		return false
	case ok && tv.IsValue() && isBool(tv.Type):
		b.condition(x)
	}
	switch x := x.(type) {
	case *ast.SelectorExpr:
		b.skip[x.Sel] = true
	case *ast.UnaryExpr:
		b.skip[x.X] = x.Op == token.AND && !isLiteral(x.X)
	case *ast.CallExpr:
		b.call(x)
	}
	return true
}

func isBool(t types.Type) bool {
	basic, ok := t.(*types.Basic)
	return ok && basic.Info()&types.IsBoolean != 0
}

func isLiteral(x ast.Expr) bool {
	_, ok := x.(*ast.CompositeLit)
	return ok
}

// constant makes an integer one more and one less, and turns true and false around.
func (b *bodyFinder) constant(x ast.Expr, tv types.TypeAndValue) {
	if isBool(tv.Type) {
		id := b.note(x, "turned around")
		b.edit(x, func(inner string) string { return "(" + on(id) + " != " + inner + ")" })
		return
	}
	basic, ok := tv.Type.Underlying().(*types.Basic)
	name := b.typeName(tv.Type)
	if !ok || basic.Info()&types.IsInteger == 0 || name == "" || tv.Value.Kind() != constant.Int {
		return
	}
	for _, d := range []int{1, -1} {
		id := b.note(x, fmt.Sprintf("%+d", d))
		b.edit(x, func(inner string) string { return fmt.Sprintf("mutateAdd[%s](%d, %s, %d)", name, id, inner, d) })
	}
}

// typeName is how the file can write t, "" if it cannot.
func (b *bodyFinder) typeName(t types.Type) string {
	known := true
	name := types.TypeString(types.Default(t), func(p *types.Package) string {
		if p == b.types {
			return ""
		}
		known = known && b.imports(p.Path())
		return p.Name()
	})
	if !known {
		return ""
	}
	return name
}

func (b *bodyFinder) imports(path string) bool {
	for _, spec := range b.file.Imports {
		if got, err := strconv.Unquote(spec.Path.Value); err == nil && got == path && spec.Name == nil {
			return true
		}
	}
	return false
}

// condition makes x true, false and its opposite, as far as these are not changes of the
// expression around it too, and moves the boundary of a comparison.
func (b *bodyFinder) condition(x ast.Expr) {
	if _, ok := x.(*ast.ParenExpr); ok {
		return
	}
	joined := b.operand[x]
	binary, _ := x.(*ast.BinaryExpr)
	if not, ok := x.(*ast.UnaryExpr); ok && not.Op == token.NOT {
		b.operand[ast.Unparen(not.X)] = token.NOT
	}
	if binary != nil && (binary.Op == token.LAND || binary.Op == token.LOR) {
		b.operand[ast.Unparen(binary.X)], b.operand[ast.Unparen(binary.Y)] = binary.Op, binary.Op
		if joined == binary.Op {
			return // a && b && c has three operands, not two
		}
	}
	if joined != token.NOT && joined != token.LOR {
		b.flip(x, "true", "(%[1]s || %[2]s)")
	}
	if joined != token.NOT && joined != token.LAND {
		b.flip(x, "false", "(!%[1]s && %[2]s)")
	}
	if joined != token.NOT {
		b.flip(x, "negated", "(%[1]s != (%[2]s))")
	}
	if other := b.boundary(x, binary); other != "" {
		b.flip(x, other, "(%[1]s && ("+escape(other)+") || !%[1]s && (%[2]s))")
	}
}

func (b *bodyFinder) flip(x ast.Expr, mutation, format string) {
	id := b.note(x, mutation)
	b.edit(x, func(inner string) string { return fmt.Sprintf(format, on(id), inner) })
}

func escape(s string) string {
	var out []byte
	for i := range len(s) {
		if s[i] == '%' {
			out = append(out, '%')
		}
		out = append(out, s[i])
	}
	return string(out)
}

// boundary is the comparison x with equality on the other side, "" if x does not order.
func (b *bodyFinder) boundary(x ast.Expr, binary *ast.BinaryExpr) string {
	if binary != nil {
		op, ok := map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">"}[binary.Op]
		if !ok {
			return ""
		}
		return b.text(binary.X) + " " + op + " " + b.text(binary.Y)
	}
	call, ok := x.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return ""
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || b.info.Types[method.X].Type == nil || b.info.Types[method.X].Type.String() != "time.Time" {
		return ""
	}
	opposite := map[string]string{"Before": "After", "After": "Before"}[method.Sel.Name]
	if opposite == "" {
		return ""
	}
	return "!" + b.text(method.X) + "." + opposite + "(" + b.text(call.Args[0]) + ")"
}

// call swaps min and max. The capacity given to make is no behaviour.
func (b *bodyFinder) call(x *ast.CallExpr) {
	id, ok := x.Fun.(*ast.Ident)
	if !ok {
		return
	}
	if _, builtin := b.info.Uses[id].(*types.Builtin); !builtin {
		return
	}
	switch id.Name {
	case "make":
		b.skip[x.Args[len(x.Args)-1]] = len(x.Args) == 3 || len(x.Args) == 2 && !isSlice(b.info.Types[x.Args[0]].Type)
	case "min", "max":
		other := map[string]string{"min": "max", "max": "min"}[id.Name] + b.text(x)[len(id.Name):]
		n := b.note(x, other)
		b.edit(x, func(inner string) string { return fmt.Sprintf("mutatePick(%d, %s, %s)", n, inner, other) })
	}
}

func isSlice(t types.Type) bool {
	_, ok := t.Underlying().(*types.Slice)
	return ok
}
