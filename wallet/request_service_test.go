// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/trustframework"
)

// service is the gateway of a town, with a client identifier, ways and manners of its own. It checks what it
// is sent as a verifier has to.
type service struct {
	w        *town
	at       *site
	clientID string
	chain    [][]byte // certificates it signs with; nil: the key of its DID
	key      key.Signer
	with     *jwe.Private // the answer has to be encrypted to it
	change   func(r *vp.Request)
	claims   map[string]any // put over the members of the request
	header   *jose.Header   // in place of the honest one
	reply    string

	request *vp.Request
	posted  []url.Values // forms that came for the request object
	answers []vp.Response
	raw     []url.Values // the same as it came
}

func (w *town) service() *service { return w.serviceAt(w.gateway) }

func (w *town) serviceAt(s *site) *service {
	a := &service{w: w, at: s, clientID: vp.ClientID(s.id), key: s.signer, reply: `{}`}
	s.serve(map[string]http.HandlerFunc{"GET /ask": a.getRequest, "POST /ask": a.postRequest, "POST /answer": a.postAnswer})
	return a
}

// link is by reference, with a method or none.
func (a *service) link(method string) string {
	return vp.Link{ClientID: a.clientID, RequestURI: a.at.origin + "/ask", Method: method}.String()
}

// object makes the request object.
func (a *service) object(nonce string) []byte {
	access := a.w.accesses
	a.request = &vp.Request{
		ClientID: a.clientID, ResponseType: vp.ResponseTypeVP, ResponseMode: vp.ModeDirectPost, ResponseURI: a.at.origin + "/answer",
		Audience: vp.AudienceStatic, Nonce: "nonce-of-the-asker-0123456789", State: "state-of-the-asker", IssuedAt: a.w.now().Unix(), Expires: a.w.now().Unix() + 60,
		Query: query(access), Access: &access, WalletNonce: nonce,
	}
	if a.with != nil {
		a.request.ResponseMode = vp.ModeDirectPostJWT
		a.request.Metadata.EncryptTo(a.with, jwe.A128GCM, jwe.A256GCM)
	}
	if a.change != nil {
		a.change(a.request)
	}
	raw, err := strictjson.Marshal(a.request)
	check(a.w.t, err)
	if a.claims != nil {
		raw = overlaid(a.w.t, raw, a.claims)
	}
	h := jose.Header{Type: vp.TypeRequest, KeyID: a.at.signer.Method.String()}
	if a.chain != nil {
		h = jose.Header{Type: vp.TypeRequest, X5C: jose.WriteX5C(a.chain)}
	}
	if a.header != nil {
		h = *a.header
	}
	signed, err := jose.Sign(a.w.t.Context(), h, raw, a.key)
	check(a.w.t, err)
	return signed
}

// overlaid puts members over those of an object; nil takes one away.
func overlaid(t testing.TB, object []byte, over map[string]any) []byte {
	members := map[string]any{}
	check(t, strictjson.Unmarshal(object, &members))
	for name, v := range over {
		if members[name] = v; v == nil {
			delete(members, name)
		}
	}
	raw, err := strictjson.Marshal(members)
	check(t, err)
	return raw
}

// left returns how many answers came that are no refusals.
func (a *service) left() (n int) {
	for _, form := range a.raw {
		if !form.Has("error") {
			n++
		}
	}
	return n
}

func (a *service) getRequest(rw http.ResponseWriter, _ *http.Request) {
	write200(rw, vp.MediaTypeRequest, a.object(""))
}

func (a *service) postRequest(rw http.ResponseWriter, r *http.Request) {
	form, _ := readForm(r)
	a.posted = append(a.posted, form)
	write200(rw, vp.MediaTypeRequest, a.object(form.Get("wallet_nonce")))
}

func (a *service) postAnswer(rw http.ResponseWriter, r *http.Request) {
	form, err := readForm(r)
	a.raw = append(a.raw, maps.Clone(form))
	var got vp.Response
	if err == nil && a.with != nil {
		got, err = vp.OpenResponse(form, a.with, jwe.A256GCM)
	} else if err == nil {
		got, err = vp.ParseResponse(form)
	}
	if err != nil || got.State != a.request.State {
		writeAny(rw, 400, map[string]string{"type": "/problems/request-invalid"})
		return
	}
	a.answers = append(a.answers, got)
	write200(rw, jsonType, []byte(a.reply))
}

// presented opens the leaf of the last answer as a verifier does, over the transactions that were asked for.
func (a *service) presented(transactions ...string) credential.Presented {
	a.w.t.Helper()
	if len(a.answers) == 0 {
		a.w.t.Fatal("nothing was presented")
	}
	for id, all := range a.answers[len(a.answers)-1].Token {
		if a.request.Query.Find(id).Bound() {
			got, err := credential.OpenPresentation(a.w.t.Context(), a.w.formats.Recognise([]byte(all[0])), []byte(all[0]), credential.Binding{
				Audience: a.clientID, Nonce: a.request.Nonce, At: a.w.now(), TransactionData: transactions,
			}, credential.Keys{Resolver: a.w.keys, At: a.w.now()})
			check(a.w.t, err)
			return got
		}
	}
	a.w.t.Fatal("nothing is bound to its holder")
	return credential.Presented{}
}

// certificate makes a certificate by an authority, by itself for nil, and its key.
func (w *town) certificate(by *x509.Certificate, with *ecdsa.PrivateKey, change func(c *x509.Certificate)) (*x509.Certificate, *ecdsa.PrivateKey) {
	w.t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(w.t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "service"}, DNSNames: []string{"localhost"}, BasicConstraintsValid: true,
		NotBefore: w.now().Add(-time.Hour), NotAfter: w.now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(c)
	}
	if by == nil {
		by, with = c, k
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, k.Public(), with)
	check(w.t, err)
	made, err := x509.ParseCertificate(der)
	check(w.t, err)
	return made, k
}

// certify gives the service a certificate of an authority, which is returned.
func (a *service) certify() *x509.Certificate {
	root, rootKey := a.w.certificate(nil, nil, func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.KeyUsage, c.DNSNames = "authority", true, x509.KeyUsageCertSign, nil
	})
	leaf, k := a.w.certificate(root, rootKey, nil)
	a.chain, a.key = [][]byte{leaf.Raw}, es256(a.w.t, k)
	return root
}

// es256 is a key of a certificate as a signer.
func es256(t testing.TB, k *ecdsa.PrivateKey) key.Signer {
	t.Helper()
	public, err := key.New(k.Public())
	check(t, err)
	j := public.JWK()
	raw, err := k.Bytes()
	check(t, err)
	j.D = string(jose.AppendEncode(nil, raw))
	s, err := j.Private(rand.Reader)
	check(t, err)
	return s
}

// registers changes the entry of the gateway in the framework.
func (w *town) registers(change func(v *trustframework.Verifier)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := *w.framework
	f.Verifiers = append([]trustframework.Verifier(nil), f.Verifiers...)
	change(&f.Verifiers[0])
	w.framework = &f
}
