// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/storetest"
)

// TestIssue is the whole way from a grant to credentials in both formats that a stranger can open.
func TestIssue(t *testing.T) {
	w := newWorld(t)
	tom := newHolder(t)
	o := w.grant(both())
	bearer := w.redeemed(o)
	sd := must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, ask(ConfigurationSDJWT, w.proof(tom), w.proof(newHolder(t)))))
	vc := must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, ask(ConfigurationVCJWT, w.proof(tom))))
	if len(sd.Credentials) != 2 || len(vc.Credentials) != 1 {
		t.Fatalf("%d and %d credentials", len(sd.Credentials), len(vc.Credentials))
	}
	one, two, three := w.opened(sd.Credentials[0].Credential), w.opened(sd.Credentials[1].Credential), w.opened(vc.Credentials[0].Credential)
	for _, c := range []*credential.Credential{one, three} {
		if c.Issuer != testID || c.Delegate.ID != tom.Method.DID().String() || c.Relationship != "adult-to-adult" || c.Redelegation.MaxDepth != 2 {
			t.Errorf("issued something else: %+v", c)
		}
	}
	if one.ID == two.ID || one.Status[0].Index == two.Status[0].Index && one.Status[0].List == two.Status[0].List || one.Delegate.ID == two.Delegate.ID {
		t.Error("two copies share what must be their own")
	}
	d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID))
	if d.State != Issued || len(d.Copies) != 3 {
		t.Errorf("state %s with %d copies", d.State, len(d.Copies))
	}
	if n := w.leaves(audit.Issue); n != 2 {
		t.Errorf("%d leaves of issuance, want one for each format", n)
	}
}

func TestGrantForOneDelegate(t *testing.T) {
	w := newWorld(t)
	tom := newHolder(t)
	named := edit(`"delegate":{"kind":"person"}`, `"delegate":{"id":"`+tom.Method.DID().String()+`","kind":"person"}`)
	_, err := w.Issue(t.Context(), w.redeemed(w.grant(named)), ask(ConfigurationSDJWT, w.proof(newHolder(t))))
	wants(t, err, reason.IssueKeyContinuity)
	if c := w.collect(w.grant(named), tom); c.Delegate.ID != tom.Method.DID().String() {
		t.Error("the credential names another delegate")
	}
}

func TestGrantRefusals(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		body []byte
		want reason.Code
	}{
		"id":                  {edit(`"validFrom"`, `"id":"urn:x:1","validFrom"`), reason.IssueClaimForbidden},
		"issuer":              {edit(`"validFrom"`, `"issuer":"did:web:x.example","validFrom"`), reason.IssueClaimForbidden},
		"credentialStatus":    {edit(`"validFrom"`, `"credentialStatus":[],"validFrom"`), reason.IssueClaimForbidden},
		"status":              {edit(`"validFrom"`, `"status":{"status_list":{"idx":1}},"validFrom"`), reason.IssueClaimForbidden},
		"permission id":       {edit(`"resource":"appointments"`, `"id":"p1","resource":"appointments"`), reason.IssueClaimForbidden},
		"flag":                {edit(`{"profile"`, `{"approved":true,"profile"`), reason.IssueClaimForbidden},
		"parent":              {edit(`"prohibition":[]`, `"prohibition":[],"parent":{"id":"a","digest":"b"}`), reason.IssueClaimForbidden},
		"type":                {edit(`"maxDepth":2`, `"maxDepth":"2"`), reason.CredentialSchemaInvalid},
		"fraction":            {edit(`"maxDepth":2`, `"maxDepth":2.5`), reason.CredentialSchemaInvalid},
		"duplicate":           {edit(`{"profile"`, `{"profile":"x","profile"`), reason.JSONDuplicateName},
		"no redelegation":     {edit(`"redelegation":{"maxDepth":2,"kinds":["person"]},`, ``), reason.CredentialSchemaInvalid},
		"no maxDepth":         {edit(`"maxDepth":2,`, ``), reason.CredentialSchemaInvalid},
		"no kinds":            {edit(`,"kinds":["person"]`, ``), reason.CredentialSchemaInvalid},
		"no prohibition":      {edit(`"prohibition":[],`, ``), reason.CredentialSchemaInvalid},
		"prohibition actions": {edit(`"prohibition":[]`, `"prohibition":[{"resource":"messages"}]`), reason.CredentialSchemaInvalid},
		"no constraint":       {edit(`,"constraint":{}`, ``), reason.CredentialSchemaInvalid},
		"no jurisdiction":     {edit(`"jurisdiction":["GB-ENG"],`, ``), reason.CredentialSchemaInvalid},
		"no validity":         {edit(`"validFrom":"2026-11-22T09:00:00Z",`, ``), reason.CredentialSchemaInvalid},
		"no grant":            {[]byte(`{"profile":"default","formats":["dc+sd-jwt"]}`), reason.CredentialSchemaInvalid},
		"void":                {edit(`"constraint":{}`, `"constraint":{"dateFrom":"2026-2-1"}`), reason.CredentialUnknownConstraint},
		"action":              {edit(`["view","book"]`, `["view","destroy"]`), reason.CredentialSchemaInvalid},
		"resource":            {edit(`"resource":"appointments"`, `"resource":"*"`), reason.CredentialSchemaInvalid},
		"seconds":             {edit(`"2026-11-22T09:00:00Z"`, `"2026-11-22T09:00:00.5Z"`), reason.CredentialSchemaInvalid},
		"delegate":            {edit(`{"kind":"person"}`, `{"id":"did:web:carer.example.org","kind":"person"}`), reason.CredentialSchemaInvalid},
		"profile":             {edit(`"default"`, `"other"`), reason.CredentialSchemaInvalid},
		"formats":             {edit(`["dc+sd-jwt"]`, `[]`), reason.CredentialSchemaInvalid},
		"format":              {edit(`["dc+sd-jwt"]`, `["mso_mdoc"]`), reason.CredentialSchemaInvalid},
		"format twice":        {edit(`["dc+sd-jwt"]`, `["dc+sd-jwt","dc+sd-jwt"]`), reason.CredentialSchemaInvalid},
		"relationship":        {edit(`"adult-to-adult"`, `"attorney"`), reason.IssueClaimForbidden},
		"validity":            {edit(`"2027-11-22`, `"2028-11-22`), reason.IssueClaimForbidden},
		"over":                {edit(`"2027-11-22T09`, `"2026-11-22T10`), reason.CredentialExpired},
		"not accredited":      {edit(`"resource":"appointments"`, `"resource":"messages"`), reason.IssuerNotAccredited},
		"relationship rule":   {edit(`"adult-to-adult","legalBasis":"consent"`, `"best-interest","legalBasis":"best-interest"`), reason.IssuerNotAccredited},
	} {
		if _, err := w.offer(c.body, name); reason.Of(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if n := w.leaves(audit.Offer); n != 0 {
		t.Errorf("%d offers recorded", n)
	}
}

// TestFrameworkAtHand: without a framework nothing is granted, and what was offered before is not signed.
func TestFrameworkAtHand(t *testing.T) {
	w := newWorld(t)
	bearer := w.redeemed(w.grant(edit()))
	good := w.framework
	for _, c := range []struct {
		change func(f *trustFramework)
		offer  reason.Code
	}{
		{func(f *trustFramework) { f.Unavailable = true }, reason.TrustRegistryUnavailable},
		{func(f *trustFramework) { f.AsOf = f.AsOf.Add(-2 * time.Hour) }, reason.TrustRegistryStale},
		{func(f *trustFramework) { f.Accreditations = nil }, reason.IssuerNotAccredited},
	} {
		f := *good
		c.change(&f)
		w.framework = &f
		_, err := w.offer(edit(), "k")
		wants(t, err, c.offer)
		_, err = w.Issue(t.Context(), bearer, ask(ConfigurationSDJWT, w.proof(newHolder(t))))
		wants(t, err, c.offer)
	}
}

func TestTokenRefusals(t *testing.T) {
	w := newWorld(t)
	o := w.grant(edit())
	code := w.codeOf(o)
	token := func(code, tx string) error {
		_, err := w.Token(t.Context(), vci.TokenRequest{Code: code, TxCode: tx}, Presented{})
		return err
	}
	wants(t, token("unknown", o.Offer.TxCode), reason.GrantInvalid)
	wants(t, token(code, ""), reason.GrantTxCode)
	wants(t, token(code, "abcdef"), reason.GrantTxCode)
	wants(t, token(code, "1234567"), reason.GrantTxCode)
	wants(t, token(code, wrong(o.Offer.TxCode)), reason.GrantInvalid)
	if err := token(code, o.Offer.TxCode); err != nil {
		t.Fatal(err)
	}
	wants(t, token(code, o.Offer.TxCode), reason.GrantConsumed)

	late := w.grant(edit())
	w.clock.Advance(OfferLife)
	wants(t, token(w.codeOf(late), late.Offer.TxCode), reason.GrantInvalid)

	withdrawn := w.grant(edit())
	must[*Delegation](t)(w.Revoke(t.Context(), withdrawn.ID, Change{Reason: "mistake"}))
	wants(t, token(w.codeOf(withdrawn), withdrawn.Offer.TxCode), reason.GrantInvalid)
}

// wrong returns six digits that are not tx.
func wrong(tx string) string {
	if tx[0] == '0' {
		return "1" + tx[1:]
	}
	return "0" + tx[1:]
}

// TestTriesAtOnce sends many wrong transaction codes and the right one at the same time: no more than
// MaxTxTries wrong ones are ever answered as wrong, and then the right one is dead too.
func TestTriesAtOnce(t *testing.T) {
	w := newWorld(t)
	o := w.grant(edit())
	answers := make([]error, 60)
	parallel(len(answers), func(k int) {
		_, answers[k] = w.Token(context.Background(), vci.TokenRequest{Code: w.codeOf(o), TxCode: wrong(o.Offer.TxCode)}, Presented{})
	})
	wrongs, locked := 0, 0
	for _, err := range answers {
		switch reason.Of(err) {
		case reason.GrantInvalid:
			wrongs++
		case reason.GrantTxCodeLocked:
			locked++
		default:
			t.Errorf("answered %v", err)
		}
	}
	if wrongs != MaxTxTries-1 || locked != len(answers)-wrongs {
		t.Errorf("%d answered as wrong, %d as locked", wrongs, locked)
	}
	_, err := w.Token(t.Context(), vci.TokenRequest{Code: w.codeOf(o), TxCode: o.Offer.TxCode}, Presented{})
	wants(t, err, reason.GrantTxCodeLocked)
}

func parallel(n int, do func(k int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for k := range n {
		all.Go(func() { <-start; do(k) })
	}
	close(start)
	all.Wait()
}

// TestOneTokenOfACode: of 50 redemptions at once, over two issuers on one durable store, one wins.
func TestOneTokenOfACode(t *testing.T) {
	w := newBoltWorld(t)
	other := *w.Issuer
	o := w.grant(edit())
	answers := make([]error, 50)
	parallel(len(answers), func(k int) {
		i := w.Issuer
		if k%2 == 1 {
			i = &other
		}
		_, answers[k] = i.Token(context.Background(), vci.TokenRequest{Code: w.codeOf(o), TxCode: o.Offer.TxCode}, Presented{})
	})
	if won := count(answers, ""); won != 1 || count(answers, reason.GrantConsumed) != 49 {
		t.Errorf("%d tokens: %v", won, answers)
	}
}

func count(errs []error, code reason.Code) (n int) {
	for _, err := range errs {
		if reason.Of(err) == code {
			n++
		}
	}
	return n
}

// TestOneDelegationOfAKey: 50 posts at once with one idempotency key make one delegation.
func TestOneDelegationOfAKey(t *testing.T) {
	w := newBoltWorld(t)
	offers := make([]Offering, 50)
	parallel(len(offers), func(k int) {
		var err error
		if offers[k], err = w.offer(edit(), "one"); err != nil {
			t.Error(err)
		}
	})
	for _, o := range offers {
		if o.ID != offers[0].ID || o.Offer == nil || *o.Offer != *offers[0].Offer {
			t.Fatal("two answers to one key")
		}
	}
	if all := must[[]*Delegation](t)(w.List(t.Context(), "", MaxPage)); len(all) != 1 {
		t.Errorf("%d delegations", len(all))
	}
	if n := w.leaves(audit.Offer); n != 1 {
		t.Errorf("%d leaves", n)
	}
}

// TestOneUseOfANonce: of 20 credential requests at once with one nonce, one is answered.
func TestOneUseOfANonce(t *testing.T) {
	w := newBoltWorld(t)
	nonce := must[string](t)(w.Nonce())
	var bearers []string
	for range 20 {
		bearers = append(bearers, w.redeemed(w.grant(edit())))
	}
	answers := make([]error, len(bearers))
	parallel(len(bearers), func(k int) {
		_, answers[k] = w.Issue(context.Background(), bearers[k], ask(ConfigurationSDJWT, w.proofOver(newHolder(t), nonce)))
	})
	if count(answers, "") != 1 || count(answers, reason.ProofNonce) != 19 {
		t.Errorf("answers: %v", answers)
	}
}

// TestOneUseOfAToken: of 20 credential requests at once with one token, one is answered.
func TestOneUseOfAToken(t *testing.T) {
	w := newBoltWorld(t)
	o := w.grant(edit())
	bearer := w.redeemed(o)
	answers := make([]error, 20)
	parallel(len(answers), func(k int) {
		_, answers[k] = w.Issue(context.Background(), bearer, ask(ConfigurationSDJWT, w.proof(newHolder(t))))
	})
	if count(answers, "") != 1 || count(answers, reason.TokenScope) != 19 {
		t.Errorf("answers: %v", answers)
	}
	if d := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)); len(d.Copies) != 1 {
		t.Errorf("%d copies", len(d.Copies))
	}
}

func TestIssueRefusals(t *testing.T) {
	w := newWorld(t)
	o := w.grant(edit())
	bearer := w.redeemed(o)
	issue := func(bearer string, r *vci.CredentialRequest) error {
		_, err := w.Issue(t.Context(), bearer, r)
		return err
	}
	good := func() *vci.CredentialRequest { return ask(ConfigurationSDJWT, w.proof(newHolder(t))) }
	wants(t, issue("", good()), reason.TokenInvalid)
	wants(t, issue("nobody's", good()), reason.TokenInvalid)
	wants(t, issue(strings.Repeat("x", 1000), good()), reason.TokenInvalid)
	wants(t, issue(bearer, ask("other", w.proof(newHolder(t)))), reason.TokenScope)
	wants(t, issue(bearer, ask(ConfigurationVCJWT, w.proof(newHolder(t)))), reason.TokenScope)
	wants(t, issue(bearer, &vci.CredentialRequest{Identifier: "x", Proofs: good().Proofs}), reason.TokenScope)
	wants(t, issue(bearer, &vci.CredentialRequest{Configuration: ConfigurationSDJWT}), reason.ProofBatch)
	wants(t, issue(bearer, ask(ConfigurationSDJWT, w.proofOver(newHolder(t), "made up"))), reason.ProofNonce)
	if err := issue(bearer, good()); err != nil {
		t.Fatal(err)
	}
	wants(t, issue(bearer, good()), reason.TokenScope)
	w.clock.Advance(TokenLife)
	wants(t, issue(bearer, good()), reason.TokenInvalid)

	for _, end := range []func(context.Context, string, Change) (*Delegation, error){w.Suspend, w.Revoke} {
		o := w.grant(both())
		bearer := w.redeemed(o)
		if err := issue(bearer, good()); err != nil {
			t.Fatal(err)
		}
		must[*Delegation](t)(end(t.Context(), o.ID, Change{Reason: "withdrawn"}))
		wants(t, issue(bearer, ask(ConfigurationVCJWT, w.proof(newHolder(t)))), reason.TokenScope)
	}
}

// TestTokenDoesNotGrow: using a token does not put off its end.
func TestTokenDoesNotGrow(t *testing.T) {
	w := newWorld(t)
	bearer := w.redeemed(w.grant(both()))
	w.clock.Advance(TokenLife - time.Second)
	must[*vci.CredentialResponse](t)(w.Issue(t.Context(), bearer, ask(ConfigurationSDJWT, w.proof(newHolder(t)))))
	w.clock.Advance(time.Second)
	_, err := w.Issue(t.Context(), bearer, ask(ConfigurationVCJWT, w.proof(newHolder(t))))
	wants(t, err, reason.TokenInvalid)
}

func TestNonce(t *testing.T) {
	w := newWorld(t)
	nonce := must[string](t)(w.Nonce())
	spend := func(n string) error { _, err := w.spendNonce(t.Context(), n); return err }
	if err := spend(nonce); err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]string{
		"empty": "", "cut": nonce[:len(nonce)-1], "changed": "A" + nonce[1:], "long": nonce + "A",
		"of another issuer": must[string](t)(newWorld(t).Nonce()),
	} {
		if n == nonce {
			n = "B" + nonce[1:]
		}
		if err := spend(n); reason.Of(err) != reason.ProofNonce {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.clock.Advance(NonceLife - time.Millisecond)
	if err := spend(nonce); err != nil {
		t.Error("ended early:", err)
	}
	w.clock.Advance(time.Millisecond)
	wants(t, spend(nonce), reason.ProofNonce)
	w.clock.Advance(-time.Hour)
	wants(t, spend(nonce), reason.ProofNonce)
}

// seals is a format that seals something else than it was given.
type seals struct {
	credential.Format
	change func(c *credential.Credential)
	err    error
}

func (s seals) Seal(ctx context.Context, c *credential.Credential, by did.Signer) ([]byte, error) {
	other := *c
	other.Permissions = slices.Clone(c.Permissions)
	s.change(&other)
	raw, err := s.Format.Seal(ctx, &other, by)
	return raw, errors.Join(err, s.err)
}

// TestSelfCheck: what was recorded and then sealed wrongly does not get out, and its index is burnt.
func TestSelfCheck(t *testing.T) {
	for name, s := range map[string]seals{
		"wider":     {change: func(c *credential.Credential) { c.Permissions[0].Actions = []string{"view", "book", "cancel"} }},
		"longer":    {change: func(c *credential.Credential) { c.ValidUntil = c.ValidUntil.Add(time.Hour) }},
		"other":     {change: func(c *credential.Credential) { c.OnBehalfOf.ID = "urn:uuid:other" }},
		"no status": {change: func(c *credential.Credential) { c.Status = nil }},
		"fails":     {change: func(*credential.Credential) {}, err: errors.New("the HSM is gone")},
	} {
		w := newWorld(t)
		s.Format = w.cfg.Formats[0]
		w.cfg.Formats = credential.Formats{s, w.cfg.Formats[1]}
		w.Issuer = must[*Issuer](t)(New(w.cfg))
		o := w.grant(edit())
		bearer := w.redeemed(o)
		if _, err := w.Issue(t.Context(), bearer, ask(ConfigurationSDJWT, w.proof(newHolder(t)))); reason.Of(err) != reason.IssueSelfCheck {
			t.Errorf("%s: %v", name, err)
		}
		w.burnt(o, bearer)
	}
	w := newWorld(t)
	w.resolver.raw = documentOf(t, did.Signer{Signer: newHolder(t), Method: w.signer.Method})
	_, err := w.Issue(t.Context(), w.redeemed(w.grant(edit())), ask(ConfigurationSDJWT, w.proof(newHolder(t))))
	wants(t, err, reason.IssueSelfCheck)
}

// burnt checks what a crash between record and seal leaves: an index that is taken, a token that has
// collected, a leaf; and that the operator can end it and grant anew.
func (w *world) burnt(o Offering, bearer string) {
	w.t.Helper()
	d := must[*Delegation](w.t)(w.Delegation(w.t.Context(), o.ID))
	if d.State != Issued || len(d.Copies) != 1 {
		w.t.Fatalf("state %s, %d copies", d.State, len(d.Copies))
	}
	if w.leaves(audit.Issue) != 1 {
		w.t.Fatal("signed without a leaf, or a leaf for nothing")
	}
	_, err := w.Issue(w.t.Context(), bearer, ask(ConfigurationSDJWT, w.proof(newHolder(w.t))))
	wants(w.t, err, reason.TokenScope)
	must[*Delegation](w.t)(w.Revoke(w.t.Context(), o.ID, Change{Reason: "lost"}))
	if s := must[status.State](w.t)(w.cfg.Book.State(w.t.Context(), d.Copies[0].Ref)); s != status.Revoked {
		w.t.Errorf("the burnt index is %s", s)
	}
}

// TestCrashBetweenRecordAndSeal restarts over the same file after the signer broke.
func TestCrashBetweenRecordAndSeal(t *testing.T) {
	w := newBoltWorld(t)
	o := w.grant(edit())
	bearer := w.redeemed(o)
	w.cfg.Signer = func() (did.Signer, error) { return did.Signer{}, errors.New("killed") }
	w.Issuer.cfg.Signer = w.cfg.Signer
	if _, err := w.Issue(t.Context(), bearer, ask(ConfigurationSDJWT, w.proof(newHolder(t)))); err == nil {
		t.Fatal("issued without a key")
	}
	before := must[*Delegation](t)(w.Delegation(t.Context(), o.ID)).Copies[0].Ref
	after := w.reopen(w.faults)
	after.burnt(o, bearer)
	next := after.collect(after.grant(edit()), newHolder(t))
	if ref := after.cfg.Publisher.TokenRef(before); next.Status[0].List == ref.List && next.Status[0].Index == ref.Index {
		t.Error("a burnt index was given again")
	}
}

// TestNothingSignedBeforeTheRecord: as long as the record is not durable there is no signature.
func TestNothingSignedBeforeTheRecord(t *testing.T) {
	for _, fault := range []storetest.Fault{storetest.Lost, storetest.Full, storetest.Persisted} {
		w := newWorld(t)
		sealed := 0
		s := seals{Format: w.cfg.Formats[0], change: func(*credential.Credential) { sealed++ }}
		w.cfg.Formats = credential.Formats{s, w.cfg.Formats[1]}
		w.Issuer = must[*Issuer](t)(New(w.cfg))
		bearer := w.redeemed(w.grant(edit()))
		w.collect(w.grant(edit()), newHolder(t)) // leases a block of indices, so that the next commit is the record
		sealed = 0
		w.faults.Next(fault)
		_, err := w.Issue(t.Context(), bearer, ask(ConfigurationSDJWT, w.proof(newHolder(t))))
		if err == nil || sealed != 0 {
			t.Errorf("fault %d: %v, sealed %d", fault, err, sealed)
		}
	}
}

// TestStoreFails: whatever fails is a dependency that failed, never an answer.
func TestStoreFails(t *testing.T) {
	w := newWorld(t)
	o := w.grant(edit())
	bearer := w.redeemed(w.grant(edit()))
	issued := w.grant(edit())
	w.collect(issued, newHolder(t))
	w.faults.Always(storetest.Broken)
	calls := map[string]func() error{
		"offer": func() error { _, err := w.offer(edit(), "new"); return err },
		"token": func() error {
			_, err := w.Token(t.Context(), vci.TokenRequest{Code: w.codeOf(o), TxCode: o.Offer.TxCode}, Presented{})
			return err
		},
		"issue": func() error {
			_, err := w.Issue(t.Context(), bearer, ask(ConfigurationSDJWT, w.proof(newHolder(t))))
			return err
		},
		"revoke": func() error { _, err := w.Revoke(t.Context(), issued.ID, Change{Reason: "x"}); return err },
		"list":   func() error { _, err := w.List(t.Context(), "", 1); return err },
	}
	for name, call := range calls {
		if err := call(); reason.Of(err) != reason.StorageUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.faults.Always(storetest.None)
	w.faults.Next(storetest.Lost)
	_, err := w.Revoke(t.Context(), issued.ID, Change{Reason: "x"})
	wants(t, err, reason.RevokeNotDurable)
	if d := must[*Delegation](t)(w.Delegation(t.Context(), issued.ID)); d.State != Issued {
		t.Errorf("state %s after a revocation that was not acknowledged", d.State)
	}
}

// TestSecretsStayInside: codes, transaction codes, tokens, nonces and persons are neither in the log
// nor in what an operator reads, and the store's keys hold none of them.
func TestSecretsStayInside(t *testing.T) {
	w := newWorld(t).serve()
	o := w.grant(edit())
	code, tx := w.codeOf(o), o.Offer.TxCode
	bearer := w.redeemed(o)
	proof := w.proof(newHolder(t))
	answer := w.postJSON("/credential", bearer, ask(ConfigurationSDJWT, proof))
	if answer.status != 200 {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	read := string(w.admin("GET", "/admin/v1/delegations", nil).body) + string(w.admin("GET", "/admin/v1/delegations/"+o.ID, nil).body)
	for _, secret := range []string{code, `"` + tx + `"`, bearer, proof} {
		if strings.Contains(w.logged.String(), secret) || strings.Contains(read, secret) {
			t.Errorf("a secret got out")
		}
	}
	for _, person := range []string{"9990000077", "5f3c1a52", "did:key:"} {
		if strings.Contains(w.logged.String(), person) {
			t.Error("a person is in the log")
		}
	}
	for e, err := range w.faults.Scan(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(e.Key, code) || strings.Contains(e.Key, bearer) || strings.HasPrefix(e.Key, prefixDelegation) && strings.Contains(string(e.Value), code) {
			t.Errorf("a secret is in %q", strings.SplitN(e.Key, "/", 3)[:2])
		}
		if strings.HasPrefix(e.Key, "audit/") && (strings.Contains(string(e.Value), "9990000077") || strings.Contains(string(e.Value), "did:key:")) {
			t.Error("a person is in the audit log")
		}
	}
}

// TestIdempotency: the same key and body give the same offer as long as it is open, then the id alone.
func TestIdempotency(t *testing.T) {
	w := newWorld(t)
	o := must[Offering](t)(w.offer(edit(), "key"))
	again := must[Offering](t)(w.offer(edit(), "key"))
	if diff := cmp.Diff(o, again); diff != "" {
		t.Error(diff)
	}
	_, err := w.offer(edit(`"GB-ENG"`, `"GB-WLS"`), "key")
	wants(t, err, reason.IdempotencyMismatch)
	for _, key := range []string{"", strings.Repeat("k", 257)} {
		_, err := w.offer(edit(), key)
		wants(t, err, reason.HTTPInvalid)
	}
	w.redeemed(o)
	if again := must[Offering](t)(w.offer(edit(), "key")); again.ID != o.ID || again.Offer != nil {
		t.Error("an offer that was collected is told again")
	}
	late := must[Offering](t)(w.offer(edit(), "late"))
	w.clock.Advance(OfferLife)
	if again := must[Offering](t)(w.offer(edit(), "late")); again.ID != late.ID || again.Offer != nil {
		t.Error("an offer that has ended is told again")
	}
	if d := must[*Delegation](t)(w.Delegation(t.Context(), late.ID)); d.At(w.clock.Now()) != Expired {
		t.Errorf("an offer that nobody collected is %s", d.At(w.clock.Now()))
	}
}

func TestNewRefusesMissingParts(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(c *Config){
		"ID": func(c *Config) { c.ID = did.DID{} }, "Name": func(c *Config) { c.Name = "" }, "long Name": func(c *Config) { c.Name = strings.Repeat("x", MaxName+1) },
		"Origin": func(c *Config) { c.Origin = "http://issuer.example.org" }, "Signer": func(c *Config) { c.Signer = nil },
		"Document": func(c *Config) { c.Document = nil }, "Store": func(c *Config) { c.Store = nil }, "Audit": func(c *Config) { c.Audit = nil },
		"Tags": func(c *Config) { c.Tags = nil }, "Allocator": func(c *Config) { c.Allocator = nil }, "Book": func(c *Config) { c.Book = nil },
		"Publisher": func(c *Config) { c.Publisher = nil }, "Framework": func(c *Config) { c.Framework = nil }, "Formats": func(c *Config) { c.Formats = nil },
		"Resolver": func(c *Config) { c.Resolver = nil }, "Profiles": func(c *Config) { c.Profiles = nil }, "Now": func(c *Config) { c.Now = nil },
		"Random": func(c *Config) { c.Random = nil }, "Logger": func(c *Config) { c.Logger = nil }, "Pages": func(c *Config) { c.Pages = nil },
		"BatchSize": func(c *Config) { c.BatchSize = -1 }, "large BatchSize": func(c *Config) { c.BatchSize = vci.MaxProofs + 1 },
		"profile without relationships": func(c *Config) {
			c.Profiles = map[string]Profile{"p": {Formats: []string{"vc+jwt"}, MaxValidity: time.Hour}}
		},
		"profile with a format that is not known": func(c *Config) {
			c.Profiles = map[string]Profile{"p": {Formats: []string{"x"}, Relationships: []string{"y"}, MaxValidity: time.Hour}}
		},
	} {
		cfg := w.cfg
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestHolderIsTheProvenKey: a proof that names a bare key gives the did:key of that key.
func TestHolderIsTheProvenKey(t *testing.T) {
	w := newWorld(t)
	tom := newHolder(t)
	out := must[*vci.CredentialResponse](t)(w.Issue(t.Context(), w.redeemed(w.grant(edit())), ask(ConfigurationSDJWT, w.bareProof(tom, nil))))
	want, _ := didkey.FromKey(tom.Public())
	if c := w.opened(out.Credentials[0].Credential); c.Delegate.ID != want.String() {
		t.Error("the credential is bound to something else than the proven key")
	}
}
