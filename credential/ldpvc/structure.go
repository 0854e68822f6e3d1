// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Recognises implements credential.Format: a JSON object whose proof, or whose credential's
// proof where it is a presentation, names the suite.
func (f *Format) Recognises(raw []byte) bool { return suiteOf(raw) == f.suite.Name() }

// suiteOf returns the name of the suite that secures raw, as far as can be seen at first sight. It
// decides nothing: raw is not checked.
func suiteOf(raw []byte) string {
	if len(raw) == 0 || raw[0] != '{' {
		return ""
	}
	var secured, suite strictjson.Value
	if secured = member(raw, "verifiableCredential"); secured != nil {
		raw = one(secured)
	}
	if proofs := member(raw, "proof"); proofs != nil {
		suite = member(first(proofs), "cryptosuite")
	}
	name, err := strictjson.String(suite)
	if err != nil {
		return ""
	}
	return name
}

func member(object []byte, name string) strictjson.Value {
	for m, err := range strictjson.Members(object) {
		if err == nil && string(m.Name) == name {
			return m.Value
		}
	}
	return nil
}

// first returns the first item of an array, and anything else as it is.
func first(v strictjson.Value) strictjson.Value {
	if v.Kind() != '[' {
		return v
	}
	for item := range strictjson.Items(v) {
		return item
	}
	return nil
}

// one returns the object that v is, or that v, an array, holds alone; else nil.
func one(v strictjson.Value) (only strictjson.Value) {
	if v.Kind() == '{' {
		return v
	}
	for item, err := range strictjson.Items(v) {
		if err != nil || only != nil || item.Kind() != '{' {
			return nil
		}
		only = item
	}
	return only
}

// structure refuses a credential that stands inside another object: in a graph, an included
// block, or in the place of the subject. There its proof would cover it, and not what is beside.
func structure(members []strictjson.Member) error {
	for _, m := range members {
		switch string(m.Name) {
		case "@context":
			if m.Value.Kind() == '{' {
				return reason.New(reason.JSONLDContextInlineForbidden, "")
			}
		case "@graph", "@included", "@reverse", "verifiableCredential":
			return wrapped()
		case "credentialSubject":
			if holdsCredential(m.Value) {
				return wrapped()
			}
		}
	}
	return nil
}

// holdsCredential reports whether the subject, or one of several, is itself a secured document.
func holdsCredential(subject strictjson.Value) bool {
	if subject.Kind() == '[' {
		for item, err := range strictjson.Items(subject) {
			if err == nil && holdsCredential(item) {
				return true
			}
		}
		return false
	}
	for m, err := range strictjson.Members(subject) {
		if err != nil {
			return false
		}
		switch string(m.Name) {
		case "proof", "credentialSubject", "verifiableCredential", "@graph", "@included", "@reverse":
			return true
		}
	}
	return false
}

func wrapped() error { return reason.New(reason.VCStructure, "a credential is wrapped") }
