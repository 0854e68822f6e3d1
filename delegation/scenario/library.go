// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"github.com/behalf-id/behalf/internal/strictjson"
)

// library holds the credentials of one scenario by name.
type library map[string]object

// library returns the file's credentials with the scenario's changes, made in file order: each
// starts from the credential that its $base names as changed so far, else from that of its own name.
func (d *document) library(changes strictjson.Value) (library, error) {
	all, err := read(d.Credentials)
	if err != nil {
		return nil, err
	}
	order, err := names(changes)
	if err != nil {
		return nil, err
	}
	patches, err := read(changes)
	if err != nil {
		return nil, err
	}
	for _, name := range order {
		if err := change(all, name, patches[name]); err != nil {
			return nil, err
		}
	}
	lib := make(library, len(all))
	for name, v := range all {
		if lib[name], err = read(v); err != nil {
			return nil, err
		}
		if err := lib[name].known(name); err != nil {
			return nil, err
		}
	}
	return lib, nil
}

// change applies one patch; null takes the credential away.
func change(all object, name string, patch strictjson.Value) error {
	if isNull(patch) {
		delete(all, name)
		return nil
	}
	p, err := read(patch)
	if err != nil {
		return err
	}
	base := all[name]
	if v, ok := p["$base"]; ok {
		if base, ok = all[text(v)]; !ok {
			return malformed("$base names no credential:", text(v))
		}
		delete(p, "$base")
	}
	if patch, err = strictjson.Marshal(p); err != nil {
		return err
	}
	all[name], err = merge(base, patch)
	return err
}

// known refuses a member that no credential has: a misspelt limit would limit nothing.
func (o object) known(name string) error {
	for member := range o {
		switch member {
		case "type", "id", "issuer", "validFrom", "validUntil", "delegate", "onBehalfOf", "relationship",
			"legalBasis", "grantedBy", "jurisdiction", "purposes", "controllers", "reviewBy",
			"transitionAt", "redelegation", "prohibitions", "parent", "permissions", "assurance",
			"identifier", "operatedBy", "evidence", "subject", "workgroup":
		default:
			return malformed("credential "+name+" has the unknown member", member)
		}
	}
	return nil
}
