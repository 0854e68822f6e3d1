// SPDX-License-Identifier: Apache-2.0

package connect_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/wallet"
	"github.com/behalf-id/behalf/wallet/connect"
)

// A program with an interface of its own takes a credential in, says what it allows, and answers a service.
func Example() {
	ctx := context.Background()
	if err := serve(ctx, story); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Larkhill Road Surgery offers you something, with a code.
	// You may view, book and cancel appointments for 9990000077.
	// You may view and request repeat prescriptions for 9990000077: you are warned if it was asked for before.
	// You may view test results for 9990000077: records from 1 January 2024 on; nothing about sexual health; the person you act for is told each time.
	// Larkhill Online wants to book appointments. 1 of 3 permissions would be shown.
	// permit
}

// story is what an embedding program does. The offer and the request come to it as links, by a scan or a click.
func story(ctx context.Context, dir string, trust wallet.Settings, s services) (err error) {
	w, err := connect.Create(ctx, connect.Config{Dir: dir, Passphrase: []byte("correct horse"), Now: time.Now}, trust)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()

	offer, code, err := s.offer(ctx)
	if err != nil {
		return err
	}
	got, err := w.Receive(ctx, offer, wallet.Collector{Accept: func(o wallet.OfferView) (string, error) {
		fmt.Printf("%s offers you something, with a code.\n", o.Issuer) // ask, and return an error for a no
		return code, nil
	}})
	if err != nil {
		return err
	}
	for _, e := range got.Entries {
		for _, sentence := range e.Says(wallet.English) {
			if strings.HasPrefix(sentence, "You may ") && !strings.Contains(sentence, "pass") {
				fmt.Println(sentence)
			}
		}
	}

	request, err := s.request(ctx)
	if err != nil {
		return err
	}
	prepared, err := w.Prepare(ctx, request, "")
	if over, ok := errors.AsType[*wallet.OverAsked](err); ok {
		return fmt.Errorf("the service may not ask for %q", over.TooMuch) // show that; nothing left
	}
	if err != nil {
		return err
	}
	if err := choose(ctx, prepared); err != nil {
		return err
	}
	choice := ask(prepared.Consent)
	told, err := prepared.Send(ctx, choice) // the service hears of a no as well
	if err != nil {
		return err
	}
	fmt.Println(told.Outcome)
	return nil
}

// choose lets the person choose among people and credentials where there are several: here, the first of each.
func choose(ctx context.Context, p *wallet.Prepared) error {
	if people := p.Consent.Principals; len(people) > 1 { // the service does not say for whom
		return p.For(ctx, people[0])
	}
	if others := p.Consent.Also; len(others) > 0 { // p.Consent.Credential would do, and shows the least; any of these would too
		return p.Use(ctx, p.Consent.Credential.ID)
	}
	return nil
}

// ask is the program's own dialog. It shows who asks, for what, and every fact; here it counts some.
func ask(v wallet.Consent) wallet.Choice {
	shown := 0
	for _, f := range v.Facts {
		if f.Name == "permission" {
			shown++
		}
	}
	fmt.Printf("%s wants to %s %s. %d of %d permissions would be shown.\n", v.Verifier, v.Access.Action, v.Access.Resource, shown, len(v.Credential.Allows))
	return wallet.Agree
}

// services are an issuer and a service of a small world, which stand in for real ones.
type services struct{ w *world.World }

func (s services) offer(ctx context.Context) (link, code string, err error) {
	office, err := s.w.Office()
	if err != nil {
		return "", "", err
	}
	o, err := office.Grant(ctx, []byte(strings.Replace(string(world.Grant(time.Now())), `["view","request"],"risk":"routine","constraint":{}`,
		`["view","request"],"risk":"routine","constraint":{"requires":["warn:repeat-request"]}`, 1)))
	return o.Offer.URI, o.Offer.TxCode, err
}

func (s services) request(ctx context.Context) (string, error) {
	service, err := s.w.Service()
	if err != nil {
		return "", err
	}
	asked, err := service.Ask(ctx, "appointments", "book")
	return asked.DeepLink, err
}

// serve runs a small world around do.
func serve(ctx context.Context, do func(ctx context.Context, dir string, trust wallet.Settings, s services) error) (err error) {
	parent, err := os.MkdirTemp("", "behalf")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(parent)) }()
	w, err := world.Open(ctx, world.Config{Dir: filepath.Join(parent, "world"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	defer func() { stop(); err = errors.Join(err, <-ended) }()
	if err := w.Ready(ctx); err != nil {
		return err
	}
	ca, err := os.ReadFile(w.CA())
	if err != nil {
		return err
	}
	trust := wallet.Settings{Registry: w.Registry, Trusted: []string{w.RegistryKey}, CA: string(ca)}
	return do(ctx, filepath.Join(parent, "tom"), trust, services{w})
}
