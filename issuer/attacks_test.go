// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// row is a row of attacks.json.
type row struct {
	ID       string `json:"id"`
	Category string `json:"category"`
	Expected struct {
		Status  int         `json:"http_status"`
		Problem string      `json:"problem_type"`
		Reason  reason.Code `json:"reason_code"`
		Spec    string      `json:"spec_error"`
	} `json:"expected"`
}

// TestAttacks makes each attack of category openid4vci, after
// showing that the base case is permitted.
func TestAttacks(t *testing.T) {
	var file struct {
		Attacks []row `json:"attacks"`
	}
	if err := json.Unmarshal(shared.Open(t, "data/attacks.json"), &file); err != nil {
		t.Fatal(err)
	}
	made := map[string]func(t *testing.T, r row){
		"VCI-01": attackCodeReplay, "VCI-02": attackTxGuess, "VCI-03": attackTxForm, "VCI-04": attackNonce, "VCI-07": attackKeyHeaders,
		"VCI-08": attackIss, "VCI-10": attackBatch, "VCI-11": attackType,
		"VCI-12": attackDPoP, "VCI-13": attackTokenTheft, "VCI-14": attackAuthorizationCode, "VCI-15": attackAudience, "VCI-16": attackAttestation,
		"VCI-20": attackIdempotency, "VCI-21": attackMassAssignment,
		"VCI-17": attackDeferred, "VCI-22": attackEncryption, "VCI-23": attackNotification, "VCI-24": attackAccreditation, "VCI-25": attackTemplate,
	}
	for _, r := range file.Attacks {
		if r.Category != "openid4vci" {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			attack := made[r.ID]
			if attack == nil {
				t.Fatal("a row that nobody makes")
			}
			attack(t, r)
		})
	}
}

// refused checks an answer against the row. spec is the error code where it is not the row's.
func (r row) refused(t *testing.T, what string, a answer, spec ...string) {
	t.Helper()
	want := r.Expected.Spec
	if len(spec) > 0 {
		want = spec[0]
	}
	e, _ := reason.Lookup(r.Expected.Reason)
	if a.status != r.Expected.Status || a.told.Type != r.Expected.Problem || e.Status != r.Expected.Status || want != "" && a.told.Error != want {
		t.Errorf("%s: %d %s", what, a.status, a.body)
	}
	if a.told.Reason != "" && a.told.Reason != r.Expected.Reason || a.told.Reason == "" && r.Expected.Reason.For(reason.Delegate) != "" {
		t.Errorf("%s: reason %q", what, a.told.Reason)
	}
}

// attacked returns a served world whose base case was shown to be permitted, and an open offer.
func attacked(t *testing.T) (*world, Offering) {
	t.Helper()
	w := newBoltWorld(t).serve()
	w.collect(w.grant(edit()), newHolder(t))
	return w, w.grant(both())
}

func (w *world) redeem(o Offering, tx string) answer {
	return w.postForm("/token", vci.TokenRequest{Code: w.codeOf(o), TxCode: tx}.Form())
}

// parallelAnswers makes calls at once, and returns how many ended with 200 and the rest.
func parallelAnswers(n int, call func(k int) answer) (good int, rest []answer) {
	all := make([]answer, n)
	parallel(n, func(k int) { all[k] = call(k) })
	for _, a := range all {
		if a.status < 300 {
			good++
			continue
		}
		rest = append(rest, a)
	}
	return good, rest
}

func attackCodeReplay(t *testing.T, r row) {
	w, o := attacked(t)
	good, rest := parallelAnswers(50, func(int) answer { return w.redeem(o, o.Offer.TxCode) })
	if good != 1 {
		t.Errorf("%d tokens", good)
	}
	for _, a := range rest {
		r.refused(t, "in parallel", a)
	}
	r.refused(t, "again", w.redeem(o, o.Offer.TxCode))
}

func attackTxGuess(t *testing.T, r row) {
	w, o := attacked(t)
	for range MaxTxTries {
		if a := w.redeem(o, wrong(o.Offer.TxCode)); a.status != 400 || a.told.Error != "invalid_grant" {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	r.refused(t, "the right one, too late", w.redeem(o, o.Offer.TxCode))
}

func attackTxForm(t *testing.T, r row) {
	w, o := attacked(t)
	// OpenID4VCI 1.0 §6.3: a code that is demanded and absent is invalid_request. Every offer of this
	// issuer demands one, so that none can be superfluous.
	r.refused(t, "omitted", w.redeem(o, ""), "invalid_request")
	r.refused(t, "letters", w.redeem(o, "abcdef"))
	r.refused(t, "10 KiB", w.redeem(o, strings.Repeat("1", 10<<10)))
	if a := w.redeem(o, o.Offer.TxCode); a.status != 200 {
		t.Errorf("malformed codes counted as tries: %d", a.status)
	}
}

func attackNonce(t *testing.T, r row) {
	w, o := attacked(t)
	bearer := w.redeemed(o)
	ask := func(nonce string) answer {
		return w.postJSON("/credential", bearer, ask(ConfigurationSDJWT, w.proofOver(newHolder(t), nonce)))
	}
	used := must[string](t)(w.Nonce())
	must[*vci.CredentialResponse](t)(w.Issue(t.Context(), w.redeemed(w.grant(edit())), askFor(w.proofOver(newHolder(t), used))))
	r.refused(t, "used", ask(used))
	r.refused(t, "of another issuer", ask(must[string](t)(newWorld(t).Nonce())))
	late := must[string](t)(w.Nonce())
	w.clock.Advance(NonceLife - time.Second)
	bearer = w.redeemed(w.grant(edit()))
	w.clock.Advance(time.Second)
	r.refused(t, "after its life", ask(late))
	fresh := must[string](t)(w.Nonce())
	w = w.reopen(w.faults).serve()
	r.refused(t, "used before the restart", ask(used))
	r.refused(t, "from before the restart", ask(fresh))
}

func askFor(proofs ...string) *vci.CredentialRequest { return ask(ConfigurationSDJWT, proofs...) }

// rawProof signs any header.
func (w *world) rawProof(by did.Signer, header map[string]any) string {
	w.t.Helper()
	head := must[[]byte](w.t)(json.Marshal(header))
	body := must[[]byte](w.t)(json.Marshal(map[string]any{"aud": testOrigin, "iat": w.clock.Now().Unix(), "nonce": must[string](w.t)(w.Nonce())}))
	input := jose.AppendEncode(append(jose.AppendEncode(nil, head), '.'), body)
	sig := must[[]byte](w.t)(by.Sign(context.Background(), input))
	return string(jose.AppendEncode(append(input, '.'), sig))
}

func attackKeyHeaders(t *testing.T, r row) {
	w, o := attacked(t)
	bearer, tom := w.redeemed(o), newHolder(t)
	jwk, kid, x5c := tom.Public().JWK(), tom.Method.String(), []string{"MIIB"}
	head := func(more map[string]any) map[string]any {
		more["typ"], more["alg"] = vci.TypeProof, "ES256"
		return more
	}
	for name, h := range map[string]map[string]any{
		"jwk and kid": {"jwk": jwk, "kid": kid}, "kid and x5c": {"kid": kid, "x5c": x5c}, "all three": {"jwk": jwk, "kid": kid, "x5c": x5c}, "none": {},
	} {
		a := w.postJSON("/credential", bearer, askFor(w.rawProof(tom, head(h))))
		r.refused(t, name, a)
	}
	if a := w.postJSON("/credential", bearer, askFor(w.rawProof(tom, head(map[string]any{"kid": kid})))); a.status != 200 {
		t.Errorf("one key: %d %s", a.status, a.body)
	}
}

func attackIss(t *testing.T, r row) {
	w, o := attacked(t)
	victim, attacker := newHolder(t), newHolder(t)
	r.refused(t, "iss of a victim", w.postJSON("/credential", w.redeemed(o), askFor(w.bareProof(attacker, map[string]any{"iss": victim.Method.DID().String()}))))
}

func attackBatch(t *testing.T, r row) {
	w, o := attacked(t)
	bearer := w.redeemed(o)
	tom := newHolder(t)
	many := make([]string, 10_001)
	for k := range many {
		many[k] = "x"
	}
	var ten []string
	for range 9 {
		ten = append(ten, w.proof(newHolder(t)))
	}
	bad := w.bareProof(tom, map[string]any{"aud": "https://other.example.org"})
	r.refused(t, "10,001", w.postJSON("/credential", bearer, askFor(many...)))
	r.refused(t, "21", w.postJSON("/credential", bearer, askFor(many[:vci.MaxProofs+1]...)))
	r.refused(t, "one key twice", w.postJSON("/credential", bearer, askFor(w.proof(tom), w.proof(tom))))
	r.refused(t, "one bad among 10", w.postJSON("/credential", bearer, askFor(append(ten, bad)...)))
	r.refused(t, "mixed", w.postJSON("/credential", bearer, map[string]any{
		"credential_configuration_id": ConfigurationSDJWT, "proofs": map[string]any{"jwt": ten, "attestation": []string{"x"}},
	}))
	d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID))
	if len(d.Copies) != 0 {
		t.Errorf("%d of a refused batch were issued", len(d.Copies))
	}
	if a := w.postJSON("/credential", bearer, askFor(ten...)); a.status != 200 {
		t.Errorf("a good batch: %d %s", a.status, a.body)
	}
}

func attackType(t *testing.T, r row) {
	w, _ := attacked(t)
	bearer := w.redeemed(w.grant(edit()))
	r.refused(t, "beyond the offer", w.postJSON("/credential", bearer, ask(ConfigurationVCJWT, w.proof(newHolder(t)))))
	// OpenID4VCI 1.0 §8.3.1.2 has a code of its own for what is not known.
	r.refused(t, "unknown", w.postJSON("/credential", bearer, ask("identity", w.proof(newHolder(t)))), "unknown_credential_configuration")
}

func attackIdempotency(t *testing.T, r row) {
	w, _ := attacked(t)
	post := func(body []byte) answer {
		return w.admin("POST", "/admin/v1/delegations", body, "Idempotency-Key", "key")
	}
	ids := map[string]bool{}
	all := make([]answer, 50)
	parallel(50, func(k int) { all[k] = post(edit()) })
	for _, a := range all {
		var o Offering
		if a.status != 201 || strictjson.Unmarshal(a.body, &o) != nil {
			t.Fatalf("%d %s", a.status, a.body)
		}
		ids[o.ID] = true
	}
	if len(ids) != 1 {
		t.Errorf("%d delegations of one key", len(ids))
	}
	r.refused(t, "other body", post(edit(`"GB-ENG"`, `"GB-SCT"`)))
}

func attackMassAssignment(t *testing.T, r row) {
	w, _ := attacked(t)
	for name, body := range map[string][]byte{
		"issuer": edit(`"validFrom"`, `"issuer":"did:web:evil.example","validFrom"`), "id": edit(`"validFrom"`, `"id":"urn:x:y","validFrom"`),
		"credentialStatus": edit(`"validFrom"`, `"credentialStatus":[],"validFrom"`), "status.idx": edit(`"validFrom"`, `"status":{"idx":1},"validFrom"`),
		"validUntil beyond policy": edit(`"2027-11-22`, `"2037-11-22`), "internal flag": edit(`{"profile"`, `{"state":"issued","profile"`),
		"cnf": edit(`"validFrom"`, `"cnf":{},"validFrom"`), "inner flag": edit(`"relationship"`, `"verified":true,"relationship"`),
	} {
		r.refused(t, name, w.admin("POST", "/admin/v1/delegations", body, "Idempotency-Key", name), "")
	}
}

func attackNotification(t *testing.T, r row) {
	w, o := attacked(t)
	bearer := w.redeemed(o)
	mine := must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, askFor(w.proof(newHolder(t)))))
	otherBearer := w.redeemed(w.grant(edit()))
	other := must[*vci.CredentialResponse](t)(w.Issue(t.Context(), otherBearer, askFor(w.proof(newHolder(t)))))
	tell := func(id, event string) answer {
		return w.postJSON("/notification", bearer, map[string]string{"notification_id": id, "event": event})
	}
	r.refused(t, "another holder's", tell(other.NotificationID, "credential_accepted"))
	r.refused(t, "unknown event", tell(mine.NotificationID, "credential_stolen"), "invalid_notification_request")
	before := w.faults.Commits()
	for range 10_000 {
		if err := w.tell(bearer, mine.NotificationID, vci.Accepted); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.faults.Commits() - before; n != 1 {
		t.Errorf("10,000 repeats were written %d times", n)
	}
}

func attackAccreditation(t *testing.T, r row) {
	w, o := attacked(t)
	bearer := w.redeemed(o)
	f := *w.framework
	f.Accreditations = nil
	w.framework = &f
	r.refused(t, "at collection", w.postJSON("/credential", bearer, askFor(w.proof(newHolder(t)))))
	r.refused(t, "at the grant", w.admin("POST", "/admin/v1/delegations", edit(), "Idempotency-Key", "a"), "")
	if d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)); len(d.Copies) != 0 {
		t.Error("signed all the same")
	}
}

func attackTemplate(t *testing.T, r row) {
	w, _ := attacked(t)
	s := seals{Format: w.cfg.Formats[0], change: func(c *credential.Credential) { c.Permissions[0].Resource = "messages" }}
	w.cfg.Formats = credential.Formats{s, w.cfg.Formats[1]}
	w.Issuer = must[*Issuer](t)(New(w.cfg))
	w.serve()
	a := w.postJSON("/credential", w.redeemed(w.grant(edit())), askFor(w.proof(newHolder(t))))
	r.refused(t, "a broken template", a)
	if strings.Contains(string(a.body), "credentials") || !strings.Contains(w.logged.String(), string(reason.IssueSelfCheck)) {
		t.Errorf("released, or not logged: %s", a.body)
	}
}
