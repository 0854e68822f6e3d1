// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// seen is what became of one request, as operator, service and delegate see it.
type seen struct {
	scenario []byte              // the answer to the service's request, where that was refused
	outcome  string              // of the decision; "deny" where there was none
	reason   reason.Code         // the true one
	service  *verifier.Answer    // nil where nothing was decided, and where it held for no moment
	status   int                 // of the answer to the wallet; 0 where there was none
	delegate verifier.ToDelegate // what the wallet was told, with 200
	problem  reason.Code         // the reason in the answer to the wallet, with anything else
}

// run plays the scenario: earlier uses first, then the request that it is about.
func (p *play) run() seen {
	p.Helper()
	chain := p.chain()
	for range p.earlier() {
		if s := p.once(p.generous(), chain, nil); s.outcome != "permit" && s.outcome != "permit_with_obligations" {
			break // what is not permitted is not counted: it would be no earlier use
		}
	}
	return p.once(p.request(), chain, p.Source.Faults)
}

// maxEarlier bounds the earlier uses that are played.
const maxEarlier = 100

// earlier returns how often a permission was used before. Where none is limited, it does not matter.
func (p *play) earlier() int {
	for _, l := range p.Presentation.Chain {
		for _, perm := range l.Credential.Permissions {
			if perm.Constraint.MaxUses > 0 {
				return p.Case.Request.UsesSoFar
			}
		}
	}
	return 0
}

// request is what the service asks, by the names of interface.md. The number of earlier uses is
// the gateway's to know.
func (p *play) request() object {
	out := object{}
	for name, v := range p.Source.Request {
		switch v := json.RawMessage(v); name {
		case "usesSoFar":
		case "principal":
			out[name] = p.id(v)
		case "controller":
			s, ok := text(v)
			if out[name] = v; ok {
				out[name] = controller(s)
			}
		case "recordWindow":
			out["record_window"] = v
		case "supportedObligations":
			out["supported_obligations"] = v
		default:
			out[name] = v
		}
	}
	return out
}

// generous is the same request with every condition met.
func (p *play) generous() object {
	out := p.request()
	out["satisfied"], out["assurance"] = []string{"confirm", "human-approval"}, "high"
	return out
}

// once asks, presents chain with the faults, and asks what was decided.
func (p *play) once(request object, chain []minted, faults []string) seen {
	p.Helper()
	code, body := p.call(http.MethodPost, p.origin()+"/v1/requests", "application/json", p.marshal(request))
	if code != http.StatusCreated {
		return seen{scenario: body, outcome: delegation.Deny.String(), reason: p.reasonIn(body)}
	}
	var asked verifier.Asked
	must(p, json.Unmarshal(body, &asked))
	r := p.fetchRequest(asked)
	form := p.answer(r, chain, faults)
	before := len(p.leaves())
	s := p.post(r, form)
	if slices.Contains(faults, "replay") && !slices.Contains(faults, "nonce") && !slices.Contains(faults, "audience") {
		again := p.post(r, form)
		return seen{outcome: delegation.Deny.String(), reason: again.problem, status: again.status, problem: again.problem}
	}
	leaves := p.leaves()
	if len(leaves) != before+1 {
		p.Fatalf("one answer left %d leaves in the audit log: %d %s", len(leaves)-before, s.status, s.problem)
	}
	last := leaves[len(leaves)-1]
	s.outcome, s.reason = last.Outcome, last.Reasons[0]
	s.service = p.decided(asked)
	return s
}

func (p *play) origin() string { return "https://" + p.gateway.Method.DID().ID() }

// call makes one HTTP request, with the token of the service.
func (p *play) call(method, address, contentType string, body []byte) (int, []byte) {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), method, address, strings.NewReader(string(body)))
	must(p, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("Authorization", "Bearer "+serviceToken)
	got, err := p.plain.Do(r)
	must(p, err)
	defer func() { _ = got.Body.Close() }()
	raw, err := io.ReadAll(got.Body)
	must(p, err)
	return got.StatusCode, raw
}

// reasonIn returns the reason in a problem.
func (p *play) reasonIn(body []byte) reason.Code {
	p.Helper()
	var problem struct {
		Reason reason.Code `json:"reason"`
	}
	must(p, json.Unmarshal(body, &problem))
	return problem.Reason
}

// fetchRequest gets the signed request object, as a wallet does.
func (p *play) fetchRequest(asked verifier.Asked) *vp.Request {
	p.Helper()
	code, raw := p.call(http.MethodGet, asked.RequestURI, "", nil)
	if code != http.StatusOK {
		p.Fatalf("the request object: %d %s", code, raw)
	}
	r, err := vp.OpenRequest(p.Context(), raw, vp.ClientID(p.gateway.Method.DID()), credential.Keys{Resolver: own{p}, At: p.clock.Now()})
	must(p, err)
	return r
}

// own resolves the gateway's DID for the wallet.
type own struct{ *play }

func (o own) Resolve(context.Context, did.DID) (*did.Document, error) {
	_, raw := o.call(http.MethodGet, o.origin()+"/.well-known/did.json", "", nil)
	return did.ReadDocument(raw, o.gateway.Method.DID(), o.clock.Now())
}

// post sends the wallet's answer.
func (p *play) post(r *vp.Request, form url.Values) seen {
	p.Helper()
	code, body := p.call(http.MethodPost, r.ResponseURI, "application/x-www-form-urlencoded", []byte(form.Encode()))
	s := seen{status: code}
	if code != http.StatusOK {
		s.problem = p.reasonIn(body)
		return s
	}
	var told struct {
		Decision verifier.ToDelegate `json:"delegation_decision"`
	}
	must(p, json.Unmarshal(body, &told))
	s.delegate = told.Decision
	return s
}

// decided returns what the service is told: nothing of a permit that rests on something at its very limit.
func (p *play) decided(asked verifier.Asked) *verifier.Answer {
	p.Helper()
	code, body := p.call(http.MethodGet, p.origin()+"/v1/requests/"+asked.ID, "", nil)
	var progress verifier.Progress
	must(p, json.Unmarshal(body, &progress))
	over := progress.State == "expired" && !p.Decide().Expires.IsZero() && !p.Decide().Expires.After(p.clock.Now())
	if code != http.StatusOK || progress.Decision == nil && !over {
		p.Fatalf("what was decided: %d %s", code, body)
	}
	return progress.Decision
}

func (p *play) leaves() []audit.Leaf {
	p.Helper()
	var all []audit.Leaf
	for leaf, err := range p.log.Leaves(context.WithoutCancel(p.Context()), 1, audit.MaxPage) {
		must(p, err)
		if leaf.Type == audit.Decision {
			all = append(all, leaf)
		}
	}
	return all
}

// chain mints the links that are presented, root first, each naming the one above as a wire chain must.
//
// A wire chain is what its parents say, so that what the scenario says of its order is said by
// them: a link that names the one before it, or one that is not presented at all, keeps its word. One
// that names another link of the chain, or none though links stand above it, would on the wire be of
// another chain, and is made to name a credential that nobody has; but in a chain that is longer than
// the framework allows, where nobody reads on, it names the one before it, so that the chain is as long
// as the scenario says.
func (p *play) chain() []minted {
	p.Helper()
	var out []minted
	lost, f := false, p.World.Framework
	tooLong := f != nil && len(p.Source.Chain) > f.Limits.MaxChainLinks
	for _, name := range p.Source.Chain {
		if p.Source.Credentials[name] == nil {
			lost = true
			continue
		}
		named, isNamed := text(p.source(name)["parent"])
		says := p.source(name)["parent"] != nil
		var parent object
		switch above := len(out) - 1; {
		case above >= 0 && !lost && (named == out[above].name || tooLong):
			parent = object{"id": urn(out[above].name), "digest": out[above].digest}
			if slices.Contains(p.Source.Faults, "digest:"+name) {
				parent["digest"] = "sha-256:" + digest(name)
			}
		case lost || above >= 0 || says:
			parent = nameless()
			if isNamed && !slices.Contains(p.Source.Chain, named) {
				parent["id"] = urn(named)
			}
		}
		out = append(out, p.mint(name, true, parent))
		lost = false
	}
	if lost && len(out) > 0 {
		last := out[len(out)-1].name
		out[len(out)-1] = p.mint(last, true, nameless())
	}
	return out
}

// nameless is a parent that nobody has.
func nameless() object { return object{"id": urn(nobody), "digest": "sha-256:" + digest(nobody)} }

// answer is what the wallet posts: the leaf with the presenter's proof, or, where the leaf is a
// workgroup's, the presenter's membership with that proof and the leaf beside it (delegation.md §3.5).
// Links above and identity bindings travel without. A wallet without any delegation declines.
func (p *play) answer(r *vp.Request, chain []minted, faults []string) url.Values {
	p.Helper()
	if len(chain) == 0 {
		return url.Values{"state": {r.State}, "error": {"access_denied"}}
	}
	last := len(chain) - 1
	token := map[string][]string{}
	add := func(q *dcql.Credential, shown string) {
		if q != nil && (q.Multiple || len(token[q.ID]) == 0) {
			token[q.ID] = append(token[q.ID], shown)
		}
	}
	if team := p.find(r, credential.TypeDelegation, false, false); team != nil && p.isTeam(chain[last].name) {
		add(team, chain[last].raw)
		for _, m := range p.supporting(credential.TypeWorkgroupMembership) {
			if p.holderOf(p.source(m.name)) == p.Source.Presenter { // nobody can prove to be another member
				add(p.find(r, credential.TypeWorkgroupMembership, true, true), p.proved(r, m, faults))
			}
		}
	} else {
		add(p.find(r, credential.TypeDelegation, true, false), p.proved(r, chain[last], faults))
	}
	for _, link := range chain[:last] {
		add(p.find(r, credential.TypeDelegation, false, true), link.raw)
	}
	for _, m := range p.supporting(credential.TypeIdentityBinding) {
		add(p.find(r, credential.TypeIdentityBinding, false, true), m.raw)
	}
	form, err := vp.Response{State: r.State, Token: token}.Form()
	must(p, err)
	return form
}

// isTeam reports whether the delegate of a link is a workgroup.
func (p *play) isTeam(name string) bool {
	_, kind := p.delegate(p.source(name))
	raw, _ := kind.(json.RawMessage)
	s, _ := text(raw)
	return s == "workgroup"
}

// supporting mints the supporting credentials of one type. Those of other types are asked for by no query.
func (p *play) supporting(kind string) (out []minted) {
	p.Helper()
	for _, name := range p.Source.Supporting {
		if s, _ := text(p.source(name)["type"]); s == kind {
			out = append(out, p.mint(name, false, nil))
		}
	}
	return out
}

// find returns the query for credentials of one type in this format. Where only one of a kind is
// asked for with or without multiple, that one is meant.
func (p *play) find(r *vp.Request, kind string, bound, multiple bool) *dcql.Credential {
	var only *dcql.Credential
	for i := range r.Query.Credentials {
		q := &r.Query.Credentials[i]
		if q.Format != vp.FormatID(p.format) || q.Bound() != bound || !asksFor(q, kind) {
			continue
		}
		if q.Multiple == multiple {
			return q
		}
		only = q
	}
	if kind == credential.TypeDelegation {
		return nil // there, multiple tells the team's leaf from the links above
	}
	return only
}

func asksFor(q *dcql.Credential, kind string) bool {
	return slices.Contains(q.Meta.VCTValues, credential.VCT(kind)) || slices.ContainsFunc(q.Meta.TypeValues, func(types []string) bool {
		return slices.Contains(types, kind)
	})
}

// proved shows m with the proof of the presenter.
func (p *play) proved(r *vp.Request, m minted, faults []string) string {
	p.Helper()
	aud, nonce, at := r.ClientID, r.Nonce, p.clock.Now()
	if slices.Contains(faults, "nonce") {
		nonce = strings.Repeat("n", len(nonce))
	}
	if slices.Contains(faults, "audience") {
		aud = vp.PrefixDID + "did:web:other." + domain
	}
	if slices.Contains(faults, "stale") {
		at = at.Add(-credential.ProofMaxAge - time.Second)
	}
	by := p.prover(m)
	if p.format == embedded {
		shown := p.embeddedProof(m, by, aud, nonce, at)
		if slices.Contains(faults, "holder-signature") {
			shown = flippedValue(shown)
		}
		return shown
	}
	proof := object{"aud": aud, "nonce": nonce, "iat": at.Unix()}
	header := jose.Header{Type: "kb+jwt"}
	if p.format == sdjwt.Name {
		proof["sd_hash"] = digest(m.raw)
	} else {
		header = jose.Header{Type: "vp+jwt", ContentType: "vp", KeyID: p.signer(by).Method.String()}
		proof["@context"], proof["type"], proof["holder"] = []string{credential.ContextVC}, []string{"VerifiablePresentation"}, p.did(by)
		proof["verifiableCredential"] = []object{{
			"@context": credential.ContextVC, "type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt," + m.raw,
		}}
	}
	raw, err := jose.Sign(p.Context(), header, p.marshal(proof), p.key(by))
	must(p, err)
	signed := string(raw)
	if slices.Contains(faults, "holder-signature") {
		signed = flipped(signed)
	}
	if p.format == sdjwt.Name {
		return m.raw + signed
	}
	return signed
}

// prover returns who makes the holder proof: the presenter. On the wire a proof by somebody else
// than the delegate is refused before anything is read of the chain (S2), where the model names the
// presenter at S7. So where the scenario's answer is one that stands between the two, and would be
// the same for the delegate, the delegate presents.
func (p *play) prover(m minted) string {
	presenter, delegate := p.Source.Presenter, p.holderOf(p.source(m.name))
	if presenter == "" {
		presenter = nobody
	}
	got, other := p.Decide(), p.Case
	other.Presentation.Presenter = delegate
	between := !strings.HasPrefix(string(got.Reason), "presentation.") && got.Reason != reason.ChainTooLong
	if presenter != delegate && between && other.Decide().Reason == got.Reason {
		return delegate
	}
	return presenter
}

// fault reports whether the scenario has the fault.
func (p *play) fault(f string) bool { return slices.Contains(p.Source.Faults, f) }
