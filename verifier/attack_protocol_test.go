// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	crand "crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	library "github.com/lestrrat-go/jwx/v3/jwe"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

func protocolRows() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"VP-11": attackTwoHolders, "VP-13": attackDowngrade, "VP-17": attackTransaction, "VP-28": attackTiming,
		"JOS-24": attackZip, "JOS-26": attackBrokenJWE, "JOS-27": attackDecryptionOracle, "JOS-28": attackInvalidCurve,
		"JSN-14": attackLookAlike,
	}
}

// encrypting makes w a gateway that wants encrypted answers.
func (w *world) encrypting(enc ...jwe.Encryption) *world {
	w.Helper()
	w.cfg.Protocol.Encryptions = enc
	w.start(w.cfg)
	return w
}

// sealed is an answer of the base case to s, as a wallet encrypts it, and its parts.
func (w *world) sealed(s session) []string {
	w.Helper()
	answer := map[string][]string{"delegation": {w.show(s, sd, w.seal(sd, w.root(sd), w.issuer), w.bob)}}
	form, err := vp.Response{State: s.request.State, Token: answer}.FormFor(s.request)
	must(w, err)
	parts := strings.Split(form.Get("response"), ".")
	if len(form) != 1 || len(parts) != 5 {
		w.Fatalf("the form is %v", form)
	}
	return parts
}

// sendSealed posts the parts, of which header is the first, in the clear.
func (w *world) sendSealed(s session, header object, parts []string) result {
	w.Helper()
	if header != nil {
		raw, err := json.Marshal(header)
		must(w, err)
		parts[0] = b64(raw)
	}
	return w.postForm(s, url.Values{"response": {strings.Join(parts, ".")}}.Encode())
}

func headerOf(t testing.TB, parts []string) object {
	t.Helper()
	var h object
	must(t, json.Unmarshal(unb64(t, parts[0]), &h))
	return h
}

// tryJWE makes each change to the header of an honest answer. None spends the session: the answer as it was is
// permitted afterwards.
func tryJWE(t *testing.T, want reason.Code, changes map[string]func(h object, parts []string)) {
	t.Helper()
	w := newWorld(t).encrypting(jwe.A256GCM, jwe.A128GCM)
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			s := w.ask(booking())
			parts := w.sealed(s)
			honest := append([]string(nil), parts...)
			h := headerOf(t, parts)
			change(h, parts)
			w.expect(w.sendSealed(s, h, parts), want)
			w.expect(w.sendSealed(s, nil, honest), reason.OK)
		})
	}
}

func attackZip(t *testing.T) {
	tryJWE(t, reason.JWEZipForbidden, map[string]func(object, []string){
		"DEF":   func(h object, _ []string) { h["zip"] = "DEF" },
		"other": func(h object, _ []string) { h["zip"] = "GZIP" },
		"null":  func(h object, _ []string) { h["zip"] = nil },
		"bomb": func(h object, parts []string) { // what is compressed is never looked at
			h["zip"] = "DEF"
			parts[3] = b64(strings.Repeat("\x00", 10<<10))
		},
	})
}

func attackBrokenJWE(t *testing.T) {
	tryJWE(t, reason.JWEInvalid, map[string]func(object, []string){
		"no iv":         func(_ object, parts []string) { parts[2] = "" },
		"no tag":        func(_ object, parts []string) { parts[4] = "" },
		"no ciphertext": func(_ object, parts []string) { parts[3] = "" },
		"null epk":      func(h object, _ []string) { h["epk"] = nil },
		"no epk":        func(h object, _ []string) { delete(h, "epk") },
		"apu":           func(h object, _ []string) { h["apu"] = "!!" },
		"apv":           func(h object, _ []string) { h["apv"] = 7 },
		"a key":         func(_ object, parts []string) { parts[1] = b64("0123456789abcdef") },
		"short tag":     func(_ object, parts []string) { parts[4] = parts[4][:4] },
		"other tag":     func(_ object, parts []string) { parts[4] = b64("0123456789abcdef") },
		"crit":          func(h object, _ []string) { h["crit"] = []string{"zip"} },
	})
	// An encrypted key belongs to key wrapping, which is not spoken: its name is refused before the empty key.
	tryJWE(t, reason.JWEAlgForbidden, map[string]func(object, []string){
		"key wrap without a key": func(h object, _ []string) { h["alg"] = "ECDH-ES+A128KW" },
	})
}

// attackDecryptionOracle: algorithms with padding are refused by name, whatever is wrong with what they hold. The tokens
// are real ones, whose parts have the lengths that their algorithms give them.
func attackDecryptionOracle(t *testing.T) {
	w := newWorld(t).encrypting(jwe.A256GCM, jwe.A128GCM)
	theirs, err := rsa.GenerateKey(crand.Reader, 2048)
	must(t, err)
	spoil := func(part int) func([]string) {
		return func(parts []string) {
			raw := unb64(t, parts[part])
			raw[len(raw)-1] ^= 1
			parts[part] = b64(string(raw))
		}
	}
	for name, by := range map[string]struct {
		alg jwa.KeyEncryptionAlgorithm
		key any // nil: the session's
		enc jwa.ContentEncryptionAlgorithm
	}{
		"RSA1_5, A128CBC":  {jwa.RSA1_5(), &theirs.PublicKey, jwa.A128CBC_HS256()},
		"RSA1_5, A256GCM":  {jwa.RSA1_5(), &theirs.PublicKey, jwa.A256GCM()},
		"ECDH-ES, A128CBC": {jwa.ECDH_ES(), nil, jwa.A128CBC_HS256()},
		"dir, A128CBC":     {jwa.DIRECT(), make([]byte, 32), jwa.A128CBC_HS256()},
		"PBES2":            {jwa.PBES2_HS256_A128KW(), []byte("password"), jwa.A256GCM()},
	} {
		for what, change := range map[string]func([]string){"as it is": func([]string) {}, "padding": spoil(3), "tag": spoil(4), "key": func(parts []string) {
			if parts[1] != "" {
				spoil(1)(parts)
			}
		}} {
			t.Run(name+", "+what, func(t *testing.T) {
				w.TB = t
				s := w.ask(booking())
				honest := w.sealed(s)
				with := by.key
				if with == nil {
					with, err = jwk.ParseKey(s.request.Metadata.Keys.Keys[0])
					must(t, err)
				}
				text, err := library.Encrypt([]byte(`{"vp_token":{}}`), library.WithKey(by.alg, with), library.WithContentEncryption(by.enc))
				must(t, err)
				parts := strings.Split(string(text), ".")
				change(parts)
				w.expect(w.sendSealed(s, nil, parts), reason.JWEAlgForbidden)
				w.expect(w.sendSealed(s, nil, honest), reason.OK)
			})
		}
	}
}

func attackInvalidCurve(t *testing.T) {
	epk := func(members object) func(object, []string) {
		return func(h object, _ []string) {
			for name, v := range members {
				h["epk"].(object)[name] = v
			}
		}
	}
	zero := b64(strings.Repeat("\x00", 32))
	tryJWE(t, reason.JWEEPKInvalid, map[string]func(object, []string){
		"not on the curve": epk(object{"y": b64(strings.Repeat("\x01", 32))}), "infinity": epk(object{"x": zero, "y": zero}),
		"another curve": epk(object{"crv": "P-384"}), "secp256k1": epk(object{"crv": "secp256k1"}), "OKP": epk(object{"kty": "OKP", "crv": "X25519"}),
		"short": epk(object{"x": b64("x")}),
	})
}

func attackDowngrade(t *testing.T) {
	w := newWorld(t).encrypting(jwe.A256GCM)
	t.Run("plain", func(t *testing.T) {
		w.TB = t
		s := w.ask(booking())
		if s.request.ResponseMode != vp.ModeDirectPostJWT {
			t.Fatal(s.request.ResponseMode)
		}
		plain, err := vp.Response{State: s.request.State, Token: map[string][]string{"delegation": {w.show(s, sd, w.seal(sd, w.root(sd), w.issuer), w.bob)}}}.Form()
		must(t, err)
		w.expect(w.postForm(s, plain.Encode()), reason.ResponseEncryptionRequired)
		w.expect(w.present(s), reason.OK) // which is encrypted, and nothing was spent
	})
	t.Run("another algorithm", func(t *testing.T) {
		w.TB = t
		s := w.ask(booking())
		weaker := *s.request
		weaker.Metadata.Encryptions = []string{string(jwe.A128GCM)}
		s2 := s
		s2.request = &weaker
		w.expect(w.present(s2), reason.ResponseEncryptionRequired)
		w.expect(w.present(s), reason.OK)
	})
	t.Run("by the service", func(t *testing.T) {
		w.TB = t
		s := w.ask(booking())
		token, err := json.Marshal(map[string][]string{"delegation": {w.show(s, sd, w.seal(sd, w.root(sd), w.issuer), w.bob)}})
		must(t, err)
		w.problem(w.call("POST", "/access/v1/evaluation", "application/json", evaluation(`"request_id":"`+s.ID+`","vp_token":`+string(token))),
			reason.ResponseEncryptionRequired, reason.Service)
	})
	t.Run("to the key of another session", func(t *testing.T) {
		w.TB = t
		first, second := w.ask(booking()), w.ask(booking())
		w.expect(w.sendSealed(second, nil, w.sealed(first)), reason.ResponseKeyUnknown)
	})
	t.Run("where none was asked for", func(t *testing.T) {
		plain := newWorld(t)
		s := plain.ask(booking())
		plain.expect(plain.postForm(s, url.Values{"response": {strings.Join(w.sealed(w.ask(booking())), ".")}}.Encode()), reason.ResponseKeyUnknown)
	})
	w.TB = t
}

func attackTransaction(t *testing.T) {
	w := newWorld(t)
	w.cfg.Protocol.Transaction = vp.TransactionAccess
	w.start(w.cfg)
	s := w.ask(booking())
	if all, err := s.request.Transactions(); err != nil || len(all) != 1 || all[0].Access.Action != "book" || all[0].Access.Principal != principal {
		t.Fatalf("%+v %v", all, err)
	}
	w.expect(w.present(s), reason.OK)
	const name, alg = "transaction_data_hashes", "transaction_data_hashes_alg"
	extra := func(g *forge) { g.proof[name] = append(g.proof[name].([]any), digest("more")) }
	for title, change := range map[string]func(*forge){
		"missing": func(g *forge) { delete(g.proof, name) }, "empty": func(g *forge) { g.proof[name] = []any{} },
		"another algorithm": func(g *forge) { g.proof[alg] = "sha-512" }, "no algorithm that is a text": func(g *forge) { g.proof[alg] = 256 },
		"extra": extra, "twice": func(g *forge) { g.proof[name] = append(g.proof[name].([]any), g.proof[name].([]any)[0]) },
		"of another access": func(g *forge) { g.proof[name] = []any{digest("another")} }, "no list": func(g *forge) { g.proof[name] = digest("x") },
	} {
		t.Run(title, func(t *testing.T) {
			w.TB = t
			g := w.forge(sd)
			change(g)
			w.expect(g.send(), reason.KBTransactionData)
		})
	}
	w.TB = t
	for _, c := range s.request.Query.Credentials {
		if c.Format != vp.FormatSDJWT {
			t.Errorf("%s is asked for, whose proofs have no place for transaction data", c.Format)
		}
	}
	plain := newWorld(t) // where nothing was asked for, a hash is one too many
	g := plain.forge(sd)
	g.proof[name] = []any{digest("x")}
	plain.expect(g.send(), reason.KBTransactionData)
}

// attackTwoHolders shows an identity that A proves beside a delegation that B proves, for a query that asks
// for both together.
func attackTwoHolders(t *testing.T) {
	for _, format := range []string{sd, vc} {
		for name, want := range map[string]reason.Code{"A and B": reason.HolderNotSamePerson, "B and B": reason.OK} {
			t.Run(format+" "+name, func(t *testing.T) {
				w := newWard(t)
				identified := w.bob
				if name == "A and B" {
					identified = w.carol
				}
				s, identity := w.ask(booking()), idIn("identity", format)
				w.rewrite(s, func(record map[string]any) {
					q := record["query"].(object)
					for _, one := range q["credentials"].([]any) {
						if one.(object)["id"] == identity {
							delete(one.(object), "require_cryptographic_holder_binding")
						}
					}
					q["credential_sets"] = []object{{"options": [][]string{{queryOf(format), identity}}}}
				})
				paper := w.seal(format, w.paper(format, credential.TypeIdentityBinding, identified), w.issuer)
				proved, err := w.formats.Named(format).(credential.Presenter).Present(t.Context(), credential.Selection{Raw: paper}, w.binding(s), identified)
				must(t, err)
				w.expect(w.post(s, map[string][]string{
					queryOf(format): {w.show(s, format, w.seal(format, w.root(format), w.issuer), w.bob)}, identity: {string(proved)},
				}), want)
			})
		}
	}
}

// attackLookAlike asks for values that look like what the credential holds: code points are compared, and
// nothing is normalised.
func attackLookAlike(t *testing.T) {
	for name, c := range map[string]struct{ asked, held string }{
		"decomposed": {"Jos\u00e9", "Jose\u0301"}, "composed": {"Jose\u0301", "Jos\u00e9"},
		"full-width digits": {"9990000077", "\uff19\uff19\uff19\uff10\uff10\uff10\uff10\uff10\uff17\uff17"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			root := w.root(vc)
			root.OnBehalfOf.Identifier = &credential.Identifier{System: "https://numbers.test", Value: c.held}
			for asked, want := range map[string]reason.Code{c.asked: reason.QueryValueMismatch, c.held: reason.OK} {
				g := w.forgeOf(vc, root, w.ask(booking()))
				w.rewrite(g.session, func(record map[string]any) {
					for _, one := range record["query"].(object)["credentials"].([]any) {
						if one.(object)["id"] == "delegation_jwt" {
							delete(one.(object), "claim_sets")
							one.(object)["claims"] = []object{{"path": []string{"credentialSubject", "onBehalfOf", "identifier", "value"}, "values": []string{asked}}}
						}
					}
				})
				w.expect(g.send(), want)
			}
		})
	}
}

// attackTiming holds every comparison of a secret in this package to crypto/subtle: == on one would differ by less
// than a test can measure beside others. Welch's t is a figure of BenchmarkWelch.
func attackTiming(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"", "", false}, {"", "x", false}, {"x", "", false}, {"x", "y", false}, {"x", "xy", false}, {"x", "x", true}} {
		if verifier.SameText(c.a, c.b) != c.want || c.a != "" && verifier.LockWith(c.a).Is(c.b) != c.want {
			t.Errorf("%q and %q", c.a, c.b)
		}
	}
	files, err := filepath.Glob("*.go")
	must(t, err)
	constant := 0
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			constant += comparisons(t, file)
		}
	}
	if constant != 2 {
		t.Errorf("crypto/subtle compares at %d places; those known are sameText and lock.is", constant)
	}
}

// BenchmarkWelch reports Welch's t between a wrong first and a wrong last character of a secret; below 4.5
// nothing is told.
func BenchmarkWelch(b *testing.B) {
	right := strings.Repeat("a", 22)
	wrong := [2]string{"b" + right[1:], right[1:] + "b"}
	for name, compare := range map[string]func(string) bool{
		"sameText": func(s string) bool { return verifier.SameText(right, s) },
		"lock":     verifier.LockWith(right).Is,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(math.Abs(welch(compare, wrong)), "t")
			}
		})
	}
}

// welch returns Welch's t of the times that compare takes for two texts, in random turns, over 10⁵ samples.
func welch(compare func(string) bool, of [2]string) float64 {
	var n, mean, m2 [2]float64
	for range 100_000 {
		k := rand.IntN(2)
		start := time.Now()
		compare(of[k])
		d := float64(time.Since(start))
		if d > 5000 { // the machine did something else
			continue
		}
		n[k]++
		delta := d - mean[k]
		mean[k] += delta / n[k]
		m2[k] += delta * (d - mean[k])
	}
	return (mean[0] - mean[1]) / math.Sqrt(m2[0]/(n[0]-1)/n[0]+m2[1]/(n[1]-1)/n[1])
}

// comparisons counts the constant-time comparisons in file, and refuses == and != on members that hold secrets, but
// for a comparison with nothing.
func comparisons(t *testing.T, file string) (constantTime int) {
	t.Helper()
	raw, err := os.ReadFile(file)
	must(t, err)
	tree, err := parser.ParseFile(token.NewFileSet(), file, raw, 0)
	must(t, err)
	secret := map[string]bool{"State": true, "Nonce": true, "Digest": true, "Response": true, "Confirmation": true, "Handle": true}
	ast.Inspect(tree, func(n ast.Node) bool {
		if call, ok := n.(*ast.SelectorExpr); ok && call.Sel.Name == "ConstantTimeCompare" {
			constantTime++
		}
		b, ok := n.(*ast.BinaryExpr)
		if !ok || b.Op != token.EQL && b.Op != token.NEQ {
			return true
		}
		for i, side := range []ast.Expr{b.X, b.Y} {
			selected, ok := side.(*ast.SelectorExpr)
			literal, empty := []ast.Expr{b.Y, b.X}[i].(*ast.BasicLit)
			constant, isConstant := []ast.Expr{b.Y, b.X}[i].(*ast.Ident)
			named := isConstant && (strings.HasPrefix(constant.Name, "state") || strings.HasPrefix(constant.Name, "override")) // states, which are no secrets
			if ok && secret[selected.Sel.Name] && !(empty && literal.Value == `""`) && !named {
				t.Errorf("%s compares %s by %s", file, selected.Sel.Name, b.Op)
			}
		}
		return true
	})
	return constantTime
}
