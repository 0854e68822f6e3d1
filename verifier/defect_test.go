// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// defect is one way in which one link of a chain is bad.
type defect struct {
	name  string
	spoil func(w *world, c *credential.Credential, by did.Signer) did.Signer // and who signs it
	codes []reason.Code
}

func (d defect) names(c reason.Code) bool { return slices.Contains(d.codes, c) }

func defects() []defect {
	return []defect{
		{"signature", func(w *world, _ *credential.Credential, by did.Signer) did.Signer {
			return did.Signer{Signer: newKey(w, key.ES256), Method: by.Method} // under the right name
		}, []reason.Code{reason.CredentialSignatureInvalid}},
		{"status", func(w *world, c *credential.Credential, by did.Signer) did.Signer {
			must(w, w.book.Set(context.Background(), []publisher.Ref{w.refOf(c)}, status.Revoked))
			w.refreshed()
			return by
		}, []reason.Code{reason.StatusRevoked}},
		{"expiry", func(_ *world, c *credential.Credential, by did.Signer) did.Signer {
			c.ValidUntil = began
			return by
		}, []reason.Code{reason.CredentialExpired}},
		{"issuer unknown", func(w *world, c *credential.Credential, by did.Signer) did.Signer {
			stranger := w.attacker
			if c.Parent != nil {
				stranger = w.holder(key.ES256)
			}
			c.Issuer = stranger.Method.DID().String()
			return stranger
		}, []reason.Code{reason.TrustIssuerUnknown, reason.ChainIssuerNotDelegate, reason.StatusUnavailable}},
	}
}

// refreshed makes the gateway fetch the lists anew at its next question, a little later.
func (w *world) refreshed() {
	w.Helper()
	w.clock.add(2 * time.Second)
	w.buildSource()
}

func asLink(err error) (*credential.LinkError, bool) {
	return errors.AsType[*credential.LinkError](err)
}

func withDepth(r trustframework.Relationship, n int) trustframework.Relationship {
	r.MaxRedelegation = n
	return r
}

// shownOf chooses what the query needs of raw, whether or not raw is good.
func (w *world) shownOf(format string, raw []byte) credential.Selection {
	w.Helper()
	if format == vc {
		return credential.Selection{Raw: raw}
	}
	c := w.root(format) // the permissions of every link are those of the root
	show := []dcql.Path{vp.DelegationPath(sd, "permission", dcql.Item(0)), vp.DelegationPath(sd, "identityAssurance")}
	return vp.Selection(c, vp.FormatID(format), raw, show)
}

func (w *world) showAny(s session, format string, raw []byte, holder did.Signer) string {
	w.Helper()
	out, err := w.formats.Named(format).(credential.Presenter).Present(context.Background(), w.shownOf(format, raw), w.binding(s), holder)
	must(w, err)
	return string(out)
}

func (w *world) discloseAny(format string, raw []byte) string {
	w.Helper()
	out, err := w.formats.Named(format).(credential.Presenter).Disclose(w.shownOf(format, raw))
	must(w, err)
	return string(out)
}
