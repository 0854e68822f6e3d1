// SPDX-License-Identifier: Apache-2.0

// Package sample has one small, valid framework for tests to start from and spoil.
package sample

import (
	"time"

	"github.com/behalf-id/behalf/trustframework"
)

// The organisations in the framework.
const (
	Anchor   = "did:web:accreditor.example.org"
	Issuer   = "did:web:proxy.example.org"
	Gateway  = "did:web:gateway.example.org"
	Practice = "https://directory.example.org/organisation/a81"
)

// Framework returns a new framework with one relationship, accreditation, controller and verifier.
func Framework() *trustframework.Framework {
	day := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	return &trustframework.Framework{
		ID: "tf:sample", MaxAgeSeconds: 3600, Anchors: []string{Anchor},
		Limits: trustframework.Limits{MaxChainLinks: 3, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{
			"adult-to-adult": {LegalBases: []string{"consent"}, MaxRedelegation: 1, MaxValidityDays: 730},
		},
		Accreditations: []trustframework.Accreditation{{
			ID: "acc-proxy", Issuer: Issuer, AccreditedBy: Anchor, Status: trustframework.Active,
			From: day(2025), Until: day(2030), Types: []string{"DelegationCredential"},
			LegalBases: []string{"*"}, Jurisdictions: []string{"GB-ENG"}, Controllers: []string{Practice},
			Resources: []string{"appointments", "gp-record"}, MaxRisk: "high", MinAssurance: "high",
		}},
		Controllers: map[string]trustframework.ControllerPolicy{Practice: Policy()},
		Parties: map[string]trustframework.Party{
			Issuer: {Name: "Proxy Service", DIDHosts: []string{"proxy.example.org"}, StatusHosts: []string{"https://proxy.example.org", "https://status.example.org:8443"}},
		},
		Verifiers: []trustframework.Verifier{{
			ID: Gateway, Name: "Patient App", Controllers: []string{Practice},
			Purposes: []string{"family-requested"}, Resources: []string{"appointments"},
		}},
	}
}

// Policy returns the policy of the one controller.
func Policy() trustframework.ControllerPolicy {
	return trustframework.ControllerPolicy{
		Proxyable: []string{"*"}, NotProxyable: []string{"gp-record/safeguarding"},
		Risk: map[string]string{"gp-record": "sensitive"},
		ByRisk: map[string]trustframework.RiskPolicy{
			"routine":   {StatusMaxAge: 3600},
			"sensitive": {StatusMaxAge: 300, Requires: []string{"step-up:high", "audit:enhanced"}},
			"high":      {StatusMaxAge: 60, Requires: []string{"confirm"}, MinAssurance: "high"},
		},
		Agent: trustframework.AgentPolicy{MaxRisk: "routine", Requires: []string{"human-approval"}},
	}
}
