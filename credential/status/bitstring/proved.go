// SPDX-License-Identifier: Apache-2.0

package bitstring

import (
	"context"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MediaTypeProved is the media type of a list credential secured with Data Integrity.
const MediaTypeProved = "application/vc"

// MaxProved is the number of bytes of a list credential secured with Data Integrity. No string
// within can then pass strictjson.MaxString.
const MaxProved = wire.MaxToken * 3 / 4

// Prove returns l, of one purpose or more, secured by a Data Integrity proof that by makes with s
// and that was created when l was issued.
func Prove(ctx context.Context, l List, s dataintegrity.Cryptosuite, by did.Signer) ([]byte, error) {
	w, err := l.written(by.Method.DID())
	if err != nil {
		return nil, err
	}
	document, err := strictjson.Marshal(w)
	if err != nil {
		return nil, err
	}
	return dataintegrity.Sign(ctx, document, s, dataintegrity.Options{Created: l.Issued, Purpose: did.AssertionMethod}, by)
}

// OpenProved verifies every proof of raw, which must be made by issuer for assertions with one of ss,
// and reads the list, whose id, when present, must be url and which must have at least MinEntries
// bits. A proof that says when it was created, or when it expires, speaks for the list as iat and
// exp do in the other form.
//
// Errors: status.too_large, status.signature (no proof, or one that does not hold at keys.At),
// status.issuer (a proof of another party, or another issuer in the credential), status.encoding
// (also for IRIs and keywords as names, and for two objects of one id), and the others of Sealed.Open.
func OpenProved(ctx context.Context, raw []byte, ss dataintegrity.Suites, issuer did.DID, url string, keys credential.Keys) (List, error) {
	if len(raw) > MaxProved {
		return List{}, reason.New(reason.StatusTooLarge, "the list credential is too long")
	}
	members, err := strictjson.CheckMembers(raw, nil)
	if err != nil {
		return List{}, unproved(err)
	}
	secured, err := ss.Read(members)
	if err != nil {
		return List{}, unproved(err)
	}
	for _, p := range secured.Proofs() {
		if p.Method.DID() != issuer {
			return List{}, reason.New(reason.StatusIssuer, "the list is signed by another party")
		}
	}
	want := dataintegrity.Expect{Purpose: did.AssertionMethod, Controller: issuer.String()}
	proved, err := secured.Verify(ctx, want, keys)
	if err != nil {
		return List{}, unproved(err)
	}
	if err := oneReading(proved.Document(), map[string]bool{}); err != nil {
		return List{}, err
	}
	l, err := Content(proved.Document(), issuer.String(), url)
	if err != nil {
		return List{}, err
	}
	l.dated(proved.Proofs())
	return l, nil
}

// oneReading refuses a list that says things where read does not look for them. A proof over RDF is
// one over statements: whoever serves the list may write each in other words, such as the whole IRI
// of a term, and in any object that has the id of what it is about. A list would lose its end, its
// ttl or its own status so, and the proof hold. Seen has the ids of objects so far.
func oneReading(v strictjson.Value, seen map[string]bool) error {
	switch v.Kind() {
	case '[':
		for item, err := range strictjson.Items(v) {
			if err == nil {
				err = oneReading(item, seen)
			}
			if err != nil {
				return err
			}
		}
	case '{':
		for m, err := range strictjson.Members(v) {
			if err != nil {
				return err
			}
			name, id := string(m.Name), text(m.Value)
			switch {
			case name == "@context":
				continue
			case strings.ContainsAny(name, ":@") && name != "@value" && name != "@language" && name != "@direction":
				return wire.Malformed("a member is written in other words than those of the specification", nil)
			case name == "id" && seen[id]:
				return wire.Malformed("two objects have one id", nil)
			case name == "id":
				seen[id] = true
			}
			if err := oneReading(m.Value, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

// dated takes up the times of proofs: the list is as old as its oldest signature and lives no longer than any.
func (l *List) dated(proofs []dataintegrity.Proof) {
	first := true
	for _, p := range proofs {
		if !p.Created.IsZero() && (first || p.Created.Before(l.Issued)) {
			l.Issued, first = p.Created, false
		}
		if !p.Expires.IsZero() && (l.Expires.IsZero() || p.Expires.Before(l.Expires)) {
			l.Expires = p.Expires
		}
	}
}

// Content reads document, a list credential without its proof, of which the caller has verified that
// issuer secured it; id and length are held to as by Sealed.Open, whose errors it gives but for
// status.signature.
func Content(document []byte, issuer, url string) (List, error) {
	l, err := read(document, issuer)
	switch {
	case err != nil:
		return List{}, err
	case l.ID != "" && l.ID != url:
		return List{}, reason.New(reason.StatusSubject, "id is not the address of the list")
	case l.Bits.Len() < MinEntries:
		return List{}, reason.New(reason.StatusLength, "")
	}
	return l, nil
}

func unproved(err error) error {
	return reason.Wrap(reason.StatusSignature, "the list is not secured by proofs as it must be", err)
}
