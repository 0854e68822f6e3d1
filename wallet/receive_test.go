// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

func TestReceive(t *testing.T) {
	for _, format := range []string{sdjwt.Name, vcjwt.Name, dataintegrity.ECDSARDFC, dataintegrity.ECDSAJCS, ecdsasd.Name} {
		t.Run(format, func(t *testing.T) {
			w := newTown(t)
			w.format, w.txCode = format, "123456"
			held := w.wallet()
			var seen OfferView
			collected, err := held.Receive(t.Context(), w.offer(), Collector{Accept: func(o OfferView) (string, error) {
				if seen = o; w.issuer.hit("POST /token") > 0 {
					t.Error("the code was redeemed before anybody agreed")
				}
				return "123456", nil
			}})
			check(t, err)
			if seen.Issuer != "Larkhill Road Surgery" || seen.Origin != w.issuer.origin || seen.TxCode == nil || seen.TxCode.Length != 6 {
				t.Errorf("shown before: %+v", seen)
			}
			e := collected.Entries[0]
			if e.Format != format || e.OnBehalfOf != principal || e.Issuer != "Larkhill Road Surgery" || len(e.Allows) != 3 || e.Links != 1 {
				t.Errorf("entry: %+v", e)
			}
			all, bad, err := held.List(t.Context())
			check(t, err)
			if len(all) != 1 || len(bad) != 0 || all[0].ID != e.ID || all[0].Identifier.Value != nhsNumber {
				t.Errorf("list: %v %v", all, bad)
			}
			if w.issuer.hit("POST /notification") != 1 {
				t.Error("the issuer was not told")
			}
			if s := held.Status(t.Context(), e); !s.Good() || s.AsOf.IsZero() {
				t.Errorf("status: %+v", s)
			}
		})
	}
}

// TestReceiveRefuses names what a wallet does not take, and that it stores nothing then. The case
// "issuer gives other…" are attack WAL-06.
func TestReceiveRefuses(t *testing.T) {
	other := "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"
	for name, c := range map[string]struct {
		set  func(*town)
		want reason.Code
		sent bool // whether the code may have been redeemed
	}{
		"issuer not accredited":       {func(w *town) { w.framework.Accreditations = nil }, reason.OfferUntrusted, false},
		"accreditation revoked":       {func(w *town) { w.framework.Accreditations[0].Status = trustframework.Revoked }, reason.OfferUntrusted, false},
		"accreditation suspended":     {func(w *town) { w.framework.Accreditations[0].Status = trustframework.Suspended }, reason.OfferUntrusted, false},
		"accreditation ended":         {func(w *town) { w.framework.Accreditations[0].Until = w.at }, reason.OfferUntrusted, false},
		"accreditation not begun":     {func(w *town) { w.framework.Accreditations[0].From = w.at.Add(time.Second) }, reason.OfferUntrusted, false},
		"accredited for other things": {func(w *town) { w.framework.Accreditations[0].Types = []string{credential.TypeIdentityBinding} }, reason.OfferUntrusted, false},
		"framework unavailable":       {func(w *town) { w.framework = trustframework.Unavailable() }, reason.TrustRegistryUnavailable, false},
		"framework stale":             {func(w *town) { w.framework.AsOf = w.at.Add(-2 * time.Hour) }, reason.TrustRegistryStale, false},
		"other holder":                {func(w *town) { w.grant = func(c *credential.Credential) { c.Delegate.ID = other } }, reason.CredentialUnexpected, true},
		"expired": {func(w *town) {
			w.grant = func(c *credential.Credential) {
				c.ValidFrom, c.ValidUntil = w.at.Add(-2*time.Hour), w.at.Add(-time.Hour)
			}
		}, reason.CredentialUnexpected, true},
		"revoked already": {func(w *town) {
			w.grant = func(c *credential.Credential) { w.flip(c, status.Revoked) }
		}, reason.CredentialUnexpected, true},
		"rests on another": {func(w *town) {
			w.grant = func(c *credential.Credential) {
				c.Parent = &credential.Parent{ID: principal, Digest: "sha-256:RuutkFGEGEk3WQDS3ci4z-isRfsZ_TI3E1ok6p02AHA"}
			}
		}, reason.CredentialUnexpected, true},
		"signed by another accredited party": {func(w *town) {
			w.sealer = w.gateway
		}, reason.CredentialUnexpected, true},
		"signed by a stranger":     {func(w *town) { w.sealer = w.stranger }, "", true},
		"beyond its accreditation": {func(w *town) { w.grant = func(c *credential.Credential) { c.Relationship = "friend" } }, reason.TrustRelationshipUnknown, true},
		"several credentials":      {func(w *town) { w.extra = 1 }, reason.CredentialUnexpected, true},
		"two permissions too far":  {func(w *town) { w.framework.Accreditations[0].Resources = []string{"appointments"} }, reason.TrustScopeNotAccredited, true},
		"metadata of another": {func(w *town) {
			w.says("GET /.well-known/openid-credential-issuer", func(m *vci.IssuerMetadata) { m.Issuer = w.gateway.origin })
		}, reason.IssuerMetadataInvalid, false},
		"credential endpoint off": {func(w *town) {
			w.says("GET /.well-known/openid-credential-issuer", func(m *vci.IssuerMetadata) { m.CredentialEndpoint = w.stranger.origin + "/c" })
		}, reason.IssuerMetadataInvalid, false},
		"no nonce endpoint": {func(w *town) {
			w.says("GET /.well-known/openid-credential-issuer", func(m *vci.IssuerMetadata) { m.NonceEndpoint = "" })
		}, reason.IssuerMetadataInvalid, false},
		"only unknown formats": {func(w *town) {
			w.says("GET /.well-known/openid-credential-issuer", func(m *vci.IssuerMetadata) {
				m.Configurations = map[string]vci.Configuration{"delegation": {Format: "mso_mdoc"}}
			})
		}, reason.CredentialUnexpected, false},
		"other type": {func(w *town) {
			w.says("GET /.well-known/openid-credential-issuer", func(m *vci.IssuerMetadata) {
				m.Configurations = map[string]vci.Configuration{"delegation": {Format: sdjwt.Name, VCT: "https://example.org/other"}}
			})
		}, reason.CredentialUnexpected, false},
		"other format than offered": {func(w *town) {
			w.says("GET /.well-known/openid-credential-issuer", func(m *vci.IssuerMetadata) { *m = w.metadata(); w.format = vcjwt.Name })
		}, reason.CredentialUnexpected, true},
		"keys pinned to another way than its DID": {func(w *town) {
			p := w.framework.Parties[w.issuer.id.String()]
			p.IssuerKeys.Method = trustframework.ByMetadata
			w.framework.Parties[w.issuer.id.String()] = p
		}, reason.KeyControllerMismatch, true},
		"redirect": {func(w *town) {
			w.issuer.serve(map[string]http.HandlerFunc{"POST /token": func(rw http.ResponseWriter, r *http.Request) {
				http.Redirect(rw, r, w.stranger.origin+"/token", http.StatusTemporaryRedirect)
			}})
		}, reason.FetchRedirect, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			c.set(w)
			held := w.wallet()
			_, err := held.Receive(t.Context(), w.offer(), w.taker())
			if c.want != "" {
				want(t, err, c.want)
			} else if err == nil {
				t.Fatal("it was taken")
			}
			if all, _, _ := held.List(t.Context()); len(all) != 0 {
				t.Error("something was stored")
			}
			if !c.sent && w.redeemed > 0 {
				t.Error("the code was spent all the same")
			}
		})
	}
}

// says changes a metadata document of the issuer.
func (w *town) says(path string, change func(*vci.IssuerMetadata)) {
	w.issuer.serve(map[string]http.HandlerFunc{path: func(rw http.ResponseWriter, _ *http.Request) {
		m := w.metadata()
		change(&m)
		writeAny(rw, 200, m)
	}})
}

// flip changes the state of a credential that was given an index.
func (w *town) flip(c *credential.Credential, to status.State) {
	check(w.t, w.book.Set(context.Background(), []publisher.Ref{{List: publisher.ListID{Epoch: 1, Serial: 1}, Index: c.Status[0].Index}}, to))
}

func TestOffers(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	for name, c := range map[string]struct {
		link string
		want reason.Code
	}{
		"no offer":                {"https://example.org/", reason.OfferUntrusted},
		"issuer is a stranger":    {"openid-credential-offer://?credential_offer=" + `{"credential_issuer":"` + w.stranger.origin + `","credential_configuration_ids":["a"]}`, reason.OfferUntrusted},
		"at a strangers host":     {"openid-credential-offer://?credential_offer_uri=" + w.stranger.origin + "/offer", reason.OfferUntrusted},
		"no grant":                {"openid-credential-offer://?credential_offer=" + `{"credential_issuer":"` + w.issuer.origin + `","credential_configuration_ids":["a"]}`, reason.OfferUntrusted},
		"both forms":              {"openid-credential-offer://?credential_offer=%7B%7D&credential_offer_uri=https://x.example", reason.ResponseAmbiguous},
		"issuer is look-alike":    {"openid-credential-offer://?credential_offer=" + `{"credential_issuer":"` + w.issuer.origin + `/x","credential_configuration_ids":["a"]}`, reason.OfferUntrusted},
		"by reference, not there": {"openid-credential-offer://?credential_offer_uri=" + w.issuer.origin + "/offer", reason.GrantInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := held.Receive(t.Context(), c.link, w.taker())
			want(t, err, c.want)
		})
	}
	if w.stranger.hit("GET /offer") != 0 {
		t.Error("a stranger was contacted")
	}
	_, plain, _ := strings.Cut(w.offer(), "credential_offer=")
	w.issuer.serve(map[string]http.HandlerFunc{"GET /offer": func(rw http.ResponseWriter, r *http.Request) {
		l, _ := vci.ParseOfferLink("openid-credential-offer://?credential_offer=" + plain)
		writeAny(rw, 200, l.Offer)
	}})
	if _, err := held.Receive(t.Context(), "openid-credential-offer://?credential_offer_uri="+w.issuer.origin+"/offer", w.taker()); err != nil {
		t.Errorf("by reference: %v", err)
	}
}

func TestTxCode(t *testing.T) {
	declined := errors.New("declined")
	for name, c := range map[string]struct {
		code, given string
		err         error
		want        reason.Code
		spent       bool
	}{
		"missing":          {"123456", "", nil, reason.GrantTxCode, false},
		"too short":        {"123456", "12345", nil, reason.GrantTxCode, false},
		"letters":          {"123456", "12345x", nil, reason.GrantTxCode, false},
		"not asked for":    {"", "123456", nil, reason.GrantTxCode, false},
		"wrong":            {"123456", "654321", nil, reason.GrantInvalid, true},
		"person says no":   {"123456", "", declined, reason.InternalIndeterminate, false},
		"right":            {"123456", "123456", nil, "", true},
		"none, none asked": {"", "", nil, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			w.txCode = c.code
			_, err := w.wallet().Receive(t.Context(), w.offer(), Collector{Accept: func(OfferView) (string, error) { return c.given, c.err }})
			want(t, err, c.want)
			if got := w.issuer.hit("POST /token") > 0; got != c.spent {
				t.Errorf("a try was spent: %v", got)
			}
			if c.err != nil && !errors.Is(err, declined) {
				t.Errorf("the person's answer is lost: %v", err)
			}
		})
	}
}

// TestIssuerWords holds what a person reads for each refusal by an issuer.
func TestIssuerWords(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   reason.Code
		words  string
	}{
		"used, expired or wrong": {400, `{"error":"invalid_grant"}`, reason.GrantInvalid, "ask the issuer for a new offer"},
		"consumed":               {400, `{"error":"invalid_grant","reason":"grant.consumed"}`, reason.GrantConsumed, "collected before"},
		"locked":                 {400, `{"error":"invalid_grant","reason":"grant.tx_code_locked"}`, reason.GrantTxCodeLocked, "too often"},
		"wrong code":             {400, `{"error":"invalid_grant","reason":"grant.tx_code"}`, reason.GrantTxCode, "check it"},
		"down":                   {503, `{"type":"/problems/dependency-failed"}`, reason.FetchLimit, "try again later"},
		"rate":                   {429, `{"reason":"limit.rate"}`, reason.LimitRate, "try again later"},
		"made up":                {400, `{"error":"x","reason":"\u202eevil"}`, reason.GrantInvalid, "ask it for a new offer"},
		"a clock that is wrong":  {400, `{"error":"invalid_dpop_proof"}`, reason.DPoPInvalid, "check the clock"},
		"an unknown wallet":      {401, `{"error":"invalid_client"}`, reason.ClientAttestation, "does not take this wallet"},
		"turned down":            {400, `{"error":"access_denied"}`, reason.GrantInvalid, "turned it down"},
		"too late":               {401, `{"error":"invalid_token"}`, reason.TokenInvalid, "is over"},
		"no json":                {400, `nothing`, reason.GrantInvalid, "ask it for a new offer"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			w.issuer.serve(map[string]http.HandlerFunc{"POST /token": func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", "application/json")
				rw.WriteHeader(c.status)
				_, _ = rw.Write([]byte(c.body))
			}})
			_, err := w.wallet().Receive(t.Context(), w.offer(), w.taker())
			want(t, err, c.want)
			if e, _ := errors.AsType[*reason.Error](err); !strings.Contains(e.Detail, c.words) {
				t.Errorf("words: %q", e.Detail)
			}
		})
	}
}

func TestUnreachableIssuer(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.issuer.server.Close()
	_, err := held.Receive(t.Context(), w.offer(), w.taker())
	want(t, err, reason.FetchLimit)
	if e, _ := errors.AsType[*reason.Error](err); !strings.Contains(e.Detail, "cannot be reached") {
		t.Errorf("words: %q", e.Detail)
	}
}

// TestNoRoom shows that a disk without space is found out before the code, which works once, is spent.
func TestNoRoom(t *testing.T) {
	w := newTown(t)
	v := newVault(t)
	v.disk = fullDisk()
	_, err := w.over(v).Receive(t.Context(), w.offer(), w.taker())
	want(t, err, reason.StorageFull)
	if w.redeemed != 0 {
		t.Error("the code was spent")
	}
}
