// SPDX-License-Identifier: Apache-2.0

package vp_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

const answerTo = "https://gateway.example/vp/response/1"

// plain is a good request that is not signed.
func plain(t testing.TB) *vp.Request {
	r := request(signer(t))
	r.ClientID, r.ResponseURI, r.Audience, r.IssuedAt, r.Expires = vp.PrefixRedirectURI+answerTo, answerTo, "", 0, 0
	return r
}

func TestUnsigned(t *testing.T) {
	want := plain(t)
	l, err := vp.UnsignedLink(want)
	must(t, err)
	read, err := vp.ParseLink(l.String())
	if err != nil || read.RequestURI != "" || read.Object != "" || read.ClientID != want.ClientID {
		t.Fatalf("%+v %v", read, err)
	}
	query, err := url.ParseQuery(read.Unsigned)
	must(t, err)
	got, err := vp.ReadUnsigned(query)
	must(t, err)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(dcql.Step{})); diff != "" {
		t.Error(diff)
	}
	query.Del("response_uri")
	if got, err := vp.ReadUnsigned(query); err != nil || got.ResponseURI != answerTo {
		t.Errorf("the address of the answer is not derived: %v", err)
	}
	if _, err := request(signer(t)).Values(); reason.Of(err) != reason.RequestUnsigned {
		t.Errorf("a request that must be signed goes out without: %v", err)
	}
	signed := *want
	signed.IssuedAt, signed.Expires = now.Unix(), now.Unix()+1
	if _, err := signed.Sign(t.Context(), signer(t)); reason.Of(err) != reason.RequestClientID {
		t.Errorf("signed for a client that cannot sign: %v", err)
	}
	if _, err := (vp.Trust{Keys: keys()}).Open(t.Context(), []byte("a.b.c"), want.ClientID); reason.Of(err) != reason.RequestUnsigned {
		t.Errorf("a request object of a client that cannot sign: %v", err)
	}
}

func TestReadUnsignedRefuses(t *testing.T) {
	good, err := plain(t).Values()
	must(t, err)
	for name, c := range map[string]struct {
		set  map[string]string
		want reason.Code
	}{
		"good":           {nil, ""},
		"another answer": {map[string]string{"response_uri": "https://other.example/1"}, reason.RequestClientID},
		"a DID":          {map[string]string{"client_id": vp.ClientID(signer(t).Method.DID())}, reason.RequestUnsigned},
		"a host":         {map[string]string{"client_id": "x509_san_dns:gateway.example"}, reason.RequestUnsigned},
		"no client":      {map[string]string{"client_id": ""}, reason.RequestClientID},
		"redirect_uri":   {map[string]string{"redirect_uri": answerTo}, reason.RequestInvalid},
		"fragment mode":  {map[string]string{"response_mode": "fragment"}, reason.RequestInvalid},
		"no nonce":       {map[string]string{"nonce": ""}, reason.RequestInvalid},
		"no query":       {map[string]string{"dcql_query": "{}"}, reason.RequestInvalid},
		"query no JSON":  {map[string]string{"dcql_query": "x"}, reason.JSONSyntax},
		"query a list":   {map[string]string{"dcql_query": "[]"}, reason.JSONType},
	} {
		query := url.Values{}
		for name, v := range good {
			query[name] = v
		}
		for name, v := range c.set {
			query.Set(name, v)
		}
		if _, err := vp.ReadUnsigned(query); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	good.Add("nonce", "x")
	if _, err := vp.ReadUnsigned(good); reason.Of(err) != reason.HTTPDuplicateParam {
		t.Errorf("twice: %v", err)
	}
}

// TestLinkByValue reads a link that holds the signed request.
func TestLinkByValue(t *testing.T) {
	by := signer(t)
	want := request(by)
	raw, err := want.Sign(t.Context(), by)
	must(t, err)
	l, err := vp.ParseLink(vp.Link{ClientID: want.ClientID, Object: string(raw)}.String())
	must(t, err)
	if _, err := vp.OpenRequest(t.Context(), []byte(l.Object), l.ClientID, keys()); err != nil {
		t.Error(err)
	}
	post := vp.Link{ClientID: want.ClientID, RequestURI: "https://gateway.example/1", Method: vp.MethodPost}
	if got, err := vp.ParseLink(post.String()); err != nil || got != post {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := vp.ParseLink(strings.Replace(post.String(), vp.Scheme, vp.SchemeHAIP, 1)); err != nil || got != post {
		t.Errorf("the scheme of HAIP: %+v %v", got, err)
	}
}

// TestWalletNonce refuses the request object that was made for another wallet.
func TestWalletNonce(t *testing.T) {
	by := signer(t)
	r := request(by)
	r.WalletNonce = "nonce-of-this-wallet"
	raw, err := r.Sign(t.Context(), by)
	must(t, err)
	for sent, want := range map[string]reason.Code{"nonce-of-this-wallet": "", "": "", "another": reason.RequestInvalid} {
		if _, err := (vp.Trust{Keys: keys(), WalletNonce: sent}).Open(t.Context(), raw, r.ClientID); reason.Of(err) != want {
			t.Errorf("%q: %v", sent, err)
		}
	}
}

// TestStateWithoutProof wants state where nothing else binds an answer to its request.
func TestStateWithoutProof(t *testing.T) {
	by := signer(t)
	r := request(by)
	r.State = ""
	if _, err := r.Sign(t.Context(), by); err != nil {
		t.Error(err)
	}
	r.Query.Credentials[0].Binding = new(bool)
	if _, err := r.Sign(t.Context(), by); reason.Of(err) != reason.RequestInvalid {
		t.Errorf("no state, no proof: %v", err)
	}
}

func FuzzReadUnsigned(f *testing.F) {
	good, err := plain(f).Values()
	must(f, err)
	f.Add(good.Encode())
	f.Add("client_id=redirect_uri%3Ahttps%3A%2F%2Fx&dcql_query={}&nonce=x")
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		r, err := vp.ReadUnsigned(query)
		if err != nil {
			return
		}
		again, err := r.Values()
		if err != nil {
			t.Fatalf("what was read is refused: %v", err)
		}
		if _, err := vp.ReadUnsigned(again); err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
	})
}

// TestRefused tells a client that signed what is wrong with its request, and nobody who did not.
func TestRefused(t *testing.T) {
	by := signer(t)
	header := `{"alg":"ES256","typ":"oauth-authz-req+jwt","kid":"` + by.Method.String() + `"}`
	for name, c := range map[string]struct {
		change func(r *vp.Request)
		sign   key.Signer
		want   string
	}{
		"no nonce":      {func(r *vp.Request) { r.Nonce = "" }, by, vp.ErrorInvalidRequest},
		"transaction":   {func(r *vp.Request) { r.TransactionData = []string{"e30"} }, by, vp.ErrorTransactionData},
		"not signed":    {func(r *vp.Request) { r.Nonce = "" }, signer(t), ""},
		"no address":    {func(r *vp.Request) { r.ResponseURI = "" }, by, ""},
		"plain address": {func(r *vp.Request) { r.ResponseURI = "http://gateway.example/1" }, by, ""},
		"other client":  {func(r *vp.Request) { r.ClientID = vp.PrefixX509DNS + "x" }, by, ""},
		"long state":    {func(r *vp.Request) { r.State = strings.Repeat("x", vp.MaxState+1) }, by, ""},
	} {
		r := request(by)
		id := r.ClientID
		c.change(r)
		_, err := vp.OpenRequest(t.Context(), jws(t, header, r, c.sign), id, keys())
		refused, ok := errors.AsType[*vp.Refused](err)
		switch {
		case err == nil, ok != (c.want != ""):
			t.Errorf("%s: %v", name, err)
		case ok && (refused.Response().Error != c.want || refused.Response().State != r.State || refused.ResponseURI != r.ResponseURI):
			t.Errorf("%s: %+v", name, refused)
		}
	}
}
