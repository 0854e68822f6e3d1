// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// sealed issues claims with paths hidden, in dots, as the fixture's issuer.
func sealed(t testing.TB, w *fixture.World, claims string, decoys int, dotted ...string) []byte {
	t.Helper()
	c := Concealment{Decoys: decoys}
	for _, d := range dotted {
		c.Hide = append(c.Hide, strings.Split(d, "."))
	}
	raw, err := SealClaims(context.Background(), []byte(claims), c, "example+sd-jwt", rand.Reader, w.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func process(w *fixture.World, raw []byte, typ string) (Processed, error) {
	return Process(context.Background(), raw, Expect{Type: typ, Keys: w.Keys})
}

func tree(t testing.TB, raw []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

const person = `{"iss":"did:web:proxy.example.org","given":"A","address":{"street":"S","town":{"name":"T","code":7}},"nat":["GB",["x","y"],{"k":1}],"n\"q":null}`

// TestSealClaims hides members, elements, and parts of what is hidden, and gets them back.
func TestSealClaims(t *testing.T) {
	w := fixture.New(t, key.ES256)
	raw := sealed(t, w, person, 2, "given", "address", "address.town", "address.town.code", "nat.0", "nat.1.1", `n"q`)
	got, err := process(w, raw, "example+sd-jwt")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(tree(t, []byte(person)), tree(t, got.Claims)); d != "" {
		t.Error(d)
	}
	slices.Sort(got.Disclosed)
	want := []string{"/address", "/address/town", "/address/town/code", "/given", `/n"q`, "/nat/0", "/nat/1/1"}
	if d := cmp.Diff(want, got.Disclosed); d != "" {
		t.Error(d)
	}
	for _, hidden := range []string{`"A"`, `"S"`, `"T"`, `"GB"`, `"y"`, "address"} {
		if bytes.Contains(got.Clear, []byte(hidden)) {
			t.Errorf("%s is in the clear", hidden)
		}
	}
	if n := bytes.Count(got.Clear, []byte(`","`)); n < 2 { // three hidden members and two decoys at the top
		t.Error("no decoys: ", string(got.Clear))
	}
}

// TestRecursive shows a child only with its parent (RFC 9901 §7.1).
func TestRecursive(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	raw := string(sealed(t, w, person, 0, "address", "address.town"))
	parts := strings.Split(raw, "~") // jwt, town, address, ""
	for _, c := range []struct {
		name  string
		shown []string
		want  string
		code  reason.Code
	}{
		{"both", parts[1:3], `{"street":"S","town":{"name":"T","code":7}}`, ""},
		{"other order", []string{parts[2], parts[1]}, `{"street":"S","town":{"name":"T","code":7}}`, ""},
		{"parent", parts[2:3], `{"street":"S"}`, ""},
		{"child alone", parts[1:2], "", reason.SDJWTDisclosureUnreferenced},
		{"twice", []string{parts[2], parts[2]}, "", reason.SDJWTDigestDuplicate},
	} {
		got, err := process(w, []byte(parts[0]+"~"+strings.Join(c.shown, "~")+"~"), "example+sd-jwt")
		if reason.Of(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil {
			if d := cmp.Diff(tree(t, []byte(c.want)), tree(t, got.Claims).(object)["address"]); d != "" {
				t.Error(c.name, d)
			}
		}
	}
}

// TestSealClaimsRefuses has what no issuer may ask for.
func TestSealClaimsRefuses(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	for _, c := range []struct {
		name, claims, typ string
		c                 Concealment
		want              reason.Code
	}{
		{"no such member", person, "x", Concealment{Hide: [][]string{{"family"}}}, reason.RequestInvalid},
		{"no such element", person, "x", Concealment{Hide: [][]string{{"nat", "3"}}}, reason.RequestInvalid},
		{"below a text", person, "x", Concealment{Hide: [][]string{{"given", "x"}}}, reason.RequestInvalid},
		{"index with zeros", person, "x", Concealment{Hide: [][]string{{"nat", "00"}}}, reason.RequestInvalid},
		{"twice", person, "x", Concealment{Hide: [][]string{{"given"}, {"given"}}}, reason.RequestInvalid},
		{"empty path", person, "x", Concealment{Hide: [][]string{{}}}, reason.RequestInvalid},
		{"too many decoys", person, "x", Concealment{Decoys: 17}, reason.RequestInvalid},
		{"_sd", `{"a":{"_sd":[]}}`, "x", Concealment{}, reason.IssueClaimForbidden},
		{"dots", `{"a":[{"...":"x"}]}`, "x", Concealment{}, reason.IssueClaimForbidden},
		{"_sd_alg", `{"_sd_alg":"md5"}`, "x", Concealment{}, reason.IssueClaimForbidden},
		{"iss of an SD-JWT VC", person, Name, Concealment{Hide: [][]string{{"iss"}}}, reason.IssueClaimForbidden},
		{"no object", `[1]`, "x", Concealment{}, reason.JSONType},
		{"not strict", `{"a":1,"a":2}`, "x", Concealment{}, reason.JSONDuplicateName},
	} {
		_, err := SealClaims(context.Background(), []byte(c.claims), c.c, c.typ, rand.Reader, w.Issuer)
		if reason.Of(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	_, err := SealClaims(context.Background(), []byte(person), Concealment{Hide: [][]string{{"given"}, {"nat"}}}, "x", zeros{}, w.Issuer)
	refused(t, err, reason.IssueSaltQuality)
}

// TestProcessRefuses spoils one thing of an SD-JWT VC each.
func TestProcessRefuses(t *testing.T) {
	w := fixture.New(t, key.ES256)
	issue := func(claims string, disclosures ...string) []byte {
		jwt := fixture.JWS(t, `{"alg":"ES256","typ":"dc+sd-jwt","kid":"`+w.Issuer.Method.String()+`"}`, claims, w.Issuer)
		return []byte(strings.Join(append([]string{jwt}, disclosures...), "~") + "~")
	}
	const iss = `"iss":"did:web:proxy.example.org"`
	hidden := fixture.B64(`["saltsaltsaltsaltsalt","status",{}]`)
	vct := fixture.B64(`["saltsaltsaltsaltsalt","vct","x"]`)
	free := fixture.B64(`["saltsaltsaltsaltsalt","sub","did:example:a"]`)
	sd := func(d string) string { return `"_sd":["` + fixture.Digest(d) + `"]` }
	for _, c := range []struct {
		name string
		raw  []byte
		want reason.Code
	}{
		{"base", issue("{" + iss + `,"vct":"https://example.org/any"}`), ""},
		{"sub may be hidden", issue("{"+iss+`,"vct":"v",`+sd(free)+"}", free), ""},
		{"no vct", issue("{" + iss + "}"), reason.CredentialTypeUnknown},
		{"vct hidden", issue("{"+iss+","+sd(vct)+"}", vct), reason.CredentialTypeUnknown},
		{"status hidden", issue("{"+iss+`,"vct":"v",`+sd(hidden)+"}", hidden), reason.SDJWTClaimNotSD},
		{"no iss", issue(`{"vct":"v"}`), reason.KeyControllerMismatch},
		{"https iss that nobody pinned", issue(`{"iss":"https://a.test","vct":"v"}`), reason.KeyControllerMismatch},
		{"iss of another", issue(`{"iss":"did:web:attacker.example.org","vct":"v"}`), reason.KeyControllerMismatch},
		{"no tilde", bytes.TrimSuffix(issue("{"+iss+`,"vct":"v"}`), []byte("~")), reason.SDJWTDisclosureForm},
		{"holder proof unasked", append(issue("{"+iss+`,"vct":"v"}`), "a.b.c"...), reason.SDJWTDisclosureForm},
		{"cnf without key", issue("{" + iss + `,"vct":"v","cnf":{"kid":"k"}}`), reason.KBCnf},
		{"_sd_alg below", issue("{" + iss + `,"vct":"v","a":{"_sd_alg":"sha-256"}}`), reason.SDJWTHashAlg},
	} {
		_, err := process(w, c.raw, Name)
		if reason.Of(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := process(w, issue("{"+iss+`,"vct":"v"}`), "vc+sd-jwt"); reason.Of(err) != reason.JOSETypMismatch {
		t.Error("the older typ: ", err)
	}
	if _, err := Process(context.Background(), issue("{"+iss+`,"vct":"v"}`), Expect{}); err == nil {
		t.Error("the zero Expect accepts something")
	}
	if _, err := Process(context.Background(), issue("{"+iss+`,"vct":"v"}`), Expect{Type: Name, Keys: w.Keys, Binding: w.Binding}); reason.Of(err) != reason.KBMissing {
		t.Error("no holder proof: ", err)
	}
}

// TestHashes reads the three hashes, in digests and in the holder proof, and refuses a digest of one
// under the name of another.
func TestHashes(t *testing.T) {
	for _, alg := range []hashAlg{sha256Alg, sha384Alg, sha512Alg} {
		t.Run(alg.name(), func(t *testing.T) {
			g := newForge(t)
			g.rehash(alg)
			g.mustPass()
			for other := sha256Alg; other <= sha512Alg; other++ {
				if other == alg {
					continue
				}
				g := newForge(t)
				g.rehash(alg)
				g.claims["_sd_alg"] = other.name()
				refused(t, g.open(), reason.SDJWTHashAlg)
				g = newForge(t)
				g.rehash(alg)
				g.alg = other
				refused(t, g.open(), reason.KBSDHash)
			}
		})
	}
}

// rehash writes every digest of the token anew with alg.
func (g *forge) rehash(alg hashAlg) {
	g.t.Helper()
	text := g.marshal(g.claims)
	for _, d := range g.disclosures {
		text = strings.ReplaceAll(text, fixture.Digest(d), string(jose.AppendEncode(nil, alg.append(nil, []byte(d)))))
	}
	g.claims = object{}
	if err := json.Unmarshal([]byte(text), &g.claims); err != nil {
		g.t.Fatal(err)
	}
	lengthen(g.claims, alg)
	g.claims["_sd_alg"] = alg.name()
	g.alg = alg
}

// lengthen puts decoys of alg in place of those of SHA-256.
func lengthen(v any, alg hashAlg) {
	switch v := v.(type) {
	case object:
		for name, inner := range v {
			if list, ok := inner.([]any); ok && name == "_sd" {
				for i, d := range list {
					list[i] = longer(d.(string), alg)
				}
			}
			if name == "..." {
				v[name] = longer(inner.(string), alg)
			}
			lengthen(inner, alg)
		}
	case []any:
		for _, item := range v {
			lengthen(item, alg)
		}
	}
}

func longer(digest string, alg hashAlg) string {
	if len(digest) != 43 || alg == sha256Alg {
		return digest
	}
	return string(jose.AppendEncode(nil, alg.append(nil, []byte(digest))))
}

// TestProcessIsWhatWasIssued hides any part of any claims and reads them back, then drops
// disclosures: what is left is a part of the claims or a refusal with a name.
func TestProcessIsWhatWasIssued(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	rapid.Check(t, func(r *rapid.T) {
		claims := drawValue(r, 3).(object)
		claims["iss"] = "did:web:proxy.example.org"
		raw, err := json.Marshal(claims)
		if err != nil {
			r.Fatal(err)
		}
		var hide [][]string
		for _, path := range pathsOf(claims, nil) {
			if rapid.Bool().Draw(r, "hide "+strings.Join(path, "/")) && path[0] != "iss" && len(hide) < 64 {
				hide = append(hide, path)
			}
		}
		random := mathrand.NewChaCha8([32]byte{1})
		out, err := SealClaims(context.Background(), raw, Concealment{Hide: hide, Decoys: rapid.IntRange(0, 3).Draw(r, "decoys")}, "x", random, w.Issuer)
		if err != nil {
			r.Fatal(err)
		}
		got, err := process(w, out, "x")
		if err != nil {
			r.Fatal(err)
		}
		if d := cmp.Diff(tree(t, raw), tree(t, got.Claims)); d != "" || len(got.Disclosed) != len(hide) {
			r.Fatal(d, len(got.Disclosed), len(hide))
		}
		parts := strings.SplitAfter(string(out), "~")
		kept := parts[0]
		for _, d := range parts[1:] {
			if d != "" && rapid.Bool().Draw(r, "keep") {
				kept += d
			}
		}
		less, err := process(w, []byte(kept), "x")
		if err != nil && reason.Of(err) != reason.SDJWTDisclosureUnreferenced {
			r.Fatal(err)
		}
		if err == nil && !partOf(tree(t, less.Claims), tree(t, raw)) {
			r.Fatalf("%s is no part of %s", less.Claims, raw)
		}
	})
}

// drawValue draws an object of bounded depth.
func drawValue(r *rapid.T, depth int) any {
	switch kind := rapid.IntRange(0, 5).Draw(r, "kind"); {
	case depth == 3 || kind == 0 && depth > 0:
		o := object{}
		for i := range rapid.IntRange(0, 4).Draw(r, "members") {
			o[fmt.Sprintf("m%d", i)] = drawValue(r, depth-1)
		}
		return o
	case kind == 1 && depth > 0:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(r, "items") {
			list = append(list, drawValue(r, depth-1))
		}
		return list
	case kind == 2:
		return nil
	case kind == 3:
		return rapid.Bool().Draw(r, "b")
	case kind == 4:
		return rapid.IntRange(-9, 9).Draw(r, "n")
	}
	return rapid.StringMatching(`[a-z"/~é]{0,6}`).Draw(r, "s")
}

func pathsOf(v any, at []string) (all [][]string) {
	switch v := v.(type) {
	case object:
		for name, inner := range v {
			here := append(slices.Clone(at), name)
			all = append(append(all, here), pathsOf(inner, here)...)
		}
	case []any:
		for i, inner := range v {
			here := append(slices.Clone(at), fmt.Sprint(i))
			all = append(append(all, here), pathsOf(inner, here)...)
		}
	}
	slices.SortFunc(all, slices.Compare[[]string])
	return all
}

// partOf reports whether less is v without some members and elements.
func partOf(less, v any) bool {
	switch v := v.(type) {
	case object:
		o, ok := less.(object)
		for name, inner := range o {
			whole, there := v[name]
			ok = ok && there && partOf(inner, whole)
		}
		return ok
	case []any:
		list, ok := less.([]any)
		i := 0
		for _, inner := range v {
			if i < len(list) && partOf(list[i], inner) {
				i++
			}
		}
		return ok && i == len(list)
	}
	return cmp.Equal(less, v)
}

func FuzzProcess(f *testing.F) {
	w := fixture.NewFrom(f, key.EdDSA, mathrand.NewChaCha8([32]byte{2}))
	good, err := SealClaims(context.Background(), []byte(person), Concealment{Hide: [][]string{{"address"}, {"address", "town"}, {"nat", "0"}}}, "x", mathrand.NewChaCha8([32]byte{3}), w.Issuer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("a.b.c~~"))
	jwt, _, _ := bytes.Cut(good, []byte("~"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := process(w, raw, "x")
		if reason.Of(err) == reason.InternalIndeterminate {
			t.Error("a refusal without a name: ", err)
		}
		if mine, _, _ := bytes.Cut(raw, []byte("~")); err == nil && !bytes.Equal(mine, jwt) {
			t.Errorf("a JWT that nobody signed: %s", got.Claims)
		}
	})
}

// TestProcessFlood has more disclosures than are read, which nothing refers to, of a type of its own.
func TestProcessFlood(t *testing.T) {
	w := fixture.New(t, key.ES256)
	raw, err := SealClaims(context.Background(), []byte(person), Concealment{}, "x", rand.Reader, w.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	flood := append(raw, strings.Repeat("WyJzIiwxXQ~", MaxDisclosures+1)...)
	_, err = Process(context.Background(), flood, Expect{Type: "x", Key: w.Issuer.Public()})
	refused(t, err, reason.SDJWTDisclosureUnreferenced)
}
