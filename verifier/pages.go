// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// attend returns session id for the browser that holds the secret browser, "" for one that has none yet. The
// first browser to open the page is the one that began: it gets a fresh secret, kept here as a digest.
// Any other, one that comes when a wallet has answered, and a session that has no page, is session.unknown.
func (g *Gateway) attend(ctx context.Context, id, browser string) (s *session, secret string, err error) {
	s, err = g.load(ctx, id)
	switch {
	case err != nil:
		return nil, "", err
	case s.Redirect == "" || g.byValue():
		return nil, "", notThisBrowser()
	case s.Browser.is(browser):
		return s, browser, nil
	}
	if secret, err = token(g.cfg.Random); err != nil {
		return nil, "", err
	}
	s, err = g.move(ctx, id, reason.SessionUnknown, func(s *session) error {
		if s.Browser.Digest != "" || s.Stage == stageSpent || s.Stage == stageDecided {
			return notThisBrowser()
		}
		s.Browser = lockWith(secret)
		return nil
	})
	return s, secret, err
}

// began returns session id for the browser that opened its page, and for no other.
func (g *Gateway) began(ctx context.Context, id, browser string) (*session, error) {
	s, err := g.load(ctx, id)
	if err == nil && !s.Browser.is(browser) {
		err = notThisBrowser()
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func notThisBrowser() error {
	return reason.New(reason.SessionUnknown, "no such session for this browser")
}

// seen is what a page is told of its session: how far it has come, and where to go on to.
type seen struct {
	State string `json:"state"` // pending, presented, decided, expired
	Next  string `json:"next,omitempty"`
}

// seen tells the page of s how far it has come. What was decided is never told here, nor is a code: both would
// reach whoever began, which is what a flow is there to prevent.
func (g *Gateway) seen(s *session) seen {
	waits := s.Response.Digest != "" && !s.Response.Opened || s.Confirmation.Digest != "" && !s.Confirmation.Opened
	switch {
	case s.Stage == stageDecided && waits:
		return seen{State: statePresented}
	case s.Stage == stageDecided && s.Response.Digest == "":
		return seen{State: stateDecided, Next: s.Redirect}
	case s.Stage == stageDecided:
		return seen{State: stateDecided}
	case g.cfg.Now().Before(s.Expires):
		return seen{State: statePending}
	}
	return seen{State: stateExpired}
}

// service returns the names of this gateway and of a controller as the framework has them; a controller that
// is no party goes by no name.
func (g *Gateway) service(controller string) (name, of string) {
	f := g.framework()
	name = g.cfg.Name
	if v, known := f.Verifier(g.cfg.ID.String()); known {
		name = v.Name
	}
	return name, partyName(f, controller)
}

func partyName(f *trustframework.Framework, id string) string {
	p, _ := f.Party(id)
	return p.Name
}
