// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"math/big"
	"net/url"
	"slices"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Flow is how a request gets from the device on which somebody began to the wallet that answers, and what
// binds the answer to that device. Without a binding, whoever began could have the link answered by
// somebody else and read what came of it (OpenID4VP 1.0 §14.2).
type Flow string

// The flows. A service asks for SameDevice or CrossDevice; HandedOver is what it has without asking.
const (
	// HandedOver: the service hands the link over itself and answers for whom it gave it to.
	HandedOver Flow = "handed_over"
	// SameDevice: the wallet sends its browser on to the service with a response code, and only with it is
	// the decision told.
	SameDevice Flow = "same_device"
	// CrossDevice: the wallet shows a code which is entered on the device that began, and only then is the
	// decision told. It is weaker: the person can be talked into telling the code. On the gateway's page the
	// browser then takes a response code to RedirectURI; a request without one has no page, and its service
	// takes the code itself.
	CrossDevice Flow = "cross_device"
)

// Bounds of a flow.
const (
	MaxTries     = 5   // of a code; then it opens nothing any more
	CodeDigits   = 8   // of a confirmation code, which people copy
	MaxRedirects = 64  // redirect URIs that are registered
	MaxRedirect  = 512 // bytes of one
)

// Request is what a service posts to have a wallet asked: one access, and how the request gets there.
type Request struct {
	Access
	Flow        Flow   `json:"flow,omitempty"`         // SameDevice or CrossDevice; left out, HandedOver
	RedirectURI string `json:"redirect_uri,omitempty"` // where the browser goes afterwards, one of Config.Redirects; SameDevice needs it
}

// ReadRequest reads a Request. What delegation.md S1.1 to S1.3 refuse is refused here too, with the same codes, so
// that a wallet is never asked for an access that cannot be decided. A member that is unknown or of the wrong
// type is request.malformed.
func ReadRequest(raw []byte) (Request, error) {
	var r Request
	raw, err := withoutNulls(raw)
	if err != nil {
		return r, err
	}
	if err := strictjson.UnmarshalClosed(raw, &r); err != nil {
		return r, malformed(err)
	}
	if r.Flow == HandedOver {
		return r, reason.New(reason.RequestMalformed, "flow is same_device or cross_device, or left out")
	}
	return r, r.check()
}

// checkFlow checks the way of r. Where the browser goes is compared octet by octet with what the operator
// registered; nothing of it is ever taken from the request itself.
func (g *Gateway) checkFlow(r Request) error {
	known := slices.Contains([]Flow{"", HandedOver, SameDevice, CrossDevice}, r.Flow)
	switch {
	case !known:
		return reason.New(reason.RequestMalformed, "flow is same_device or cross_device, or left out")
	case r.RedirectURI != "" && !slices.Contains(g.cfg.Redirects, r.RedirectURI), r.RedirectURI == "" && r.Flow == SameDevice:
		return reason.New(reason.RedirectNotRegistered, "redirect_uri is none of those registered for this gateway")
	case r.RedirectURI != "" && r.Flow != SameDevice && r.Flow != CrossDevice:
		return reason.New(reason.RequestMalformed, "redirect_uri goes with a flow")
	}
	return nil
}

// checkRedirects checks what an operator registered: https addresses without a fragment, which is where
// the response code goes.
func checkRedirects(all []string) bool {
	return len(all) <= MaxRedirects && !slices.ContainsFunc(all, func(s string) bool {
		u, err := url.Parse(s)
		return err != nil || len(s) > MaxRedirect || u.Scheme != "https" || u.Host == "" || u.User != nil || u.String() != s ||
			u.Fragment != "" || slices.Contains([]byte(s), '#')
	})
}

// lock is what a code opens, once, within MaxTries. The code itself is not kept. The zero lock has
// no code and holds nothing back.
type lock struct {
	Digest string `json:"digest,omitempty"` // SHA-256 of the code, base64url
	Tries  int    `json:"tries,omitzero"`   // wrong ones
	Opened bool   `json:"opened,omitzero"`
}

func lockWith(code string) lock { return lock{Digest: digestOf(code)} }

func digestOf(code string) string {
	d := sha256.Sum256([]byte(code))
	return base64.RawURLEncoding.EncodeToString(d[:])
}

// try opens l with code, or counts a wrong one. It takes as long for any wrong code as for the right one.
func (l *lock) try(code string) bool {
	if l.is(code) && l.Tries < MaxTries && !l.Opened {
		l.Opened = true
		return true
	}
	l.Tries = min(l.Tries+1, MaxTries)
	return false
}

// is reports whether code is the one of l, without counting. The zero lock has none.
func (l *lock) is(code string) bool {
	return l.Digest != "" && subtle.ConstantTimeCompare([]byte(digestOf(code)), []byte(l.Digest)) == 1
}

// codes are the codes of one session in the clear. They leave with the answer to the wallet and are not kept.
type codes struct {
	redirect     string // where the wallet sends its browser, with its code
	confirmation string
}

// lockUp makes the codes of s for its flow and puts their locks on it.
func (g *Gateway) lockUp(s *session) (codes, error) {
	switch s.Flow {
	case SameDevice:
		redirect, err := g.responseCode(s)
		return codes{redirect: redirect}, err
	case CrossDevice:
		code, err := digits(g.cfg.Random)
		s.Confirmation = lockWith(code)
		return codes{redirect: g.cfg.Origin + pagePath(s.ID) + "/presented#confirmation_code=" + code, confirmation: code}, err
	}
	return codes{}, nil
}

// responseCode puts a new response code on s and returns where the browser takes it to, in the fragment:
// no server but the one whose script reads it sees it, and no Referer holds it (OpenID4VP 1.0 §13.3).
func (g *Gateway) responseCode(s *session) (string, error) {
	code, err := token(g.cfg.Random)
	s.Response = lockWith(code)
	return s.Redirect + "#response_code=" + code, err
}

// digits returns a code of CodeDigits decimal digits, each as likely as any other to within 2⁻¹⁰⁰.
func digits(random io.Reader) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", reason.Wrap(reason.InternalIndeterminate, "no randomness", err)
	}
	n := new(big.Int).Mod(new(big.Int).SetBytes(raw[:]), big.NewInt(100_000_000)).String()
	return "00000000"[:CodeDigits-len(n)] + n, nil
}

// Codes are what the device that began has to show for itself to read a decision.
type Codes struct {
	Response     string // from the redirect of a same-device answer
	Confirmation string // from the wallet, entered on the device that began
}

// release lets the decision of s out, or refuses: session.response_code_required,
// session.cross_device_unconfirmed, session.response_code_invalid. Each code opens once.
func (g *Gateway) release(ctx context.Context, s *session, c Codes) error {
	switch {
	case s.Flow == CrossDevice && s.Confirmation.Digest != "" && (!s.Confirmation.Opened || c.Confirmation != ""):
		if c.Confirmation == "" {
			return reason.New(reason.SessionCrossDeviceUnconfirmed, "the code was not entered on the device that began")
		}
		return g.tried(ctx, s, s.Confirmation.try(c.Confirmation))
	case s.Response.Digest != "":
		if c.Response == "" {
			return reason.New(reason.SessionResponseCodeRequired, "the answer came back with a response code, which is missing")
		}
		return g.tried(ctx, s, s.Response.try(c.Response))
	case c.Response != "" || c.Confirmation != "" && s.Confirmation.Digest == "":
		return reason.New(reason.SessionResponseCodeInvalid, "this session has no such code")
	}
	return nil
}

// tried makes what came of a code durable before it is told: of any number of callers one wins, and no
// wrong code goes uncounted.
func (g *Gateway) tried(ctx context.Context, s *session, right bool) error {
	err := g.save(ctx, s)
	_, conflict := store.IsConflict(err)
	switch {
	case err != nil && !conflict:
		return reason.Wrap(reason.StorageUnavailable, "", err)
	case conflict || !right:
		return reason.New(reason.SessionResponseCodeInvalid, "the code is wrong or used")
	}
	return nil
}

// Confirm takes the code that the person entered on the page of session id, in the browser that began. It
// returns where that browser goes on to: the registered redirect URI with a response code, or "" where
// the service gave none and reads the decision itself.
//
// Errors: session.unknown for another browser or a session that awaits no code, session.response_code_invalid,
// storage.unavailable.
func (g *Gateway) Confirm(ctx context.Context, id, browser, code string) (next string, err error) {
	s, err := g.began(ctx, id, browser)
	if err != nil {
		return "", err
	}
	if s.Flow != CrossDevice || s.Stage != stageDecided || s.Confirmation.Digest == "" {
		return "", reason.New(reason.SessionUnknown, "nothing waits for a code")
	}
	right := s.Confirmation.try(code)
	if right && s.Redirect != "" {
		if next, err = g.responseCode(s); err != nil {
			return "", err
		}
	}
	if err := g.tried(ctx, s, right); err != nil {
		return "", err
	}
	return next, nil
}
