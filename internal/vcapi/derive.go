// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"context"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/bbs"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Derive returns what the selective pointers choose of raw, a credential with one base proof of a suite
// that discloses selectively, and all that its issuer made mandatory. A proof of another suite is
// di.suite; a pointer that matches nothing and no pointers at all are query.unsatisfied.
func (a *API) Derive(ctx context.Context, raw []byte, selective []string) ([]byte, error) {
	if _, err := vcdm.CheckCredential(raw, rules()); err != nil {
		return nil, err
	}
	_, proofs, err := dataintegrity.Split(raw)
	if err != nil {
		return nil, err
	}
	if len(proofs) != 1 {
		return nil, reason.New(reason.DIProofSet, "a credential to derive from has one proof")
	}
	suite, err := strictjson.String(inside(proofs[0]).get("cryptosuite"))
	if err != nil {
		return nil, reason.Wrap(reason.DISuite, "", err)
	}
	switch suite {
	case ecdsasd.Name:
		return ecdsasd.Derive(ctx, raw, selective, profile)
	case bbs.Name:
		return bbs.Derive(ctx, raw, bbs.Presentation{Selective: selective, Profile: profile, Random: a.cfg.Random})
	}
	return nil, reason.New(reason.DISuite, "the suite discloses nothing selectively")
}
