// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"context"
	"errors"
	"strconv"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
)

// Checks says what is checked beside form and proof, which always are.
type Checks uint8

// The checks. AllChecks, the zero one, adds the period of validity and the status as far as it is kept
// here; ProofAlone adds nothing; StatusToo is AllChecks, with a status that cannot be had a failure.
const (
	AllChecks Checks = iota
	ProofAlone
	StatusToo
)

// Result is what was found about one credential that verified.
type Result struct {
	Verified  bool     `json:"verified"` // always true: what does not verify is an error
	Format    string   `json:"format"`   // "data-integrity" or the media type of the envelope
	Issuer    string   `json:"issuer"`
	Checks    []string `json:"checks"`
	Status    string   `json:"status"`              // "none", "valid", "unknown" or "unchecked"
	Unchecked []string `json:"unchecked,omitempty"` // schemas and related resources that cannot be had here
}

// formatProof is the Format of a document with embedded proof.
const formatProof = "data-integrity"

// VerifyCredential verifies raw, a credential with embedded proof or an EnvelopedVerifiableCredential:
// the data model, every proof, that one proof is the issuer's, and what checks adds.
func (a *API) VerifyCredential(ctx context.Context, raw []byte, checks Checks) (Result, error) {
	if vcdm.IsEnveloped(raw) {
		e, err := vcdm.OpenEnvelopedCredential(raw)
		if err != nil {
			return Result{}, err
		}
		return a.verifyEnveloped(ctx, e, checks)
	}
	if _, err := vcdm.CheckCredential(raw, rules()); err != nil {
		return Result{}, err
	}
	return a.verifySecured(ctx, raw, checks)
}

// verifySecured verifies a credential whose model was checked as it came.
func (a *API) verifySecured(ctx context.Context, raw []byte, checks Checks) (Result, error) {
	proved, err := a.suites.Verify(ctx, raw, dataintegrity.Expect{Purpose: did.AssertionMethod}, a.keys())
	if err != nil {
		return Result{}, err
	}
	// A proof may have been made under fewer contexts than the document has now: what it was made over counts.
	sum, err := vcdm.CheckCredential(proved.Document(), rules())
	if err != nil {
		return Result{}, err
	}
	if !signedBy(proved, sum.Issuer) {
		return Result{}, reason.New(reason.KeyControllerMismatch, "no proof is made with a key of the issuer")
	}
	if err := oneReading(proved, sum); err != nil {
		return Result{}, err
	}
	return a.judge(Result{Verified: true, Format: formatProof, Checks: []string{"proof", "model"}}, sum, checks)
}

// signedBy reports whether a method of one of the proofs belongs to party.
func signedBy(p dataintegrity.Proved, party string) bool {
	for _, one := range p.Proofs() {
		if one.Method.DID().String() == party {
			return true
		}
	}
	return false
}

func (a *API) verifyEnveloped(ctx context.Context, e vcdm.Envelope, checks Checks) (Result, error) {
	opened, err := OpenToken(ctx, e, a.keys())
	if err != nil {
		return Result{}, err
	}
	return a.judge(Result{Verified: true, Format: e.MediaType, Checks: []string{"proof", "model"}}, opened.Summary, checks)
}

// judge adds what checks asks for to r.
func (a *API) judge(r Result, sum vcdm.Summary, checks Checks) (Result, error) {
	r.Issuer, r.Unchecked, r.Status = sum.Issuer, sum.Unchecked, "unchecked"
	if checks == ProofAlone {
		return r, nil
	}
	if err := sum.Valid(a.cfg.Now()); err != nil {
		return Result{}, err
	}
	r.Checks, r.Status = append(r.Checks, "validity"), "none"
	for _, s := range sum.Status {
		switch err := a.state(s, sum.Issuer); {
		case errors.Is(err, errElsewhere) && checks == AllChecks:
			r.Status = "unknown"
		case errors.Is(err, errElsewhere):
			return Result{}, reason.Wrap(reason.StatusUnavailable, "the status is not kept here", err)
		case err != nil:
			return Result{}, err
		case r.Status == "none":
			r.Status = "valid"
		}
	}
	if r.Status == "valid" {
		r.Checks = append(r.Checks, "status")
	}
	return r, nil
}

// verifyEnvelopedPresentation verifies a presentation token, whose claims nonce and aud are what
// challenge and domain are in a proof.
func (a *API) verifyEnvelopedPresentation(ctx context.Context, e vcdm.Envelope, want Binding, checks Checks) (PresentationResult, error) {
	opened, err := OpenToken(ctx, e, a.keys())
	if err != nil {
		return PresentationResult{}, err
	}
	switch {
	case want.Challenge != "" && opened.Nonce != want.Challenge:
		return PresentationResult{}, reason.New(reason.PresentationNonceMismatch, "")
	case want.Domain != "" && (len(opened.Audience) != 1 || opened.Audience[0] != want.Domain):
		return PresentationResult{}, reason.New(reason.PresentationAudienceMismatch, "")
	}
	r := PresentationResult{Verified: true, Format: e.MediaType, Holder: opened.By, HolderBinding: "proved"}
	return a.held(ctx, r, opened.Summary, checks)
}

// Binding is what the caller demands of the proof of a presentation; "" demands nothing.
type Binding struct{ Challenge, Domain string }

// PresentationResult is what was found about a presentation that verified.
type PresentationResult struct {
	Verified      bool     `json:"verified"` // always true
	Format        string   `json:"format"`   // as in Result, or "none" for a presentation without proof
	Holder        string   `json:"holder,omitempty"`
	HolderBinding string   `json:"holderBinding"` // "proved" or "absent"
	Credentials   []Result `json:"credentialResults"`
}

// VerifyPresentation verifies raw, a presentation with or without proof or an
// EnvelopedVerifiablePresentation, and every credential in it. Without proof it proves no holder, and
// what want demands cannot be met.
func (a *API) VerifyPresentation(ctx context.Context, raw []byte, want Binding, checks Checks) (PresentationResult, error) {
	if vcdm.IsEnveloped(raw) {
		e, err := vcdm.OpenEnvelopedPresentation(raw)
		if err != nil {
			return PresentationResult{}, err
		}
		return a.verifyEnvelopedPresentation(ctx, e, want, checks)
	}
	sum, err := vcdm.CheckPresentation(raw, rules())
	if err != nil {
		return PresentationResult{}, err
	}
	r := PresentationResult{Verified: true, Format: "none", Holder: sum.Holder, HolderBinding: "absent"}
	members, err := readObject(raw)
	if err != nil {
		return PresentationResult{}, err
	}
	if members.get("proof") == nil {
		if err := want.unmet(); err != nil {
			return PresentationResult{}, err
		}
		return a.held(ctx, r, sum, checks)
	}
	proved, err := a.suites.Verify(ctx, raw, dataintegrity.Expect{
		Purpose: did.Authentication, Challenge: want.Challenge, Domain: want.Domain,
	}, a.keys())
	if err != nil {
		return PresentationResult{}, err
	}
	if sum.Holder != "" && !signedBy(proved, sum.Holder) {
		return PresentationResult{}, reason.New(reason.PresentationHolderBindingFailed, "no proof is made with a key of the holder")
	}
	if r.Format, r.HolderBinding = formatProof, "proved"; r.Holder == "" {
		r.Holder = proved.Proofs()[0].Method.DID().String()
	}
	return a.held(ctx, r, sum, checks)
}

// unmet refuses what a presentation without proof cannot meet.
func (b Binding) unmet() error {
	switch {
	case b.Challenge != "":
		return reason.New(reason.PresentationNonceMismatch, "there is no proof")
	case b.Domain != "":
		return reason.New(reason.PresentationAudienceMismatch, "there is no proof")
	}
	return nil
}

// held verifies the credentials of a presentation.
func (a *API) held(ctx context.Context, r PresentationResult, sum vcdm.Summary, checks Checks) (PresentationResult, error) {
	r.Credentials = []Result{}
	for n, h := range sum.Held {
		var one Result
		var err error
		if h.Envelope.IsZero() {
			one, err = a.verifySecured(ctx, h.Raw, checks)
		} else {
			one, err = a.verifyEnveloped(ctx, h.Envelope, checks)
		}
		if err != nil {
			return PresentationResult{}, reason.Wrap(reason.Of(err), "credential "+strconv.Itoa(n+1)+" of the presentation", err)
		}
		r.Credentials = append(r.Credentials, one)
	}
	return r, nil
}
