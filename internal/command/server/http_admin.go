// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/reason"
)

// Access says where a running server is and how its operator reaches it.
type Access struct {
	URL       string // https
	TokenFile string // of the bearer token
	CA        string // file of certificate authorities to trust; "" for the system's
}

// Admin is a running server as its operator reaches it. Close it.
type Admin struct {
	role   Role
	base   string
	token  web.Secret
	client *safehttp.Client
}

// Admin returns the server that a names. An address that is not an https one is wrong usage.
func (r Role) Admin(a Access) (*Admin, error) {
	u, err := url.Parse(a.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, command.Usage("the address of the server, --url, is not an https address")
	}
	token, err := web.ReadSecretFile(a.TokenFile)
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	// The operator names this host, so it may be a private one.
	reach := wire.Outbound{Private: []string{net.JoinHostPort(u.Hostname(), port)}, CA: a.CA}
	client, err := reach.Client(r.Deps())
	return &Admin{r, strings.TrimSuffix(u.String(), "/"), token, client}, err
}

// Close ends idle connections.
func (a *Admin) Close() { a.client.Close() }

// Get reads the JSON at path into the value that into points to.
func (a *Admin) Get(ctx context.Context, path string, into any) error {
	raw, err := a.Read(ctx, path)
	if err != nil {
		return err
	}
	return strictjson.Unmarshal(raw, into)
}

// Read returns the JSON at path.
func (a *Admin) Read(ctx context.Context, path string) ([]byte, error) {
	res, err := a.client.Get(ctx, a.base+path, a.want(""))
	if err != nil {
		return nil, a.refused(err)
	}
	return res.Body, nil
}

// Post sends a JSON body to path and reads the answer into the value that into points to. key is the
// Idempotency-Key, "" for none.
func (a *Admin) Post(ctx context.Context, path, key string, body []byte, into any) error {
	res, err := a.client.Post(ctx, a.base+path, "application/json", body, a.want(key))
	if err != nil {
		return a.refused(err)
	}
	return strictjson.Unmarshal(res.Body, into)
}

func (a *Admin) want(key string) safehttp.Want {
	header := http.Header{"Authorization": {"Bearer " + a.token.Reveal()}}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	return safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: safehttp.MaxBody, Statuses: []int{http.StatusOK, http.StatusCreated}, Header: header,
	}
}

// refused says what went wrong and what to do about it.
func (a *Admin) refused(err error) error {
	if errors.Is(err, safehttp.ErrUnreachable) {
		return errors.New("no " + a.role.Role + " answers at " + a.base + ": start it with " + a.role.Name + " serve, or correct the address with --url")
	}
	if reason.Of(err) == reason.FetchTLS {
		return reason.Wrap(reason.FetchTLS, "the certificate of "+a.base+" is not trusted: give its authority with --ca", err)
	}
	refusal, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok {
		return err
	}
	var problem struct {
		Reason reason.Code `json:"reason"`
		Detail string      `json:"detail"`
		Title  string      `json:"title"`
	}
	if len(refusal.Body) == 0 || strictjson.Unmarshal(refusal.Body, &problem) != nil {
		return errors.New("the server answered with status " + strconv.Itoa(refusal.Status) + ": is " + a.base + " " + wire.WithArticle(a.role.Role) + "?")
	}
	switch _, known := reason.Lookup(problem.Reason); {
	case problem.Reason == reason.TokenInvalid:
		return reason.Wrap(reason.TokenInvalid, "the server does not accept the admin token: give the right one with --token-file", err)
	case !known:
		return errors.New("the server refused: " + problem.Title)
	}
	return reason.Wrap(problem.Reason, problem.Detail, err)
}
