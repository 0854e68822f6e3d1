// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
)

// Diff returns what changes from old to new, a line for each change, in the order of its path:
// "+ path: value" for what is added, "- path: value" for what goes, "~ path: old → new" for what
// differs. It is empty exactly if both have the same content (Write), which is all but version,
// asOf and unavailable. A nil framework is one without content.
//
// Accreditations and verifiers are named by their id in the paths; their order matters to a
// decision (delegation.md §8.4), so a change of order alone is a line of its own.
func Diff(old, new *Framework) []string {
	before, after := flatten(old), flatten(new)
	var lines []string
	for _, path := range union(before, after) {
		was, had := before[path]
		is, has := after[path]
		switch {
		case !had:
			lines = append(lines, "+ "+path+": "+is)
		case !has:
			lines = append(lines, "- "+path+": "+was)
		case was != is:
			lines = append(lines, "~ "+path+": "+was+" → "+is)
		}
	}
	return lines
}

// flatten returns the members of f as texts by path.
func flatten(f *Framework) map[string]string {
	out := map[string]string{}
	if f == nil {
		return out
	}
	raw, err := f.Write()
	if err != nil {
		out["framework"] = "cannot be written: " + err.Error()
		return out
	}
	var tree map[string]any
	if err := strictjson.Unmarshal(raw, &tree); err != nil {
		out["framework"] = "cannot be read: " + err.Error()
		return out
	}
	walk(out, "", tree)
	return out
}

// walk writes v and what is below it. Lists of objects that have an id become maps by id, with
// their order beside them; other lists are one value.
func walk(out map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			out[path] = "{}"
		}
		for name, member := range v {
			walk(out, join(path, name), member)
		}
	case []any:
		ids, ok := identifiers(v)
		if !ok {
			out[path] = text(v)
			return
		}
		out[path+" (order)"] = strings.Join(ids, ", ")
		for i, id := range ids {
			walk(out, fmt.Sprintf("%s[%s]", path, id), v[i])
		}
	default:
		out[path] = text(v)
	}
}

// identifiers returns the ids of a list of objects if all have one and none has it twice.
func identifiers(list []any) ([]string, bool) {
	ids := make([]string, 0, len(list))
	seen := map[string]bool{}
	for _, item := range list {
		object, _ := item.(map[string]any)
		id, ok := object["id"].(string)
		if !ok || seen[id] {
			return nil, false
		}
		seen[id] = true
		ids = append(ids, fmt.Sprintf("%q", id))
	}
	return ids, len(ids) > 0
}

func join(path, name string) string {
	if strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) || name == "" {
		return fmt.Sprintf("%s[%q]", path, name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// text writes one value on one line, with everything escaped that could act on a terminal.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = text(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		return fmt.Sprintf("{%d members}", len(v))
	}
	return fmt.Sprint(v)
}

func union(a, b map[string]string) []string {
	paths := slices.Collect(maps.Keys(a))
	for path := range b {
		if _, both := a[path]; !both {
			paths = append(paths, path)
		}
	}
	slices.SortFunc(paths, cmp.Compare)
	return paths
}
