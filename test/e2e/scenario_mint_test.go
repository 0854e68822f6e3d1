// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
)

// object is a JSON object; members that a scenario gave are json.RawMessage, as they were written.
type object map[string]any

// said is a credential as the scenario has it. In a chain it has the member asLink.
type said map[string]json.RawMessage

const asLink = "(link)"

// minted is a credential in its secured form, with all that may be disclosed of it disclosed.
type minted struct {
	name   string
	raw    string // dc+sd-jwt: with the disclosures that are shown, and the last tilde
	digest string
	holder key.Signer // whose key is in cnf
}

// mint makes the credential called name. parent is what it says of a link above it, nil for nothing.
//
// What the scenario says is mapped to the spelling of the format and otherwise left as it is,
// malformed or not. Only three things cannot be said: a member that is null is left out, as null
// counts as absent; dc+sd-jwt has whole seconds for its validity and texts for its registered
// claims, so what is neither is left out there; and in a chain a type that is not a
// delegation's is written as one that nobody knows.
func (p *play) mint(name string, link bool, parent object) minted {
	p.Helper()
	o := p.source(name)
	if link {
		o[asLink] = json.RawMessage("true")
	}
	by := nobody
	if s, ok := text(o["issuer"]); ok && s != "" {
		by = s
	}
	m := minted{name: name, holder: p.key(p.holderOf(o))}
	if p.format == embedded {
		m.raw = p.embed(p.vc(name, o, parent), dataintegrity.Options{Purpose: did.AssertionMethod, Created: p.clock.Now()}, by)
		if p.fault("signature:" + name) {
			m.raw = flippedValue(m.raw)
		}
		m.digest = "sha-256:" + p.canonicalDigest(m.raw)
		return m
	}
	return p.token(m, o, parent, by)
}

// token makes m as a token.
func (p *play) token(m minted, o said, parent object, by string) minted {
	p.Helper()
	var disclosures []string
	var claims object
	header := jose.Header{Type: p.format, KeyID: p.signer(by).Method.String()}
	if p.format == vcjwt.Name {
		header.ContentType = "vc"
		claims = p.vc(m.name, o, parent)
	} else {
		claims, disclosures = p.sd(m.name, o, parent, m.holder.Public())
	}
	token, err := jose.Sign(p.Context(), header, p.marshal(claims), p.key(by))
	must(p, err)
	m.raw = string(token)
	if p.fault("signature:" + m.name) {
		m.raw = flipped(m.raw)
	}
	m.digest = "sha-256:" + digest(m.raw)
	if p.format == sdjwt.Name {
		m.raw += "~"
		for _, d := range disclosures {
			m.raw += d + "~"
		}
	}
	return m
}

// source returns the credential called name as the scenario has it, without what is null.
func (p *play) source(name string) map[string]json.RawMessage {
	p.Helper()
	var o said
	must(p, json.Unmarshal(p.Source.Credentials[name], &o))
	for member, v := range o {
		if string(v) == "null" {
			delete(o, member)
		}
	}
	return o
}

// holderOf returns whose key a credential is bound to.
func (p *play) holderOf(o said) string {
	if s, ok := text(o["subject"]); ok {
		return s
	}
	var d map[string]json.RawMessage
	if json.Unmarshal(o["delegate"], &d) == nil {
		if s, ok := text(d["id"]); ok && s != "" {
			return s
		}
	}
	if p.Source.Presenter != "" {
		return p.Source.Presenter
	}
	return nobody
}

// vc writes a credential in the W3C data model (delegation.md §3.1).
func (p *play) vc(name string, o said, parent object) object {
	out := object{
		"@context":         []string{credential.ContextVC, credential.ContextDelegation},
		"id":               urn(name),
		"type":             p.types(o),
		"credentialStatus": p.status[name].bitstring,
	}
	put(out, "issuer", p.id(o["issuer"]))
	put(out, "validFrom", raw(o["validFrom"]))
	put(out, "validUntil", raw(o["validUntil"]))
	put(out, "evidence", raw(o["evidence"]))
	subject := object{}
	out["credentialSubject"] = subject
	if !isLink(o) {
		put(subject, "id", p.id(o["subject"]))
		put(subject, "workgroup", p.id(o["workgroup"]))
		return out
	}
	out["credentialSchema"] = object{"id": credential.SchemaID, "type": "JsonSchema"}
	subject["type"] = "Delegate"
	id, kind := p.delegate(o)
	put(subject, "id", id)
	put(subject, "delegateKind", kind)
	put(subject, "operatedBy", p.id(o["operatedBy"]))
	if principal := p.principal(o); principal != nil {
		put(principal, "identifier", raw(o["identifier"]))
		subject["onBehalfOf"] = principal
	}
	d := p.limits(o, vcSpelling(), parent)
	d["type"] = "Delegation"
	put(d, "identityAssurance", raw(o["assurance"]))
	put(d, "permission", p.permissions(name, o))
	subject["delegation"] = d
	return out
}

// sd writes a credential as an SD-JWT VC (delegation.md §3.2) and returns what it discloses.
func (p *play) sd(name string, o said, parent object, holder key.Public) (object, []string) {
	now := p.clock.Now()
	out := object{
		"jti": urn(name), "vct": vct(o), "iat": now.Unix(), "cnf": object{"jwk": holder.JWK()},
		"status": p.status[name].token, "_sd_alg": "sha-256",
	}
	put(out, "iss", onlyText(p.id(o["issuer"])))
	put(out, "nbf", seconds(o["validFrom"]))
	put(out, "exp", seconds(o["validUntil"]))
	if !isLink(o) {
		put(out, "sub", onlyText(p.id(o["subject"])))
		put(out, "workgroup", p.id(o["workgroup"]))
		return out, nil
	}
	id, kind := p.delegate(o)
	put(out, "sub", onlyText(id))
	put(out, "delegate_kind", kind)
	put(out, "operated_by", p.id(o["operatedBy"]))
	var disclosed []string
	hide := func(in object, member string, value any) {
		if value != nil {
			text := p.disclosure(member, value)
			disclosed = append(disclosed, text)
			in["_sd"] = append(list(in["_sd"]), digest(text))
		}
	}
	if principal := p.principal(o); principal != nil {
		hide(principal, "identifier", raw(o["identifier"]))
		out["on_behalf_of"] = principal
	}
	d := p.limits(o, sdSpelling(), parent)
	hide(d, "identity_assurance", raw(o["assurance"]))
	hide(d, "evidence", raw(o["evidence"]))
	var shown []string
	if value := p.permissions(name, o); value != nil {
		d["permission"], shown = p.hidden(name, value)
	}
	out["delegation"] = d
	return out, append(disclosed, shown...)
}

// hidden makes each permission one disclosure, and returns those that the scenario discloses.
func (p *play) hidden(name string, permissions any) (any, []string) {
	all, ok := permissions.([]any)
	if !ok {
		return permissions, nil
	}
	elements, shown := []any{}, []string(nil)
	for _, one := range all {
		text := p.disclosure("", one)
		elements = append(elements, object{"...": digest(text)})
		if p.discloses(name, one) {
			shown = append(shown, text)
		}
	}
	return elements, shown
}

func (p *play) disclosure(member string, value any) string {
	p.Helper()
	array := []any{rand.Text(), member, value}
	if member == "" {
		array = []any{rand.Text(), value}
	}
	return base64.RawURLEncoding.EncodeToString(p.marshal(array))
}

// permissions returns the permissions in the spelling of both formats. A format that hides nothing
// is issued with those alone that the scenario discloses (delegation.md §3.1).
func (p *play) permissions(name string, o said) any {
	value, given := o["permissions"]
	if !given {
		return nil
	}
	var all []json.RawMessage
	if json.Unmarshal(value, &all) != nil {
		return value
	}
	out := []any{}
	for _, one := range all {
		var m map[string]json.RawMessage
		var item any = one
		if json.Unmarshal(one, &m) == nil && m != nil {
			perm := object{}
			for member, v := range m {
				if member == "actions" {
					member = "action"
				}
				perm[member] = v
			}
			if p.format != sdjwt.Name {
				perm["type"] = "Permission"
			}
			item = perm
		}
		if p.format == sdjwt.Name || p.discloses(name, item) {
			out = append(out, item)
		}
	}
	return out
}

// discloses reports whether a permission of the credential called name is shown.
func (p *play) discloses(name string, permission any) bool {
	shown, some := p.Source.Disclosed[name]
	if !some {
		return true
	}
	o, ok := permission.(object)
	if !ok {
		return false
	}
	id, _ := o["id"].(json.RawMessage)
	s, _ := text(id)
	return slices.Contains(shown, s)
}

// spelling is how a format writes the members of delegation (delegation.md §2.1).
type spelling map[string]string

func vcSpelling() spelling {
	return spelling{
		"relationship": "relationship", "legalBasis": "legalBasis", "grantedBy": "grantedBy", "jurisdiction": "jurisdiction",
		"purposes": "purpose", "controllers": "dataController", "reviewBy": "reviewBy", "transitionAt": "transitionAt",
		"redelegation": "redelegation", "prohibitions": "prohibition",
	}
}

func sdSpelling() spelling {
	s := vcSpelling()
	s["legalBasis"], s["grantedBy"], s["controllers"] = "legal_basis", "granted_by", "data_controller"
	s["reviewBy"], s["transitionAt"] = "review_by", "transition_at"
	return s
}

// limits writes the members of delegation that no format hides.
func (p *play) limits(o said, s spelling, parent object) object {
	out := object{}
	for member, name := range s {
		switch v := o[member]; member {
		case "grantedBy":
			put(out, name, p.id(v))
		case "controllers":
			put(out, name, controllers(v))
		default:
			put(out, name, raw(v))
		}
	}
	if parent != nil {
		out["parent"] = parent
	}
	return out
}

func (p *play) principal(o said) object {
	id := p.id(o["onBehalfOf"])
	if id == nil {
		return nil
	}
	return object{"id": id}
}

func (p *play) delegate(o said) (id, kind any) {
	var d map[string]json.RawMessage
	if json.Unmarshal(o["delegate"], &d) != nil {
		return nil, nil
	}
	return p.id(d["id"]), raw(d["kind"])
}

// id returns the DID for a name, and what is no name as it is.
func (p *play) id(v json.RawMessage) any {
	if s, ok := text(v); ok && s != "" {
		return p.did(s)
	}
	return raw(v)
}

func controllers(v json.RawMessage) any {
	var all []json.RawMessage
	if json.Unmarshal(v, &all) != nil {
		return raw(v)
	}
	out := []any{}
	for _, one := range all {
		if s, ok := text(one); ok {
			out = append(out, controller(s))
			continue
		}
		out = append(out, one)
	}
	return out
}

func isLink(o said) bool { return o[asLink] != nil }

// types returns the type member of a W3C credential.
func (p *play) types(o said) []string {
	s, _ := text(o["type"])
	switch {
	case s == "":
		return []string{"VerifiableCredential"}
	case isLink(o) && (s == credential.TypeIdentityBinding || s == credential.TypeWorkgroupMembership):
		return []string{"VerifiableCredential", "Unknown" + s}
	}
	return []string{"VerifiableCredential", s}
}

// vct returns the type of an SD-JWT VC.
func vct(o said) string {
	s, _ := text(o["type"])
	switch {
	case s == credential.TypeDelegation && isLink(o):
		return credential.VCTDelegation
	case s == credential.TypeIdentityBinding && !isLink(o):
		return credential.VCTIdentityBinding
	case s == credential.TypeWorkgroupMembership && !isLink(o):
		return credential.VCTWorkgroupMembership
	}
	return "urn:behalf:unknown-type:" + s
}

// text returns the string that v is.
func text(v json.RawMessage) (string, bool) {
	var s *string
	if json.Unmarshal(v, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// onlyText leaves out what is no text.
func onlyText(v any) any {
	if _, ok := v.(string); ok {
		return v
	}
	return nil
}

// raw returns nil for what is absent.
func raw(v json.RawMessage) any {
	if len(v) == 0 {
		return nil
	}
	return v
}

// seconds returns an instant as a NumericDate, nil for what is none.
func seconds(v json.RawMessage) any {
	s, _ := text(v)
	at, err := credential.ParseTime(s)
	if err != nil {
		return nil
	}
	return at.Unix()
}

func put(o object, name string, v any) {
	if v != nil {
		o[name] = v
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func (p *play) marshal(v any) []byte {
	p.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(p, e.Encode(v))
	return bytes.TrimSpace(b.Bytes())
}

func digest(text string) string {
	d := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(d[:])
}

// flipped changes one character of a signature to one that is as good base64url.
func flipped(jws string) string {
	at := strings.LastIndexByte(jws, '.') + 10
	other := byte('A')
	if jws[at] == other {
		other = 'B'
	}
	return jws[:at] + string(other) + jws[at+1:]
}
