// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/behalf-id/behalf/reason"
)

// Bounds of the names that a holder gives.
const (
	MaxNames = 1000 // people
	MaxName  = 60   // characters of a name
)

// Call has the wallet call a person who is acted for by a name of the holder's own, in Entry.Called: credentials hold numbers, and no names.
// "" takes the name away. person is the id or the number of somebody for whom a credential is held, else it is object.unknown. Names stay in
// the wallet, and its backups; no service sees them. A name is of MaxName printable characters at most. When Call
// returns the id of the person, the name is durable.
func (w *Wallet) Call(ctx context.Context, person, name string) (id string, err error) {
	if name = strings.TrimSpace(name); !isName(name) {
		return "", reason.New(reason.CLIArgs, fmt.Sprintf("a name is of %d printable characters at most", MaxName))
	}
	if id, err = w.personOf(ctx, person); err != nil {
		return "", err
	}
	v := w.cfg.Vault
	names := maps.Clone(v.home.Names)
	switch {
	case name == "":
		delete(names, id)
	case names == nil:
		names = map[string]string{id: name}
	default:
		names[id] = name
	}
	if len(names) > MaxNames {
		return "", reason.New(reason.StorageFull, fmt.Sprintf("the wallet has names for %d people; take some away first", MaxNames))
	}
	return id, v.setNames(names)
}

// setNames replaces the names. When it returns nil they are durable.
func (v *Vault) setNames(names map[string]string) error {
	next := v.home
	next.Version, next.Names = homeVersion, names
	if err := v.write(homeFile, next); err != nil {
		return err
	}
	v.home = next
	return nil
}

// personOf returns the id of the one person whose id, number or name is text.
func (w *Wallet) personOf(ctx context.Context, text string) (string, error) {
	all, _, err := w.List(ctx)
	if err != nil {
		return "", err
	}
	found := ""
	for _, e := range all {
		if e.OnBehalfOf == "" || e.OnBehalfOf != text && (e.Called == "" || e.Called != text) && (e.Identifier == nil || e.Identifier.Value != text) {
			continue
		}
		if found != "" && found != e.OnBehalfOf {
			return "", reason.New(reason.ObjectUnknown, "more than one person has this number or name; give their id, as show --facts has it")
		}
		found = e.OnBehalfOf
	}
	if found == "" {
		return "", reason.New(reason.ObjectUnknown, "you hold nothing for a person with this number; see: behalf-wallet list")
	}
	return found, nil
}

func isName(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= MaxName && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
