// SPDX-License-Identifier: Apache-2.0

package login

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/behalf-id/behalf/internal/web"
)

//go:embed page.html
var pages embed.FS

// server answers for a Provider.
type server struct {
	http     *http.Server
	accounts *accounts
	page     *template.Template
}

func (p *Provider) newServer(a *accounts) (server, error) {
	s := server{accounts: a}
	var err error
	if s.page, err = template.ParseFS(pages, "page.html"); err != nil {
		return s, err
	}
	cfg := &op.Config{CodeMethodS256: true}
	if _, err := rand.Read(cfg.CryptoKey[:]); err != nil {
		return s, err
	}
	protocol, err := op.NewProvider(cfg, a, op.StaticIssuer(p.issuer), op.WithLogger(p.cfg.Logger))
	if err != nil {
		return s, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", s.show)
	mux.HandleFunc("POST /login", s.enter)
	mux.Handle("/", protocol)
	s.http = &http.Server{
		Handler: mux, ReadHeaderTimeout: web.HeaderTimeout, ReadTimeout: web.HeaderTimeout + web.BodyTimeout,
		WriteTimeout: web.WriteTimeout, IdleTimeout: web.IdleTimeout, MaxHeaderBytes: web.MaxHeader, TLSConfig: p.cfg.TLS.Clone(),
	}
	return s, nil
}

// Serve answers until ctx ends. Then it stops, and returns nil if nothing else ended it.
func (p *Provider) Serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- p.server.http.ServeTLS(p.cfg.Listener, "", "") }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	err := p.Close()
	if ended := <-failed; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// closeWait is how long requests in flight have to end.
const closeWait = 2 * time.Second

// Close stops answering and closes the listener.
func (p *Provider) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	if err := p.server.http.Shutdown(ctx); err != nil {
		return errors.Join(err, p.server.http.Close())
	}
	return nil
}

// form is what the page shows.
type form struct {
	ID    string
	Wrong bool
}

func (s server) show(w http.ResponseWriter, r *http.Request) {
	query, err := web.Query(r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.write(w, http.StatusOK, form{ID: query.Get("id")})
}

func (s server) enter(w http.ResponseWriter, r *http.Request) {
	fields, err := web.Form(r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id := fields.Get("id")
	if !s.accounts.enter(id, fields.Get("username"), fields.Get("password")) {
		s.write(w, http.StatusForbidden, form{ID: id, Wrong: true})
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/authorize/callback?"+url.Values{"id": {id}}.Encode(), http.StatusSeeOther)
}

func (s server) write(w http.ResponseWriter, status int, f form) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	// No form-action: the way from this form leads on to the issuer and from there to a wallet.
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	_ = s.page.Execute(w, f)
}
