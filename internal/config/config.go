// SPDX-License-Identifier: Apache-2.0

// Package config reads an operator's settings: one strict YAML file, and the environment on top.
//
// A setting that is misspelt, of the wrong type or given twice stops the program with a line that
// names it and its place; nothing is guessed and nothing is ignored. Values stay out of messages.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/behalf-id/behalf/reason"
)

// Bounds of what is read.
const (
	MaxFile  = 64 << 10 // bytes in a file
	MaxValue = 16 << 10 // bytes in an environment variable's value
	MaxItems = 1024     // items in one list or map
	MaxDepth = 8        // lists, maps and structs inside one another

	maxBrackets = 64 // brackets open at one time, in text and comments too
)

// Load reads the YAML file at path, and then the environment, into the struct that into points
// to. An empty path means no file. What neither of them sets keeps the value that it has.
//
// Every field needs a yaml tag, and has one of the types string, bool, int…, uint…, float64,
// time.Duration (written as "5m", with its unit, not negative), encoding.TextUnmarshaler, or a
// struct, pointer to struct, slice or map[string]T of these. Field a-b of the struct tls is set by
// BEHALF_<ROLE>_TLS_A_B; a list of text takes items parted by commas there, or, as other
// lists and maps do, a YAML value such as [a, b].
//
// Every error is cli.config and one line. Refused are unknown keys and variables, values of another
// type, null, duplicate keys, anchors, aliases, merge keys, tags, further documents, a file that is
// a symbolic link, writable by the world, or larger than MaxFile.
func Load(path, role string, into any) error { return LoadFrom(path, role, os.Environ(), into) }

// LoadFrom is Load with an environment in the form of os.Environ.
func LoadFrom(path, role string, environ []string, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		return errors.New("config: into must point to a struct")
	}
	known, err := settings(role, target.Elem().Type())
	if err != nil {
		return err
	}
	if path != "" {
		if err := loadFile(path, target.Elem()); err != nil {
			return err
		}
	}
	return loadEnvironment(role, known, environ, target.Elem())
}

func loadFile(path string, into reflect.Value) error {
	raw, err := readFile(path)
	if err != nil {
		return err
	}
	at := place{file: path}
	root, err := parse(at, raw)
	if err != nil || root == nil {
		return err
	}
	return at.assign(root, into, "", 0)
}

// readFile returns the content of a plain file that the world cannot write.
func readFile(path string) ([]byte, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if before.Mode().Type() == fs.ModeSymlink {
		return nil, refuse("%s: is a symbolic link; give the file itself", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, unreadable(path, err)
	}
	switch {
	case !os.SameFile(before, info), !info.Mode().IsRegular():
		return nil, refuse("%s: is not a plain file", path)
	case info.Mode().Perm()&0o002 != 0 && runtime.GOOS != "windows": // whose modes say nothing
		return nil, refuse("%s: everybody may write to it; chmod o-w it", path)
	case info.Size() > MaxFile:
		return nil, refuse("%s: is larger than %d bytes", path, MaxFile)
	}
	return io.ReadAll(io.LimitReader(f, MaxFile))
}

func unreadable(path string, err error) error {
	detail := path + ": cannot be read"
	if errors.Is(err, fs.ErrNotExist) {
		detail = path + ": there is no such file"
	}
	return reason.Wrap(reason.CLIConfig, detail, err)
}

// parse returns the one value of a YAML text, or nil if there is none.
func parse(at place, raw []byte) (ast.Node, error) {
	if !utf8.Valid(raw) || strings.ContainsRune(string(raw), 0) {
		return nil, refuse("%s: is not UTF-8 text", at.of(nil))
	}
	if nesting(raw) > maxBrackets {
		return nil, refuse("%s: is nested too deeply", at.of(nil))
	}
	file, err := parser.ParseBytes(raw, 0)
	if e, ok := errors.AsType[yaml.Error](err); ok {
		return nil, refuse("%s: %s", at.line(e.GetToken()), firstLine(e.GetMessage()))
	}
	if err != nil {
		return nil, refuse("%s: is not YAML", at.of(nil))
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil || doc.Body.Type() == ast.DirectiveType {
			return nil, refuse("%s: one document is read, without directives", at.of(doc.Body))
		}
		root = doc.Body
	}
	return root, nil
}

// nesting returns how deep brackets stand inside one another, counted without a grammar: brackets in
// text count too. It keeps the parser's recursion, which has no bound of its own, short.
func nesting(raw []byte) int {
	depth, most := 0, 0
	for _, c := range raw {
		switch c {
		case '[', '{':
			depth++
			most = max(most, depth)
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return most
}

// firstLine returns the first line of the parser's message, fit for a terminal.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, line)
}

func refuse(format string, args ...any) error {
	return reason.New(reason.CLIConfig, fmt.Sprintf(format, args...))
}
