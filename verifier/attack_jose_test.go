// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func joseRows() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"JOS-01": attackNone, "JOS-02": attackNoneSpelt, "JOS-03": attackMAC, "JOS-04": attackAlgForm, "JOS-05": attackAlgKey,
		"JOS-07": attackJKU, "JOS-08": attackX5U, "JOS-11": attackKeyID, "JOS-12": attackForeignKey, "JOS-14": attackCritical,
		"JOS-15": attackMalleable, "JOS-16": attackPsychic, "JOS-17": attackEd25519, "JOS-19": attackConfusion, "JOS-20": attackType,
		"JOS-21": attackNested, "JOS-23": attackPeriods, "JOS-29": attackRSA, "JOS-30": attackKeySet,
	}
}

// places are the four tokens of an answer: who signs each, and how its header is set.
var places = []struct {
	name, format string
	header       func(g *forge, text string)
	cut          func(g *forge, f func(string) string)
}{
	{"vc+jwt", vc, func(g *forge, h string) { g.headerText = h }, func(g *forge, f func(string) string) { g.cred = f }},
	{"vp+jwt", vc, func(g *forge, h string) { g.proofHeaderText = h }, func(g *forge, f func(string) string) { g.sign = f }},
	{"dc+sd-jwt", sd, func(g *forge, h string) { g.headerText = h }, func(g *forge, f func(string) string) { g.cred = f }},
	{"kb+jwt", sd, func(g *forge, h string) { g.proofHeaderText = h }, func(g *forge, f func(string) string) { g.sign = f }},
}

func attackNone(t *testing.T) {
	var all []attack
	for _, p := range places {
		header := `{"alg":"none","typ":"` + p.name + `"}`
		all = append(all,
			attack{p.name + " empty signature", p.format, func(g *forge) { p.header(g, header); p.cut(g, unsigned(".")) }, reason.JOSEAlgForbidden},
			attack{p.name + " two parts", p.format, func(g *forge) { p.header(g, header); p.cut(g, unsigned("")) }, reason.JOSEHeaderInvalid},
			attack{p.name + " good signature", p.format, func(g *forge) { p.header(g, header) }, reason.JOSEAlgForbidden})
	}
	try(t, all...)
}

func attackNoneSpelt(t *testing.T) {
	var all []attack
	for _, alg := range []string{"None", "NONE", "nOnE", "none ", `none\u0000`, ""} {
		for _, p := range places {
			header := func(g *forge) {
				kid := g.issuer.Method.String()
				if p.name == "vp+jwt" {
					kid = g.bob.Method.String()
				}
				p.header(g, fmt.Sprintf(`{"alg":"%s","typ":"%s","kid":"%s"}`, alg, p.name, kid))
			}
			all = append(all,
				attack{p.name + " " + alg + " empty signature", p.format, func(g *forge) { header(g); p.cut(g, unsigned(".")) }, reason.JOSEAlgForbidden},
				attack{p.name + " " + alg + " good signature", p.format, header, reason.JOSEAlgForbidden})
		}
	}
	try(t, all...)
}

func attackMAC(t *testing.T) {
	mac := func(secret func(g *forge) []byte) func(*forge) {
		return func(g *forge) {
			g.header["alg"] = "HS256"
			g.cred = func(s string) string {
				signed := s[:strings.LastIndexByte(s, '.')]
				m := hmac.New(sha256.New, secret(g))
				m.Write([]byte(signed))
				return signed + "." + b64(m.Sum(nil))
			}
		}
	}
	for _, format := range []string{vc, sd} {
		try(t,
			attack{format + " a", format, mac(func(g *forge) []byte { return []byte(g.marshal(g.issuer.Public().JWK())) }), reason.JOSEAlgForbidden},
			attack{format + " b", format, mac(func(g *forge) []byte { return spki(g) }), reason.JOSEAlgForbidden},
			attack{format + " c", format, mac(func(g *forge) []byte { return unb64(g, g.issuer.Public().JWK().X) }), reason.JOSEAlgForbidden})
	}
}

func attackAlgForm(t *testing.T) {
	header := func(alg any) func(*forge) {
		return func(g *forge) {
			if g.header["alg"] = alg; alg == "absent" {
				delete(g.header, "alg")
			}
		}
	}
	try(t,
		attack{"absent", vc, header("absent"), reason.JOSEHeaderInvalid}, attack{"array", vc, header([]string{"ES256"}), reason.JOSEHeaderInvalid},
		attack{"number", vc, header(256), reason.JOSEHeaderInvalid}, attack{"null", vc, header(nil), reason.JOSEHeaderInvalid})
}

func attackAlgKey(t *testing.T) {
	with := func(alg string, resolved key.Algorithm) func(*forge) {
		return func(g *forge) {
			by := g.docs.put(g, issuerID, newKey(g, resolved))
			old := g.issuer
			g.Cleanup(func() { g.docs.put(g, issuerID, old.Signer) })
			g.credBy, g.header["alg"] = by, alg
		}
	}
	try(t,
		attack{"a", vc, with("ES256", key.ES384), reason.JOSEAlgKeyMismatch}, attack{"b", vc, with("ES384", key.ES256), reason.JOSEAlgKeyMismatch},
		attack{"c", vc, with("EdDSA", key.ES256), reason.JOSEAlgKeyMismatch},
		// The row has jose.alg_key_mismatch for (d): a key that cannot sign at all is refused before any alg is compared with it.
		attack{"d", vc, document(`{"kty":"OKP","crv":"X25519","x":"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}`, "EdDSA"), reason.KeyWeak},
		attack{"e", vc, with("ES256K", key.ES256), reason.JOSEAlgForbidden})
}

// document lets the issuer's document hold the key jwk, as k1.
func document(jwk, alg string) func(*forge) {
	return func(g *forge) {
		raw := fmt.Sprintf(`{"@context":["https://www.w3.org/ns/did/v1"],"id":"%[1]s","verificationMethod":[{"id":"%[1]s#k1","type":"JsonWebKey","controller":"%[1]s","publicKeyJwk":%[2]s}],"assertionMethod":["%[1]s#k1"]}`, issuerID, jwk)
		g.docs.mu.Lock()
		g.docs.hook = func(id did.DID) (*did.Document, error, bool) {
			if id.String() != issuerID {
				return nil, nil, false
			}
			doc, err := did.ReadDocument([]byte(raw), id, began)
			return doc, err, true
		}
		g.docs.mu.Unlock()
		g.Cleanup(func() { g.docs.mu.Lock(); g.docs.hook = nil; g.docs.mu.Unlock() })
		g.header["alg"] = alg
	}
}

func setHeader(name string, v any) func(*forge) { return func(g *forge) { g.header[name] = v } }
func setProofHeader(name string, v any) func(*forge) {
	return func(g *forge) { g.proofHeader[name] = v }
}

// quietly makes attacks during which nothing may be fetched beyond what a permit fetches.
func quietly(t *testing.T, attacks ...attack) {
	t.Helper()
	w := newWorld(t)
	w.mustPermit(vc)
	w.mustPermit(sd)
	for _, a := range attacks {
		w.TB = t
		t.Run(a.name, func(t *testing.T) {
			w.TB = t
			g := w.forge(a.format)
			a.change(g)
			before := w.connections()
			w.expect(g.send(), a.want)
			if n := w.connections() - before; n != 0 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

func attackJKU(t *testing.T) {
	var all []attack
	for _, address := range []string{"https://attacker.test/jwks", "http://169.254.169.254/"} {
		all = append(all, attack{"credential " + address, vc, setHeader("jku", address), reason.JOSEHeaderKeyForbidden},
			attack{"presentation " + address, vc, setProofHeader("jku", address), reason.JOSEHeaderKeyForbidden},
			attack{"kb " + address, sd, setProofHeader("jku", address), reason.JOSEHeaderKeyForbidden})
	}
	quietly(t, all...)
}

func attackX5U(t *testing.T) {
	quietly(t,
		attack{"host", vc, setHeader("x5u", "https://attacker.test/chain.pem"), reason.JOSEHeaderKeyForbidden},
		attack{"file", vc, setHeader("x5u", "file:///etc/passwd"), reason.JOSEHeaderKeyForbidden},
		attack{"x5c", vc, setHeader("x5c", []string{"AAAA"}), reason.JOSEHeaderKeyForbidden})
}

func attackKeyID(t *testing.T) {
	var all []attack
	for name, kid := range map[string]string{
		"path": "../../../../dev/null", "query": "x' OR '1'='1", "long": strings.Repeat("a", 64<<10), "NUL": issuerID + "#k\x001",
		"CRLF": issuerID + "#k1\r\nx: y", "empty": "",
	} {
		all = append(all, attack{name, vc, setHeader("kid", kid), reason.JOSEKidInvalid},
			attack{name + " of the holder", vc, setProofHeader("kid", kid), reason.JOSEKidInvalid})
	}
	try(t, all...)
}

func attackForeignKey(t *testing.T) {
	foreign := func(g *forge) { g.header["kid"], g.credBy = g.attacker.Method.String(), g.attacker }
	try(t, attack{"vc+jwt", vc, foreign, reason.KeyControllerMismatch}, attack{"dc+sd-jwt", sd, foreign, reason.KeyControllerMismatch})
}

func attackCritical(t *testing.T) {
	try(t,
		attack{"b64", vc, func(g *forge) { g.header["crit"], g.header["b64"] = []string{"b64"}, false }, reason.JOSECritUnsupported},
		attack{"unknown", vc, setHeader("crit", []string{"x"}), reason.JOSECritUnsupported}, attack{"empty", vc, setHeader("crit", []string{}), reason.JOSECritUnsupported},
		attack{"registered", vc, setHeader("crit", []string{"alg"}), reason.JOSECritUnsupported},
		attack{"proof", vc, setProofHeader("crit", []string{"x"}), reason.JOSECritUnsupported},
		attack{"kb", sd, setProofHeader("crit", []string{"x"}), reason.JOSECritUnsupported},
		attack{"unprotected", vc, func(g *forge) {
			g.join = func(_, proof string) string {
				p := strings.Split(proof, ".")
				return fmt.Sprintf(`{"payload":%q,"protected":%q,"header":{"crit":["x"]},"signature":%q}`, p[1], p[0], p[2])
			}
		}, reason.JOSESerializationForbidden})
}

// order is the order of the base point of P-256.
func order() *big.Int {
	n, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	return n
}

func attackMalleable(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		g := w.forge(format)
		token := g.token()
		w.expect(w.post(g.session, map[string][]string{queryOf(format): {token}}), reason.OK)
		other := malleate(g, token)
		if other == token {
			t.Fatal("nothing was changed")
		}
		w.expect(w.post(g.session, map[string][]string{queryOf(format): {other}}), reason.PresentationReplayed)
		fresh := w.forge(format) // and such a signature verifies: it is the nonce that counts
		w.expect(w.post(fresh.session, map[string][]string{queryOf(format): {malleate(fresh, fresh.token())}}), reason.OK)
	}
}

// malleate returns the token whose last signature (r, s) is (r, n-s).
func malleate(g *forge, token string) string {
	i := strings.LastIndexByte(token, '.')
	sig := unb64(g, token[i+1:])
	s := new(big.Int).Sub(order(), new(big.Int).SetBytes(sig[32:]))
	s.FillBytes(sig[32:])
	return token[:i+1] + b64(sig)
}

// signature puts raw in place of the issuer's signature.
func signature(raw func(g *forge, good []byte) []byte) func(*forge) {
	return func(g *forge) {
		g.cred = func(s string) string {
			i := strings.LastIndexByte(s, '.')
			return s[:i+1] + b64(raw(g, unb64(g, s[i+1:])))
		}
	}
}

func attackPsychic(t *testing.T) {
	n := make([]byte, 32)
	order().FillBytes(n)
	half := func(r, s []byte) func(*forge) {
		return signature(func(*forge, []byte) []byte { return append(append([]byte{}, r...), s...) })
	}
	zero, one := make([]byte, 32), append(make([]byte, 31), 1)
	var all []attack
	for _, format := range []string{vc, sd} {
		for name, change := range map[string]func(*forge){
			"r=0,s=0": half(zero, zero), "r=n": half(n, one), "s=n": half(one, n), "r=0": half(zero, one), "s=0": half(one, zero),
			"DER":      signature(func(_ *forge, good []byte) []byte { return der(good) }),
			"63 bytes": signature(func(_ *forge, good []byte) []byte { return good[:63] }),
			"65 bytes": signature(func(_ *forge, good []byte) []byte { return append(good, 0) }),
			"empty":    signature(func(*forge, []byte) []byte { return nil }),
			"one bit":  signature(func(_ *forge, good []byte) []byte { good[40] ^= 1; return good }),
		} {
			all = append(all, attack{format + " " + name, format, change, reason.CredentialSignatureInvalid})
		}
	}
	try(t, all...)
}

// der writes r‖s as ASN.1, as it must not come.
func der(sig []byte) []byte {
	out := []byte{0x30, 70}
	for _, half := range [][]byte{sig[:32], sig[32:]} {
		out = append(append(out, 0x02, 33, 0), half...)
	}
	return out
}

func attackEd25519(t *testing.T) {
	w := newWorld(t)
	w.issuer = w.docs.put(w, issuerID, newKey(w, key.EdDSA))
	for _, format := range []string{vc, sd} {
		w.TB = t
		w.mustPermit(format)
		l, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
		for name, change := range map[string]func(good []byte) []byte{
			"S+L": func(good []byte) []byte {
				s := new(big.Int).SetBytes(reversed(good[32:]))
				raw := make([]byte, 32)
				s.Add(s, l).FillBytes(raw)
				return append(good[:32:32], reversed(raw)...)
			},
			"R of small order": func(good []byte) []byte { return append(append([]byte{1}, make([]byte, 31)...), good[32:]...) },
			"zero":             func([]byte) []byte { return make([]byte, 64) },
			"63 bytes":         func(good []byte) []byte { return good[:63] },
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w.TB = t
				g := w.forge(format)
				signature(func(_ *forge, good []byte) []byte { return change(good) })(g)
				w.expect(g.send(), reason.CredentialSignatureInvalid)
			})
		}
	}
}

func reversed(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[len(b)-1-i] = b[i]
	}
	return out
}

func attackConfusion(t *testing.T) {
	try(t,
		attack{"status list token as VC", vc, func(g *forge) { g.cred = func(string) string { return g.statusToken() } }, reason.JOSETypMismatch},
		attack{"VP as VC", vc, setHeader("typ", "vp+jwt"), reason.JOSETypMismatch},
		attack{"KB-JWT as VC", vc, setHeader("typ", "kb+jwt"), reason.JOSETypMismatch},
		attack{"logout token as VC", vc, setHeader("typ", "logout+jwt"), reason.JOSETypMismatch},
		attack{"VC as VP", vc, func(g *forge) { g.join = func(string, string) string { return g.issued() } }, reason.JOSETypMismatch},
		attack{"access token as VP", vc, setProofHeader("typ", "at+jwt"), reason.JOSETypMismatch},
		attack{"status list token as SD-JWT", sd, func(g *forge) { g.cred = func(string) string { return g.statusToken() } }, reason.JOSETypMismatch})
}

// statusToken returns a status list that the issuer signed.
func (g *forge) statusToken() string {
	g.Helper()
	doc, err := g.publisher.Token(context.Background(), g.refOf(g.root(sd)).List)
	must(g, err)
	return string(doc.Body)
}

func attackType(t *testing.T) {
	try(t,
		attack{"a", vc, func(g *forge) { delete(g.header, "typ") }, reason.JOSETypMismatch}, attack{"b", vc, setHeader("typ", "JWT"), reason.JOSETypMismatch},
		attack{"c", vc, setHeader("typ", "VC+JWT"), reason.OK}, attack{"d", vc, setHeader("typ", "application/vc+jwt"), reason.OK},
		attack{"e", vc, setHeader("typ", "vc+sd-jwt"), reason.JOSETypMismatch})
}

func attackNested(t *testing.T) {
	try(t,
		attack{"a", vc, func(g *forge) {
			g.header["cty"] = "JWT"
			inner := g.marshal(g.claims)
			for range 100 {
				inner = jws(g, `{"alg":"ES256","typ":"vc+jwt","cty":"JWT","kid":"`+issuerID+`#k1"}`, inner[:min(len(inner), 200)], g.issuer)
			}
			g.text = inner
		}, reason.LimitNesting},
		attack{"b", vc, func(g *forge) { // each envelope makes the text a third longer: a hundred do not fit into any body
			inner := g.issued()
			for range 8 {
				inner = jws(g, g.marshal(g.header), g.marshal(object{"@context": "https://www.w3.org/ns/credentials/v2",
					"type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt," + inner}), g.issuer)
			}
			g.cred = func(string) string { return inner }
		}, reason.LimitNesting})
}

func attackPeriods(t *testing.T) {
	flood := "a" + strings.Repeat(".", 1_000_000)
	w := newWorld(t)
	w.mustPermit(vc)
	for _, query := range []string{"delegation_jwt"} {
		s := w.ask(booking())
		form := url.Values{"state": {s.request.State}}.Encode() + "&vp_token=%7B%22" + query + "%22:[%22" + flood + "%22]%7D"
		w.expect(w.postForm(s, form), reason.LimitTokenParts)
	}
	try(t, attack{"issuer's part", sd, func(g *forge) { g.cred = func(string) string { return flood } }, reason.LimitTokenParts},
		attack{"holder's part", sd, func(g *forge) { g.sign = func(string) string { return flood } }, reason.LimitTokenParts})
}

func attackRSA(t *testing.T) {
	for name, jwk := range map[string]string{
		"512 bits": `{"kty":"RSA","e":"AQAB","n":"` + b64(append([]byte{0xc1}, make([]byte, 63)...)) + `"}`,
		"e=1":      `{"kty":"RSA","e":"AQ","n":"` + b64(append([]byte{0xc1}, make([]byte, 255)...)) + `"}`,
		"2048":     `{"kty":"RSA","e":"AQAB","n":"` + b64(append([]byte{0xc1}, make([]byte, 255)...)) + `"}`,
	} {
		try(t, attack{name, vc, document(jwk, "ES256"), reason.KeyWeak})
	}
}

func attackKeySet(t *testing.T) {
	try(t, attack{"use enc", vc, func(g *forge) {
		jwk := g.issuer.Public().JWK()
		jwk.Use = "enc"
		document(g.marshal(jwk), "ES256")(g)
	}, reason.KeyAmbiguous})
}
