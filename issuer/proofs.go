// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"

	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// DefaultBatch is Config.BatchSize where it is left out (security.md §5.3).
const DefaultBatch = 20

// holders checks the key proofs and returns whose keys they prove, with the changes that spend their
// nonces. One bad proof refuses them all (OpenID4VCI 1.0 §8.2, appendix F).
func (i *Issuer) holders(ctx context.Context, d *Delegation, client string, proofs *vci.Proofs) (holders []string, steps changes, err error) {
	if proofs == nil || len(proofs.JWT) > i.cfg.BatchSize {
		return nil, steps, reason.New(reason.ProofBatch, "no key proof, or too many")
	}
	proven, err := vci.OpenProofs(ctx, proofs, i.expected(client))
	switch {
	case err != nil && len(proofs.JWT) > 1:
		return nil, steps, reason.Wrap(reason.ProofBatch, "one of the key proofs is bad", err)
	case reason.Of(err) == reason.JOSEHeaderKeyForbidden:
		return nil, steps, reason.Wrap(reason.ProofKeyAmbiguous, "the proof names a key in another way than jwk or kid", err)
	case err != nil:
		return nil, steps, err
	case len(proven.Holders) > i.cfg.BatchSize:
		return nil, steps, reason.New(reason.ProofBatch, "too many attested keys")
	}
	if holders, err = named(d, proven.Holders); err != nil {
		return nil, steps, err
	}
	for _, nonce := range proven.Nonces {
		spent, err := i.spendNonce(ctx, nonce)
		if err != nil {
			return nil, steps, err
		}
		steps.add(spent, nil)
	}
	return holders, steps, nil
}

func (i *Issuer) expected(client string) vci.ProofExpect {
	return vci.ProofExpect{
		Issuer: i.cfg.Origin, ClientID: client, Resolver: i.cfg.Resolver,
		Providers: i.cfg.Providers, Required: i.cfg.KeyAttestations, At: i.cfg.Now(),
	}
}

// named returns the DIDs of who proved keys: the one by which a proof named its key, else the did:key of
// the key, never a claim. A grant for one delegate has no other.
func named(d *Delegation, proven []vci.Holder) ([]string, error) {
	out := make([]string, 0, len(proven))
	for _, h := range proven {
		if h.DID.IsZero() {
			h.DID, _ = didkey.FromKey(h.Key)
		}
		if want := d.Request.Grant.Delegate.ID; want != "" && want != h.DID.String() {
			return nil, reason.New(reason.IssueKeyContinuity, "the grant is for another delegate")
		}
		out = append(out, h.DID.String())
	}
	return out, nil
}
