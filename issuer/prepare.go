// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"errors"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/reason"
)

// prepare returns what would be signed for holder, once everything that a gateway would refuse
// in it has been looked for. It signs nothing and changes nothing.
func (i *Issuer) prepare(r GrantRequest, holder, delegationID string) (*credential.Credential, error) {
	profile, ok := i.cfg.Profiles[r.Profile]
	if !ok {
		return nil, reason.New(reason.CredentialSchemaInvalid, "there is no such profile")
	}
	if err := profile.allows(r); err != nil {
		return nil, err
	}
	if err := r.Grant.signable(); err != nil {
		return nil, err
	}
	f := i.cfg.Framework()
	c, err := r.Grant.credential(i.cfg.ID.String(), holder, f.ID, delegationID, i.cfg.Random)
	if err != nil {
		return nil, err
	}
	// Lint asks for a status too, which is reserved only for what passes here.
	c.Status = i.cfg.Publisher.BitstringRefs(publisher.Ref{})
	err = credential.Lint(c)
	c.Status = nil
	if err != nil {
		return nil, err
	}
	if codes := delegation.CheckRoot(f, c, i.cfg.Now()); len(codes) > 0 {
		return nil, notGrantable(codes)
	}
	return c, nil
}

// notGrantable turns what a gateway would refuse into a refusal to sign: issuer.not_accredited
// where the framework does not let us, else the reason itself.
func notGrantable(codes []reason.Code) error {
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = string(c)
	}
	why := "a gateway would refuse this: " + strings.Join(words, ", ")
	first := codes[0]
	switch {
	case first == reason.TrustRegistryUnavailable, first == reason.TrustRegistryStale:
		return reason.New(first, "the trust framework is not at hand")
	case strings.HasPrefix(string(first), "trust."):
		return reason.Wrap(reason.IssuerNotAccredited, why, errors.New(words[0]))
	}
	return reason.New(first, why)
}
