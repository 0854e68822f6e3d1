// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Keys finds the keys of issuers and holders. At is the instant for which they must be good.
type Keys struct {
	Resolver did.Resolver
	At       time.Time
	Issuers  IssuerKeys // nil: the keys of every issuer are in its DID document, and nowhere else
}

// IssuerKeys finds the keys of issuers that the trust framework pins to another method than their DID
// document (delegation.md §3.2). It is safe for concurrent use.
type IssuerKeys interface {
	// IssuerKey returns the key by which what claims to be of c.Issuer must verify at the instant
	// at. Pinned is false, and the rest zero, for an issuer whose keys are in its DID document.
	IssuerKey(ctx context.Context, c IssuerClaim, at time.Time) (k key.Public, pinned bool, err error)
}

// IssuerClaim is what a message says of who signed it. Nothing of it is trusted: the method is
// the framework's choice, and KeyID and X5C select within it.
type IssuerClaim struct {
	Issuer string
	KeyID  string // kid, "" where there is none
	X5C    []byte // x5c as received, nil where there is none
}

// Opened is what a Format found under a signature that verified.
type Opened struct {
	Credential *Credential
	Digest     string     // parent digest of the secured form, delegation.md §3.4
	Holder     key.Public // the key in cnf; zero where the format binds by identifier alone
}

// Format is one securing mechanism. It is safe for concurrent use.
type Format interface {
	// Name is the format identifier, such as "dc+sd-jwt" or "vc+jwt".
	Name() string
	// Seal signs c as by.
	Seal(ctx context.Context, c *Credential, by did.Signer) ([]byte, error)
	// Open checks form, signature and schema of raw, without regard to validity dates, status
	// and trust. Where it fails after the link could be identified, the error is a *LinkError.
	Open(ctx context.Context, raw []byte, keys Keys) (Opened, error)
	// Recognises reports whether raw looks like this format. It decides nothing else.
	Recognises(raw []byte) bool
}

// Presenter is the ability of a Format to show a credential with a holder proof.
type Presenter interface {
	// Disclose returns s.Raw with exactly the disclosures chosen and no holder proof.
	Disclose(s Selection) ([]byte, error)
	// Present is Disclose with a proof by the holder over b.
	Present(ctx context.Context, s Selection, b Binding, by did.Signer) ([]byte, error)
	// OpenPresentation is Open, and checks the holder proof against want: nonce, audience, age
	// and signature in this order (S2 of delegation.md §7). The holder is who the proof proves.
	OpenPresentation(ctx context.Context, raw []byte, want Binding, keys Keys) (Opened, did.DID, error)
}

// Selection is a credential and the least of it that is to be shown.
type Selection struct {
	Raw         []byte
	Permissions []string // ids of the permissions to show
	Claims      []Claim  // further hideable members to show
}

// Claim names a hideable member other than a permission.
type Claim string

// The hideable members.
const (
	ClaimIdentifier Claim = "identifier"
	ClaimAssurance  Claim = "assurance"
	ClaimEvidence   Claim = "evidence"
)

// Binding is what a holder proof is made over: for whom, in answer to what, and when. In a
// check, At is now; the proof may be at most ProofMaxAge old and ProofMaxAhead ahead of it.
type Binding struct {
	Audience string // the one full client identifier
	Nonce    string
	At       time.Time

	// TransactionData are the texts, base64url as they were sent, of what the holder agrees to with this
	// proof, at most MaxTransactions (OpenID4VP 1.0 §8.4). The proof holds the SHA-256 of each and of nothing
	// else. A format with no place for them refuses to be asked (kb.transaction_data).
	TransactionData []string
}

// MaxTransactions is the number of transactions that one holder proof may be for.
const MaxTransactions = 8

// Unasked reports whether b asks for no holder proof: it is the zero Binding.
func (b Binding) Unasked() bool {
	return b.Audience == "" && b.Nonce == "" && b.At.IsZero() && len(b.TransactionData) == 0
}

// Bounds on the age of a holder proof (security.md §5.2).
const (
	ProofMaxAge   = 300 * time.Second
	ProofMaxAhead = 60 * time.Second
)

// LinkError is a refusal of a credential that could still be told apart from others, so that a
// decision can name it at its turn. It believes nothing of what it holds.
type LinkError struct {
	ID     string
	Parent *Parent
	Digest string
	Err    error // a reason.Error
}

// Error returns the text of the refusal.
func (e *LinkError) Error() string { return e.Err.Error() }

// Unwrap returns the refusal.
func (e *LinkError) Unwrap() error { return e.Err }

// Verified is a credential whose signature and schema were checked. Only Open and
// OpenPresentation make one; the zero Verified holds nothing.
type Verified struct {
	opened Opened
	format string
}

// Credential returns the statement, which must not be changed. It is nil for the zero Verified.
func (v Verified) Credential() *Credential { return v.opened.Credential }

// Digest returns the parent digest of the secured form.
func (v Verified) Digest() string { return v.opened.Digest }

// Holder returns the key that the credential is bound to by itself, in cnf; the zero key where its format
// binds by the identifier of the delegate alone.
func (v Verified) Holder() key.Public { return v.opened.Holder }

// Format returns the name of the format that secured it.
func (v Verified) Format() string { return v.format }

// Presented is a verified credential together with who proved to hold it. Only
// OpenPresentation makes one; the zero Presented has no holder.
type Presented struct {
	verified Verified
	holder   did.DID
}

// Verified returns the credential that was presented.
func (p Presented) Verified() Verified { return p.verified }

// Holder returns who made the holder proof.
func (p Presented) Holder() did.DID { return p.holder }

// Open checks raw with f.
func Open(ctx context.Context, f Format, raw []byte, keys Keys) (Verified, error) {
	o, err := f.Open(ctx, raw, keys)
	if err != nil {
		return Verified{}, err
	}
	return verified(o, f)
}

// OpenPresentation checks raw and its holder proof with f, which must be a Presenter.
func OpenPresentation(ctx context.Context, f Format, raw []byte, want Binding, keys Keys) (Presented, error) {
	p, ok := f.(Presenter)
	if !ok || want.Audience == "" || want.Nonce == "" || want.At.IsZero() {
		return Presented{}, reason.New(reason.KBMissing, "no holder proof can be checked")
	}
	o, holder, err := p.OpenPresentation(ctx, raw, want, keys)
	if err != nil {
		return Presented{}, err
	}
	v, err := verified(o, f)
	if err != nil || holder.IsZero() {
		return Presented{}, reason.Wrap(reason.InternalIndeterminate, "", err)
	}
	return Presented{v, holder}, nil
}

func verified(o Opened, f Format) (Verified, error) {
	if o.Credential == nil || o.Digest == "" {
		return Verified{}, reason.New(reason.InternalIndeterminate, "a format gave no result")
	}
	return Verified{o, f.Name()}, nil
}

// Formats is a set of formats, in order of preference.
type Formats []Format

// Named returns the format called name, or nil.
func (fs Formats) Named(name string) Format {
	for _, f := range fs {
		if f.Name() == name {
			return f
		}
	}
	return nil
}

// Recognise returns the first format that raw looks like, or nil.
func (fs Formats) Recognise(raw []byte) Format {
	for _, f := range fs {
		if f.Recognises(raw) {
			return f
		}
	}
	return nil
}
