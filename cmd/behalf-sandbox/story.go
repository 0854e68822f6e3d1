// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

// How the demo waits for a revocation to bite: the lists' whole life, and a little.
const (
	biteWithin = demoStatusTTL + 5*time.Second
	biteEvery  = 500 * time.Millisecond
)

func (t *story) begin(ctx context.Context) (err error) {
	if t.office, err = t.w.Office(); err != nil {
		return err
	}
	if t.service, err = t.w.Service(); err != nil {
		return err
	}
	if t.tom, err = t.w.Person(ctx, world.DelegateName, "wallet-tom"); err != nil {
		return err
	}
	if t.june, err = t.w.Person(ctx, world.SecondName, "wallet-june"); err != nil {
		return err
	}
	t.say("A small world, on this machine alone",
		"registry "+t.w.Registry+"  says who may issue and who may ask",
		"issuer   "+t.w.Issuer+"  is "+world.SurgeryName,
		"gateway  "+t.w.Gateway+"  answers for "+world.GatewayName,
		"and a wallet each for "+world.DelegateName+" and "+world.SecondName+". All people are invented.")
	t.last = t.s.Now()
	return nil
}

func (t *story) grant(ctx context.Context) (err error) {
	t.say("1. "+world.PrincipalName+" lets "+world.DelegateName+" act for her",
		"The surgery records her consent: appointments, repeat prescriptions, and test results since 2024",
		"(none of sexual health), for half a year. He may pass it on once.")
	if t.granted, err = t.office.Grant(ctx, world.Grant(t.s.Now())); err != nil {
		return err
	}
	return t.step("granted", "offered", reason.OK, nil)
}

func (t *story) receive(ctx context.Context) (err error) {
	t.say("2. "+t.tom.Name+" collects the credential",
		"He scans the offer and types the code that the surgery gave him. His wallet knows the issuer from the registry,",
		"proves a key of its own, checks what it gets, and keeps it encrypted.")
	if t.received, err = t.tom.Receive(ctx, t.granted); err != nil {
		return err
	}
	for _, a := range t.received.Allows {
		t.say("", "· "+a.Resource+": "+strings.Join(a.Actions, ", "))
	}
	return t.step("received", "stored", reason.OK, nil)
}

func (t *story) permit(ctx context.Context) error {
	t.say("3. He books an appointment for her", world.GatewayName+" asks for exactly what booking needs. His wallet shows what would leave, and he agrees:")
	consent, d, err := t.present(ctx, t.tom, "appointments", "book")
	if err != nil {
		return err
	}
	for _, f := range consent.Facts {
		t.say("", "· "+f.Name+": "+shorten(f.Value))
	}
	return t.must("permit", d, reason.OK, "permit", "permit_with_obligations")
}

func (t *story) tooBroad(ctx context.Context) error {
	t.say("4. The app asks for her whole record", "He was given test results, and no more.")
	_, d, err := t.present(ctx, t.tom, "gp-record", "view")
	if err != nil {
		return err
	}
	return t.must("too broad", d, reason.AuthorityRequestTooBroad, "deny")
}

func (t *story) passOn(ctx context.Context) error {
	t.say("5. He is away, and passes a part on to "+t.june.Name, "His wallet shows what he holds beside what she would get, signs once he agrees, and the surgery hosts its status:")
	draft, err := t.tom.Propose(ctx, t.received, wallet.Proposal{To: t.june.DID(), Permissions: []wallet.Permitted{{Resource: "appointments", Actions: []string{"view"}}}})
	if err != nil {
		return err
	}
	for _, l := range draft.Terms.Limits {
		if l.Narrowed() && l.Passed != wallet.NotTold {
			t.say("", "· "+l.Name+": "+l.Held+" → "+l.Passed)
		}
	}
	t.say("", "· left out: "+strings.Join(draft.Terms.LeftOut, "; "))
	file, _, err := draft.Sign(ctx)
	if err != nil {
		return err
	}
	if _, err = t.june.Accept(ctx, file); err != nil {
		return err
	}
	return t.step("passed on", "accepted", reason.OK, nil)
}

func (t *story) onward(ctx context.Context) error {
	t.say("6. "+t.june.Name+" looks up the appointment", "She shows two links: the surgery's to him, and his to her.")
	_, d, err := t.present(ctx, t.june, "appointments", "view")
	if err != nil {
		return err
	}
	return t.must("onward permit", d, reason.OK, "permit", "permit_with_obligations")
}

func (t *story) revoke(ctx context.Context) error {
	t.say("7. "+world.PrincipalName+" withdraws her consent", "The surgery revokes. It says so only once that is durable; gateways see it when they next fetch the list.")
	if err := t.office.Revoke(ctx, t.granted.ID); err != nil {
		return err
	}
	return t.step("revoked", "revoked", reason.OK, nil)
}

func (t *story) denied(ctx context.Context) error {
	t.say("8. Both try again", fmt.Sprintf("Here a list lives %s; in earnest it is 5 minutes, and less for what is sensitive.", demoStatusTTL))
	for _, p := range []struct {
		person *world.Person
		action string
		step   string
	}{{t.tom, "book", "denied"}, {t.june, "view", "onward denied"}} {
		d, err := t.untilDenied(ctx, p.person, p.action)
		if err != nil {
			return err
		}
		if err := t.must(p.step, d, reason.StatusRevoked, "deny"); err != nil {
			return err
		}
	}
	return nil
}

// untilDenied presents again and again until the revocation has bitten, within its bound. A server
// that cannot answer just then (503), or has no fresh list just then, is asked again.
func (t *story) untilDenied(ctx context.Context, p *world.Person, action string) (*world.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, biteWithin)
	defer cancel()
	tick := time.NewTicker(biteEvery)
	defer tick.Stop()
	for {
		_, d, err := t.present(ctx, p, "appointments", action)
		waiting := err == nil && (d.Outcome != "deny" || d.Reason == reason.StatusStale || d.Reason == reason.StatusUnavailable)
		if !waiting && !again(err) {
			return d, err
		}
		select {
		case <-ctx.Done():
			return d, errors.Join(errors.New("the revocation did not bite within "+biteWithin.String()), err)
		case <-tick.C:
		}
	}
}

// again reports whether a server said that it could not answer just then.
func again(err error) bool {
	answer, ok := errors.AsType[*safehttp.StatusError](err)
	return ok && answer.Status == 503
}

// present lets the service ask and a person answer, and returns what the service is told.
func (t *story) present(ctx context.Context, p *world.Person, resource, action string) (wallet.Consent, *world.Decision, error) {
	asked, err := t.service.Ask(ctx, resource, action)
	if err != nil {
		return wallet.Consent{}, nil, err
	}
	consent, _, sent := p.Present(ctx, asked.DeepLink)
	progress, err := t.service.Result(ctx, asked.ID)
	if err != nil {
		return consent, nil, err
	}
	if progress.Decision == nil {
		return consent, nil, errors.Join(errors.New("the gateway has not decided"), sent)
	}
	return consent, progress.Decision, nil
}

// must ends a step, and fails if the decision is not what the story says.
func (t *story) must(step string, d *world.Decision, code reason.Code, outcomes ...string) error {
	if err := t.step(step, d.Outcome, d.Reason, d.NarrowTo); err != nil {
		return err
	}
	for _, o := range outcomes {
		if d.Outcome == o && d.Reason == code {
			return nil
		}
	}
	return fmt.Errorf("%s: the gateway decided %s (%s), the story says %s (%s)", step, d.Outcome, d.Reason, outcomes[0], code)
}

// shorten keeps long identifiers readable.
func shorten(s string) string {
	s = command.Printable(s)
	if len(s) > 60 {
		return s[:28] + "…" + s[len(s)-28:]
	}
	return s
}
