// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/credential/ldpvc"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// securing is one format as P13 uses it.
type securing struct {
	format interface {
		credential.Format
		credential.Presenter
	}
	status []credential.StatusRef
	hides  bool // permissions can be left out of what is shown
	leaf   bool // no link can stand below one in this format (delegation.md §3.4)
	rdf    bool // a list that is empty would be lost, and is refused
}

// vault has the formats, and a key for every party that the generator names.
type vault struct {
	formats []securing
	parties map[string]did.Signer
	keys    credential.Keys
}

// vaults has one vault for each kind of key, as most cryptosuites of Data Integrity take one alone.
type vaults []*vault

func newVaults(t testing.TB) vaults {
	return vaults{
		newVault(t, key.ES256, dataintegrity.ECDSARDFC, dataintegrity.ECDSAJCS, ecdsasd.Name),
		newVault(t, key.EdDSA, dataintegrity.EdDSARDFC, dataintegrity.EdDSAJCS),
	}
}

// sameInEveryFormat is P13 in one of the vaults.
func (vs vaults) sameInEveryFormat(t dice, decide decider) { oneOf(t, vs).sameInEveryFormat(t, decide) }

// newVault makes the one list of formats for keys of a kind: a further format is a further entry.
func newVault(t testing.TB, alg key.Algorithm, suites ...string) *vault {
	t.Helper()
	v := &vault{
		parties: map[string]did.Signer{},
		keys:    credential.Keys{Resolver: &known{docs: map[did.DID]*did.Document{}}, At: one().w.Now},
	}
	random := &lockedRandom{source: rand.NewChaCha8([32]byte{13})}
	for _, name := range []string{"proxy", "alice", "bob", "delegate1", "delegate2", "delegate3", member, "mallory"} {
		k := must[*key.Private](t)(key.Generate(alg, random))
		v.parties[name] = must[did.Signer](t)(didkey.Signer(k))
	}
	const cache = 1 << 16 // nothing is opened twice here
	now := func() time.Time { return v.keys.At }
	bitstring := []credential.StatusRef{
		{Kind: credential.BitstringStatusList, List: "https://proxy.example.org/status/7", Index: 7, Purpose: "revocation"},
		{Kind: credential.BitstringStatusList, List: "https://proxy.example.org/status/8", Index: 7, Purpose: "suspension"},
	}
	token := []credential.StatusRef{{Kind: credential.TokenStatusList, List: "https://proxy.example.org/tsl/7", Index: 7}}
	sd := must[*sdjwt.Format](t)(sdjwt.New(sdjwt.Config{Random: random, Now: now, Holders: v.keys.Resolver, CacheBytes: cache}))
	v.formats = []securing{
		{format: must[*vcjwt.Format](t)(vcjwt.New(vcjwt.Config{CacheBytes: cache})), status: bitstring},
		{format: sd, status: token, hides: true},
	}
	for _, suite := range suites {
		f := must[*ldpvc.Format](t)(ldpvc.New(ldpvc.Config{Suite: suite, Now: now, Random: random, CacheBytes: cache}))
		selective := suite == ecdsasd.Name
		v.formats = append(v.formats, securing{format: f, status: bitstring, hides: selective, leaf: selective, rdf: selective || suite == dataintegrity.ECDSARDFC || suite == dataintegrity.EdDSARDFC})
	}
	return v
}

// above returns the formats of links that others can stand below.
func (v *vault) above() []securing {
	return slices.DeleteFunc(slices.Clone(v.formats), func(s securing) bool { return s.leaf })
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// lockedRandom is repeatable, so that a seed is one case, and not the random of anything else.
type lockedRandom struct {
	mu     sync.Mutex
	source io.Reader
}

// Read implements io.Reader.
func (r *lockedRandom) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}

// known resolves each did:key once, so that the cases spend their time on signatures.
type known struct {
	mu   sync.Mutex
	docs map[did.DID]*did.Document
}

// Resolve implements did.Resolver.
func (k *known) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if doc := k.docs[id]; doc != nil {
		return doc, nil
	}
	doc, err := didkey.New().Resolve(ctx, id)
	if err == nil {
		k.docs[id] = doc
	}
	return doc, err
}

// sameInEveryFormat is P13. Every link is sealed, shown with the disclosures of the case, and opened
// with its signature verified: the whole chain in each format, and once in a mixture. What is
// opened must be decided like the grant it was made of. Where a format hides nothing, nothing of
// its links is withheld.
func (v *vault) sameInEveryFormat(t dice, decide decider) {
	f := drawCase(t)
	named := v.named(f.fixture)
	if chance(t, 15) {
		named.root().Assurance = nil
	}
	mixed := make([]securing, len(named.p.Chain))
	for i := range mixed {
		mixed[i] = oneOf(t, v.above())
	}
	mixed[len(mixed)-1] = oneOf(t, v.formats)
	done := sealedLinks{}
	for _, s := range v.formats {
		all := slices.Repeat([]securing{s}, len(mixed))
		if s.leaf {
			copy(all, mixed[:len(mixed)-1])
		}
		v.compare(t, decide, named, all, done)
	}
	if len(mixed) > 1 {
		v.compare(t, decide, named, mixed, done)
	}
}

// sealedLinks are those of one case, so that a mixed chain seals again only what lies below another
// parent than before.
type sealedLinks map[sealedLink]credential.Verified

type sealedLink struct{ format, id, parent string }

func (v *vault) compare(t dice, decide decider, f *fixture, in []securing, done sealedLinks) {
	abstract, opened := *f, *f
	abstract.p.Disclosed = maps.Clone(f.p.Disclosed)
	for i, s := range in {
		if !s.hides {
			delete(abstract.p.Disclosed, f.p.Chain[i].Name)
		}
	}
	opened.p.Disclosed = nil
	opened.p.Chain = v.chain(t, f, in, done)
	opened.p.Supporting = v.supporting(t, f, in[len(in)-1], done)
	// What stands before the formats is Decide itself; decide may be broken on purpose.
	if want, got := abstract.decide(), decide(&opened); !reflect.DeepEqual(want, got) {
		t.Fatalf("in %s: %+v, and not secured: %+v", in[len(in)-1].format.Name(), got, want)
	}
}

// chain seals the links of f and opens them again, each below the digest of the one above it.
func (v *vault) chain(t dice, f *fixture, in []securing, done sealedLinks) []Link {
	links := make([]Link, 0, len(in))
	var last credential.Verified
	for i, s := range in {
		c := *f.p.Chain[i].Credential
		if i > 0 {
			c.Parent = &credential.Parent{ID: last.Credential().ID, Digest: last.Digest()}
		}
		shown := credential.Selection{Permissions: ids(&c)}
		if some, limited := f.p.Disclosed[c.ID]; limited && s.hides {
			shown.Permissions = some
		}
		opened := v.sealed(t, &c, s, shown, done)
		got := opened.Credential()
		l := Link{Name: got.ID, Credential: got, Signature: Passed}
		if i > 0 && got.Parent != nil && got.Parent.Digest == last.Digest() && got.Parent.ID == last.Credential().ID {
			l.Parent = NamedByDigest
		}
		links, last = append(links, l), opened
	}
	return links
}

func (v *vault) supporting(t dice, f *fixture, s securing, done sealedLinks) []Supporting {
	all := make([]Supporting, 0, len(f.p.Supporting))
	for i := range f.p.Supporting {
		c := *f.p.Supporting[i].Credential
		opened := v.sealed(t, &c, s, credential.Selection{}, done).Credential()
		all = append(all, Supporting{Name: opened.ID, Credential: opened, Signature: Passed})
	}
	return all
}

// sealed is c signed by its issuer, cut down to what is shown, and verified.
func (v *vault) sealed(t dice, c *credential.Credential, s securing, shown credential.Selection, done sealedLinks) credential.Verified {
	if s.rdf && emptyList(c) {
		s = v.lossless(t, c, s)
	}
	if s.leaf && c.Type == credential.TypeDelegation && len(shown.Permissions) == 0 { // what RDF cannot say either
		s = v.inPlaceOf(s)
	}
	as := sealedLink{format: s.format.Name(), id: c.ID}
	if c.Parent != nil {
		as.parent = c.Parent.Digest
	}
	if v, ok := done[as]; ok {
		return v
	}
	c.Status = s.status
	if c.Assurance != nil {
		shown.Claims = []credential.Claim{credential.ClaimAssurance}
	}
	opened, err := v.throughBytes(c, s, shown)
	if err != nil {
		t.Fatalf("%s, %+v: %v", s.format.Name(), c, err)
	}
	done[as] = opened
	return opened
}

// emptyList reports whether c has a list that in RDF would leave no statement. Those of an object
// that is one JSON literal stay.
func emptyList(c *credential.Credential) bool {
	if c.Type != credential.TypeDelegation {
		return false
	}
	return len(c.Jurisdiction) == 0 || len(c.Purposes) == 0 || len(c.Controllers) == 0 || len(c.Permissions) == 0 ||
		slices.ContainsFunc(c.Permissions, func(p credential.Permission) bool { return len(p.Actions) == 0 })
}

// lossless shows that s refuses to sign c, and returns the format that takes its place.
func (v *vault) lossless(t dice, c *credential.Credential, s securing) securing {
	c.Status = s.status
	if _, err := s.format.Seal(context.Background(), c, v.signer(c.Issuer)); reason.Of(err) != reason.JSONLDUndefinedTerm {
		t.Fatalf("%s signs an empty list: %v", s.format.Name(), err)
	}
	return v.inPlaceOf(s)
}

// inPlaceOf returns a format that hides if s does, and has no empty lists to lose.
func (v *vault) inPlaceOf(s securing) securing {
	return v.formats[slices.IndexFunc(v.formats, func(f securing) bool { return f.hides == s.hides && !f.rdf })]
}

func (v *vault) throughBytes(c *credential.Credential, s securing, shown credential.Selection) (credential.Verified, error) {
	ctx := context.Background()
	raw, err := s.format.Seal(ctx, c, v.signer(c.Issuer))
	if err != nil {
		return credential.Verified{}, err
	}
	shown.Raw = raw
	if raw, err = s.format.Disclose(shown); err != nil {
		return credential.Verified{}, err
	}
	return credential.Open(ctx, s.format, raw, v.keys)
}

func (v *vault) signer(id string) did.Signer {
	for _, p := range v.parties {
		if p.Method.DID().String() == id {
			return p
		}
	}
	return did.Signer{}
}

// named is f with DIDs for the names of parties and URNs for those of credentials.
func (v *vault) named(f *fixture) *fixture {
	n := f.clone()
	n.w.Status, n.p.Disclosed = map[string]Status{}, map[string][]string{}
	for i := range n.p.Chain {
		l := &n.p.Chain[i]
		v.rename(l.Credential)
		l.Name = l.Credential.ID
		n.w.Status[l.Name] = f.w.Status[f.p.Chain[i].Name]
		if shown, limited := f.p.Disclosed[f.p.Chain[i].Name]; limited {
			n.p.Disclosed[l.Name] = shown
		}
	}
	for i := range n.p.Supporting {
		s := &n.p.Supporting[i]
		s.Credential = clone(s.Credential)
		v.rename(s.Credential)
		s.Name = s.Credential.ID
		n.w.Status[s.Name] = f.w.Status[f.p.Supporting[i].Name]
	}
	for i := range n.w.Framework.Accreditations {
		v.party(&n.accreditation(i).Issuer)
	}
	for i := range n.w.Restrictions {
		v.person(&n.w.Restrictions[i].Principal, &n.w.Restrictions[i].Delegate)
	}
	v.person(&n.p.Presenter, &n.r.Principal)
	inURNs(n)
	return n
}

// inURNs gives controllers and permissions names that RDF takes, everywhere.
func inURNs(n *fixture) {
	urn := func(name *string) {
		if *name != "" && *name != "*" {
			*name = "urn:example:" + *name
		}
	}
	each := func(names []string) []string {
		names = slices.Clone(names)
		for i := range names {
			urn(&names[i])
		}
		return names
	}
	for i := range n.p.Chain {
		c := n.p.Chain[i].Credential
		c.Controllers, c.Permissions = each(c.Controllers), slices.Clone(c.Permissions)
		for k := range c.Permissions {
			urn(&c.Permissions[k].ID)
		}
	}
	for name, shown := range n.p.Disclosed {
		n.p.Disclosed[name] = each(shown)
	}
	policies := map[string]trustframework.ControllerPolicy{}
	for name, policy := range n.w.Framework.Controllers {
		urn(&name)
		policies[name] = policy
	}
	n.w.Framework.Controllers = policies
	for i := range n.w.Framework.Accreditations {
		a := n.accreditation(i)
		if a.Controllers != nil {
			a.Controllers = each(a.Controllers)
		}
	}
	urn(&n.r.Controller)
}

func (v *vault) rename(c *credential.Credential) {
	c.ID = "urn:example:" + c.ID
	v.party(&c.Issuer)
	v.person(&c.GrantedBy, &c.Delegate.ID, &c.OnBehalfOf.ID, &c.Workgroup)
	for i := range c.Permissions {
		if k := &c.Permissions[i].Constraint; k.Void {
			k.Raw = strictjson.Value(`{"onlyOnTuesdays":true}`)
		}
	}
}

func (v *vault) party(names ...*string) {
	for _, name := range names {
		if s, ok := v.parties[*name]; ok {
			*name = s.Method.DID().String()
		}
	}
}

// person is party for those who need no key: whoever has none gets a URN.
func (v *vault) person(names ...*string) {
	v.party(names...)
	for _, name := range names {
		if *name != "" && *name != "*" && !strings.HasPrefix(*name, "did:") {
			*name = "urn:example:" + *name
		}
	}
}
