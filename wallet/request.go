// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// request is a request that was checked, with who asks and for what.
type request struct {
	*vp.Request
	verifier trustframework.Verifier
	access   vp.Access // without a principal, resource and action where the service names none
}

// nonceBytes is the randomness of a wallet_nonce.
const nonceBytes = 16

// fetch reads the request behind link and checks who asks: a verifier that the framework lists, in
// a request object signed by it, at its own origin, for an access that it is registered for, with
// the answer to its own origin.
func (w *Wallet) fetch(ctx context.Context, link string) (*request, error) {
	f, err := w.framework()
	if err != nil {
		return nil, err
	}
	l, v, err := asking(f, link)
	if err != nil {
		return nil, err
	}
	object, nonce := []byte(l.Object), ""
	if l.RequestURI != "" {
		if object, nonce, err = w.object(ctx, l); err != nil {
			return nil, err
		}
	}
	if l.ClientID == "" { // a bare address
		if l.ClientID, err = claimed(f, v, object); err != nil {
			return nil, err
		}
	}
	trust := vp.Trust{Keys: w.keys(), WalletNonce: nonce}
	if strings.HasPrefix(l.ClientID, vp.PrefixX509DNS) {
		if trust.Anchors, err = v.Certificates(); err != nil {
			return nil, err
		}
	}
	r, err := trust.Open(ctx, object, l.ClientID)
	if refused, ok := errors.AsType[*vp.Refused](err); ok && atOrigin(v.ID, refused.ResponseURI) {
		w.tell(ctx, refused.ResponseURI, refused.Response())
	}
	if err != nil {
		return nil, err
	}
	return w.admitted(ctx, r, v)
}

// tell says to a service why its request is refused (OpenID4VP 1.0 §8.5), so that it need not wait. It says
// nothing of the person: neither what the wallet holds nor who decided. Whether the service hears it changes
// nothing.
func (w *Wallet) tell(ctx context.Context, responseURI string, answer vp.Response) {
	if form, err := answer.Form(); err == nil {
		_, _ = w.post(ctx, responseURI, formType, []byte(form.Encode()), safehttp.Want{MaxBytes: maxTold})
	}
}

// asking reads what a service hands out, a link or the bare https address of its request object, and
// finds who asks: the verifier that the framework lists under its client identifier or, for a bare
// address, at its origin. A request that nobody signs is request.unsigned: whoever sent it could be anybody.
func asking(f *trustframework.Framework, link string) (vp.Link, trustframework.Verifier, error) {
	var none trustframework.Verifier
	if strings.HasPrefix(link, "https://") {
		for _, v := range f.Verifiers {
			if len(link) <= vp.MaxLink && atOrigin(v.ID, link) {
				return vp.Link{RequestURI: link}, v, nil
			}
		}
		return vp.Link{}, none, reason.New(reason.VerifierNotEntitled, "the trust framework lists no service at this address")
	}
	l, err := vp.ParseLink(link)
	if err != nil {
		return vp.Link{}, none, err
	}
	client, err := vp.ParseClient(l.ClientID)
	if err != nil {
		return vp.Link{}, none, err
	}
	if !client.Signed() {
		return vp.Link{}, none, reason.New(reason.RequestUnsigned, "nobody signs this request, so that nobody can know who asks")
	}
	v, known := f.VerifierByClient(l.ClientID)
	if !known {
		return vp.Link{}, none, reason.New(reason.VerifierNotEntitled, "the trust framework does not know the service that asks")
	}
	if l.RequestURI != "" && !atOrigin(v.ID, l.RequestURI) {
		return vp.Link{}, none, reason.New(reason.RequestClientID, "the request lies at another host than the service's own")
	}
	return l, v, nil
}

// claimed returns the client identifier in a request object, if it is one of v.
func claimed(f *trustframework.Framework, v trustframework.Verifier, object []byte) (string, error) {
	id, err := vp.Claimed(object)
	if err != nil {
		return "", err
	}
	if asks, known := f.VerifierByClient(id); !known || asks.ID != v.ID {
		return "", reason.New(reason.RequestClientID, "the request is another service's than the one at this address")
	}
	return id, nil
}

// object fetches the request object, with a POST where the service offers it (OpenID4VP 1.0 §5.10):
// then the nonce, which the object has to repeat, shows that it was made for this wallet.
func (w *Wallet) object(ctx context.Context, l vp.Link) (object []byte, nonce string, err error) {
	want := safehttp.Want{MediaTypes: []string{vp.MediaTypeRequest}, MaxBytes: MaxAnswer}
	var answer safehttp.Response
	if l.Method != vp.MethodPost {
		answer, err = w.cfg.Remote.Get(ctx, l.RequestURI, want)
		return answer.Body, "", unfetched(err)
	}
	if nonce, err = w.nonce(); err != nil {
		return nil, "", err
	}
	metadata, err := strictjson.Marshal(vp.NewWalletMetadata(w.presents()))
	if err != nil {
		return nil, "", err
	}
	form := url.Values{"wallet_nonce": {nonce}, "wallet_metadata": {string(metadata)}}
	answer, err = w.cfg.Remote.Post(ctx, l.RequestURI, formType, []byte(form.Encode()), want)
	return answer.Body, nonce, unfetched(err)
}

func (w *Wallet) nonce() (string, error) {
	var raw [nonceBytes]byte
	if _, err := io.ReadFull(w.cfg.Random, raw[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// presents lists the formats of the wallet for its metadata.
func (w *Wallet) presents() map[string]vp.Formats {
	algorithms := []string{"ES256", "ES384", "EdDSA"}
	out := map[string]vp.Formats{}
	for _, f := range w.cfg.Formats {
		switch id := vp.FormatID(f.Name()); id {
		case vp.FormatSDJWT:
			out[id] = vp.Formats{SDJWTAlgorithms: algorithms, KBAlgorithms: algorithms}
		case vp.FormatVCJWT:
			out[id] = vp.Formats{Algorithms: algorithms}
		case vp.FormatLDP:
			out[id] = vp.Formats{ProofTypes: []string{"DataIntegrityProof"}, Cryptosuites: append(out[id].Cryptosuites, f.Name())}
		}
	}
	return out
}

// unfetched turns a failed fetch of a request into words. One that is too large asks for too much.
func unfetched(err error) error {
	if errors.Is(err, safehttp.ErrTooLarge) {
		return reason.Wrap(reason.LimitQuery, "the request is larger than a wallet reads", err)
	}
	return refusedByVerifier(err)
}
