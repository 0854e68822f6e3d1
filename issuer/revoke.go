// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// withdrawn is the reason that is kept where the principal or the grantor took a delegation back.
const withdrawn = "withdrawn-by-signed-request"

// RevokeHosted takes a link back at the signed request of whoever is entitled to (delegation.md
// §12): who signed it, the delegate of a link above it, the principal or the grantor of the root
// where they have a key of their own, and an anchor of the framework. Of a credential that this
// issuer signed, the principal, the grantor and an anchor may take back the whole delegation.
//
// Anybody else is told revoke.not_authorised, as for a link that is not known here. It is for good;
// asking again changes nothing and is no error. When it returns nil the revocation is durable.
func (i *Issuer) RevokeHosted(ctx context.Context, request []byte) error {
	for range maxAttempts {
		h, err := i.openHosted(ctx, request, TypeHostedRevoke)
		if err != nil {
			return err
		}
		err = i.revokeHosted(ctx, h)
		if _, conflict := store.IsConflict(err); !conflict {
			return err
		}
	}
	return notDurable(contested())
}

func (i *Issuer) revokeHosted(ctx context.Context, h hosting) error {
	refused := reason.New(reason.RevokeNotAuthorised, "only who signed a link, or stands above it, may take it back here")
	l, err := i.linkOf(ctx, h.Child)
	if err != nil {
		return orRefused(err, refused)
	}
	d, err := i.Delegation(ctx, l.Delegation)
	if err != nil {
		return orRefused(err, refused)
	}
	may, err := i.mayRevoke(ctx, *l, d, h.signer)
	switch {
	case err != nil:
		return err
	case !may:
		return refused
	case l.Parent == "":
		return i.withdraw(ctx, d, h)
	}
	return i.revokeLink(ctx, l, h.Child, h.signer, h.spent)
}

// mayRevoke reports whether signer is entitled to take l back, which belongs to d.
func (i *Issuer) mayRevoke(ctx context.Context, l link, d *Delegation, signer string) (bool, error) {
	g := &d.Request.Grant
	if signer == g.OnBehalfOf.ID || signer == g.Delegation.GrantedBy || slices.Contains(i.cfg.Framework().Anchors, signer) {
		return true, nil
	}
	for range trustframework.MaxChainLinks {
		switch {
		case l.Parent == "": // its own delegate may not: they stop using it
			return false, nil
		case l.Grantor == signer:
			return true, nil
		}
		above, err := i.linkOf(ctx, l.Parent)
		if err != nil {
			return false, err
		}
		l = *above
	}
	return false, nil
}

// withdraw ends the whole delegation d at the request h.
func (i *Issuer) withdraw(ctx context.Context, d *Delegation, h hosting) error {
	if d.State == Revoked {
		return i.commit(ctx, changes{list: []store.Change{h.spent}})
	}
	err := i.flip(ctx, d, Change{Reason: withdrawn}, step{Revoked, status.Revoked, audit.Revoke}, h.signer, h.spent)
	if _, conflict := store.IsConflict(err); conflict || err == nil {
		return err
	}
	return notDurable(err)
}

// revokeLink flips one hosted link, with its audit leaf and what comes with it in one commit.
func (i *Issuer) revokeLink(ctx context.Context, l *link, credential, actor string, with ...store.Change) error {
	flips, err := i.cfg.Book.Flip(ctx, []publisher.Ref{l.Ref}, status.Revoked)
	if err != nil {
		return notDurable(err)
	}
	if len(flips) == 0 { // it was taken back before: the log does not grow
		return i.commit(ctx, changes{list: with})
	}
	_, err = i.cfg.Audit.Append(ctx, i.event(audit.Revoke, l.Delegation, Revoked, credential, actor), append(flips, with...)...)
	if _, conflict := store.IsConflict(err); conflict {
		return err
	}
	if err != nil {
		return notDurable(err)
	}
	i.cfg.Book.Committed([]publisher.Ref{l.Ref})
	return nil
}

// orRefused is refused where err says that there is nothing: that and not-yours look the same.
func orRefused(err, refused error) error {
	if reason.Of(err) == reason.ObjectUnknown {
		return refused
	}
	return err
}
