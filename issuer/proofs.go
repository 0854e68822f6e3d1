// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"

	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// DefaultBatch is Config.BatchSize where it is left out (security.md §5.3).
const DefaultBatch = 20

// holders checks every key proof and returns who made them, with the changes that spend their
// nonces. One bad proof refuses them all (OpenID4VCI 1.0 §8.2, appendix F).
func (i *Issuer) holders(ctx context.Context, d *Delegation, proofs *vci.Proofs) (holders []string, steps changes, err error) {
	if proofs == nil || len(proofs.JWT) == 0 || len(proofs.JWT) > i.cfg.BatchSize {
		return nil, steps, reason.New(reason.ProofBatch, "no key proof, or too many")
	}
	var nonces []string
	for _, proof := range proofs.JWT {
		holder, nonce, err := i.holder(ctx, d, proof)
		switch {
		case err != nil && len(proofs.JWT) > 1:
			return nil, steps, reason.Wrap(reason.ProofBatch, "one of the key proofs is bad", err)
		case err != nil:
			return nil, steps, err
		case slices.Contains(holders, holder):
			return nil, steps, reason.New(reason.ProofBatch, "two proofs of one key")
		}
		holders = append(holders, holder)
		if slices.Contains(nonces, nonce) {
			continue
		}
		spent, err := i.spendNonce(ctx, nonce)
		if err != nil {
			return nil, steps, err
		}
		nonces = append(nonces, nonce)
		steps.add(spent, nil)
	}
	return holders, steps, nil
}

// holder returns the DID of who made a key proof: the one that was named by the key's own DID, never
// by a claim.
func (i *Issuer) holder(ctx context.Context, d *Delegation, proof string) (holder, nonce string, err error) {
	h, nonce, err := vci.OpenProof(ctx, []byte(proof), i.cfg.Origin, i.cfg.Resolver, i.cfg.Now())
	if reason.Of(err) == reason.JOSEHeaderKeyForbidden {
		return "", "", reason.Wrap(reason.ProofKeyAmbiguous, "the proof names a key in another way than jwk or kid", err)
	}
	if err != nil {
		return "", "", err
	}
	if h.DID.IsZero() {
		h.DID, _ = didkey.FromKey(h.Key)
	}
	if want := d.Request.Grant.Delegate.ID; want != "" && want != h.DID.String() {
		return "", "", reason.New(reason.IssueKeyContinuity, "the grant is for another delegate")
	}
	return h.DID.String(), nonce, nil
}
