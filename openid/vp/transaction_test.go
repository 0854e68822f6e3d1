// SPDX-License-Identifier: Apache-2.0

package vp_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

func transaction(t testing.TB, r *vp.Request, change func(x *vp.Transaction)) string {
	t.Helper()
	x := vp.Transaction{Type: vp.TransactionAccess, Credentials: []string{"a"}, Hashes: []string{"sha-256"}, Access: r.Access}
	if change != nil {
		change(&x)
	}
	text, err := x.Encode()
	must(t, err)
	return text
}

func TestTransactions(t *testing.T) {
	by := signer(t)
	r := request(by)
	r.Query.Credentials = append(r.Query.Credentials, dcql.Credential{ID: "b", Format: vp.FormatSDJWT, Meta: dcql.Meta{VCTValues: []string{"v"}}})
	first, second := transaction(t, r, nil), transaction(t, r, func(x *vp.Transaction) { x.Credentials = []string{"b", "a"} })
	r.TransactionData = []string{first, second}
	want := *r.Access
	r.Access = nil
	raw, err := r.Sign(t.Context(), by)
	must(t, err)
	got, err := vp.OpenRequest(t.Context(), raw, r.ClientID, keys())
	must(t, err)
	if access, err := got.Accessing(); err != nil || access == nil || *access != want {
		t.Errorf("the access: %+v %v", access, err)
	}
	for id, texts := range map[string][]string{"a": {first, second}, "b": {second}, "c": nil} {
		if got, err := got.TransactionFor(id); err != nil || strings.Join(got, " ") != strings.Join(texts, " ") {
			t.Errorf("%s: %v %v", id, got, err)
		}
	}
	if access, err := request(by).Accessing(); err != nil || access == nil {
		t.Errorf("delegation_access: %v", err)
	}
	r.TransactionData = nil
	if access, err := r.Accessing(); err != nil || access != nil {
		t.Errorf("no access: %v %v", access, err)
	}
}

func TestTransactionsRefuse(t *testing.T) {
	by := signer(t)
	r := request(by)
	with := func(change func(x *vp.Transaction)) []string { return []string{transaction(t, r, change)} }
	b64 := func(s string) []string { return []string{base64.RawURLEncoding.EncodeToString([]byte(s))} }
	good := transaction(t, r, nil)
	for name, texts := range map[string][]string{
		"unknown type":       with(func(x *vp.Transaction) { x.Type = "payment" }),
		"no type":            with(func(x *vp.Transaction) { x.Type = "" }),
		"unknown credential": with(func(x *vp.Transaction) { x.Credentials = []string{"a", "z"} }),
		"no credential":      with(func(x *vp.Transaction) { x.Credentials = nil }),
		"other hash":         with(func(x *vp.Transaction) { x.Hashes = []string{"sha-512"} }),
		"no access":          with(func(x *vp.Transaction) { x.Access = nil }),
		"another access":     with(func(x *vp.Transaction) { a := *x.Access; a.Action = "other"; x.Access = &a }),
		"two accesses":       {good, with(func(x *vp.Transaction) { a := *x.Access; a.Action = "other"; x.Access = &a })[0]},
		"no base64url":       {"{}"},
		"padded":             {base64.URLEncoding.EncodeToString([]byte(`{"a":1}`))},
		"no object":          b64("7"),
		"names twice":        b64(`{"type":"a","type":"b"}`),
		"too long":           {strings.Repeat("A", 17<<10)},
		"too many":           strings.Split(strings.Repeat(good+" ", credential.MaxTransactions)+good, " "),
	} {
		changed := *r
		changed.TransactionData = texts
		if name == "two accesses" {
			changed.Access = nil
		}
		if _, err := changed.Sign(t.Context(), by); reason.Of(err) != reason.RequestInvalid || !errors.Is(err, vp.ErrTransactionData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVerifierInfo(t *testing.T) {
	by := signer(t)
	info, err := vp.InfoJWT("a.b.c")
	must(t, err)
	if token, ok := info.JWT(); !ok || token != "a.b.c" {
		t.Errorf("%q %t", token, ok)
	}
	object := vp.VerifierInfo{Format: "x", Data: strictjson.Value(`{"a":1}`), Credentials: []string{"a"}}
	if _, ok := object.JWT(); ok {
		t.Error("an object passes for a token")
	}
	for name, c := range map[string]struct {
		info []vp.VerifierInfo
		want reason.Code
	}{
		"good":               {[]vp.VerifierInfo{info, object}, ""},
		"no format":          {[]vp.VerifierInfo{{Data: info.Data}}, reason.RequestInvalid},
		"a number":           {[]vp.VerifierInfo{{Format: "x", Data: strictjson.Value("7")}}, reason.RequestInvalid},
		"unknown credential": {[]vp.VerifierInfo{{Format: "x", Data: info.Data, Credentials: []string{"z"}}}, reason.RequestInvalid},
		"too many":           {make([]vp.VerifierInfo, vp.MaxInfo+1), reason.RequestInvalid},
		"too long":           {[]vp.VerifierInfo{{Format: "x", Data: strictjson.Value(`"` + strings.Repeat("x", 64<<10) + `"`)}}, reason.RequestInvalid},
	} {
		r := request(by)
		r.VerifierInfo = c.info
		raw, err := r.Sign(t.Context(), by)
		if reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if err != nil {
			continue
		}
		got, err := vp.OpenRequest(t.Context(), raw, r.ClientID, keys())
		if err != nil || len(got.VerifierInfo) != 2 || string(got.VerifierInfo[1].Data) != `{"a":1}` {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, empty := range []string{"transaction_data", "verifier_info"} {
		claims := map[string]any{}
		raw, err := strictjson.Marshal(request(by))
		must(t, err)
		must(t, strictjson.Unmarshal(raw, &claims))
		claims[empty] = []any{}
		header := `{"alg":"ES256","typ":"oauth-authz-req+jwt","kid":"` + by.Method.String() + `"}`
		if _, err := vp.OpenRequest(t.Context(), jws(t, header, claims, by), vp.ClientID(by.Method.DID()), keys()); reason.Of(err) != reason.RequestInvalid {
			t.Errorf("an empty %s: %v", empty, err)
		}
	}
}

// TestAsked tells what a query asks to see beyond permissions, in both spellings.
func TestAsked(t *testing.T) {
	m, every := dcql.Member, dcql.Every()
	for name, c := range map[string]struct {
		format string
		path   dcql.Path
		want   string
		stray  bool
	}{
		"number":           {vp.FormatSDJWT, dcql.Path{m("on_behalf_of"), m("identifier"), m("value")}, "identifier", false},
		"number, W3C":      {vp.FormatLDP, dcql.Path{m("credentialSubject"), m("onBehalfOf"), m("identifier")}, "identifier", false},
		"around it":        {vp.FormatSDJWT, dcql.Path{m("on_behalf_of")}, "identifier", true},
		"all of it":        {vp.FormatVCJWT, dcql.Path{m("credentialSubject")}, "identifier", true},
		"evidence":         {vp.FormatSDJWT, dcql.Path{m("delegation"), m("evidence"), every, m("id")}, "evidence", false},
		"evidence, W3C":    {vp.FormatLDP, dcql.Path{m("evidence"), dcql.Item(0)}, "evidence", false},
		"whole delegation": {vp.FormatSDJWT, dcql.Path{m("delegation")}, "evidence", true},
		"permission":       {vp.FormatSDJWT, vp.DelegationPath(vp.FormatSDJWT, "permission", every), "", false},
		"purpose, W3C":     {vp.FormatVCJWT, vp.DelegationPath(vp.FormatVCJWT, "purpose"), "", true},
		"who":              {vp.FormatSDJWT, dcql.Path{m("on_behalf_of"), m("id")}, "", true},
	} {
		q := dcql.Credential{ID: "a", Format: c.format, Claims: []dcql.Claim{{Path: dcql.Path{m("iss")}}, {Path: c.path}}}
		got := ""
		for _, claim := range vp.Asked(&q) {
			got += string(claim)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		q.Claims = q.Claims[1:]
		if vp.Stray(&q) != c.stray {
			t.Errorf("%s: stray is %v", name, !c.stray)
		}
	}
	both := dcql.Credential{Format: vp.FormatSDJWT, Claims: []dcql.Claim{{Path: dcql.Path{m("delegation"), m("evidence")}}, {Path: dcql.Path{m("on_behalf_of")}}}}
	if got := vp.Asked(&both); len(got) != 2 || got[0] != credential.ClaimIdentifier {
		t.Errorf("%v", got)
	}
}

func FuzzTransactions(f *testing.F) {
	r := request(signer(f))
	f.Add(transaction(f, r, nil))
	f.Add("e30")
	f.Fuzz(func(t *testing.T, text string) {
		changed := *r
		changed.TransactionData = []string{text}
		all, err := changed.Transactions()
		if err == nil && (len(all) != 1 || all[0].Access == nil || len(all[0].Credentials) == 0) {
			t.Fatalf("%+v", all)
		}
	})
}
