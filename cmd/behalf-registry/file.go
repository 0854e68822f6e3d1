// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// Bounds of a framework file. YAML may be longer than the JSON that it stands for.
const (
	maxFile     = 2 * trustframework.MaxFramework
	maxDepth    = 16 // lists and maps inside one another
	maxBrackets = 64 // brackets open at one time, in text and comments too
)

// readFramework reads the file at path, JSON if it begins with a brace, else YAML.
func readFramework(path string) (*trustframework.Framework, error) {
	raw, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) {
		if raw, err = fromYAML(path, raw); err != nil {
			return nil, err
		}
	}
	f, err := trustframework.Read(raw)
	if e, ok := errors.AsType[*reason.Error](err); ok {
		return nil, reason.Wrap(e.Code, path+": "+e.Detail, e.Err)
	}
	return f, err
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such file", path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(raw) > maxFile {
		return nil, reason.New(reason.LimitBody, fmt.Sprintf("%s: is larger than %d bytes", path, maxFile))
	}
	return raw, err
}

// fromYAML returns the JSON that a YAML text stands for. It takes maps with text keys, lists,
// texts, plain integers and truth values: no anchors, aliases, tags, merge keys or further
// documents, in which one text can mean two things. Dates are texts here.
func fromYAML(path string, raw []byte) ([]byte, error) {
	if depth(raw) > maxBrackets {
		return nil, reason.New(reason.LimitNesting, path+": is nested too deeply")
	}
	file, err := parser.ParseBytes(raw, 0)
	if e, ok := errors.AsType[yaml.Error](err); ok {
		line, _, _ := strings.Cut(e.GetMessage(), "\n")
		return nil, reason.New(reason.JSONSyntax, fmt.Sprintf("%s:%d: %s", path, e.GetToken().Position.Line, line))
	}
	if err != nil {
		return nil, reason.New(reason.JSONSyntax, path+": is not YAML")
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, reason.New(reason.JSONSyntax, path+": holds no framework, or more than one document")
	}
	var out bytes.Buffer
	y := &converter{path, jsontext.NewEncoder(&out)}
	if err := y.value(file.Docs[0].Body, 0); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// depth counts brackets inside one another, before the parser's recursion does.
func depth(raw []byte) int {
	now, most := 0, 0
	for _, c := range raw {
		switch c {
		case '[', '{':
			now++
			most = max(most, now)
		case ']', '}':
			now = max(now-1, 0)
		}
	}
	return most
}

type converter struct {
	path string
	out  *jsontext.Encoder
}

func (y *converter) value(n ast.Node, depth int) error {
	if depth > maxDepth {
		return y.refuse(n, "is nested too deeply")
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return y.object(n.Values, depth)
	case *ast.MappingValueNode:
		return y.object([]*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		return y.array(n.Values, depth)
	case *ast.StringNode:
		return y.token(n, jsontext.String(n.Value))
	case *ast.LiteralNode:
		return y.token(n, jsontext.String(n.Value.Value))
	case *ast.BoolNode:
		return y.token(n, jsontext.Bool(n.Value))
	case *ast.IntegerNode:
		return y.integer(n)
	}
	return y.refuse(n, "is none of text, integer, true, false, list and map")
}

func (y *converter) object(members []*ast.MappingValueNode, depth int) error {
	if err := y.out.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range members {
		name, ok := m.Key.(*ast.StringNode)
		if !ok {
			return y.refuse(m.Key, "is no plain key")
		}
		if err := y.token(name, jsontext.String(name.Value)); err != nil {
			return err
		}
		if err := y.value(m.Value, depth+1); err != nil {
			return err
		}
	}
	return y.out.WriteToken(jsontext.EndObject)
}

func (y *converter) array(items []ast.Node, depth int) error {
	if err := y.out.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	for _, item := range items {
		if err := y.value(item, depth+1); err != nil {
			return err
		}
	}
	return y.out.WriteToken(jsontext.EndArray)
}

// integer takes plain decimal alone: 010, 0x10 and 1_0 are different numbers to different readers.
func (y *converter) integer(n *ast.IntegerNode) error {
	text := n.GetToken().Value
	i, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(i, 10) != text || i > strictjson.MaxInteger || i < -strictjson.MaxInteger {
		return y.refuse(n, "is not a plain integer")
	}
	return y.token(n, jsontext.Int(i))
}

func (y *converter) token(n ast.Node, t jsontext.Token) error {
	if err := y.out.WriteToken(t); err != nil {
		return y.refuse(n, "cannot stand here: a key twice, or a text that is not UTF-8")
	}
	return nil
}

func (y *converter) refuse(n ast.Node, what string) error {
	return reason.New(reason.JSONSyntax, fmt.Sprintf("%s:%d: %s", y.path, n.GetToken().Position.Line, what))
}
