// SPDX-License-Identifier: Apache-2.0

package did

import (
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// ReadDocument reads raw as the document of want, had from its source at the time at
// (DID Core 1.0 §5, Controlled Identifiers 1.0 §2). It must be strict JSON of at most
// MaxDocument bytes; beyond that or another bound it is fetch.limit.
//
// An id other than want, a verification method whose id is not an absolute URL of want, an id
// used twice and a reference that is no DID URL are did.document_mismatch; private members
// anywhere in a method key.private_material; members of a wrong type json.type, absent ones
// json.member_missing, and other than one kind of key material key.ambiguous. A method of another
// controller, or with a key that is bad or of another kind than those in use, spoils nothing but
// itself: Document.Key refuses it.
func ReadDocument(raw []byte, want DID, at time.Time) (*Document, error) {
	if want.IsZero() || at.IsZero() {
		return nil, reason.New(reason.InternalIndeterminate, "a document needs a DID and a time")
	}
	if len(raw) > MaxDocument {
		return nil, reason.New(reason.FetchLimit, "DID document is too large")
	}
	var w wireDocument
	if err := strictjson.Unmarshal(raw, &w); err != nil {
		return nil, bounded(err)
	}
	if w.ID != want.s {
		return nil, reason.New(reason.DIDDocumentMismatch, "the document is that of another DID")
	}
	if err := w.checkNames(); err != nil {
		return nil, err
	}
	r := reader{doc: &Document{ID: want, Purposes: map[Relationship][]string{}, Fetched: at}}
	if err := r.methods(w); err != nil {
		return nil, err
	}
	return r.doc, nil
}

// bounded gives the limits of the JSON reader the code that limits of outbound answers have.
func bounded(err error) error {
	if c := reason.Of(err); c == reason.LimitNesting || c == reason.LimitMembers {
		return reason.Wrap(reason.FetchLimit, "DID document is too deep or too wide", err)
	}
	return err
}

// reader builds a document.
type reader struct {
	doc *Document
	top int // how many of doc.Methods stand in verificationMethod, where references lead
}

func (r *reader) methods(w wireDocument) error {
	for _, v := range w.VerificationMethod {
		if _, err := r.add(v); err != nil {
			return err
		}
	}
	r.top = len(r.doc.Methods)
	for _, l := range w.relationships() {
		if len(l.entries) > MaxListed {
			return reason.New(reason.FetchLimit, "a relationship lists too many methods")
		}
		for _, v := range l.entries {
			if err := r.list(l.name, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// list puts the method that v refers to, or holds, under name.
func (r *reader) list(name Relationship, v strictjson.Value) error {
	var fragment string
	var err error
	if v.Kind() == '{' {
		fragment, err = r.add(v)
	} else {
		fragment, err = r.reference(v)
	}
	if err == nil && fragment != "" {
		r.doc.Purposes[name] = append(r.doc.Purposes[name], fragment)
	}
	return err
}

// reference returns the fragment of the method that v names; "" if it is not one of this document's
// verificationMethod, where it is of no use to us.
func (r *reader) reference(v strictjson.Value) (string, error) {
	s, err := strictjson.String(v)
	if err != nil {
		return "", err
	}
	u, err := r.dereference(s)
	switch {
	case reason.Of(err) == reason.DIDSyntax:
		return "", reason.Wrap(reason.DIDDocumentMismatch, "a relationship holds no DID URL", err)
	case err != nil || !slices.ContainsFunc(r.doc.Methods[:r.top], func(m Method) bool { return m.ID == u }):
		return "", nil
	}
	return u.fragment, nil
}

func (r *reader) dereference(s string) (URL, error) {
	if fragment, relative := strings.CutPrefix(s, "#"); relative {
		return r.doc.ID.WithFragment(fragment)
	}
	return ParseURL(s)
}

// add reads v as a verification method, appends it and returns its fragment.
func (r *reader) add(v strictjson.Value) (string, error) {
	if len(r.doc.Methods) >= MaxMethods {
		return "", reason.New(reason.FetchLimit, "DID document has too many verification methods")
	}
	m, err := readMethod(v, r.doc.ID)
	if err != nil {
		return "", err
	}
	if r.doc.has(m.ID.fragment) {
		return "", reason.New(reason.DIDDocumentMismatch, "two verification methods have one id")
	}
	r.doc.Methods = append(r.doc.Methods, m)
	return m.ID.fragment, nil
}
