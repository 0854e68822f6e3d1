// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// Proposal is what a holder wants to pass on to somebody else: part of what they hold.
type Proposal struct {
	To          did.DID     // who may act from then on
	Kind        string      // "": person
	Permissions []Permitted // each within one permission held
	Until       time.Time   // zero: as long as the holder's own
}

// Permitted is a resource and what may be done with it, as RESOURCE:ACTION[,ACTION].
type Permitted struct {
	Resource string
	Actions  []string
}

// ParsePermitted reads RESOURCE:ACTION[,ACTION].
func ParsePermitted(s string) (Permitted, error) {
	resource, list, ok := strings.Cut(s, ":")
	if !ok || list == "" || strings.Count(list, ",") >= credential.MaxList || !credential.IsResource(resource) {
		return Permitted{}, reason.New(reason.CLIArgs, "a permission is RESOURCE:ACTION[,ACTION], such as appointments:view,book")
	}
	return Permitted{resource, strings.Split(list, ",")}, nil
}

// Package is a delegation passed on: the link that its holder signed and the links above it.
type Package struct {
	Type       string   `json:"type"` // TypePackage
	Credential string   `json:"credential"`
	Parents    []string `json:"parents"` // root first, with only the disclosures that the child needs
}

// TypePackage marks a file of a delegation passed on.
const TypePackage = "behalf-delegation/1"

// Delegate signs a link below the credential e, within it, and returns the file to hand over. The
// link's status lives with the issuer of the root, which is asked for an entry first. What would
// widen anything is refused with the reason that a gateway would give.
func (w *Wallet) Delegate(ctx context.Context, e *Entry, p Proposal) ([]byte, *credential.Credential, error) {
	chain, err := w.verifiedChain(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	parent := chain[len(chain)-1]
	child, err := w.child(parent, p)
	if err != nil {
		return nil, nil, err
	}
	if codes := delegation.CheckChild(parent.Credential(), child); len(codes) > 0 {
		return nil, nil, reason.New(codes[0], "this would go beyond what you hold; see: behalf-wallet show "+e.ID)
	}
	if child.Status, err = w.hostedStatus(ctx, chain[0].Credential(), parent.Credential().ID, child.ID, parent.Format()); err != nil {
		return nil, nil, err
	}
	format := w.cfg.Formats.Named(parent.Format())
	raw, err := format.Seal(ctx, child, w.signer)
	if err != nil {
		return nil, nil, err
	}
	if _, err := credential.Open(ctx, format, raw, w.keys()); err != nil {
		return nil, nil, reason.Wrap(reason.IssueSelfCheck, "what was signed does not open", err)
	}
	packed, err := w.pack(e, chain, child, raw)
	return packed, child, err
}

// verifiedChain opens every link of e anew, root first.
func (w *Wallet) verifiedChain(ctx context.Context, e *Entry) ([]credential.Verified, error) {
	var out []credential.Verified
	for _, raw := range append(slices.Clone(e.held.Parents), e.held.Raw) {
		v, err := w.open(ctx, []byte(raw))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// child returns the link to be signed: everything as in the parent, or less.
func (w *Wallet) child(parent credential.Verified, p Proposal) (*credential.Credential, error) {
	above := parent.Credential()
	id, err := credential.NewID(w.cfg.Random)
	if err != nil {
		return nil, err
	}
	from := w.cfg.Now().Truncate(time.Second)
	if from.Before(above.ValidFrom) {
		from = above.ValidFrom
	}
	until := above.ValidUntil
	if !p.Until.IsZero() {
		until = p.Until
	}
	kind := p.Kind
	if kind == "" {
		kind = "person"
	}
	me := w.DID().String()
	c := &credential.Credential{
		ID: id, Type: credential.TypeDelegation, Issuer: me, ValidFrom: from, ValidUntil: until,
		Delegate:   credential.Delegate{ID: p.To.String(), Kind: kind},
		OnBehalfOf: credential.Principal{ID: above.OnBehalfOf.ID}, Relationship: above.Relationship, LegalBasis: above.LegalBasis,
		GrantedBy: me, Jurisdiction: above.Jurisdiction, Purposes: above.Purposes, Controllers: above.Controllers,
		ReviewBy: above.ReviewBy, TransitionAt: above.TransitionAt, Redelegation: credential.Redelegation{Kinds: []string{}},
		Prohibitions: above.Prohibitions, Parent: &credential.Parent{ID: above.ID, Digest: parent.Digest()}, Framework: above.Framework,
	}
	for _, want := range p.Permissions {
		perm, err := w.part(above, want)
		if err != nil {
			return nil, err
		}
		c.Permissions = append(c.Permissions, perm)
	}
	if len(c.Permissions) == 0 {
		return nil, reason.New(reason.CLIArgs, "name at least one permission to pass on")
	}
	return c, nil
}

// part returns the permission that passes want on, out of the one held that covers it: its
// constraint is repeated, so that nothing is relaxed.
func (w *Wallet) part(above *credential.Credential, want Permitted) (credential.Permission, error) {
	for _, p := range above.Permissions {
		if !delegation.Covers(p.Resource, want.Resource) || slices.ContainsFunc(want.Actions, func(a string) bool { return !slices.Contains(p.Actions, a) }) {
			continue
		}
		id, err := credential.NewID(w.cfg.Random)
		return credential.Permission{ID: id, Resource: want.Resource, Actions: want.Actions, Risk: p.Risk, Constraint: p.Constraint}, err
	}
	return credential.Permission{}, reason.New(reason.ChainScopeWidened, "you may not do this yourself: "+want.Resource+":"+strings.Join(want.Actions, ","))
}

// pack puts the child and the links above it together, each with only the disclosures that the
// child's permissions need.
func (w *Wallet) pack(e *Entry, chain []credential.Verified, child *credential.Credential, raw []byte) ([]byte, error) {
	out := Package{Type: TypePackage, Credential: string(raw)}
	for i, v := range chain {
		text := e.held.Raw
		if i < len(e.held.Parents) {
			text = e.held.Parents[i]
		}
		presenter, ok := w.cfg.Formats.Named(v.Format()).(credential.Presenter)
		if !ok {
			return nil, reason.New(reason.KBMissing, "this format cannot be presented")
		}
		shown, err := presenter.Disclose(needed(v.Credential(), child, []byte(text)))
		if err != nil {
			return nil, err
		}
		out.Parents = append(out.Parents, string(shown))
	}
	return strictjson.Marshal(out)
}

// needed selects the permissions of above that cover some permission of child, and the assurance that
// the issuer's accreditation may ask for.
func needed(above, child *credential.Credential, raw []byte) credential.Selection {
	s := credential.Selection{Raw: raw}
	for _, p := range above.Permissions {
		if slices.ContainsFunc(child.Permissions, func(c credential.Permission) bool { return delegation.NoBroader(c, p) == "" }) {
			s.Permissions = append(s.Permissions, p.ID)
		}
	}
	if above.Assurance != nil {
		s.Claims = append(s.Claims, credential.ClaimAssurance)
	}
	return s
}

// hosted is the answer of an issuer that hosts the status of a person-issued link.
type hosted struct {
	Token struct {
		Index uint64 `json:"idx"`
		List  string `json:"uri"`
	} `json:"token"`
	Bitstring []struct {
		Purpose string `json:"statusPurpose"`
		Index   string `json:"statusListIndex"`
		List    string `json:"statusListCredential"`
	} `json:"bitstring"`
}

// hostedStatus asks the issuer of the root for the status entry of the link child below parent.
func (w *Wallet) hostedStatus(ctx context.Context, root *credential.Credential, parent, child, format string) ([]credential.StatusRef, error) {
	origin, err := w.statusOrigin(root)
	if err != nil {
		return nil, err
	}
	request, err := w.signRequest(ctx, origin, "hosted-status+jwt", map[string]any{"parent": parent, "credential": child})
	if err != nil {
		return nil, err
	}
	answer, err := w.cfg.Remote.Post(ctx, origin+"/v1/hosted-status", jwtType, request, safehttp.Want{
		MediaTypes: []string{jsonType}, MaxBytes: MaxAnswer, Statuses: []int{201},
	})
	if err != nil {
		return nil, refusedByHost(err)
	}
	var h hosted
	if err := strictjson.Unmarshal(answer.Body, &h); err != nil {
		return nil, err
	}
	return h.refs(format)
}

func (h hosted) refs(format string) ([]credential.StatusRef, error) {
	if format == "dc+sd-jwt" {
		return []credential.StatusRef{{Kind: credential.TokenStatusList, List: h.Token.List, Index: h.Token.Index}}, nil
	}
	var out []credential.StatusRef
	for _, b := range h.Bitstring {
		index, err := strconv.ParseUint(b.Index, 10, 64)
		if err != nil {
			return nil, reason.Wrap(reason.StatusIndex, "the issuer gave no usable status entry", err)
		}
		out = append(out, credential.StatusRef{Kind: credential.BitstringStatusList, List: b.List, Index: index, Purpose: b.Purpose})
	}
	return out, nil
}

// statusOrigin returns the origin of the party that issued root.
func (w *Wallet) statusOrigin(root *credential.Credential) (string, error) {
	origin := originOf(root.Issuer)
	if _, known := w.cfg.Framework().Party(root.Issuer); !known || origin == "" {
		return "", reason.New(reason.OfferUntrusted, "the trust framework does not know who issued this delegation")
	}
	return origin, nil
}

// signRequest signs claims as the holder, for the issuer at origin, with a nonce of the issuer's.
func (w *Wallet) signRequest(ctx context.Context, origin, kind string, claims map[string]any) ([]byte, error) {
	answer, err := w.cfg.Remote.Post(ctx, origin+"/nonce", jsonType, nil, safehttp.Want{MediaTypes: []string{jsonType}, MaxBytes: MaxAnswer})
	if err != nil {
		return nil, unreachable("the issuer", err)
	}
	nonce, err := vci.ParseNonce(answer.Body)
	if err != nil {
		return nil, err
	}
	claims["aud"], claims["iat"], claims["nonce"] = origin, w.cfg.Now().Unix(), nonce
	payload, err := strictjson.Marshal(claims)
	if err != nil {
		return nil, err
	}
	return jose.Sign(ctx, jose.Header{Type: kind, KeyID: w.signer.Method.String()}, payload, w.signer)
}
