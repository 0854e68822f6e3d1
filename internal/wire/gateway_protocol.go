// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/base64"
	"io"
	"slices"

	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// ProfileHAIP is the setting profile for OpenID4VC High Assurance Interoperability Profile 1.0: requests signed with
// a certificate that its hash names, encrypted answers, and SD-JWT VC alone.
const ProfileHAIP = "haip"

// ClientSettings are how wallets know the gateway (OpenID4VP 1.0 §5.9.3).
type ClientSettings struct {
	// Prefix is decentralized_identifier, which is taken if it is left out; x509_san_dns for the host of origin;
	// x509_hash; or redirect_uri, with which requests are not signed and wallets cannot tell who asks.
	Prefix string `yaml:"prefix"`
	// Certificate is a PEM file for the two x509 prefixes: the gateway's own certificate first, then those
	// that vouch for it, never the trust anchor. The framework must list the gateway by it.
	Certificate string `yaml:"certificate"`
	// Key is the PEM file of its private key, closed to group and world. It signs the requests in place of keys.
	Key string `yaml:"key"`
}

// profiled returns c with what its profile settles. A setting that says otherwise is cli.config.
func (c GatewayConfig) profiled() (GatewayConfig, error) {
	switch c.Profile {
	case "":
		return c, nil
	case ProfileHAIP:
	default:
		return c, reason.New(reason.CLIConfig, "profile is haip, or left out")
	}
	for _, one := range []struct {
		name  string
		value *string
		fixed string
	}{{"client-id.prefix", &c.Client.Prefix, "x509_hash"}, {"response", &c.Response, vp.ModeDirectPostJWT}} {
		if *one.value != "" && *one.value != one.fixed {
			return c, reason.New(reason.CLIConfig, one.name+" is "+one.fixed+" under profile haip")
		}
		*one.value = one.fixed
	}
	if len(c.Formats) > 0 && !slices.Equal(c.Formats, []string{vp.FormatSDJWT}) {
		return c, reason.New(reason.CLIConfig, "formats is [dc+sd-jwt] under profile haip")
	}
	c.Formats = []string{vp.FormatSDJWT}
	return c, nil
}

// protocol returns how a gateway of c speaks OpenID4VP.
func (c GatewayConfig) protocol(random io.Reader) (verifier.Protocol, error) {
	var out verifier.Protocol
	var err error
	if out.Client, err = c.Client.open(random); err != nil {
		return out, err
	}
	switch c.Response {
	case "", vp.ModeDirectPost:
	case vp.ModeDirectPostJWT:
		out.Encryptions = []jwe.Encryption{jwe.A256GCM}
	default:
		return out, reason.New(reason.CLIConfig, "response is direct_post or direct_post.jwt")
	}
	switch c.Transaction {
	case "":
	case "access":
		out.Transaction = vp.TransactionAccess
	default:
		return out, reason.New(reason.CLIConfig, "transaction-data is access, or left out")
	}
	if c.Profile == ProfileHAIP { // which wants both of every verifier, §5
		if out.Client.Key.Public().Algorithm() != key.ES256 {
			return out, reason.New(reason.CLIConfig, "the key of client-id is one for ES256 under profile haip")
		}
		out.Encryptions = []jwe.Encryption{jwe.A256GCM, jwe.A128GCM}
	}
	return out, nil
}

// open reads certificate and key where the prefix has them.
func (s ClientSettings) open(random io.Reader) (verifier.Client, error) {
	out := verifier.Client{Prefix: vp.PrefixDID}
	switch s.Prefix {
	case "", "decentralized_identifier":
	case "redirect_uri":
		out.Prefix = vp.PrefixRedirectURI
	case "x509_san_dns":
		out.Prefix = vp.PrefixX509DNS
	case "x509_hash":
		out.Prefix = vp.PrefixX509Hash
	default:
		return out, reason.New(reason.CLIConfig, "client-id.prefix is none of decentralized_identifier, x509_san_dns, x509_hash and redirect_uri")
	}
	certified := out.Prefix == vp.PrefixX509DNS || out.Prefix == vp.PrefixX509Hash
	if certified != (s.Certificate != "") || certified != (s.Key != "") {
		return out, reason.New(reason.CLIConfig, "client-id.certificate and client-id.key are set for x509_san_dns and x509_hash, and for no other prefix")
	}
	if !certified {
		return out, nil
	}
	pair, err := web.LoadTLS(s.Certificate, s.Key)
	if err != nil {
		return out, err
	}
	out.Certificates = pair.Certificates[0].Certificate
	out.Key, err = signerOf(pair.Certificates[0].PrivateKey, random)
	return out, err
}

// signerOf returns the signer of a private key as crypto/x509 reads it; one outside the allow-list is cli.config.
func signerOf(k any, random io.Reader) (key.Signer, error) {
	var jwk key.JWK
	switch k := k.(type) {
	case *ecdsa.PrivateKey:
		if public, err := key.New(k.Public()); err == nil {
			if d, err := k.Bytes(); err == nil {
				jwk = public.JWK()
				jwk.D = base64.RawURLEncoding.EncodeToString(d)
			}
		}
	case ed25519.PrivateKey:
		if public, err := key.New(k.Public()); err == nil {
			jwk = public.JWK()
			jwk.D = base64.RawURLEncoding.EncodeToString(k.Seed())
		}
	}
	private, err := jwk.Private(random)
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, "client-id.key is not a key for ES256, ES384 or EdDSA", err)
	}
	return private, nil
}
