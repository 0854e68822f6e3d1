// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func set(what, name string, v any) func(*forge) {
	return func(g *forge) {
		map[string]object{"header": g.header, "claims": g.claims, "kb": g.kb, "kbHeader": g.kbHeader}[what][name] = v
	}
}

func without(what, name string) func(*forge) {
	return func(g *forge) {
		delete(map[string]object{"header": g.header, "claims": g.claims, "kb": g.kb, "kbHeader": g.kbHeader}[what], name)
	}
}

// TestAttacks has the rows of attacks.json that this format answers, with their exact codes.
func TestAttacks(t *testing.T) {
	for id, row := range map[string]func(*testing.T){
		"JOS-12": attackForeignKey, "JOS-20": attackType,
		"SDJ-02": attackOtherHolder, "SDJ-03": attackHash, "SDJ-04": attackAudienceArray, "SDJ-05": attackAudience,
		"SDJ-06": attackNonce, "SDJ-07": attackIssuedAt, "SDJ-08": attackProofType, "SDJ-09": attackDigestTwice,
		"SDJ-10": attackUnreferenced, "SDJ-11": attackReserved, "SDJ-13": attackHiddenClaims, "SDJ-15": attackArity,
		"SDJ-16": attackHashAlg, "SDJ-17": attackFlood, "SDJ-20": attackConfirmation, "SDJ-21": attackSerialization,
		"SDJ-24": attackSalts, "VP-10": attackSplice, "VP-17": attackTransaction, "VP-18": attackValidity,
		"JSN-01": attackDuplicate, "JSN-02": attackDuplicateHeader, "JSN-04": attackFold, "JSN-05": attackUTF8,
		"JSN-06": attackSurrogate, "JSN-08": attackInteger, "JSN-09": attackNumber, "JSN-10": attackDepth, "JSN-13": attackTypes,
	} {
		t.Run(id, row)
	}
}

func attackForeignKey(t *testing.T) {
	run(t, attack{"attacker", func(g *forge) {
		g.header["kid"] = g.w.Attacker.Method.String()
		g.w.Issuer = g.w.Attacker
	}, reason.KeyControllerMismatch})
}

func attackType(t *testing.T) {
	run(t,
		attack{"absent", without("header", "typ"), reason.JOSETypMismatch},
		attack{"JWT", set("header", "typ", "JWT"), reason.JOSETypMismatch},
		attack{"upper", set("header", "typ", "DC+SD-JWT"), ""},
		attack{"application", set("header", "typ", "application/dc+sd-jwt"), ""},
		attack{"older", set("header", "typ", "vc+sd-jwt"), reason.JOSETypMismatch})
}

func attackOtherHolder(t *testing.T) {
	by := func(more object) func(*forge) {
		return func(g *forge) {
			g.kbKey = g.w.Attacker
			for k, v := range more {
				g.kbHeader[k] = v
			}
		}
	}
	run(t,
		attack{"a", by(nil), reason.PresentationHolderBindingFailed},
		attack{"b", func(g *forge) { by(object{"jwk": g.w.Attacker.Public().JWK()})(g) }, reason.JOSEHeaderKeyForbidden},
		attack{"c", func(g *forge) { by(object{"kid": g.w.Attacker.Method.String()})(g) }, reason.PresentationHolderBindingFailed})
}

func attackHash(t *testing.T) {
	after := func(change func(raw string) string) func(*forge) {
		return func(g *forge) { g.after = func(raw, kb string) string { return change(raw) + kb } }
	}
	run(t,
		attack{"add", after(func(raw string) string { return raw + fixture.B64(`["c2FsdHNhbHRzYWx0c2FsdA",{}]`) + "~" }), reason.KBSDHash},
		attack{"drop", after(func(raw string) string { return raw[:strings.LastIndexByte(raw[:len(raw)-1], '~')+1] }), reason.KBSDHash},
		attack{"reorder", after(func(raw string) string {
			p := strings.Split(raw, "~")
			p[1], p[2] = p[2], p[1]
			return strings.Join(p, "~")
		}), reason.KBSDHash},
		attack{"other algorithm", set("kb", "sd_hash", strings.Repeat("A", 86)), reason.KBSDHash},
		attack{"number", set("kb", "sd_hash", 7), reason.KBSDHash})
}

func attackAudienceArray(t *testing.T) {
	array := func(list ...string) func(*forge) {
		return func(g *forge) { g.kb["aud"] = append([]string{g.w.Binding.Audience}, list...) }
	}
	run(t, attack{"two", array("https://evil"), reason.PresentationAudienceMismatch},
		attack{"one", array(), reason.PresentationAudienceMismatch})
}

func attackAudience(t *testing.T) {
	for _, aud := range []string{"gateway.example.org", "https://gateway.example.org/vp/response", "x509_san_dns:gateway.example.org/",
		"x509_san_dns:GATEWAY.example.org", "*", ""} {
		run(t, attack{"aud=" + aud, set("kb", "aud", aud), reason.PresentationAudienceMismatch})
	}
}

func attackNonce(t *testing.T) {
	run(t,
		attack{"missing", without("kb", "nonce"), reason.PresentationNonceMismatch},
		attack{"empty", set("kb", "nonce", ""), reason.PresentationNonceMismatch},
		attack{"other session", set("kb", "nonce", "another-live-session"), reason.PresentationNonceMismatch},
		attack{"other case", func(g *forge) { g.kb["nonce"] = strings.ToUpper(g.w.Binding.Nonce) }, reason.PresentationNonceMismatch})
	g := newForge(t)
	g.kb["nonce"] = ""
	g.w.Binding.Nonce = "" // a session record without nonce
	if _, _, err := g.f.OpenPresentation(context.Background(), g.raw(), g.w.Binding, g.w.Keys); reason.Of(err) != reason.PresentationNonceMismatch {
		t.Error("an empty nonce matches: ", err)
	}
}

func attackIssuedAt(t *testing.T) {
	at := func(off int) func(*forge) {
		return func(g *forge) { g.kb["iat"] = g.w.Binding.At.Add(seconds(off)).Unix() }
	}
	run(t,
		attack{"301 s old", at(-301), reason.PresentationStale}, attack{"61 s ahead", at(61), reason.PresentationStale},
		attack{"missing", without("kb", "iat"), reason.PresentationStale}, attack{"string", set("kb", "iat", "string"), reason.PresentationStale},
		attack{"1.5", set("kb", "iat", 1.5), reason.PresentationStale},
		attack{"300 s old", at(-300), ""}, attack{"60 s ahead", at(60), ""},
		attack{"its own exp", func(g *forge) { g.kb["exp"] = g.w.Binding.At.Unix() }, reason.PresentationStale})
}

func attackProofType(t *testing.T) {
	run(t,
		attack{"absent", without("kbHeader", "typ"), reason.KBTyp}, attack{"JWT", set("kbHeader", "typ", "JWT"), reason.KBTyp},
		attack{"kb+sd-jwt", set("kbHeader", "typ", "kb+sd-jwt"), reason.KBTyp}, attack{"upper", set("kbHeader", "typ", "KB+JWT"), ""},
		attack{"no proof", func(g *forge) { g.after = func(raw, _ string) string { return raw } }, reason.KBMissing},
		attack{"transaction data", set("kb", "transaction_data_hashes", []string{"x"}), reason.KBTransactionData})
}

func attackDigestTwice(t *testing.T) {
	element := func(g *forge) object { return g.at("delegation")["permission"].([]any)[0].(object) }
	run(t,
		attack{"two _sd", func(g *forge) {
			addDigest(g.at("delegation"), g.at("on_behalf_of")["_sd"].([]any)[0].(string))
		}, reason.SDJWTDigestDuplicate},
		attack{"one _sd", func(g *forge) {
			addDigest(g.at("on_behalf_of"), g.at("on_behalf_of")["_sd"].([]any)[0].(string))
		}, reason.SDJWTDigestDuplicate},
		attack{"_sd and element", func(g *forge) { addDigest(g.claims, element(g)["..."].(string)) }, reason.SDJWTDigestDuplicate},
		attack{"disclosure twice", func(g *forge) { g.disclosures = append(g.disclosures, g.disclosures[0]) }, reason.SDJWTDigestDuplicate})
}

func attackUnreferenced(t *testing.T) {
	extra := func(n int) func(*forge) {
		return func(g *forge) {
			for i := range n {
				g.hide(fmt.Sprintf(`["salt%d",{}]`, i))
			}
		}
	}
	run(t, attack{"10", extra(10), reason.SDJWTDisclosureUnreferenced}, attack{"10k", extra(10_000), reason.SDJWTDisclosureUnreferenced})
}

func attackReserved(t *testing.T) {
	for _, name := range []string{"_sd", "...", "_sd_alg"} {
		run(t, attack{name, func(g *forge) {
			addDigest(g.at("delegation"), g.hide(fmt.Sprintf(`["salt",%q,[]]`, name)))
		}, reason.SDJWTReservedName})
	}
	run(t, attack{"dots in an object", func(g *forge) { g.claims["..."] = "x" }, reason.SDJWTReservedName})
}

func attackHiddenClaims(t *testing.T) {
	values := map[string]string{"iss": `"did:web:proxy.example.org"`, "nbf": "1", "exp": "1900000000", "cnf": "{}", "vct": `"x"`, "status": "{}", "aud": `"x"`}
	for name, v := range values {
		hide := func(g *forge) { addDigest(g.claims, g.hide(fmt.Sprintf(`["salt",%q,%s]`, name, v))) }
		run(t, attack{name + " too", hide, reason.SDJWTClaimNotSD},
			attack{name + " alone", func(g *forge) { hide(g); delete(g.claims, name) }, reason.SDJWTClaimNotSD})
	}
	for _, name := range []string{"jti", "sub", "delegate_kind"} {
		run(t, attack{name + " alone", func(g *forge) {
			addDigest(g.claims, g.hide(fmt.Sprintf(`["salt",%q,%q]`, name, g.claims[name])))
			delete(g.claims, name)
		}, reason.CredentialSchemaInvalid})
	}
	for _, name := range []string{"relationship", "jurisdiction", "prohibition", "redelegation", "granted_by"} {
		run(t, attack{"delegation." + name, func(g *forge) {
			d := g.at("delegation")
			addDigest(d, g.hide(fmt.Sprintf(`["salt",%q,%s]`, name, g.marshal(d[name]))))
			delete(d, name)
		}, reason.CredentialSchemaInvalid})
	}
	run(t, attack{"nested in a permission", func(g *forge) {
		digest := g.hide(`["salt","constraint",{}]`)
		e := g.hide(`["salt",{"id":"px","resource":"messages","action":["view"],"risk":"routine","_sd":["` + digest + `"]}]`)
		d := g.at("delegation")
		d["permission"] = append(d["permission"].([]any), object{"...": e})
	}, reason.CredentialSchemaInvalid},
		attack{"identifier twice", func(g *forge) {
			g.at("on_behalf_of")["identifier"] = object{"system": "a", "value": "b"}
		}, reason.SDJWTClaimCollision})
}

func attackArity(t *testing.T) {
	element := func(text string) func(*forge) {
		return func(g *forge) {
			d := g.at("delegation")
			d["permission"] = append(d["permission"].([]any), object{"...": g.hide(text)})
		}
	}
	run(t,
		attack{"element with 3", element(`["salt","name",{}]`), reason.SDJWTDisclosureForm},
		attack{"member with 2", func(g *forge) { addDigest(g.at("delegation"), g.hide(`["salt",{}]`)) }, reason.SDJWTDisclosureForm},
		attack{"1", element(`["salt"]`), reason.SDJWTDisclosureForm}, attack{"4", element(`["salt","a",1,2]`), reason.SDJWTDisclosureForm},
		attack{"0", element(`[]`), reason.SDJWTDisclosureForm}, attack{"object", element(`{}`), reason.SDJWTDisclosureForm},
		attack{"salt is a number", element(`[7,{}]`), reason.SDJWTDisclosureForm},
		attack{"empty", func(g *forge) { g.disclosures = append(g.disclosures, "") }, reason.SDJWTDisclosureForm},
		attack{"array digest with siblings", func(g *forge) {
			g.at("delegation")["permission"].([]any)[0].(object)["id"] = "p"
		}, reason.SDJWTDisclosureForm})
}

func attackHashAlg(t *testing.T) {
	for _, v := range []any{"md5", "sha-1", "SHA-256", "sha-999", 256} {
		run(t, attack{fmt.Sprint(v), set("claims", "_sd_alg", v), reason.SDJWTHashAlg})
	}
	run(t, attack{"nested", func(g *forge) { g.at("delegation")["_sd_alg"] = "sha-256" }, reason.SDJWTHashAlg},
		attack{"short digests", func(g *forge) { addDigest(g.at("delegation"), "AAAA") }, reason.SDJWTHashAlg},
		attack{"absent", without("claims", "_sd_alg"), ""})
}

func attackFlood(t *testing.T) {
	run(t,
		attack{"a", func(g *forge) {
			many := object{}
			for i := range 10_000 {
				if i%2_000 == 0 {
					many = object{}
					g.claims[fmt.Sprint("many", i)] = many
				}
				addDigest(many, g.hide(fmt.Sprintf(`["s%d","n%d",1]`, i, i)))
			}
		}, reason.LimitDisclosures},
		attack{"b", func(g *forge) {
			digest := g.hide(`["salt","leaf",1]`)
			for range MaxDepth {
				digest = g.hide(`["salt","x",{"_sd":["` + digest + `"]}]`)
			}
			addDigest(g.claims, digest)
		}, reason.LimitDisclosures},
		attack{"c", func(g *forge) {
			text := `["salt",{"id":"` + strings.Repeat("a", MaxDisclosure) + `"}]`
			g.disclosures = append(g.disclosures, fixture.B64(text)[:MaxDisclosure+1])
		}, reason.LimitDisclosures})
}

func attackConfirmation(t *testing.T) {
	jwk := func(change func(jwk object)) func(*forge) {
		return func(g *forge) { change(g.at("cnf", "jwk")) }
	}
	run(t,
		attack{"a", without("claims", "cnf"), reason.KBCnf}, attack{"b", set("claims", "cnf", object{"kid": "k"}), reason.KBCnf},
		attack{"c", func(g *forge) { g.at("cnf")["kid"] = "k" }, reason.KBCnf},
		attack{"d", set("claims", "cnf", object{"jwk": object{"kty": "oct", "k": "AAAA"}}), reason.KBCnf},
		attack{"e", jwk(func(j object) { j["d"] = "AAAA" }), reason.KeyPrivateMaterial},
		attack{"off the curve", jwk(func(j object) { j["y"] = j["x"] }), reason.KBCnf},
		attack{"null", set("claims", "cnf", nil), reason.KBCnf})
}

func attackSerialization(t *testing.T) {
	g := newForge(t)
	p := strings.Split(strings.Split(g.issued(), "~")[0], ".")
	flat := g.marshal(object{"payload": p[1], "protected": p[0], "signature": p[2],
		"header": object{"disclosures": g.disclosures, "kb_jwt": "x.y.z"}})
	_, _, err := g.f.OpenPresentation(context.Background(), []byte(flat), g.w.Binding, g.w.Keys)
	refused(t, err, reason.JOSESerializationForbidden)
}

func attackSplice(t *testing.T) {
	run(t, attack{"a", func(g *forge) { g.kbKey = fixture.NewHolder(t, key.ES256) }, reason.PresentationHolderBindingFailed},
		attack{"sub is another", func(g *forge) { g.claims["sub"] = fixture.NewHolder(t, key.ES256).Method.DID().String() }, reason.PresentationHolderBindingFailed},
		attack{"issuer's signature", func(g *forge) {
			g.after = func(raw, kb string) string { return raw + kb }
			g.w.Issuer.Signer = g.w.Attacker.Signer
		}, reason.CredentialSignatureInvalid})
}

func attackValidity(t *testing.T) {
	run(t, attack{"e", func(g *forge) { g.claims["nbf"] = g.claims["exp"] }, reason.CredentialSchemaInvalid},
		attack{"f", func(g *forge) { g.at("delegation")["review_by"] = "2027-03-01T00:00:00" }, reason.CredentialSchemaInvalid},
		attack{"g", func(g *forge) { g.at("delegation")["review_by"] = "2027-03-01T00:00:60Z" }, reason.CredentialSchemaInvalid},
		attack{"h", set("claims", "exp", 253402300800), reason.CredentialSchemaInvalid})
}

// spoil puts a text in place of another one in the payload.
func spoil(old, new string) func(*forge) {
	return func(g *forge) {
		text := g.marshal(g.claims)
		if strings.Count(text, old) == 0 {
			g.t.Fatal("nothing to spoil: ", old)
		}
		g.payload = strings.Replace(text, old, new, 1)
	}
}

func attackDuplicate(t *testing.T) {
	run(t,
		attack{"top", spoil(`"iss":`, `"iss":"did:web:evil.example","iss":`), reason.JSONDuplicateName},
		attack{"cnf", spoil(`"jwk":`, `"jwk":{},"jwk":`), reason.JSONDuplicateName},
		attack{"subject", spoil(`"relationship":`, `"relationship":"x","relationship":`), reason.JSONDuplicateName},
		attack{"_sd parent", spoil(`"_sd":`, `"_sd":[],"_sd":`), reason.JSONDuplicateName},
		attack{"disclosure", func(g *forge) {
			addDigest(g.at("delegation"), g.hide(`["salt","evidence",[{"id":"a","id":"b","type":"c"}]]`))
		}, reason.JSONDuplicateName})
}

func attackDuplicateHeader(t *testing.T) {
	for _, h := range []string{`{"alg":"ES256","alg":"none",`, `{"alg":"none","alg":"ES256",`} {
		g := newForge(t)
		jwt := fixture.JWS(t, strings.Replace(g.marshal(g.header), `{"alg":"ES256",`, h, 1), g.marshal(g.claims), g.w.Issuer)
		_, err := g.f.Open(context.Background(), []byte(jwt+"~"), g.w.Keys)
		refused(t, err, reason.JSONDuplicateName)
	}
}

func attackFold(t *testing.T) {
	run(t, attack{"long s", spoil(`"iss":`, `"i\u017f\u017f":"x","iss":`), reason.JSONCaseVariant})
}

func attackUTF8(t *testing.T) {
	run(t, attack{"issuer", spoil("did:web:proxy", "did:web:\xffproxy"), reason.JSONInvalidUTF8},
		attack{"name", spoil(`"relationship"`, "\"relation\xffship\""), reason.JSONInvalidUTF8},
		attack{"disclosure", func(g *forge) { addDigest(g.at("delegation"), g.hide("[\"salt\",\"evidence\",\"\xff\"]")) }, reason.JSONInvalidUTF8})
}

func attackSurrogate(t *testing.T) {
	run(t, attack{"value", spoil("adult-to-adult", `\ud800`), reason.JSONInvalidUTF8},
		attack{"pair", spoil("adult-to-adult", `\udfff\ud800`), reason.JSONInvalidUTF8},
		attack{"name", spoil(`"relationship"`, `"\ud800"`), reason.JSONInvalidUTF8})
}

func attackInteger(t *testing.T) {
	run(t, attack{"992", spoil(`"maxDepth":1`, `"maxDepth":9007199254740992`), reason.JSONUnsafeInteger},
		attack{"993", spoil(`"maxDepth":1`, `"maxDepth":9007199254740993`), reason.JSONUnsafeInteger},
		attack{"negative", spoil(`"maxDepth":1`, `"maxDepth":-9007199254740992`), reason.JSONUnsafeInteger},
		attack{"control", spoil(`"maxDepth":1`, `"maxDepth":9007199254740991`), ""})
}

func attackNumber(t *testing.T) {
	for v, want := range map[string]reason.Code{"1e400": reason.JSONNumberForm, "-0": reason.JSONNumberForm, "01": reason.JSONSyntax,
		"1.0": reason.JSONNumberForm, "1e3": reason.JSONNumberForm, "1e10": reason.JSONNumberForm, "true": reason.JSONType} {
		run(t, attack{"exp " + v, func(g *forge) { spoil(`"exp":`+g.marshal(g.claims["exp"]), `"exp":`+v)(g) }, want})
	}
	run(t, attack{"iat", set("claims", "iat", "1700000000"), reason.JSONType})
}

func attackDepth(t *testing.T) {
	for _, n := range []int{65, 9_999, 10_001} {
		run(t, attack{fmt.Sprint(n), spoil(`"iss":`, `"deep":`+strings.Repeat("[", n)+strings.Repeat("]", n)+`,"iss":`), reason.LimitNesting})
	}
}

func attackTypes(t *testing.T) {
	wrong := []any{nil, []any{}, object{}, 7, true}
	for _, name := range []string{"iss", "sub", "jti", "nbf", "exp"} {
		for _, v := range wrong {
			if _, number := v.(int); number && (name == "nbf" || name == "exp") {
				continue
			}
			run(t, attack{fmt.Sprintf("a %s=%v", name, v), set("claims", name, v), reason.JSONType})
		}
	}
	for _, name := range []string{"vct", "status", "delegate_kind", "on_behalf_of", "delegation"} {
		for _, v := range wrong {
			run(t, attack{fmt.Sprintf("b %s=%v", name, v), set("claims", name, v), reason.CredentialSchemaInvalid})
		}
	}
	for _, name := range []string{"relationship", "legal_basis", "granted_by", "jurisdiction", "purpose", "data_controller", "redelegation", "prohibition", "permission"} {
		for _, v := range wrong {
			if _, list := v.([]any); list && slices.Contains([]string{"jurisdiction", "purpose", "data_controller", "prohibition", "permission"}, name) {
				continue
			}
			run(t, attack{fmt.Sprintf("b delegation.%s=%v", name, v), func(g *forge) { g.disclosures = nil; g.at("delegation")[name] = v }, reason.CredentialSchemaInvalid})
		}
		run(t, attack{"b delegation." + name + " absent", func(g *forge) { g.disclosures = nil; delete(g.at("delegation"), name) }, reason.CredentialSchemaInvalid})
	}
}

// attackSalts checks what is issued: salts of 128 bits, all different, digests sorted, decoys.
func attackSalts(t *testing.T) {
	g := newForge(t)
	c := fixture.Token(g.w.Delegation(t))
	c.Assurance, c.Evidence, c.OnBehalfOf.Identifier = nil, nil, nil
	seen := make(map[string]bool)
	for range 200 {
		raw := string(seal(t, g.f, g.w, c))
		for _, d := range strings.Split(raw, "~")[1:8] {
			text := string(fixture.Unb64(t, d))
			salt, _, _ := strings.Cut(text[2:], `"`)
			if len(fixture.Unb64(t, salt)) != 16 || seen[salt] {
				t.Fatalf("salt %q is short or came before", salt)
			}
			seen[salt] = true
		}
		base, err := scanPayload(fixture.Unb64(t, strings.Split(raw, ".")[1]))
		if err != nil || len(base.sites) != len(c.Permissions)+3 {
			t.Fatal("decoys do not fill the place of what is absent: ", len(base.sites), err)
		}
	}
	same, err := New(Config{Random: zeros{}, Now: g.f.now, Holders: g.f.holders})
	if err != nil {
		t.Fatal(err)
	}
	_, err = same.Seal(context.Background(), c, g.w.Issuer)
	refused(t, err, reason.IssueSaltQuality)
	digests := g.at("delegation")["_sd"].([]any)
	if !slices.IsSortedFunc(digests, func(a, b any) int { return strings.Compare(a.(string), b.(string)) }) {
		t.Error("_sd is not sorted")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clearBytes(p); return len(p), nil }

func clearBytes(p []byte) {
	for i := range p {
		p[i] = 0
	}
}

// TestEveryByteMatters changes each byte of a presentation in turn.
func TestEveryByteMatters(t *testing.T) {
	g := newForge(t)
	raw := g.raw()
	for i := range raw {
		forged := bytes.Clone(raw)
		forged[i] ^= 1
		if _, _, err := g.f.OpenPresentation(context.Background(), forged, g.w.Binding, g.w.Keys); err == nil {
			t.Fatalf("byte %d of %d may change", i, len(raw))
		}
		if _, _, err := g.f.OpenPresentation(context.Background(), raw[:i], g.w.Binding, g.w.Keys); err == nil {
			t.Fatalf("%d of %d bytes suffice", i, len(raw))
		}
	}
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	w := fixture.New(t, key.ES256)
	whole := Config{Random: rand.Reader, Now: newFormat(t, w).now, Holders: w.Keys.Resolver}
	for _, change := range []func(*Config){
		func(c *Config) { c.Random = nil }, func(c *Config) { c.Now = nil },
		func(c *Config) { c.Holders = nil }, func(c *Config) { c.CacheBytes = -1 },
	} {
		c := whole
		change(&c)
		if f, err := New(c); err == nil || f != nil {
			t.Error("accepted")
		}
	}
	f, err := New(whole)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Open(context.Background(), nil, credential.Keys{})
	refused(t, err, reason.InternalIndeterminate)
	f.random = io.LimitReader(rand.Reader, 3)
	_, err = f.Seal(context.Background(), fixture.Token(w.Delegation(t)), w.Issuer)
	refused(t, err, reason.InternalIndeterminate)
	_, err = f.Seal(context.Background(), fixture.Token(w.Delegation(t)), did.Signer{})
	refused(t, err, reason.KeyControllerMismatch)
}
