// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// MaxForeign is the number of other credentials that a wallet holds.
const MaxForeign = 10_000

// maxForeignText bounds each text that is kept beside a foreign credential, in bytes.
const maxForeignText = 2048

// Foreign is a credential of another kind that the wallet keeps for its holder: one that an importer
// verified when it came in. The wallet does not read it. It is no delegation: no request is answered with it,
// and nothing is passed on under it.
type Foreign struct {
	ID       string    `json:"id"`                   // in this wallet; Keep gives it
	Format   string    `json:"format"`               // as OpenID4VCI 1.0 names formats, such as "jwt_vc" or "ldp_vc"
	Raw      string    `json:"raw,omitzero"`         // as it was secured
	Name     string    `json:"credential,omitempty"` // the id that the credential gives itself
	Issuer   string    `json:"issuer"`
	Types    []string  `json:"types"`
	Issued   time.Time `json:"issued,omitzero"`
	Expires  time.Time `json:"expires,omitzero"` // zero: never
	By       []string  `json:"verified_by"`      // who verified it when it came in
	Imported time.Time `json:"imported"`
}

// Keep stores each of list under a new id, which it sets, with the instant in Imported, and returns those
// that it stored. The caller has verified them. One whose Raw is held already is not stored twice: it gets
// the id of that one. When Keep returns they are durable; with an error, those returned are. A credential
// without Raw, format, issuer, types or verifier, or beyond MaxCredential, is credential.unexpected, and
// then none is stored; a full wallet is storage.full.
func (w *Wallet) Keep(ctx context.Context, list []*Foreign) ([]*Foreign, error) {
	for _, f := range list {
		if err := f.check(); err != nil {
			return nil, err
		}
	}
	held, _, err := w.Foreign(ctx) // a damaged file is no reason to keep nothing more
	if err != nil {
		return nil, err
	}
	known := make(map[string]*Foreign, len(held)+len(list))
	for _, f := range held {
		known[f.Raw] = f
	}
	var kept []*Foreign
	for _, f := range list {
		if have := known[f.Raw]; have != nil {
			f.ID, f.Imported = have.ID, have.Imported
			continue
		}
		if err := w.keep(f); err != nil {
			return kept, err
		}
		known[f.Raw] = f
		kept = append(kept, f)
	}
	return kept, nil
}

func (w *Wallet) keep(f *Foreign) (err error) {
	v := w.cfg.Vault
	if f.ID, err = v.newID(foreignMark, MaxForeign); err != nil {
		return err
	}
	f.Imported = w.cfg.Now()
	return v.write(foreignMark+f.ID+itemEnd, f)
}

func (f *Foreign) id() string { return f.ID }

// check refuses what is not whole, or too large.
func (f *Foreign) check() error {
	texts := append([]string{f.Format, f.Issuer}, append(slices.Clone(f.Types), f.By...)...)
	tooLong := func(s string) bool { return s == "" || len(s) > maxForeignText }
	switch {
	case f.Raw == "" || len(f.Types) == 0 || len(f.By) == 0 || slices.ContainsFunc(texts, tooLong) || len(f.Name) > maxForeignText:
		return reason.New(reason.CredentialUnexpected, "the importer told too little about a credential, or too much")
	case len(f.Raw) > MaxCredential || len(texts) > maxForeignText:
		return reason.New(reason.CredentialUnexpected, "the credential is larger than a wallet takes")
	}
	return nil
}

// Foreign returns every other credential, oldest first, and the files that cannot be read.
func (w *Wallet) Foreign(ctx context.Context) ([]*Foreign, []Damaged, error) {
	all, damaged, err := readAll[Foreign](w.cfg.Vault, foreignMark)
	slices.SortFunc(all, func(a, b *Foreign) int {
		return cmp.Or(a.Imported.Compare(b.Imported), cmp.Compare(a.ID, b.ID))
	})
	return all, damaged, cmp.Or(err, ctx.Err())
}

// FindAny returns the one credential whose id begins with prefix: either a delegation, or what supports
// one, or another credential; one of the two is nil. None, and more than one, is object.unknown. A file
// that cannot be read is store.tampered.
func (w *Wallet) FindAny(ctx context.Context, prefix string) (*Entry, *Foreign, error) {
	v := w.cfg.Vault
	name, err := v.only(prefix, "credential", heldMark, foreignMark)
	if err != nil {
		return nil, nil, err
	}
	if id, _ := itemID(name); strings.HasPrefix(name, foreignMark) {
		f, err := find[Foreign](v, foreignMark, id, "credential")
		return nil, f, cmp.Or(err, ctx.Err())
	}
	e, err := w.Find(ctx, prefix)
	return e, nil, err
}
