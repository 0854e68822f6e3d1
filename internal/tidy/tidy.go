// SPDX-License-Identifier: Apache-2.0

// Package tidy reads the module's own source and says where it breaks the house rules.
package tidy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// Bounds on the size of code.
const (
	MaxFunction = 60  // lines
	MaxTable    = 160 // lines of a function in a test: most of a table is data
	MaxFile     = 400 // lines, tests excepted
)

// File is one parsed source file.
type File struct {
	Name string // path in the module, with slashes
	Text string
	Fset *token.FileSet
	AST  *ast.File
}

// Test reports whether the file is a test.
func (f *File) Test() bool { return strings.HasSuffix(f.Name, "_test.go") }

// Read parses every Go file below root, testdata and nested modules left out.
func Read(root fs.FS) ([]*File, error) {
	var out []*File
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git" || d.Name() == "interop"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, name, src, parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, &File{name, string(src), fset, parsed})
		return nil
	})
	return out, err
}

// Check returns every breach of the rules in f, one line each.
func Check(f *File) []string {
	var out []string
	for _, rule := range []func(*File) []string{size, header, imports, documented, forbidden} {
		out = append(out, rule(f)...)
	}
	return out
}

func (f *File) breach(at token.Pos, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: %s", f.Name, f.Fset.Position(at).Line, fmt.Sprintf(format, args...))
}

func (f *File) lines(n ast.Node) int {
	return f.Fset.Position(n.End()).Line - f.Fset.Position(n.Pos()).Line + 1
}

func size(f *File) (out []string) {
	if n := strings.Count(f.Text, "\n"); n > MaxFile && !f.Test() {
		out = append(out, f.breach(f.AST.Pos(), "file has %d lines, at most %d", n, MaxFile))
	}
	most := MaxFunction
	if f.Test() {
		most = MaxTable
	}
	for _, d := range f.AST.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && f.lines(fn) > most {
			out = append(out, f.breach(fn.Pos(), "function %s has %d lines, at most %d", fn.Name.Name, f.lines(fn), most))
		}
	}
	return out
}

func header(f *File) []string {
	if !strings.HasPrefix(f.Text, "// SPDX-License-Identifier: Apache-2.0\n") {
		return []string{f.breach(f.AST.Pos(), "the SPDX header is missing")}
	}
	return nil
}

// imports keeps net/http in the thin shell and encoding/json away from untrusted bytes.
func imports(f *File) (out []string) {
	if f.Test() || strings.HasPrefix(f.Name, "test/") {
		return nil
	}
	shell := strings.HasPrefix(path.Base(f.Name), "http") || strings.HasPrefix(f.Name, "internal/web/") || strings.HasPrefix(f.Name, "internal/safehttp/")
	for _, spec := range f.AST.Imports {
		switch strings.Trim(spec.Path.Value, `"`) {
		case "net/http":
			if !shell {
				out = append(out, f.breach(spec.Pos(), "net/http belongs in files named http*.go"))
			}
		case "encoding/json":
			out = append(out, f.breach(spec.Pos(), "encoding/json reads leniently: use internal/strictjson"))
		}
	}
	return out
}

// documented wants a comment on every exported declaration outside tests and main packages.
func documented(f *File) (out []string) {
	if f.Test() || f.AST.Name.Name == "main" {
		return nil
	}
	for _, d := range f.AST.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
				out = append(out, f.breach(d.Pos(), "exported %s has no comment", d.Name.Name))
			}
		case *ast.GenDecl:
			out = append(out, undocumented(f, d)...)
		}
	}
	return out
}

func undocumented(f *File, d *ast.GenDecl) (out []string) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
				out = append(out, f.breach(s.Pos(), "exported type %s has no comment", s.Name.Name))
			}
		case *ast.ValueSpec:
			if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
				out = append(out, f.breach(s.Pos(), "exported %s has no comment", s.Names[0].Name))
			}
		}
	}
	return out
}

// exportedReceiver reports whether d is a function or a method that code outside can name.
// Methods that only fulfil a well-known interface of the standard library need no words.
func exportedReceiver(d *ast.FuncDecl) bool {
	switch d.Name.Name {
	case "Error", "String", "GoString", "Unwrap", "LogValue", "MarshalText", "ServeHTTP":
		return false
	}
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if ix, ok := t.(*ast.IndexExpr); ok {
		t = ix.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.IsExported()
}
