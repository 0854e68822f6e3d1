// SPDX-License-Identifier: Apache-2.0

// Package dcql is the Digital Credentials Query Language of OpenID4VP 1.0 §6.
package dcql

import (
	"bytes"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on one query. One beyond them is limit.query.
const (
	MaxQuery        = 256 << 10 // bytes of its JSON
	MaxCredentials  = 32        // credential queries, and credential sets, and options of a set
	MaxCombinations = 4096      // choices of one option from every credential set
	MaxClaims       = 64        // claims, and claim sets, and trusted authorities, of one credential query
	MaxPath         = 16        // elements of a claim path
	MaxValues       = 128       // values of one claim, and of one list of types
	MaxWork         = 10000     // steps of one evaluation
	WorkEach        = 256       // steps for each credential, where a whole wallet is evaluated at once
)

// Query is what a verifier asks for. Parse makes a checked one; New checks one made here.
type Query struct {
	Credentials []Credential `json:"credentials"`
	Sets        []Set        `json:"credential_sets,omitempty"`
}

// Credential asks for one credential, or for several where Multiple is true (§6.1).
type Credential struct {
	ID          string      `json:"id"`
	Format      string      `json:"format"`
	Multiple    bool        `json:"multiple,omitzero"`
	Meta        Meta        `json:"meta"`
	Authorities []Authority `json:"trusted_authorities,omitempty"`
	Binding     *bool       `json:"require_cryptographic_holder_binding,omitempty"` // nil: true
	Claims      []Claim     `json:"claims,omitempty"`
	ClaimSets   [][]string  `json:"claim_sets,omitempty"`
}

// AuthorityKey is the type of Authority whose values are the key identifiers, base64url, that certificates
// on the chain of a credential name as their authority's (§6.1.1.1). Of the other types of §6.1.1, etsi_tl
// and openid_federation, nothing is known here, so that a query that names these alone is met by nothing.
const AuthorityKey = "aki"

// Authority names whose credentials will do (§6.1.1).
type Authority struct {
	Type   string   `json:"type"`
	Values []string `json:"values"`
}

// Meta names the credential types that will do (appendices B.1.3.5, B.2.3 and B.3.5).
type Meta struct {
	Doctype    string     `json:"doctype_value,omitempty"`
	VCTValues  []string   `json:"vct_values,omitempty"`
	TypeValues [][]string `json:"type_values,omitempty"`
}

// Claim asks for one claim, with one of the values if there are any (§6.3). A value is a
// string, an int64 or a bool.
type Claim struct {
	ID     string  `json:"id,omitempty"`
	Path   Path    `json:"path"`
	Values []Value `json:"values,omitempty"`
}

// Set says which combinations of credentials will do (§6.2).
type Set struct {
	Options  [][]string `json:"options"`
	Required *bool      `json:"required,omitempty"` // nil: true
}

// Bound reports whether a holder proof is asked for.
func (c *Credential) Bound() bool { return c.Binding == nil || *c.Binding }

// Must reports whether the set has to be met.
func (s *Set) Must() bool { return s.Required == nil || *s.Required }

// Parse reads a query and checks it whole: a member of the wrong type is json.type, one that asks for too
// much limit.query, everything else that §6 forbids is request.invalid. Unknown members are ignored (§5).
func Parse(raw []byte) (*Query, error) {
	if len(raw) > MaxQuery {
		return nil, tooMuch("bytes")
	}
	var q Query
	if err := strictjson.Unmarshal(raw, &q); err != nil {
		if reason.Of(err) == reason.LimitMembers {
			return nil, reason.Wrap(reason.LimitQuery, "dcql: a list is too long", err)
		}
		return nil, err
	}
	if err := emptyLists(raw); err != nil {
		return nil, err
	}
	return New(q)
}

// New checks a query made in this program.
func New(q Query) (*Query, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	return &q, nil
}

// Marshal writes the query as JSON.
func (q *Query) Marshal() ([]byte, error) { return strictjson.Marshal(q) }

// Find returns the credential query called id, or nil.
func (q *Query) Find(id string) *Credential {
	for i := range q.Credentials {
		if q.Credentials[i].ID == id {
			return &q.Credentials[i]
		}
	}
	return nil
}

// emptyLists refuses lists that are present and empty, which omitempty could not tell from absent.
func emptyLists(raw []byte) error {
	var q struct {
		Credentials []struct {
			Claims *[]struct {
				Values *[]strictjson.Value `json:"values"`
			} `json:"claims"`
			ClaimSets   *[]strictjson.Value `json:"claim_sets"`
			Authorities *[]strictjson.Value `json:"trusted_authorities"`
		} `json:"credentials"`
		Sets *[]strictjson.Value `json:"credential_sets"`
	}
	if err := strictjson.Unmarshal(raw, &q); err != nil {
		return err
	}
	lists := []*[]strictjson.Value{q.Sets}
	for _, c := range q.Credentials {
		lists = append(lists, c.ClaimSets, c.Authorities)
		if c.Claims == nil {
			continue
		}
		if len(*c.Claims) == 0 {
			return invalid("an empty list")
		}
		for _, claim := range *c.Claims {
			lists = append(lists, claim.Values)
		}
	}
	for _, l := range lists {
		if l != nil && len(*l) == 0 {
			return invalid("an empty list")
		}
	}
	return nil
}

func (q *Query) check() error {
	switch {
	case len(q.Credentials) == 0:
		return invalid("credentials is empty")
	case len(q.Credentials) > MaxCredentials || len(q.Sets) > MaxCredentials:
		return tooMuch("credentials or sets of them")
	}
	seen := map[string]bool{}
	for i := range q.Credentials {
		c := &q.Credentials[i]
		if !identifier(c.ID) || seen[c.ID] {
			return invalid("credential ids must be distinct and of letters, digits, - and _")
		}
		seen[c.ID] = true
		if err := c.check(); err != nil {
			return err
		}
	}
	return q.checkSets(seen)
}

func (q *Query) checkSets(known map[string]bool) error {
	combinations := 1
	for _, s := range q.Sets {
		if len(s.Options) == 0 {
			return invalid("options is empty")
		}
		if combinations *= len(s.Options); len(s.Options) > MaxCredentials || combinations > MaxCombinations {
			return tooMuch("combinations of credentials")
		}
		for _, option := range s.Options {
			if len(option) == 0 || !allIn(option, known) {
				return invalid("an option is empty or names an unknown credential")
			}
			if len(option) > MaxCredentials {
				return tooMuch("credentials in one option")
			}
		}
	}
	return nil
}

func (c *Credential) check() error {
	m := c.Meta
	switch {
	case c.Format == "":
		return invalid("format is needed")
	case c.Format == "dc+sd-jwt" && len(m.VCTValues) == 0:
		return invalid("vct_values is needed")
	case (c.Format == "jwt_vc_json" || c.Format == "ldp_vc") && len(m.TypeValues) == 0:
		return invalid("type_values is needed")
	case c.Format == "mso_mdoc" && m.Doctype == "":
		return invalid("doctype_value is needed")
	case len(m.VCTValues) > MaxValues || len(m.TypeValues) > MaxValues || len(c.Authorities) > MaxClaims:
		return tooMuch("types or authorities")
	}
	for _, types := range m.TypeValues {
		if len(types) == 0 || len(types) > MaxValues {
			return invalid("a list of types is empty or too long")
		}
	}
	for _, a := range c.Authorities {
		if a.Type == "" || len(a.Values) == 0 {
			return invalid("a trusted authority without type or values")
		}
		if len(a.Values) > MaxValues {
			return tooMuch("values of a trusted authority")
		}
	}
	return c.checkClaims()
}

func (c *Credential) checkClaims() error {
	if len(c.Claims) > MaxClaims || len(c.ClaimSets) > MaxClaims {
		return tooMuch("claims")
	}
	ids := map[string]bool{}
	for _, claim := range c.Claims {
		switch {
		case len(claim.Path) > MaxPath || len(claim.Values) > MaxValues:
			return tooMuch("steps or values of a claim")
		case claim.ID == "" && len(c.ClaimSets) > 0, claim.ID != "" && (!identifier(claim.ID) || ids[claim.ID]):
			return invalid("claim ids must be there for claim_sets, distinct and of letters, digits, - and _")
		case len(claim.Path) == 0:
			return invalid("a claim path is empty")
		}
		ids[claim.ID] = true
	}
	if len(c.ClaimSets) > 0 && len(c.Claims) == 0 {
		return invalid("claim_sets without claims")
	}
	for _, set := range c.ClaimSets {
		if len(set) == 0 || len(set) > MaxClaims || !allIn(set, ids) {
			return invalid("a claim set is empty, too long or names an unknown claim")
		}
	}
	return nil
}

func allIn(ids []string, known map[string]bool) bool {
	for _, id := range ids {
		if !known[id] {
			return false
		}
	}
	return true
}

func identifier(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	return len(bytes.Trim([]byte(s), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) == 0
}

func invalid(detail string) error { return reason.New(reason.RequestInvalid, "dcql: "+detail) }

func tooMuch(of string) error { return reason.New(reason.LimitQuery, "dcql: too many "+of) }
