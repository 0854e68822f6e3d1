// SPDX-License-Identifier: Apache-2.0

package world_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/wallet"
)

// back is where the service of these tests has its browser sent.
const back = "https://records.example.org/back"

// TestFlowsByEveryProtocol has a real wallet answer a real gateway in each flow and by each way in which a gateway
// can be known and answered: the decision is told with the code of the flow, and says by which flow it came.
func TestFlowsByEveryProtocol(t *testing.T) {
	certificate, anchor, leaf := gatewayCertificate(t)
	for name, c := range map[string]struct {
		set  func(*wire.GatewayConfig)
		list func(*trustframework.Verifier)
	}{
		"DID":         {func(*wire.GatewayConfig) {}, func(*trustframework.Verifier) {}},
		"transaction": {func(g *wire.GatewayConfig) { g.Transaction, g.Response = "access", vp.ModeDirectPostJWT }, func(*trustframework.Verifier) {}},
		"x509_san_dns": {func(g *wire.GatewayConfig) { g.Client = certificate; g.Client.Prefix = "x509_san_dns" }, func(v *trustframework.Verifier) {
			v.Clients, v.Anchors = []string{vp.PrefixX509DNS + "localhost"}, []string{base64.StdEncoding.EncodeToString(anchor)}
		}},
		"haip": {func(g *wire.GatewayConfig) { g.Client, g.Profile, g.Formats = certificate, "haip", nil }, func(v *trustframework.Verifier) {
			v.Clients = []string{vp.ClientX509Hash(leaf)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(filepath.Join(t.TempDir(), "w"))
			cfg.Gateway = func(g *wire.GatewayConfig) { g.Redirects = []string{back}; c.set(g) }
			cfg.Change = func(f *trustframework.Framework) { c.list(&f.Verifiers[0]) }
			w, _ := serve(t, cfg)
			tom, err := w.Person(t.Context(), "tom", "wallet-tom")
			check(t, err)
			t.Cleanup(func() { check(t, tom.Close()) })
			office, err := w.Office()
			check(t, err)
			offer, err := office.Grant(t.Context(), world.Grant(time.Now()))
			check(t, err)
			_, err = tom.Receive(t.Context(), offer)
			check(t, err)
			sameDevice(t, w, tom)
			crossDevice(t, w, tom)
		})
	}
}

func sameDevice(t *testing.T, w *world.World, tom *world.Person) {
	t.Helper()
	id, told := answered(t, w, tom, `,"flow":"same_device","redirect_uri":"`+back+`"`)
	code, ok := strings.CutPrefix(told.RedirectURI, back+"#response_code=")
	if !ok || told.Confirmation != "" {
		t.Errorf("%+v", told)
	}
	refused(t, w, id, "", 403)
	permitted(t, w, id, "?response_code="+code, "same_device")
	refused(t, w, id, "?response_code="+code, 403)
}

func crossDevice(t *testing.T, w *world.World, tom *world.Person) {
	t.Helper()
	id, told := answered(t, w, tom, `,"flow":"cross_device"`)
	if len(told.Confirmation) != 8 {
		t.Errorf("%+v", told)
	}
	refused(t, w, id, "", 403)
	permitted(t, w, id, "?confirmation_code="+told.Confirmation, "cross_device")
}

// answered asks for one access with more in the request, and has tom agree.
func answered(t *testing.T, w *world.World, tom *world.Person, more string) (id string, told wallet.Told) {
	t.Helper()
	body := `{"principal":"` + world.PrincipalURN + `","resource":"appointments","action":"view","purpose":"` + world.Purpose + `","controller":"` + world.Controller +
		`","jurisdiction":"` + world.Jurisdiction + `","assurance":"high"` + more + `}`
	client, err := w.Client()
	check(t, err)
	answer, err := client.Post(t.Context(), w.Gateway+"/v1/requests", "application/json", []byte(body), safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: 1 << 20, Statuses: []int{201}, Header: service(w),
	})
	check(t, err)
	var asked world.Asked
	check(t, strictjson.Unmarshal(answer.Body, &asked))
	_, told, err = tom.Present(t.Context(), asked.DeepLink)
	check(t, err)
	if !told.Permitted() {
		t.Fatalf("%+v", told)
	}
	return asked.ID, told
}

func service(w *world.World) map[string][]string {
	return map[string][]string{"Authorization": {"Bearer " + w.GatewayToken}}
}

func permitted(t *testing.T, w *world.World, id, query, flow string) {
	t.Helper()
	client, err := w.Client()
	check(t, err)
	answer, err := client.Get(t.Context(), w.Gateway+"/v1/requests/"+id+query, safehttp.Want{MediaTypes: []string{"application/json"}, MaxBytes: 1 << 20, Header: service(w)})
	check(t, err)
	var got struct {
		Flow     string `json:"flow"`
		Decision struct {
			Reason reason.Code `json:"reason"`
			Flow   string      `json:"flow"`
		} `json:"decision"`
	}
	check(t, strictjson.Unmarshal(answer.Body, &got))
	if got.Decision.Reason != reason.OK || got.Decision.Flow != flow || got.Flow != flow {
		t.Errorf("%s", answer.Body)
	}
}

func refused(t *testing.T, w *world.World, id, query string, status int) {
	t.Helper()
	client, err := w.Client()
	check(t, err)
	_, err = client.Get(t.Context(), w.Gateway+"/v1/requests/"+id+query, safehttp.Want{MediaTypes: []string{"application/json"}, MaxBytes: 1 << 20, Header: service(w)})
	if refusal, ok := errors.AsType[*safehttp.StatusError](err); !ok || refusal.Status != status {
		t.Errorf("%s: %v", query, err)
	}
}

// gatewayCertificate writes a certificate for localhost of an authority of its own, and returns both as DER too.
func gatewayCertificate(t *testing.T) (files wire.ClientSettings, anchor, leaf []byte) {
	t.Helper()
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte{1},
	}
	anchor, err = x509.CreateCertificate(rand.Reader, root, root, authority.Public(), authority)
	check(t, err)
	leaf, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Gateway"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		DNSNames: []string{"localhost"}, KeyUsage: x509.KeyUsageDigitalSignature,
	}, root, k.Public(), authority)
	check(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(k)
	check(t, err)
	dir := t.TempDir()
	files = wire.ClientSettings{Certificate: filepath.Join(dir, "client.pem"), Key: filepath.Join(dir, "client.key")}
	check(t, os.WriteFile(files.Certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), 0o600))
	check(t, os.WriteFile(files.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return files, anchor, leaf
}
