// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world/login"
	"github.com/behalf-id/behalf/issuer"
)

// openSignIn opens the provider at which people sign in, before the issuer that sends them there.
func (w *World) openSignIn(context.Context) error {
	if !w.cfg.SignIn {
		return nil
	}
	files, err := w.tls("sign-in")
	if err != nil {
		return err
	}
	certificate, err := web.LoadTLS(files.Cert, files.Key)
	if err != nil {
		return err
	}
	w.people, err = login.Open(login.Config{
		Listener: w.ports.of("sign-in"), TLS: certificate, Redirect: issuer.CallbackURL(w.Issuer), Now: w.cfg.Now, Logger: w.cfg.Logger,
	})
	if err != nil {
		return err
	}
	w.SignIn = w.people.Issuer()
	w.run("sign-in", w.people)
	return nil
}

// login is what the issuer is told of the provider.
func (w *World) login() (wire.IssuerLogin, error) {
	if w.people == nil {
		return wire.IssuerLogin{}, nil
	}
	secret := w.path("issuer", "sign-in-secret")
	return wire.IssuerLogin{Issuer: w.SignIn, ClientID: login.ClientID, ClientSecret: secret}, sealed.WriteFile(secret, []byte(w.people.ClientSecret()+"\n"))
}
