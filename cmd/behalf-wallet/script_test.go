// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/behalf-id/behalf/internal/command/commandtest"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/world"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"behalf-wallet": main, importer: fakeImporter})
}

// TestScripts runs the binary against a real registry, issuer and gateway.
func TestScripts(t *testing.T) {
	s := startWorld(t)
	commandtest.Scripts(t, func(env *testscript.Env) error {
		env.Setenv("REGISTRY", s.world.Registry)
		env.Setenv("REGISTRY_KEY", s.world.RegistryKey)
		env.Setenv("CA", s.world.CA())
		env.Setenv("ISSUER", s.world.Issuer)
		env.Setenv("BEHALF_WALLET_PASSPHRASE", "correct horse")
		env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, "data"))
		env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
		return nil
	}, commandtest.Commands{"grant": s.grant, "ask": s.ask, "revoke": s.revoke, "env-json": envJSON, "damage": damage})
}

// sandbox is a world that is being served.
type sandbox struct {
	world  *world.World
	client *safehttp.Client
	stop   func()
}

func startWorld(t *testing.T) *sandbox {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	return startWorldOf(t, world.Config{})
}

// startWorldOf serves a world of cfg, less what every test has alike.
func startWorldOf(t *testing.T, cfg world.Config) *sandbox {
	t.Helper()
	cfg.Dir, cfg.Now, cfg.Logger = filepath.Join(t.TempDir(), "world"), time.Now, slog.New(slog.DiscardHandler)
	w, err := world.Open(t.Context(), cfg)
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	s := &sandbox{world: w}
	stopped := false
	s.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			check(t, <-ended)
		}
	}
	t.Cleanup(s.stop)
	check(t, w.Ready(t.Context()))
	s.client, err = w.Client()
	check(t, err)
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *sandbox) post(url, token string, body []byte, into any) error {
	r, err := s.client.Post(context.Background(), url, "application/json", body, safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: 1 << 20, Statuses: []int{200, 201},
		Header: http.Header{"Authorization": {"Bearer " + token}, "Idempotency-Key": {rand.Text()}},
	})
	if err != nil {
		return err
	}
	return strictjson.Unmarshal(r.Body, into)
}

// offered is what the issuer answers to a grant.
type offered struct {
	ID    string `json:"id"`
	Offer struct {
		URI    string `json:"uri"`
		TxCode string `json:"tx_code"`
	} `json:"offer"`
}

func (s *sandbox) offer(format string) (o offered, err error) {
	body := strings.Replace(string(world.Grant(time.Now())), `"dc+sd-jwt"`, `"`+format+`"`, 1)
	return o, s.post(s.world.Issuer+"/admin/v1/delegations", s.world.IssuerToken, []byte(body), &o)
}

// grant [FORMAT] lets the surgery grant, and sets OFFER, TXCODE, WRONGCODE and GRANTED.
func (s *sandbox) grant(ts *testscript.TestScript, _ bool, args []string) {
	o, err := s.offer(strings.Join(append(args, "dc+sd-jwt")[:1], ""))
	ts.Check(err)
	n, err := strconv.Atoi(o.Offer.TxCode)
	ts.Check(err)
	wrong := strconv.Itoa(1000000 + (n+1)%1000000)[1:]
	for name, value := range map[string]string{"OFFER": o.Offer.URI, "TXCODE": o.Offer.TxCode, "WRONGCODE": wrong, "GRANTED": o.ID} {
		ts.Setenv(name, value)
	}
}

// asked is what the gateway answers to a service.
type asked struct {
	ID       string `json:"id"`
	URI      string `json:"request_uri"`
	DeepLink string `json:"deeplink"`
}

func (s *sandbox) request(resource, action string) (a asked, err error) {
	return s.requestWith(map[string]string{"resource": resource, "action": action})
}

// requestWith lets the service ask for an access in its own flow.
func (s *sandbox) requestWith(members map[string]string) (a asked, err error) {
	all := map[string]string{
		"principal": world.PrincipalURN, "purpose": world.Purpose, "controller": world.Controller, "jurisdiction": world.Jurisdiction,
	}
	maps.Copy(all, members)
	body, err := strictjson.Marshal(all)
	if err != nil {
		return a, err
	}
	return a, s.post(s.world.Gateway+"/v1/requests", s.world.GatewayToken, body, &a)
}

// ask RESOURCE ACTION lets the service ask, and sets REQUEST and DEEPLINK.
func (s *sandbox) ask(ts *testscript.TestScript, _ bool, args []string) {
	a, err := s.request(args[0], args[1])
	ts.Check(err)
	ts.Setenv("REQUEST", a.URI)
	ts.Setenv("DEEPLINK", a.DeepLink)
}

// revoke ends what was granted last.
func (s *sandbox) revoke(ts *testscript.TestScript, _ bool, _ []string) {
	var into map[string]any
	ts.Check(s.post(s.world.Issuer+"/admin/v1/delegations/"+ts.Getenv("GRANTED")+"/revoke", s.world.IssuerToken, []byte(`{"reason":"withdrawn-by-principal"}`), &into))
}

// env-json NAME PATH... sets a variable to a member of what the last command wrote.
func envJSON(ts *testscript.TestScript, _ bool, args []string) {
	var v any
	ts.Check(strictjson.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, step := range args[1:] {
		if i, err := strconv.Atoi(step); err == nil {
			v = v.([]any)[i]
			continue
		}
		v = v.(map[string]any)[step]
	}
	ts.Setenv(args[0], v.(string))
}

// damage DIR flips a byte in the one credential of a wallet.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), args[1]))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%d files", len(found))
	}
	raw, err := os.ReadFile(found[0])
	ts.Check(err)
	raw[len(raw)-5] ^= 1
	ts.Check(os.WriteFile(found[0], raw, 0o600))
}
