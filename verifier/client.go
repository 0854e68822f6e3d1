// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Protocol is how the gateway speaks OpenID4VP. The zero Protocol names the gateway by its DID, signs with
// its key, and takes answers by direct_post.
type Protocol struct {
	Client Client
	// Encryptions are the algorithms by which an answer may be encrypted; with any, answers must be
	// (direct_post.jwt, OpenID4VP 1.0 §8.3.1), each to a key of its own session.
	Encryptions []jwe.Encryption
	// Transaction is vp.TransactionAccess to have the holder proof made over the access that was asked for
	// (OpenID4VP 1.0 §8.4), "" for none. Formats whose proofs have no place for it are then not asked for.
	Transaction string
}

// Client is how wallets know the gateway (OpenID4VP 1.0 §5.9.3).
type Client struct {
	// Prefix is vp.PrefixDID or "", vp.PrefixX509DNS for the host of Config.Origin, vp.PrefixX509Hash, or
	// vp.PrefixRedirectURI: requests are then not signed and travel in the link, and no wallet can tell who asks.
	Prefix string
	// Certificates are DER, that of Key first and the trust anchor never among them: for the two x509 prefixes.
	Certificates [][]byte
	// Key signs request objects in place of Config.Signer: for the two x509 prefixes.
	Key key.Signer
}

func (p Protocol) encrypted() bool { return len(p.Encryptions) > 0 }

// check checks p for a gateway of cfg and returns its client identifier, "" for one that is made out to each session.
func (p Protocol) check(cfg Config) (clientID string, err error) {
	for _, e := range p.Encryptions {
		if _, err := jwe.ParseEncryption(string(e)); err != nil {
			return "", errors.New("config: Encryptions names an algorithm that is not known")
		}
	}
	if p.Transaction != "" && p.Transaction != vp.TransactionAccess {
		return "", errors.New("config: Transaction is of a type that is not known")
	}
	if len(p.formats(cfg.Formats)) == 0 {
		return "", errors.New("config: no format has a place for transaction data")
	}
	return p.Client.check(cfg)
}

func (c Client) check(cfg Config) (clientID string, err error) {
	certified := len(c.Certificates) > 0 && c.Key != nil
	switch c.Prefix {
	case "", vp.PrefixDID:
		if len(c.Certificates) > 0 || c.Key != nil {
			return "", errors.New("config: a client that goes by its DID has no certificate")
		}
		return vp.ClientID(cfg.ID), nil
	case vp.PrefixRedirectURI:
		if len(c.Certificates) > 0 || c.Key != nil {
			return "", errors.New("config: a client that goes by its address has no certificate")
		}
		return "", nil
	case vp.PrefixX509Hash, vp.PrefixX509DNS:
		if !certified {
			return "", errors.New("config: Certificates or Key is missing")
		}
		return c.certified(cfg.Origin)
	}
	return "", errors.New("config: Client has a prefix that is not known")
}

// certified returns the client identifier of the first certificate, which must be that of Key. None may vouch for
// itself: an anchor has its place in the trust framework (HAIP 1.0 §5).
func (c Client) certified(origin string) (clientID string, err error) {
	var chain []*x509.Certificate
	for _, der := range c.Certificates {
		one, err := x509.ParseCertificate(der)
		if err != nil {
			return "", errors.New("config: Certificates holds what is none")
		}
		if bytes.Equal(one.RawSubject, one.RawIssuer) {
			return "", errors.New("config: Certificates holds one that vouches for itself")
		}
		chain = append(chain, one)
	}
	leaf := chain[0]
	if k, err := key.New(leaf.PublicKey); err != nil || !k.Equal(c.Key.Public()) {
		return "", errors.New("config: Key is not that of the first certificate")
	}
	if c.Prefix == vp.PrefixX509Hash {
		return vp.ClientX509Hash(leaf.Raw), nil
	}
	u, err := url.Parse(origin)
	if err != nil || !slices.Contains(leaf.DNSNames, u.Hostname()) {
		return "", errors.New("config: the certificate does not name the host of Origin")
	}
	return c.Prefix + u.Hostname(), nil
}

// formats returns those of all that may be asked for.
func (p Protocol) formats(all credential.Formats) credential.Formats {
	if p.Transaction == "" {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(f credential.Format) bool { return vp.FormatID(f.Name()) != vp.FormatSDJWT })
}

// clientOf returns the client identifier of session id: holder proofs are made out to it whole, prefix included.
func (g *Gateway) clientOf(id string) string {
	if g.cfg.Protocol.Client.Prefix == vp.PrefixRedirectURI {
		return vp.PrefixRedirectURI + g.responseURI(id)
	}
	return g.clientID
}

func (g *Gateway) responseURI(id string) string { return g.cfg.Origin + "/vp/response/" + id }

// byValue reports whether requests travel in the link.
func (g *Gateway) byValue() bool { return g.cfg.Protocol.Client.Prefix == vp.PrefixRedirectURI }

// signer returns what signs request objects now, nil where nothing is signed.
func (g *Gateway) signer() (signing, error) {
	c := g.cfg.Protocol.Client
	if c.Key != nil {
		return func(ctx context.Context, r *vp.Request) ([]byte, error) {
			return r.SignX509(ctx, c.Certificates, c.Key)
		}, nil
	}
	by, err := g.cfg.Signer()
	return func(ctx context.Context, r *vp.Request) ([]byte, error) { return r.Sign(ctx, by) }, err
}

// signing signs one request object.
type signing func(context.Context, *vp.Request) ([]byte, error)

// sealing is what an answer is to be encrypted to. It lives as long as its session waits.
type sealing struct {
	Key         strictjson.Value `json:"key"` // a private JWK
	Encryptions []jwe.Encryption `json:"enc"`
}

// newSealing returns a fresh key where answers are to be encrypted, else nil.
func (g *Gateway) newSealing() (*sealing, error) {
	if !g.cfg.Protocol.encrypted() {
		return nil, nil
	}
	kid, err := token(g.cfg.Random)
	if err != nil {
		return nil, err
	}
	k, err := jwe.Generate(g.cfg.Random, kid)
	if err != nil {
		return nil, reason.Wrap(reason.InternalIndeterminate, "no key to encrypt to", err)
	}
	return &sealing{Key: k.Bytes(), Encryptions: g.cfg.Protocol.Encryptions}, nil
}

// private returns the key to decrypt with. One that cannot be read is storage.corrupt.
func (s *sealing) private() (*jwe.Private, error) {
	k, err := jwe.ReadPrivate(s.Key)
	if err != nil {
		return nil, reason.Wrap(reason.StorageCorrupt, "", err)
	}
	return k, nil
}

// transactions returns what holder proofs for q must be made over.
func (g *Gateway) transactions(a Access, q *dcql.Query) ([]string, error) {
	if g.cfg.Protocol.Transaction == "" {
		return nil, nil
	}
	t := vp.Transaction{Type: g.cfg.Protocol.Transaction, Access: a.shown()}
	for i := range q.Credentials {
		if q.Credentials[i].Bound() {
			t.Credentials = append(t.Credentials, q.Credentials[i].ID)
		}
	}
	text, err := t.Encode()
	return []string{text}, err
}
