// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/storetest"
)

// TestAttackDeletionOfAnothersCopy: a notification_id is the id of a credential, which every service learns
// that sees it. Another wallet of the same person, and who stole a token of theirs, cannot have it revoked.
func TestAttackDeletionOfAnothersCopy(t *testing.T) {
	c := newCodeWorld(t)
	o := c.grant(collected("tom"))
	id := o.ID + "." + ConfigurationSDJWT
	collect := func() (*device, vci.TokenResponse, string) {
		d := c.bound()
		tokens := d.tokens(d.codeForm(d.code(d.push(withState(c.state(o))), "tom")))
		a := d.collect(tokens, id)
		var out vci.CredentialResponse
		if err := strictjson.Unmarshal(a.body, &out); err != nil || out.NotificationID == "" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return d, tokens, out.NotificationID
	}
	first, its, mine := collect()
	other, others, _ := collect()
	tell := func(d *device, token vci.TokenResponse) answer {
		body := must[[]byte](t)(strictjson.Marshal(vci.Notification{ID: mine, Event: vci.Deleted}))
		return d.do("POST", "/notification", "application/json", body,
			"Authorization", "DPoP "+token.AccessToken, "DPoP", d.proof(testOrigin+"/notification", token.AccessToken))
	}
	if a := tell(other, others); a.status != 400 || a.told.Error != "invalid_notification_id" {
		t.Errorf("another wallet deletes it: %d %s", a.status, a.body)
	}
	if n := c.leaves(audit.Revoke); n != 0 {
		t.Errorf("%d revocations", n)
	}
	renewed := first.tokens(first.refreshForm(its.RefreshToken))
	if a := tell(first, renewed); a.status != 204 || c.leaves(audit.Revoke) != 1 {
		t.Errorf("its own wallet with a later token: %d %s", a.status, a.body)
	}
}

// TestAttackOneKeyUnderTwoNames: a key that is named as did:key and as did:jwk in one batch is one key, and
// gets no two credentials.
func TestAttackOneKeyUnderTwoNames(t *testing.T) {
	w := newWorld(t)
	bearer := w.redeemed(w.grant(edit()))
	tom := newHolder(t)
	id, method := didjwk.FromKey(tom.Public())
	again := did.Signer{Signer: tom.Signer, Method: method}
	if id == tom.Method.DID() {
		t.Fatal("one name")
	}
	_, err := w.Issue(t.Context(), bearer, askFor(w.proof(tom), w.proof(again)))
	wants(t, err, reason.ProofBatch)
}

// TestAttackNonceForAnotherPurpose: what was given out for one thing is no good for another, nor is a proof
// for one endpoint at another.
func TestAttackNonceForAnotherPurpose(t *testing.T) {
	c := newCodeWorld(t)
	o := c.grant(collected("tom"))
	d := c.bound()
	tokens := d.tokens(d.codeForm(d.code(d.push(withState(c.state(o))), "tom")))
	id := o.ID + "." + ConfigurationSDJWT
	with := func(proof string) answer {
		return d.collect(tokens, id, "Authorization", "DPoP "+tokens.AccessToken, "DPoP", proof)
	}
	good := d.nonce
	for name, nonce := range map[string]string{"c_nonce": must[string](t)(c.Nonce()), "challenge": must[string](t)(c.Challenge())} {
		d.nonce = nonce
		if a := with(d.proof(testOrigin+"/credential", tokens.AccessToken)); a.status != 401 || a.told.Error != "use_dpop_nonce" {
			t.Errorf("%s in a DPoP proof: %d %s", name, a.status, a.body)
		}
		d.nonce = good
	}
	if a := with(d.proof(testOrigin+"/token", "")); a.status != 401 || a.told.Error != "invalid_dpop_proof" {
		t.Errorf("a proof of the token endpoint: %d %s", a.status, a.body)
	}
	for name, nonce := range map[string]string{"DPoP nonce": good, "challenge": must[string](t)(c.Challenge())} {
		body := must[[]byte](t)(strictjson.Marshal(&vci.CredentialRequest{Identifier: id, Proofs: &vci.Proofs{JWT: []string{c.proofOver(newHolder(t), nonce)}}}))
		d.nonce = good
		a := d.do("POST", "/credential", "application/json", body, "Authorization", "DPoP "+tokens.AccessToken, "DPoP", d.proof(testOrigin+"/credential", tokens.AccessToken))
		if a.status != 400 || a.told.Error != "invalid_nonce" {
			t.Errorf("%s in a key proof: %d %s", name, a.status, a.body)
		}
	}
}

// TestAttackTokensOfWhatEnded: no refresh token outlives what was granted: suspended, taken back, expired,
// declined.
func TestAttackTokensOfWhatEnded(t *testing.T) {
	for name, end := range map[string]func(c *codeWorld, id string) error{
		"suspended": func(c *codeWorld, id string) error {
			_, err := c.Suspend(context.Background(), id, Change{Reason: "x"})
			return err
		},
		"revoked": func(c *codeWorld, id string) error {
			_, err := c.Revoke(context.Background(), id, Change{Reason: "x"})
			return err
		},
		"expired": func(c *codeWorld, _ string) error { c.clock.Advance(2 * 366 * 24 * time.Hour); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCodeWorld(t)
			o := c.grant(collected("tom"))
			d := c.bound()
			tokens := d.tokens(d.codeForm(d.code(d.push(withState(c.state(o))), "tom")))
			if a := d.collect(tokens, o.ID+"."+ConfigurationSDJWT); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if err := end(c, o.ID); err != nil {
				t.Fatal(err)
			}
			d.nonce = ""
			if a := d.send("/token", d.refreshForm(tokens.RefreshToken)); a.status != 400 || a.told.Error != "invalid_grant" {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

// TestAttackReviewAtOnce: of an approval, a refusal and 50 deferred requests at once, either nothing was signed
// and the review is declined, or one credential was and it is approved.
func TestAttackReviewAtOnce(t *testing.T) {
	for range 5 {
		a := applyIn(newBoltWorld(t))
		given := make([]int, 50)
		parallel(52, func(k int) {
			switch k {
			case 50:
				_, _ = a.Approve(context.Background(), a.offering.ID, Change{Reason: "x"})
			case 51:
				_, _ = a.Decline(context.Background(), a.offering.ID, Change{Reason: "x"})
			default:
				if out, err := a.Deferred(context.Background(), Presented{Scheme: "Bearer", Token: a.bearer}, a.waits); err == nil {
					given[k] = len(out.Credentials)
				}
			}
		})
		total := 0
		for _, n := range given {
			total += n
		}
		d := must[*Delegation](t)(a.Delegation(t.Context(), a.offering.ID))
		if total > 1 || total != a.leaves(audit.Issue) || total == 1 && d.Review != Approved || d.Review == Pending || a.leaves(audit.Review) != 1 || len(d.Copies) != total {
			t.Errorf("%d given, %d leaves, review %s, %d copies", total, a.leaves(audit.Issue), d.Review, len(d.Copies))
		}
	}
}

// TestAttackRefreshAtOnce: of 50 uses of one refresh token at once at most one gets tokens, and then they
// are of no use: who used it too may be a thief.
func TestAttackRefreshAtOnce(t *testing.T) {
	w := newBoltWorld(t)
	b := w.bind(w.grant(edit()))
	presented := make([]Presented, 50)
	for k := range presented {
		presented[k] = b.at("/token", "")
	}
	got := make([]vci.TokenResponse, 50)
	parallel(50, func(k int) {
		got[k], _ = w.Token(context.Background(), vci.TokenRequest{Grant: vci.GrantRefreshToken, RefreshToken: b.refresh}, presented[k])
	})
	got = slices.DeleteFunc(got, func(r vci.TokenResponse) bool { return r.AccessToken == "" })
	if len(got) > 1 {
		t.Fatalf("%d got tokens", len(got))
	}
	for _, r := range got {
		b.token = r.AccessToken
		_, err := b.asks(w.proof(newHolder(t)))
		wants(t, err, reason.TokenInvalid)
	}
}

// TestAttackDeleteWhileRevoked: a deletion by the wallet and changes by the operator at once leave a delegation
// that is revoked, and no copy of it that holds.
func TestAttackDeleteWhileRevoked(t *testing.T) {
	w := newBoltWorld(t)
	o := w.grant(edit())
	bearer := w.redeemed(o)
	out := must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, askFor(w.proof(newHolder(t)), w.proof(newHolder(t)))))
	before := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)).Copies
	parallel(30, func(k int) {
		switch k % 3 {
		case 0:
			_ = w.Notify(context.Background(), Presented{Scheme: "Bearer", Token: bearer}, vci.Notification{ID: out.NotificationID, Event: vci.Deleted})
		case 1:
			_, _ = w.Suspend(context.Background(), o.ID, Change{Reason: "x"})
		default:
			_, _ = w.Revoke(context.Background(), o.ID, Change{Reason: "x"})
		}
	})
	for _, c := range before {
		if s := must[status.State](t)(w.cfg.Book.State(t.Context(), c.Ref)); s != status.Revoked {
			t.Errorf("a copy is %s", s)
		}
	}
	if d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)); d.State != Revoked {
		t.Errorf("%s", d.State)
	}
}

// TestAttackSecretsOfTheCodeFlow: neither log nor audit log holds what a person, a browser or a wallet sent on the
// way to a credential, and no key of the store holds a secret.
func TestAttackSecretsOfTheCodeFlow(t *testing.T) {
	c := newCodeWorld(t)
	o := c.grant(collected("tom-canary-subject"))
	d := c.attestedDevice()
	state := c.state(o)
	authorize := d.push(withState(state))
	pushed := must[*url.URL](t)(url.Parse(authorize)).Query().Get("request_uri")
	page := d.signedIn(authorize, "tom-canary-subject")
	token := formToken(t, page)
	code := d.says(page, "yes").Get("code")
	tokens := d.tokens(d.codeForm(code))
	if a := d.send("/token", d.codeForm("wrong-canary-code")); a.status != 400 {
		t.Fatalf("%d", a.status)
	}
	a := d.collect(tokens, tokens.Details[0].Identifiers[0])
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	d.get("/authorize?client_id=canary-client&redirect_uri=https%3A%2F%2Fcanary.example%2F&state=canary-state")
	logged := c.logged.String()
	for name, secret := range map[string]string{
		"issuer_state": state, "request_uri": strings.TrimPrefix(pushed, vci.PushedPrefix), "form token": token, "code": code, "access token": tokens.AccessToken,
		"refresh token": tokens.RefreshToken, "verifier": string(d.verifier), "wrong code": "wrong-canary-code", "subject": "tom-canary-subject", "name": "Hargreaves",
		"client": "canary", "state": "state-of-wallet", "did": "did:key:", "question": d.asked,
	} {
		if secret == "" || strings.Contains(logged, secret) {
			t.Errorf("%s is in the log", name)
		}
		for e, err := range c.faults.Scan(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(e.Key, secret) && name != "did" || strings.HasPrefix(e.Key, "audit/") && strings.Contains(string(e.Value), secret) {
				t.Errorf("%s is in %q", name, strings.SplitN(e.Key, "/", 3)[:2])
			}
		}
	}
}

// TestAttackMoreByDetails: authorization_details in a token request take away, and never add: neither other
// configurations nor another's delegation.
func TestAttackMoreByDetails(t *testing.T) {
	w := newWorld(t)
	o, other := w.grant(edit()), w.grant(edit())
	r := w.tokenRequest(o)
	r.Details = []vci.Detail{{Type: vci.DetailType, Configuration: ConfigurationVCJWT}}
	_, err := w.Token(t.Context(), r, Presented{})
	wants(t, err, reason.GrantInvalid)
	r.Details = []vci.Detail{{Type: vci.DetailType, Configuration: ConfigurationVCJWT}, {Type: vci.DetailType, Configuration: ConfigurationSDJWT}}
	got := must[vci.TokenResponse](t)(w.Token(t.Context(), r, Presented{}))
	if len(got.Details) != 1 || !slices.Equal(got.Details[0].Identifiers, []string{o.ID + "." + ConfigurationSDJWT}) {
		t.Errorf("%+v", got.Details)
	}
	for _, id := range []string{other.ID + "." + ConfigurationSDJWT, o.ID + "." + ConfigurationVCJWT, o.ID, o.ID + "." + ConfigurationSDJWT + "."} {
		_, err := w.Issue(t.Context(), got.AccessToken, &vci.CredentialRequest{Identifier: id, Proofs: &vci.Proofs{JWT: []string{w.proof(newHolder(t))}}})
		wants(t, err, reason.TokenScope)
	}
}

// TestAttackQuestionsSwapped: two requests in one browser, of which a stranger made one: whatever cookie and token
// come with which question, no answer to one is an answer to the other.
func TestAttackQuestionsSwapped(t *testing.T) {
	c := newCodeWorld(t)
	c.grant(collected("tom"))
	mine, strangers := c.bound(), c.bound()
	strangers.http = mine.http // the same browser
	page := mine.signedIn(mine.push(), "tom")
	late := strangers.signedIn(strangers.push(), "tom") // now the cookie is of this question
	for name, a := range map[string]answer{
		"the first page":                   mine.browse("POST", mine.asked, url.Values{"token": {formToken(t, page)}, "answer": {"yes"}}.Encode()),
		"the first page with a late token": mine.browse("POST", mine.asked, url.Values{"token": {formToken(t, late)}, "answer": {"yes"}}.Encode()),
	} {
		if a.status == http.StatusSeeOther || a.header.Get("Location") != "" {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
	}
}

// TestAttackLostNotification: a deletion that is not durable is not acknowledged, also where the id is of the
// second copy of an answer.
func TestAttackLostNotification(t *testing.T) {
	w := newWorld(t)
	o := w.grant(edit())
	bearer := w.redeemed(o)
	must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, askFor(w.proof(newHolder(t)), w.proof(newHolder(t)))))
	second := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)).Copies[1]
	w.faults.Next(storetest.Lost)
	if w.tell(bearer, second.Credential, vci.Deleted) == nil {
		t.Error("acknowledged")
	}
	if err := w.tell(bearer, second.Credential, vci.Deleted); err != nil {
		t.Fatal(err)
	}
	if d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)); len(d.Copies) != 1 || d.Copies[0].Credential == second.Credential {
		t.Errorf("%+v", d.Copies)
	}
}

// TestAttackUnknownReview: what a review came to that this release does not know is not an approval.
func TestAttackUnknownReview(t *testing.T) {
	a := newApplicant(t)
	d := must[*Delegation](t)(a.Delegation(t.Context(), a.offering.ID))
	d.Review = "escalated"
	var steps changes
	steps.add(d.change())
	if err := a.commit(t.Context(), steps); err != nil {
		t.Fatal(err)
	}
	_, err := a.comeBack(a.bearer, a.waits)
	wants(t, err, reason.TokenScope)
	if a.leaves(audit.Issue) != 0 {
		t.Error("it was signed")
	}
}

// interrupted lets something happen between what was read and what is committed.
type interrupted struct {
	AuditLog
	by func()
}

func (i interrupted) Append(ctx context.Context, e audit.Event, with ...store.Change) (audit.Receipt, error) {
	i.by()
	return i.AuditLog.Append(ctx, e, with...)
}

// TestAttackDeletedWhilePassedOn: a copy that is passed on at the very moment in which its deletion is reported
// is either passed on and stands, or deleted and not passed on.
func TestAttackDeletedWhilePassedOn(t *testing.T) {
	f := newFamily(t)
	d := must[*Delegation](t)(f.Delegation(t.Context(), f.delegation))
	ref := d.Copies[0].Ref
	slow := *f.Issuer
	slow.cfg.Audit = interrupted{f.cfg.Audit, func() { must[HostedStatus](t)(f.host(f.tom, f.root, "urn:uuid:c")) }}
	err := slow.forget(t.Context(), d, []int{0})
	if _, conflict := store.IsConflict(err); !conflict {
		t.Errorf("%v", err)
	}
	if s := must[status.State](t)(f.cfg.Book.State(t.Context(), ref)); s != status.Valid {
		t.Errorf("what was passed on rests on a copy that is %s", s)
	}
}
