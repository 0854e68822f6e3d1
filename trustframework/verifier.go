// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/reason"
)

// Prefixes of client identifiers (OpenID4VP 1.0 §5.9.3).
const (
	ClientDID      = "decentralized_identifier:" // and the DID
	ClientX509DNS  = "x509_san_dns:"             // and a host name of the leaf certificate
	ClientX509Hash = "x509_hash:"                // and the SHA-256 of the leaf certificate, base64url
)

// MaxClients is the number of further client identifiers of one verifier.
const MaxClients = 8

// Facts that a verifier may be registered for beyond the permission that an access needs. The assurance
// at issue is none of them: a decision may need it.
const (
	FactIdentifier = "identifier" // the number of the principal in some system
	FactEvidence   = "evidence"   // the record behind the delegation
)

// Verifier may ask for presentations, for these purposes and resources alone.
type Verifier struct {
	ID          string   `json:"id"` // DID of the gateway
	Name        string   `json:"name"`
	Controllers []string `json:"controllers"`
	Purposes    []string `json:"purposes"`
	Resources   []string `json:"resources"` // paths or "*"

	// Clients are further client identifiers by which it asks: ClientX509DNS and ClientX509Hash.
	Clients []string `json:"clients,omitempty"`
	// Anchors are the certificates of authorities that may vouch for its host name, base64 of DER as in
	// x5c. They are there exactly with a client of ClientX509DNS; a hash pins the certificate by itself.
	Anchors []string `json:"anchors,omitempty"`
	// Facts are what it may ask to see beyond the permission, by purpose.
	Facts map[string][]string `json:"facts,omitempty"`
}

// Verifier returns what the verifier with this DID may ask for, and whether it is listed.
func (f *Framework) Verifier(id string) (Verifier, bool) {
	return f.verifierWhere(func(v Verifier) bool { return id != "" && v.ID == id })
}

// VerifierByClient returns the verifier that asks under this client identifier, octet by octet, and
// whether there is one. An identifier with another prefix than those of ClientDID, ClientX509DNS and
// ClientX509Hash is nobody's.
func (f *Framework) VerifierByClient(client string) (Verifier, bool) {
	if id, isDID := strings.CutPrefix(client, ClientDID); isDID {
		return f.Verifier(id)
	}
	return f.verifierWhere(func(v Verifier) bool { return slices.Contains(v.Clients, client) })
}

func (f *Framework) verifierWhere(is func(Verifier) bool) (Verifier, bool) {
	if f == nil || f.Unavailable {
		return Verifier{}, false
	}
	if i := slices.IndexFunc(f.Verifiers, is); i >= 0 {
		return f.Verifiers[i], true
	}
	return Verifier{}, false
}

// Parts of an access that a verifier may lack the registration for.
const (
	PartController = "controller"
	PartPurpose    = "purpose"
	PartResource   = "resource"
)

// Entitled reports whether v may ask for resource for this purpose on behalf of the controller.
// The zero Verifier is entitled to nothing; "*" is a wildcard among the resources alone.
func (v Verifier) Entitled(controller, purpose, resource string) bool {
	return len(v.Unregistered(controller, purpose, resource)) == 0
}

// Unregistered names the parts of an access that v is not registered for, by which gateway and wallet refuse the
// same. The resource is looked at only where controller and purpose are registered.
func (v Verifier) Unregistered(controller, purpose, resource string) (parts []string) {
	if !slices.Contains(v.Controllers, controller) {
		parts = append(parts, PartController)
	}
	if !slices.Contains(v.Purposes, purpose) {
		parts = append(parts, PartPurpose)
	}
	if len(parts) == 0 && !anyCovers(v.Resources, resource) {
		parts = append(parts, PartResource)
	}
	return parts
}

// MayAsk reports whether v is registered to see fact for this purpose.
func (v Verifier) MayAsk(purpose, fact string) bool {
	return slices.Contains(v.Purposes, purpose) && slices.Contains(v.Facts[purpose], fact)
}

// Certificates returns the anchors of v, parsed, with the refusals of IssuerKeys.Certificates.
func (v Verifier) Certificates() ([]*x509.Certificate, error) {
	return IssuerKeys{Anchors: v.Anchors}.Certificates()
}

// verifier checks one entitlement. Its lists are all mandatory, and "*" stands among resources alone.
func (c *checker) verifier(path string, v Verifier) {
	c.organisation(path+".id", v.ID)
	c.once("verifier", path+".id", v.ID)
	c.name(path+".name", v.Name)
	c.required(path+".controllers", v.Controllers)
	c.required(path+".purposes", v.Purposes)
	c.required(path+".resources", v.Resources)
	c.list(path+".controllers", v.Controllers, c.controllerID)
	c.list(path+".purposes", v.Purposes, c.text)
	c.list(path+".resources", v.Resources, c.orStar(c.path))
	c.clients(path, v)
	c.facts(path+".facts", v)
}

// clients checks the further identifiers of v, which no other verifier has.
func (c *checker) clients(path string, v Verifier) {
	if len(v.Clients) > MaxClients {
		c.add(path+".clients", reason.LimitMembers, "has more entries than a verifier may have")
		return
	}
	byName := false
	c.list(path+".clients", v.Clients, func(path, s string) {
		c.once("client", path, s)
		if name, dns := strings.CutPrefix(s, ClientX509DNS); dns {
			byName = true
			if !hostName(name) {
				c.bad(path, "is not a host name in lower case")
			}
			return
		}
		if hash, pinned := strings.CutPrefix(s, ClientX509Hash); !pinned || !isSHA256(hash) {
			c.bad(path, "is neither x509_san_dns: and a host name nor x509_hash: and a SHA-256 in base64url")
		}
	})
	if byName != (len(v.Anchors) > 0) {
		c.bad(path+".anchors", "are given exactly with a client of x509_san_dns")
	}
	if _, err := v.Certificates(); err != nil {
		c.bad(path+".anchors", "are not certificates of authorities with keys of the allow-list")
	}
}

func isSHA256(s string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(raw) == 32
}

func (c *checker) facts(path string, v Verifier) {
	for _, purpose := range slices.Sorted(maps.Keys(v.Facts)) {
		if !slices.Contains(v.Purposes, purpose) {
			c.bad(path, "names a purpose that the verifier does not have")
		}
		c.list(fmt.Sprintf("%s[%q]", path, clip(purpose)), v.Facts[purpose], c.oneOf([]string{FactIdentifier, FactEvidence}))
	}
}
