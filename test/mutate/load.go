// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is one change to the package. The zero Killed and Stage say that nothing noticed it.
type mutant struct {
	ID       int    `json:"id"`
	File     string `json:"file"` // from the module's root, with slashes
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Func     string `json:"func"`
	Original string `json:"original"`
	Mutation string `json:"mutation"`
	Nth      int    `json:"nth,omitempty"` // 2 for the second with an equal key, and so on
	Reached  bool   `json:"reached"`       // some test ran the place
	Killed   bool   `json:"killed"`
	Stage    int    `json:"stage"` // that killed it, from 1
}

// key names the mutant as long as its function stays as it is, wherever that moves in the file.
func (m *mutant) key() string {
	key := fmt.Sprintf("%s %s: `%s` → %s", m.File, m.Func, m.Original, m.Mutation)
	if m.Nth > 1 {
		key += fmt.Sprintf(" #%d", m.Nth)
	}
	return key
}

// String is the key with line and column.
func (m *mutant) String() string {
	return strings.Replace(m.key(), m.File, fmt.Sprintf("%s:%d:%d", m.File, m.Line, m.Column), 1)
}

// pkg is the package under test, with what was found in it.
type pkg struct {
	dir     string
	name    string
	fset    *token.FileSet
	info    *types.Info
	types   *types.Package
	sources map[string][]byte // rewritten, by path
	mutants []*mutant
	keys    map[string]int
}

// load reads the package in dir and rewrites those of its files that only names, all if it is "".
func load(ctx context.Context, dir, only string) (*pkg, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return strings.HasSuffix(n, "_test.go") })
	p := &pkg{dir: dir, fset: token.NewFileSet(), sources: map[string][]byte{}, keys: map[string]int{}}
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(p.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no Go files", dir)
	}
	if err := p.check(ctx, files); err != nil {
		return nil, err
	}
	for i, f := range files {
		if only == "" || slices.Contains(strings.Split(only, ","), filepath.Base(names[i])) {
			if err := p.rewrite(names[i], f); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// check finds the type of every expression; what the package imports is read as compiled.
func (p *pkg) check(ctx context.Context, files []*ast.File) error {
	list := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "./"+p.dir)
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[name] = file
	}
	open := func(name string) (io.ReadCloser, error) { return os.Open(exports[name]) }
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(p.fset, "gc", open)}
	p.name = files[0].Name.Name
	p.types, err = config.Check(path.Join("mutated", p.dir), p.fset, files, p.info)
	return err
}

func (p *pkg) rewrite(name string, f *ast.File) error {
	src, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	w := &finder{pkg: p, file: f, path: filepath.ToSlash(name), src: src, base: p.fset.File(f.FileStart).Base()}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			w.fn = fn.Name.Name
			w.function(fn.Type, fn.Body)
		}
	}
	if len(w.edits) > 0 {
		p.sources[name] = []byte(apply(src, w.edits))
	}
	return nil
}
