// SPDX-License-Identifier: Apache-2.0

package world

import (
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/trustframework"
)

// The people and organisations of the sandbox. All are invented; the numbers lie in the range
// reserved for tests and have valid check digits.
const (
	PrincipalName   = "Jill Hargreaves"
	PrincipalNumber = "9990000077"
	PrincipalURN    = "urn:uuid:5f0c2f0e-7d43-4a7e-9a53-0d5b6c1f7a77"
	DelegateName    = "Tom Hargreaves"
	SecondName      = "June Finch"
	NumberSystem    = "https://fhir.nhs.uk/Id/nhs-number"
	SurgeryName     = "Larkhill Road Surgery"
	GatewayName     = "Larkhill Online"
	Controller      = "https://directory.example.org/Organization/ZZ9001"
	Jurisdiction    = "GB-ENG"
	Purpose         = "family-requested"
	FrameworkID     = "tf:sandbox"
)

// frameworkMaxAge is how old a snapshot may be before gateways call it stale: the hard bound of
// the design, in seconds.
const frameworkMaxAge = 3600

// Framework returns the sandbox's trust framework: one surgery that may issue, one service that
// may ask, and what the surgery offers to people who act for others. operator is the DID of the
// registry's operator, issuer and gateway are did:web at these origins.
func Framework(operator, issuer, issuerOrigin, gateway string, now time.Time) *trustframework.Framework {
	from := now.Add(-24 * time.Hour).Truncate(time.Second)
	return &trustframework.Framework{
		ID: FrameworkID, MaxAgeSeconds: frameworkMaxAge, Anchors: []string{operator},
		Limits: trustframework.Limits{MaxChainLinks: 3, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{
			"adult-to-adult":  {LegalBases: []string{"consent"}, MaxRedelegation: 1, MaxValidityDays: 730},
			"parent-of-child": {LegalBases: []string{"parental-responsibility"}, MaxRedelegation: 1, MaxValidityDays: 4018, TransitionRequired: true},
		},
		Accreditations: []trustframework.Accreditation{{
			ID: "acc-surgery", Issuer: issuer, AccreditedBy: operator, Status: trustframework.Active,
			From: from, Until: from.AddDate(2, 0, 0), Types: []string{credential.TypeDelegation},
			Relationships: []string{"adult-to-adult", "parent-of-child"}, LegalBases: []string{"consent", "parental-responsibility"},
			Jurisdictions: []string{Jurisdiction}, Controllers: []string{Controller}, Purposes: []string{Purpose},
			Resources: []string{"appointments", "prescriptions", "gp-record", "vaccinations"},
			Actions:   []string{"view", "book", "cancel", "request"}, MaxRisk: "high", MinAssurance: "high",
		}},
		Controllers: map[string]trustframework.ControllerPolicy{Controller: policy()},
		Parties: map[string]trustframework.Party{
			issuer:  {Name: SurgeryName, DIDHosts: []string{hostOf(issuerOrigin)}, StatusHosts: []string{issuerOrigin}},
			gateway: {Name: GatewayName, DIDHosts: []string{hostOfDID(gateway)}},
		},
		Verifiers: []trustframework.Verifier{{
			ID: gateway, Name: GatewayName, Controllers: []string{Controller}, Purposes: []string{Purpose},
			Resources: []string{"appointments", "prescriptions", "gp-record", "vaccinations"},
		}},
	}
}

// policy is what the surgery offers to people who act for others, and how careful it is.
func policy() trustframework.ControllerPolicy {
	return trustframework.ControllerPolicy{
		Proxyable:    []string{"appointments", "prescriptions", "gp-record", "vaccinations"},
		NotProxyable: []string{"gp-record/safeguarding"},
		Requestable:  []string{"prescriptions", "vaccinations"},
		Risk: map[string]string{
			"gp-record/test-results": "sensitive", "gp-record/documents": "sensitive", "gp-record/consultations": "high",
		},
		ByRisk: map[string]trustframework.RiskPolicy{
			"routine":   {StatusMaxAge: 300},
			"sensitive": {StatusMaxAge: 300, Requires: []string{"audit:enhanced"}},
			"high":      {StatusMaxAge: 60, Requires: []string{"confirm", "audit:enhanced", "notify:principal"}, MinAssurance: "high"},
		},
	}
}

// Grant returns the request by which the surgery grants the delegate three things for the
// principal for half a year: appointments, repeat prescriptions, and test results since 2024 less one category.
func Grant(now time.Time) []byte {
	from := now.UTC().Truncate(time.Second)
	return []byte(`{"profile":"default","formats":["dc+sd-jwt"],"grant":{
  "delegate":{"kind":"person"},
  "onBehalfOf":{"id":"` + PrincipalURN + `","identifier":{"system":"` + NumberSystem + `","value":"` + PrincipalNumber + `"}},
  "delegation":{
    "relationship":"adult-to-adult","legalBasis":"consent","grantedBy":"` + PrincipalURN + `",
    "jurisdiction":["` + Jurisdiction + `"],"purpose":["` + Purpose + `"],"dataController":["` + Controller + `"],
    "redelegation":{"maxDepth":1,"kinds":["person"]},"prohibition":[],
    "identityAssurance":{"principal":"high","delegate":"high"},
    "permission":[
      {"resource":"appointments","action":["view","book","cancel"],"risk":"routine","constraint":{}},
      {"resource":"prescriptions/repeat","action":["view","request"],"risk":"routine","constraint":{}},
      {"resource":"gp-record/test-results","action":["view"],"risk":"sensitive",
       "constraint":{"dateFrom":"2024-01-01","excludeCategories":["sexual-health"],"requires":["notify:principal"]}}]},
  "validFrom":"` + from.Format(time.RFC3339) + `","validUntil":"` + from.AddDate(0, 6, 0).Format(time.RFC3339) + `"}}
`)
}
