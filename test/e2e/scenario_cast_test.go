// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/behalf-id/behalf/delegation/scenario"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/trustframework"
)

// Names that no scenario gives to anybody.
const (
	nobody   = "(nobody)"      // signs what says no issuer, and is named by links that name no other
	caretake = "(status host)" // hosts status lists where no accredited party is there to do it
)

// cast gives every name of the scenarios a key, and organisations a host, for the whole run.
type cast struct {
	testing.TB
	mu    sync.Mutex
	keys  map[string]*key.Private
	hosts map[string]string
}

func newCast(t testing.TB) *cast {
	return &cast{TB: t, keys: map[string]*key.Private{}, hosts: map[string]string{}}
}

func (c *cast) key(name string) *key.Private {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys[name] == nil {
		k, err := key.Generate(key.ES256, rand.Reader)
		must(c, err)
		c.keys[name] = k
	}
	return c.keys[name]
}

// host returns where the organisation called name is: its own name, if that will do.
func (c *cast) host(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hosts[name] == "" {
		label := name
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz-") != "" || strings.Trim(label, "-") != label || label == "" || len(label) > 40 {
			label = "party-" + letters(len(c.hosts))
		}
		c.hosts[name] = label + "." + domain
	}
	return c.hosts[name]
}

// letters writes n without digits, which can look like letters.
func letters(n int) string {
	s := string(rune('a' + n%26))
	for n /= 26; n > 0; n /= 26 {
		s = string(rune('a'+n%26)) + s
	}
	return s
}

// parties is the cast of one scenario: who has a place in its framework is an organisation with
// a did:web, everybody else has a did:key. So has everybody where no framework is published, for
// then it lists no host that a document may be fetched from.
type parties struct {
	*cast
	organisations map[string]bool
}

func (c *cast) of(f *trustframework.Framework) parties {
	p := parties{c, map[string]bool{caretake: true}}
	if f == nil || f.Unavailable {
		return p
	}
	for _, a := range f.Anchors {
		p.organisations[a] = true
	}
	for _, a := range f.Accreditations {
		p.organisations[a.Issuer] = true
		p.organisations[a.AccreditedBy] = true
	}
	return p
}

// signer returns the key of name with the method by which others find it.
func (p parties) signer(name string) did.Signer {
	p.Helper()
	s, err := didkey.Signer(p.key(name))
	must(p, err)
	if p.organisations[name] {
		id, err := did.Parse("did:web:" + p.host(name))
		must(p, err)
		s.Method, err = id.WithFragment("k1")
		must(p, err)
	}
	return s
}

func (p parties) did(name string) string { return p.signer(name).Method.DID().String() }

// document is what the organisation called name serves as its DID document.
func (p parties) document(name string) []byte {
	p.Helper()
	return document(p, p.signer(name))
}

func document(t testing.TB, by did.Signer) []byte {
	t.Helper()
	raw, err := did.WriteDocument(by.Method.DID(), []did.Publication{{
		Fragment: by.Method.Fragment(), Key: by.Public(),
		Relationships: []did.Relationship{did.AssertionMethod, did.Authentication},
	}})
	must(t, err)
	return raw
}

// controller returns the identifier of a data controller.
func controller(name string) string {
	if name == "*" || name == "" {
		return name
	}
	return "https://directory." + domain + "/" + url.PathEscape(name)
}

// urn returns the identifier of the credential called name.
func urn(name string) string {
	h := sha256.Sum256([]byte(name))
	h[6], h[8] = h[6]&0x0f|0x40, h[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// published returns the framework of the scenario as its registry publishes it: names are
// identifiers, and every organisation is a party with its hosts.
func (p parties) published(f *trustframework.Framework) *trustframework.Framework {
	out := *f
	out.Version, out.Unavailable = 0, false
	out.Anchors = mapped(out.Anchors, p.did)
	entries, ids := out.Accreditations, map[string]bool{}
	out.Accreditations = nil
	for i, a := range entries {
		if ids[a.ID] { // informative in a scenario, and told apart by a registry
			a.ID += "-" + letters(i)
		}
		ids[a.ID] = true
		a.Issuer, a.AccreditedBy = p.did(a.Issuer), p.did(a.AccreditedBy)
		a.Controllers = mapped(a.Controllers, controller)
		out.Accreditations = append(out.Accreditations, a)
	}
	policies := out.Controllers
	out.Controllers = map[string]trustframework.ControllerPolicy{}
	for name, policy := range policies {
		out.Controllers[controller(name)] = policy
	}
	out.Parties = map[string]trustframework.Party{}
	for name := range p.organisations {
		host := p.host(name)
		out.Parties[p.did(name)] = trustframework.Party{Name: name, DIDHosts: []string{host}, StatusHosts: []string{"https://" + host}}
	}
	return &out
}

func mapped(list []string, to func(string) string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = to(s)
	}
	return out
}

// home returns the organisation that publishes the status of what issuer signed below a root of
// rootIssuer: the issuer itself, if it is one; for persons whoever does it for the root.
func (p parties) home(c scenario.Case, issuer, rootIssuer string) string {
	switch {
	case p.organisations[issuer]:
		return issuer
	case p.organisations[rootIssuer]:
		return rootIssuer
	}
	if f := c.World.Framework; f != nil {
		for _, a := range f.Accreditations {
			if a.Status == trustframework.Active && slices.Contains(a.Types, "DelegationCredential") {
				return a.Issuer
			}
		}
	}
	return caretake
}
