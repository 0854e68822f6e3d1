// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// signing is a person on their way to the OpenID provider and back. It lies sealed in a cookie of
// the browser that began, so that no other browser can end it.
type signing struct {
	Asked asked  `json:"a"`
	State string `json:"s"` // that comes back in the query
	Nonce string `json:"n"` // that comes back in the ID token
}

// consent is the question to a person who signed in. It is filed under the digest of a secret that
// their browser alone has.
type consent struct {
	Asked       asked     `json:"asked"`
	Person      Person    `json:"person"`
	Identifiers []string  `json:"identifiers"` // of the credentials that the question is about
	Expires     time.Time `json:"expires"`
	version     uint64
	key         string
}

// authCode is what an authorization code stands for: what was asked for and allowed, not by whom.
type authCode struct {
	Asked       asked     `json:"asked"`
	Identifiers []string  `json:"identifiers"`
	Grant       string    `json:"grant,omitempty"` // key of the authorization that it was redeemed for
	Expires     time.Time `json:"expires"`
}

// signIn sends a person to the OpenID provider, and returns with its address what the browser has to
// keep.
func (i *Issuer) signIn(ctx context.Context, q asked) (address, cookie string, err error) {
	s := signing{Asked: q}
	if s.State, err = i.secret(); err != nil {
		return "", "", err
	}
	if s.Nonce, err = i.secret(); err != nil {
		return "", "", err
	}
	if cookie, err = i.box(forSignIn, s, i.cfg.Now().Add(SigningLife)); err != nil {
		return "", "", err
	}
	address, err = i.cfg.SignIn.Begin(ctx, s.State, s.Nonce)
	return address, cookie, err
}

// cameBack returns the request of a person who comes back from the provider, once, if it is with the
// state that their browser was sent with.
func (i *Issuer) cameBack(ctx context.Context, cookie string, callback url.Values) (signing, error) {
	unknown := reason.New(reason.SessionUnknown, "this sign-in is not known in this browser, was ended before or took too long")
	var s signing
	if !i.unbox(forSignIn, cookie, &s) || !sameText(callback.Get("state"), s.State) {
		return signing{}, unknown
	}
	return s, i.spendNow(ctx, single{forSignIn, s.State, i.cfg.Now().Add(SigningLife), unknown})
}

// question ends a sign-in and returns what the person has to be asked, under the secret that their
// browser keeps. A person who did not sign in, or for whom there is nothing here, is a
// refusal that a wallet is told as access_denied.
func (i *Issuer) question(ctx context.Context, s signing, callback url.Values) (secret string, err error) {
	who, err := i.cfg.SignIn.Finish(ctx, callback, s.Nonce)
	if err != nil {
		return "", err
	}
	found, err := i.waitsFor(ctx, who, s.Asked)
	if err != nil {
		return "", err
	}
	if secret, err = i.secret(); err != nil {
		return "", err
	}
	q := consent{Asked: s.Asked, Person: who, Identifiers: found, Expires: i.cfg.Now().Add(SigningLife)}
	var steps changes
	steps.add(put(digestKey(prefixConsent, secret), 0, q, q.Expires))
	return secret, i.commit(ctx, steps)
}

// waitsFor returns the identifiers of the credentials that who may collect, as far as they were asked
// for. Who comes with an issuer_state gets what that is of and nothing else, if it is theirs.
func (i *Issuer) waitsFor(ctx context.Context, who Person, q asked) ([]string, error) {
	list, err := i.collectable(ctx, who)
	if err != nil {
		return nil, err
	}
	if q.IssuerState != "" {
		d, err := i.byState(ctx, q.IssuerState)
		if reason.Of(err) == reason.ObjectUnknown || err == nil && !d.Request.Collector.is(who) {
			return nil, nothingHere()
		}
		if err != nil {
			return nil, err
		}
		list = []*Delegation{d}
	}
	var out []string
	for _, d := range list[:min(len(list), maxAtOnce)] {
		for _, c := range configurationIDs(d.Request.Formats) {
			if q.Configurations == nil || slices.Contains(q.Configurations, c) {
				out = append(out, credentialIdentifier(d.ID, c))
			}
		}
	}
	if len(out) == 0 {
		return nil, nothingHere()
	}
	return out, nil
}

func nothingHere() error {
	return reason.Wrap(reason.HolderNotSamePerson, "there is nothing here for who signed in", vci.ErrDenied)
}

// consentOf returns the question that a browser was asked and that its page shows: id is of that page.
// So another question, which a stranger makes the browser be asked meanwhile, gets no answer that was
// meant for this one.
func (i *Issuer) consentOf(ctx context.Context, secret, id string) (*consent, error) {
	unknown := reason.New(reason.SessionUnknown, "this question is not known in this browser, was answered or took too long")
	if secret == "" || len(secret) > maxSecret {
		return nil, unknown
	}
	c := new(consent)
	e, err := i.get(ctx, digestKey(prefixConsent, secret), c, reason.SessionUnknown)
	if err != nil {
		return nil, err
	}
	if !i.cfg.Now().Before(c.Expires) || !sameText(id, c.Asked.ID) {
		return nil, unknown
	}
	c.key, c.version = e.Key, e.Version
	return c, nil
}

// answer ends a question, and returns an authorization code where the person said yes. Of two answers
// the first counts.
func (i *Issuer) answer(ctx context.Context, c *consent, yes func() bool) (code string, err error) {
	var steps changes
	steps.drop(c.key, c.version)
	if yes() {
		if code, err = i.secret(); err != nil {
			return "", err
		}
		until := i.cfg.Now().Add(CodeLife)
		record := authCode{Asked: c.Asked, Identifiers: c.Identifiers, Expires: until}
		steps.add(put(digestKey(prefixAuthCode, code), 0, record, until.Add(codeKept)))
	}
	err = i.commit(ctx, steps)
	if _, conflict := store.IsConflict(err); conflict {
		return "", reason.New(reason.SessionUnknown, "this question was answered before")
	}
	return code, err
}
