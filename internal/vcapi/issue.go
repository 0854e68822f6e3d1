// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxPointers is how many mandatory or selective pointers a request may have.
const MaxPointers = 256

// integrityContext defines the terms of proofs, which the base context of version 1.1 does not.
const integrityContext = "https://w3id.org/security/data-integrity/v2"

// Issue signs raw, a credential, as the issuer called name, and returns it with the proof. Pointers
// make parts of it mandatory where the suite discloses selectively.
//
// The credential is held to the data model first. An issuer member that is another's is replaced by the
// issuer's own id, its other members kept; the status issuer adds a credentialStatus to a credential of
// version 2.0 that has none; and where the contexts do not define the terms of proofs, one that does is
// put behind them (VC Data Integrity 1.0 §2.4.1). A credential that has a proof gets one more, and is
// refused where it would have to be changed (key.controller_mismatch, di.proof_set). An unknown name is
// object.unknown.
func (a *API) Issue(ctx context.Context, name string, raw []byte, pointers []string) ([]byte, error) {
	i, ok := a.issuers[name]
	if !ok {
		return nil, reason.New(reason.ObjectUnknown, "there is no such issuer")
	}
	sum, err := vcdm.CheckCredential(raw, rules())
	if err != nil {
		return nil, err
	}
	doc, err := readObject(raw)
	if err != nil {
		return nil, err
	}
	if doc.get("proof") == nil {
		if doc, err = a.adapt(doc, sum, name, i); err != nil {
			return nil, err
		}
	} else if sum.Issuer != i.id() {
		return nil, reason.New(reason.KeyControllerMismatch, "a credential that has a proof names another issuer")
	}
	return dataintegrity.Sign(ctx, doc.bytes(), i.with(pointers), dataintegrity.Options{
		Purpose: did.AssertionMethod, Created: a.cfg.Now().UTC().Truncate(time.Second),
	}, i.by)
}

// adapt changes a credential without proof in the ways that Issue states.
func (a *API) adapt(doc object, sum vcdm.Summary, name string, i issuer) (object, error) {
	if sum.Issuer != i.id() {
		own := quote(i.id())
		if party := inside(doc.get("issuer")); party != nil {
			own = party.with("id", own).bytes()
		}
		doc = doc.with("issuer", own)
	}
	doc, err := withTerms(doc, i.suite)
	if err != nil {
		return nil, err
	}
	if name != statusIssuer || sum.Version != vcdm.V2 || len(sum.Status) > 0 {
		return doc, nil
	}
	entry, err := a.newStatus()
	if err != nil {
		return nil, err
	}
	return doc.with("credentialStatus", entry), nil
}

// withTerms puts integrityContext behind the contexts of doc if they do not define a proof and the
// suite reads contexts.
func withTerms(doc object, s dataintegrity.Cryptosuite) (object, error) {
	if _, copies := s.(dataintegrity.Contextual); copies {
		return doc, nil
	}
	contexts := doc.get("@context")
	terms, err := jsonld.Terms(contexts, profile)
	if err != nil || terms.Type(dataintegrity.Type) {
		return doc, err
	}
	var items []strictjson.Value
	for item, err := range strictjson.Items(contexts) {
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	more, err := strictjson.Marshal(append(items, quote(integrityContext)))
	return doc.with("@context", more), err
}
