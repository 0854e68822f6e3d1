// SPDX-License-Identifier: Apache-2.0

package tidy

import (
	"go/ast"
	"path"
	"strings"
)

// call is a function that may be named only where allowed says so.
type call struct {
	pkg, name string
	why       string
	allowed   func(f *File) bool
}

func wiring(f *File) bool {
	return strings.HasPrefix(f.Name, "cmd/") || strings.HasPrefix(f.Name, "internal/world/") || strings.HasPrefix(f.Name, "test/") || f.Test()
}

func nowhere(*File) bool { return false }

func calls() []call {
	return []call{
		{"time", "Now", "time is an argument; Now lives in the wiring", wiring},
		{"time", "Sleep", "wait for what you wait for", nowhere},
		{"http", "DefaultClient", "outbound HTTP goes through internal/safehttp", nowhere},
		{"http", "Get", "outbound HTTP goes through internal/safehttp", (*File).Test},
		{"http", "Post", "outbound HTTP goes through internal/safehttp", (*File).Test},
		{"http", "DefaultServeMux", "every server has its own mux", nowhere},
		{"os", "Exit", "exit only in main", inMain},
		{"log", "Fatal", "log with slog and return the error", nowhere},
		{"context", "TODO", "every context comes from a caller", nowhere},
	}
}

func inMain(f *File) bool { return f.AST.Name.Name == "main" || f.Test() }

// forbidden finds what no code here may do: calls out of place, init functions, packages
// without a noun, promises without an issue.
func forbidden(f *File) (out []string) {
	switch name := f.AST.Name.Name; name {
	case "util", "utils", "common", "types", "helpers", "pkg", "misc":
		out = append(out, f.breach(f.AST.Pos(), "package %s says nothing", name))
	}
	rules := calls()
	ast.Inspect(f.AST, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			out = append(out, f.selector(n, rules)...)
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				out = append(out, f.breach(n.Pos(), "init functions hide work and order"))
			}
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Insecure"+"SkipVerify" {
				out = append(out, f.breach(n.Pos(), "nothing turns a check off"))
			}
		}
		return true
	})
	for _, group := range f.AST.Comments {
		if text := group.Text(); strings.Contains(text, "TO"+"DO") || strings.Contains(text, "FIX"+"ME") {
			out = append(out, f.breach(group.Pos(), "a promise without an issue"))
		}
	}
	return out
}

func (f *File) selector(n *ast.SelectorExpr, rules []call) (out []string) {
	id, ok := n.X.(*ast.Ident)
	if !ok || id.Obj != nil {
		return nil
	}
	for _, c := range rules {
		if id.Name == c.pkg && n.Sel.Name == c.name && f.imports(c.pkg) && !c.allowed(f) {
			out = append(out, f.breach(n.Pos(), "%s.%s: %s", c.pkg, c.name, c.why))
		}
	}
	return out
}

// imports reports whether f imports a package whose last element is name.
func (f *File) imports(name string) bool {
	for _, spec := range f.AST.Imports {
		if path.Base(strings.Trim(spec.Path.Value, `"`)) == name {
			return true
		}
	}
	return false
}
