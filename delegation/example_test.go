// SPDX-License-Identifier: Apache-2.0

package delegation_test

import (
	"fmt"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/trustframework"
)

// A gateway has verified that bob holds a delegation from alice, and asks whether he may book.
func ExampleDecide() {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	framework := &trustframework.Framework{
		AsOf: now, MaxAgeSeconds: 3600, Anchors: []string{"anchor"},
		Limits:        trustframework.Limits{MaxChainLinks: 3, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{"adult-to-adult": {LegalBases: []string{"consent"}}},
		Accreditations: []trustframework.Accreditation{{
			Issuer: "practice", AccreditedBy: "anchor", Status: trustframework.Active, Types: []string{"DelegationCredential"},
			From: now.AddDate(-1, 0, 0), Until: now.AddDate(1, 0, 0),
		}},
		Controllers: map[string]trustframework.ControllerPolicy{"practice": {
			Proxyable: []string{"appointments"},
			ByRisk:    map[string]trustframework.RiskPolicy{"routine": {StatusMaxAge: 3600}},
		}},
	}
	bobs := &credential.Credential{
		ID: "urn:uuid:1", Type: credential.TypeDelegation, Issuer: "practice", GrantedBy: "alice",
		ValidFrom: now.AddDate(0, -1, 0), ValidUntil: now.AddDate(0, 1, 0),
		OnBehalfOf: credential.Principal{ID: "alice"}, Delegate: credential.Delegate{ID: "bob", Kind: "person"},
		Relationship: "adult-to-adult", LegalBasis: "consent",
		Jurisdiction: []string{}, Purposes: []string{"family-requested"}, Controllers: []string{"practice"},
		Prohibitions: []credential.Prohibition{},
		Permissions:  []credential.Permission{{ID: "p1", Resource: "appointments", Actions: []string{"book"}, Risk: "routine"}},
	}
	world := delegation.World{
		Now: now, Framework: framework,
		Status: map[string]delegation.Status{"urn:uuid:1": {State: "valid", Age: time.Minute}},
	}
	passed := delegation.Passed
	shown := delegation.Presentation{
		Presenter: "bob",
		Proof:     delegation.Proof{Nonce: passed, Audience: passed, Unused: passed, Fresh: passed, Holder: passed},
		Chain:     []delegation.Link{{Name: bobs.ID, Credential: bobs, Signature: passed}},
	}
	request := delegation.Request{
		Principal: "alice", Resource: "appointments", Action: "book", Purpose: "family-requested", Controller: "practice",
	}

	d := delegation.Decide(world, shown, request)
	fmt.Println(d.Outcome, d.Reason, d.Permission)

	request.Action = "cancel"
	d = delegation.Decide(world, shown, request)
	fmt.Println(d.Outcome, d.Reason)
	fmt.Println(delegation.DelegateView(d).Text)
	// Output:
	// permit ok p1
	// deny authority.action_not_granted
	// You have access to this, but not to do this with it.
}

// A wallet refuses to sign what its holder may not pass on.
func ExampleCheckChild() {
	parent := &credential.Credential{
		Delegate: credential.Delegate{ID: "bob", Kind: "person"}, OnBehalfOf: credential.Principal{ID: "alice"},
		Redelegation: credential.Redelegation{MaxDepth: 0},
	}
	if codes := delegation.CheckChild(parent, &credential.Credential{}); len(codes) > 0 {
		fmt.Println(codes[0])
	}
	// Output: credential.schema_invalid
}
