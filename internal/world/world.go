// SPDX-License-Identifier: Apache-2.0

// Package world is the complete small framework that the sandbox and the tests run: a registry,
// an issuer and a gateway, each its own HTTPS server on loopback with its own store and keys, under
// a certificate authority of their own. Its people are invented.
package world

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world/login"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/key/file"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// Config says where a world lives.
type Config struct {
	Dir    string           // everything it keeps; made if absent
	Host   string           // address to listen at; "" is 127.0.0.1
	Now    func() time.Time // the clock
	Logger *slog.Logger     // ids and codes
	// StatusTTL is how long a status list may be used; 0 is the product's default. The demo
	// takes less, so that a revocation bites while somebody watches.
	StatusTTL time.Duration
	// Change, if it is not nil, changes the framework before the registry signs it for the first
	// time: a world with other rules.
	Change func(f *trustframework.Framework)
	// SignIn runs an OpenID provider too, at which the invented people sign in to collect what was
	// granted to them.
	SignIn bool
	// Issuer and Gateway, if they are not nil, change what these servers are configured with.
	Issuer  func(*wire.IssuerConfig)
	Gateway func(*wire.GatewayConfig)
}

// World is one framework with its three servers. Open makes one.
type World struct {
	Registry, Issuer, Gateway                string // origins
	SignIn                                   string // issuer identifier of the OpenID provider, "" if there is none
	RegistryKey                              string // did:key that signs the framework
	IssuerToken, GatewayToken, RegistryToken string // bearer tokens

	cfg     Config
	ports   *ports
	ca      *authority
	people  *login.Provider // nil where nobody signs in
	servers []*server
	unlock  func() error
}

// server is the server of one role.
type server struct {
	running
	role string
	stop chan struct{} // closed to end it and nobody else
	once sync.Once
}

// running is what a server can do: *wire.Server or *login.Provider.
type running interface {
	Serve(ctx context.Context) error
	Close() error
}

// roles are the servers in the order in which they start.
func (c Config) roles() []string {
	if c.SignIn {
		return []string{"registry", "sign-in", "issuer", "gateway"}
	}
	return []string{"registry", "issuer", "gateway"}
}

// Open makes the world in cfg.Dir, or opens the one that is there with everything it knew. It
// listens from now on; Serve answers.
func Open(ctx context.Context, cfg Config) (*World, error) {
	if cfg.Dir == "" || cfg.Now == nil || cfg.Logger == nil {
		return nil, errors.New("world: Dir, Now or Logger is missing")
	}
	if cfg.Host == "" {
		cfg.Host = "127.0.0.1"
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(cfg.Dir)), 0o700); err != nil {
		return nil, err
	}
	if err := sealed.MakeDir(cfg.Dir); err != nil {
		return nil, notOurs(cfg.Dir, err)
	}
	unlock, err := sealed.Lock(ctx, cfg.Dir)
	if errors.Is(err, sealed.ErrLocked) {
		return nil, fmt.Errorf("world: another sandbox is at work in %s: stop it, or choose another folder: %w", cfg.Dir, err)
	}
	if err != nil {
		return nil, notOurs(cfg.Dir, err)
	}
	w := &World{cfg: cfg, unlock: unlock}
	if err := w.open(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) open(ctx context.Context) error {
	for _, role := range w.cfg.roles() {
		if err := sealed.MakeDir(w.path(role)); err != nil {
			return err
		}
	}
	var err error
	if w.ca, err = openAuthority(w.cfg.Dir, w.cfg.Now()); err != nil {
		return err
	}
	if w.ports, err = openPorts(w.cfg.Dir, w.cfg.Host, w.cfg.roles()); err != nil {
		return err
	}
	w.Registry, w.Issuer, w.Gateway = w.ports.origin("registry"), w.ports.origin("issuer"), w.ports.origin("gateway")
	for _, step := range []func(context.Context) error{w.openRegistry, w.openSignIn, w.openIssuer, w.openGateway} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Serve answers until ctx ends, then lets what is in flight end and closes everything.
func (w *World) Serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	errs := make([]error, len(w.servers))
	for i, s := range w.servers {
		all.Go(func() {
			if errs[i] = s.serve(ctx); !s.stopped() {
				stop() // one that fails ends the world: half a framework helps nobody
			}
		})
	}
	all.Wait()
	return errors.Join(errors.Join(errs...), w.Close())
}

// Stop ends the server of one role, registry, issuer or gateway, while the others go on: a world
// in which somebody is away. Serve closes what it held.
func (w *World) Stop(role string) {
	for _, s := range w.servers {
		if s.role == role {
			s.once.Do(func() { close(s.stop) })
		}
	}
}

// serve is Serve of the role alone, until ctx ends or stop is closed.
func (s *server) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return s.Serve(ctx)
}

func (s *server) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// Close gives back what a world holds that is not served.
func (w *World) Close() error {
	var all error
	for _, s := range w.servers {
		all = errors.Join(all, s.Close())
	}
	w.servers = nil
	if w.ports != nil {
		all = errors.Join(all, w.ports.close())
	}
	if w.unlock != nil {
		all = errors.Join(all, w.unlock())
		w.unlock = nil
	}
	return all
}

// CA returns the path of the certificate authority.
func (w *World) CA() string { return CA(w.cfg.Dir) }

// Hosts returns the servers as host:port.
func (w *World) Hosts() []string {
	hosts := []string{hostOf(w.Registry), hostOf(w.Issuer), hostOf(w.Gateway)}
	if w.SignIn != "" {
		hosts = append(hosts, hostOf(w.SignIn))
	}
	return hosts
}

func (w *World) path(parts ...string) string {
	return filepath.Join(append([]string{w.cfg.Dir}, parts...)...)
}

// deps is what a server of this world is given; it listens where its role always does.
func (w *World) deps(role string) wire.Deps {
	return wire.Deps{
		Now: w.cfg.Now, Random: rand.Reader, Logger: w.cfg.Logger,
		Listener: w.ports.of(role),
	}
}

// tls issues the certificate of a role.
func (w *World) tls(role string) (wire.TLSFiles, error) {
	cert, private, err := w.ca.issue(role, w.cfg.Host, w.cfg.Now())
	return wire.TLSFiles{Cert: cert, Key: private}, err
}

// secret returns the content of a file of one secret line, which is made if it is absent.
func (w *World) secret(parts ...string) (path, content string, err error) {
	path = w.path(parts...)
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		raw = []byte(rand.Text() + rand.Text())
		err = sealed.WriteFile(path, raw)
	}
	return path, strings.TrimSpace(string(raw)), err
}

// keys returns the key ring of a role, with a first key in it, and that key's did:key.
func (w *World) keys(ctx context.Context, role string) (wire.KeysConfig, string, error) {
	path, passphrase, err := w.secret(role, "passphrase")
	if err != nil {
		return wire.KeysConfig{}, "", err
	}
	cfg := wire.KeysConfig{Dir: w.path(role, "keys"), Passphrase: path}
	ring, err := file.Open(ctx, cfg.Dir, []byte(passphrase), rand.Reader)
	if err != nil {
		return cfg, "", err
	}
	now := w.cfg.Now()
	if len(ring.Keys()) == 0 {
		if err := ring.Generate(ctx, key.ES256, "k1", now, now); err != nil {
			return cfg, "", err
		}
	}
	id, _ := didkey.FromKey(ring.Keys()[0].Public)
	return cfg, id.String(), nil
}

func hostOf(origin string) string { return strings.TrimPrefix(origin, "https://") }

// hostOfDID returns the host of a did:web without a path.
func hostOfDID(id string) string {
	return strings.Replace(strings.TrimPrefix(id, "did:web:"), "%3A", ":", 1)
}

func didOf(origin string) string {
	return "did:web:" + strings.Replace(hostOf(origin), ":", "%3A", 1)
}

// notOurs says which folder can not be used.
func notOurs(dir string, err error) error {
	if e, ok := errors.AsType[*reason.Error](err); ok {
		return reason.Wrap(e.Code, dir+": "+e.Detail, err)
	}
	return fmt.Errorf("world: %s: %w", dir, err)
}

// portInUse says what to do about a port that somebody else has.
func portInUse(address, dir string, err error) error {
	return fmt.Errorf("world: %s is in use: stop the other program (another sandbox?), or remove %s to start with fresh ports: %w", address, filepath.Join(dir, portsFile), err)
}
