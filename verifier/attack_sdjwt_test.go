// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func sdRows() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"SDJ-02": attackOtherHolder, "SDJ-03": attackHash, "SDJ-04": attackAudienceArray, "SDJ-05": attackAudience, "SDJ-06": attackNonce,
		"SDJ-07": attackIssuedAt, "SDJ-08": attackProofType, "SDJ-09": attackDigestTwice, "SDJ-10": attackUnreferenced, "SDJ-11": attackReserved,
		"SDJ-13": attackHidden, "SDJ-15": attackArity, "SDJ-16": attackHashAlg, "SDJ-17": attackFlood, "SDJ-18": attackVCT,
		"SDJ-20": attackConfirmation, "SDJ-21": attackSerialization,
	}
}

func set(name string, v any) func(*forge)      { return func(g *forge) { g.claims[name] = v } }
func setProof(name string, v any) func(*forge) { return func(g *forge) { g.proof[name] = v } }
func without(name string) func(*forge)         { return func(g *forge) { delete(g.proof, name) } }

func attackOtherHolder(t *testing.T) {
	by := func(name string, v func(g *forge) any) func(*forge) {
		return func(g *forge) {
			if g.proofBy = g.attacker; name != "" {
				g.proofHeader[name] = v(g)
			}
		}
	}
	try(t,
		attack{"a", sd, by("", nil), reason.PresentationHolderBindingFailed},
		attack{"b", sd, by("jwk", func(g *forge) any { return g.attacker.Public().JWK() }), reason.JOSEHeaderKeyForbidden},
		attack{"c", sd, by("kid", func(g *forge) any { return g.attacker.Method.String() }), reason.PresentationHolderBindingFailed})
}

func attackHash(t *testing.T) {
	after := func(change func(shown string) string) func(*forge) {
		return func(g *forge) { g.join = func(shown, proof string) string { return change(shown) + proof } }
	}
	try(t,
		attack{"add", sd, after(func(s string) string { return s + b64(`["c2FsdHNhbHRzYWx0c2FsdA",{}]`) + "~" }), reason.KBSDHash},
		attack{"drop", sd, after(func(s string) string { return s[:strings.LastIndexByte(s[:len(s)-1], '~')+1] }), reason.KBSDHash},
		attack{"reorder", sd, after(func(s string) string {
			p := strings.Split(s, "~")
			p[1], p[2] = p[2], p[1]
			return strings.Join(p, "~")
		}), reason.KBSDHash},
		attack{"other algorithm", sd, setProof("sd_hash", changed(strings.Repeat("A", 86))), reason.KBSDHash})
}

func attackAudienceArray(t *testing.T) {
	array := func(more ...string) func(*forge) {
		return func(g *forge) { g.proof["aud"] = append([]string{g.ClientID()}, more...) }
	}
	try(t, attack{"two", sd, array("https://evil"), reason.PresentationAudienceMismatch}, attack{"one", sd, array(), reason.PresentationAudienceMismatch},
		attack{"two in a VP", vc, array("https://evil"), reason.PresentationAudienceMismatch})
}

func attackAudience(t *testing.T) {
	var all []attack
	for _, format := range []string{sd, vc} {
		for name, aud := range map[string]string{
			"without prefix": gatewayID, "slash": "decentralized_identifier:" + gatewayID + "/", "upper-case host": "decentralized_identifier:did:web:GATEWAY.test",
			"star": "*", "empty": "", "origin": origin,
		} {
			all = append(all, attack{format + " " + name, format, setProof("aud", aud), reason.PresentationAudienceMismatch})
		}
		all = append(all, attack{format + " response_uri", format, func(g *forge) { g.proof["aud"] = g.request.ResponseURI }, reason.PresentationAudienceMismatch})
	}
	try(t, all...)
}

func attackNonce(t *testing.T) {
	var all []attack
	for _, format := range []string{sd, vc} {
		all = append(all,
			attack{format + " missing", format, without("nonce"), reason.PresentationNonceMismatch}, attack{format + " empty", format, setProof("nonce", ""), reason.PresentationNonceMismatch},
			attack{format + " another session", format, func(g *forge) { g.proof["nonce"] = g.ask(booking()).request.Nonce }, reason.PresentationNonceMismatch},
			attack{format + " other case", format, func(g *forge) { g.proof["nonce"] = swapCase(g.request.Nonce) }, reason.PresentationNonceMismatch},
			attack{format + " session without nonce", format, func(g *forge) {
				g.rewrite(g.session, func(s map[string]any) { s["nonce"] = "" })
				g.proof["nonce"] = ""
			}, reason.PresentationNonceMismatch})
	}
	try(t, all...)
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if lower := strings.ToLower(string(r)); lower != string(r) {
			return rune(lower[0])
		}
		return rune(strings.ToUpper(string(r))[0])
	}, s)
}

func attackIssuedAt(t *testing.T) {
	at := func(seconds int64) func(*forge) { return setProof("iat", began.Unix()+seconds) }
	var all []attack
	for _, format := range []string{sd, vc} {
		all = append(all,
			attack{format + " 301 s old", format, at(-301), reason.PresentationStale}, attack{format + " 61 s ahead", format, at(61), reason.PresentationStale},
			attack{format + " missing", format, without("iat"), reason.PresentationStale}, attack{format + " string", format, setProof("iat", "string"), reason.PresentationStale},
			attack{format + " 1.5", format, setProof("iat", 1.5), reason.PresentationStale},
			attack{format + " 300 s old", format, at(-300), reason.OK}, attack{format + " 60 s ahead", format, at(60), reason.OK})
	}
	try(t, all...)
}

func attackProofType(t *testing.T) {
	try(t,
		attack{"absent", sd, func(g *forge) { delete(g.proofHeader, "typ") }, reason.KBTyp}, attack{"JWT", sd, setProofHeader("typ", "JWT"), reason.KBTyp},
		attack{"kb+sd-jwt", sd, setProofHeader("typ", "kb+sd-jwt"), reason.KBTyp}, attack{"upper case", sd, setProofHeader("typ", "KB+JWT"), reason.OK},
		attack{"no proof", sd, func(g *forge) { g.sign = func(string) string { return "" } }, reason.KBMissing},
		attack{"transaction data", sd, setProof("transaction_data_hashes", []string{"x"}), reason.KBTransactionData})
}

func attackDigestTwice(t *testing.T) {
	hidden := func(g *forge) string { // a digest that stands in the list of permissions
		one, _ := g.at("delegation")["permission"].([]any)[0].(object)["..."].(string)
		return one
	}
	try(t,
		attack{"two _sd", sd, func(g *forge) {
			addDigest(g.at("delegation"), "x"+hidden(g)[1:])
			addDigest(g.claims, "x"+hidden(g)[1:])
		}, reason.SDJWTDigestDuplicate},
		attack{"_sd and element", sd, func(g *forge) { addDigest(g.claims, hidden(g)) }, reason.SDJWTDigestDuplicate})
}

func attackUnreferenced(t *testing.T) {
	extra := func(n int) func(*forge) {
		return func(g *forge) {
			for i := range n {
				g.hide(fmt.Sprintf(`["salt%d",{}]`, i))
			}
		}
	}
	try(t, attack{"10", sd, extra(10), reason.SDJWTDisclosureUnreferenced}, attack{"10k", sd, extra(10_000), reason.SDJWTDisclosureUnreferenced})
}

func attackReserved(t *testing.T) {
	var all []attack
	for _, name := range []string{"_sd", "...", "_sd_alg"} {
		all = append(all, attack{name, sd, func(g *forge) { addDigest(g.at("delegation"), g.hide(fmt.Sprintf(`["salt",%q,[]]`, name))) }, reason.SDJWTReservedName})
	}
	try(t, all...)
}

func attackHidden(t *testing.T) {
	var all []attack
	for name, v := range map[string]string{"iss": `"` + issuerID + `"`, "nbf": "1", "exp": "1900000000", "cnf": "{}", "vct": `"x"`, "status": "{}", "aud": `"x"`} {
		hide := func(g *forge) { addDigest(g.claims, g.hide(fmt.Sprintf(`["salt",%q,%s]`, name, v))) }
		all = append(all, attack{name + " too", sd, hide, reason.SDJWTClaimNotSD},
			attack{name + " alone", sd, func(g *forge) { hide(g); delete(g.claims, name) }, reason.SDJWTClaimNotSD})
	}
	for _, name := range []string{"relationship", "jurisdiction", "prohibition", "redelegation", "granted_by"} { // limiting members
		all = append(all, attack{"delegation." + name, sd, func(g *forge) {
			d := g.at("delegation")
			addDigest(d, g.hide(fmt.Sprintf(`["salt",%q,%s]`, name, g.marshal(d[name]))))
			delete(d, name)
		}, reason.CredentialSchemaInvalid})
	}
	try(t, all...)
}

func attackArity(t *testing.T) {
	element := func(text string) func(*forge) {
		return func(g *forge) {
			d := g.at("delegation")
			d["permission"] = append(d["permission"].([]any), object{"...": g.hide(text)})
		}
	}
	try(t,
		attack{"element with 3", sd, element(`["salt","name",{}]`), reason.SDJWTDisclosureForm},
		attack{"member with 2", sd, func(g *forge) { addDigest(g.at("delegation"), g.hide(`["salt",{}]`)) }, reason.SDJWTDisclosureForm},
		attack{"1", sd, element(`["salt"]`), reason.SDJWTDisclosureForm}, attack{"4", sd, element(`["salt","a",1,2]`), reason.SDJWTDisclosureForm},
		attack{"0", sd, element(`[]`), reason.SDJWTDisclosureForm}, attack{"object", sd, element(`{}`), reason.SDJWTDisclosureForm})
}

func attackHashAlg(t *testing.T) {
	var all []attack
	for _, v := range []any{"md5", "sha-1", "SHA-256", "sha-999", 256} {
		all = append(all, attack{fmt.Sprint(v), sd, set("_sd_alg", v), reason.SDJWTHashAlg})
	}
	try(t, append(all, attack{"nested", sd, func(g *forge) { g.at("delegation")["_sd_alg"] = "sha-256" }, reason.SDJWTHashAlg})...)
}

func attackFlood(t *testing.T) {
	try(t,
		attack{"a", sd, func(g *forge) { // with their digests, 10,000 are longer than a text in JSON may be
			many := object{}
			for i := range 5_000 {
				if i%2_000 == 0 {
					many = object{}
					g.claims[fmt.Sprint("many", i)] = many
				}
				addDigest(many, g.hide(fmt.Sprintf(`["s%d","n%d",1]`, i, i)))
			}
		}, reason.LimitDisclosures},
		attack{"a, 20,000 that are empty", sd, func(g *forge) { g.disclosures = make([]string, 20_000) }, reason.LimitDisclosures},
		attack{"b", sd, func(g *forge) {
			digest := g.hide(`["salt","leaf",1]`)
			for range 16 {
				digest = g.hide(`["salt","x",{"_sd":["` + digest + `"]}]`)
			}
			addDigest(g.claims, digest)
		}, reason.LimitDisclosures},
		attack{"c", sd, func(g *forge) {
			g.disclosures = append(g.disclosures, b64(`["salt",{"id":"` + strings.Repeat("a", 128<<10) + `"}]`)[:128<<10+1])
		}, reason.LimitDisclosures})
}

func attackVCT(t *testing.T) {
	try(t,
		attack{"another", sd, set("vct", "https://example.org/vct/other/1"), reason.QueryTypeMismatch},
		attack{"prefix", sd, func(g *forge) { g.claims["vct"] = g.claims["vct"].(string) + "/more" }, reason.QueryTypeMismatch},
		attack{"case", sd, func(g *forge) {
			g.claims["vct"] = strings.Replace(g.claims["vct"].(string), "delegation", "Delegation", 1)
		}, reason.QueryTypeMismatch},
		attack{"case of all", sd, func(g *forge) { g.claims["vct"] = strings.ToUpper(g.claims["vct"].(string)) }, reason.QueryTypeMismatch},
		attack{"of another system", sd, set("vct", "urn:behalf:unknown-type:RelationshipCredential"), reason.CredentialTypeUnknown},
		attack{"of another system that begins alike", sd, set("vct", "https://example.org/vct-other/1"), reason.CredentialTypeUnknown},
		attack{"no text", sd, set("vct", 7), reason.CredentialSchemaInvalid},
		attack{"type", vc, set("type", []string{"VerifiableCredential", "RelationshipCredential"}), reason.CredentialTypeUnknown})
}

func attackConfirmation(t *testing.T) {
	try(t,
		attack{"a", sd, func(g *forge) { delete(g.claims, "cnf") }, reason.KBCnf}, attack{"b", sd, set("cnf", object{"kid": "k"}), reason.KBCnf},
		attack{"c", sd, func(g *forge) { g.at("cnf")["kid"] = "k" }, reason.KBCnf},
		attack{"d", sd, set("cnf", object{"jwk": object{"kty": "oct", "k": "AAAA"}}), reason.KBCnf},
		attack{"e", sd, func(g *forge) { g.at("cnf", "jwk")["d"] = "AAAA" }, reason.KeyPrivateMaterial},
		attack{"another's key", sd, func(g *forge) {
			other := newKey(g, key.ES256)
			g.claims["cnf"], g.proofBy = object{"jwk": other.Public().JWK()}, other
		}, reason.PresentationHolderBindingFailed})
}

func attackSerialization(t *testing.T) {
	try(t, attack{"flattened", sd, func(g *forge) {
		g.join = func(shown, proof string) string {
			parts := strings.Split(shown, "~")
			p := strings.Split(parts[0], ".")
			return g.marshal(object{"payload": p[1], "protected": p[0], "signature": p[2],
				"header": object{"disclosures": slices.DeleteFunc(parts[1:], func(s string) bool { return s == "" }), "kb_jwt": proof}})
		}
	}, reason.JOSESerializationForbidden})
}
