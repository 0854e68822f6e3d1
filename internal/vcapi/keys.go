// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/bbs"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
)

// keyFile holds the private keys of all issuers, for its owner alone.
const keyFile = "keys.json"

// named is one of the issuers that there are.
type named struct {
	name  string
	suite string
	alg   key.Algorithm // "" for a BLS12-381 key, which package key has not
}

// roster returns the issuers.
func roster() []named {
	return []named{
		{"eddsa-rdfc-2022", dataintegrity.EdDSARDFC, key.EdDSA},
		{"eddsa-jcs-2022", dataintegrity.EdDSAJCS, key.EdDSA},
		{"ecdsa-rdfc-2019-P-256", dataintegrity.ECDSARDFC, key.ES256},
		{"ecdsa-rdfc-2019-P-384", dataintegrity.ECDSARDFC, key.ES384},
		{"ecdsa-jcs-2019-P-256", dataintegrity.ECDSAJCS, key.ES256},
		{"ecdsa-jcs-2019-P-384", dataintegrity.ECDSAJCS, key.ES384},
		{"ecdsa-sd-2023-P-256", ecdsasd.Name, key.ES256},
		{"bbs-2023", bbs.Name, ""},
	}
}

// statusIssuer is the one whose credentials get a status, and who signs the lists.
const statusIssuer = "eddsa-rdfc-2022"

// issuer signs with one suite and one key.
type issuer struct {
	suite dataintegrity.Cryptosuite
	by    did.Signer
}

func (i issuer) id() string { return i.by.Method.DID().String() }

// with returns the suite for one credential. Pointers matter to the suites of selective disclosure alone.
func (i issuer) with(pointers []string) dataintegrity.Cryptosuite {
	switch s := i.suite.(type) {
	case *ecdsasd.Suite:
		return s.WithMandatory(pointers)
	case *bbs.Suite:
		return s.WithMandatory(pointers)
	}
	return i.suite
}

// secret is a private key as it is kept.
type secret struct {
	JWK      *key.JWK `json:"jwk,omitempty"`
	Material string   `json:"material,omitempty"` // what a BLS12-381 key is derived from, base64url
}

// newSecret draws a key for alg.
func newSecret(alg key.Algorithm, random io.Reader) (secret, error) {
	if alg == "" {
		var material [bbs.MinMaterial]byte
		_, err := io.ReadFull(random, material[:])
		return secret{Material: base64.RawURLEncoding.EncodeToString(material[:])}, err
	}
	private, err := key.Generate(alg, random)
	if err != nil {
		return secret{}, err
	}
	jwk := private.JWK()
	return secret{JWK: &jwk}, nil
}

// signer reads s, which is found by the did:key of its public half.
func (s secret) signer(alg key.Algorithm, random io.Reader) (did.Signer, error) {
	if alg == "" {
		return s.bbsSigner()
	}
	if s.JWK == nil {
		return did.Signer{}, errors.New("vcapi: a key in " + keyFile + " is not one of its issuer's suite")
	}
	private, err := s.JWK.Private(random)
	if err != nil {
		return did.Signer{}, err
	}
	return didkey.Signer(private)
}

func (s secret) bbsSigner() (did.Signer, error) {
	material, err := base64.RawURLEncoding.Strict().DecodeString(s.Material)
	if err != nil {
		return did.Signer{}, err
	}
	private, err := bbs.NewKey(material, nil)
	if err != nil {
		return did.Signer{}, err
	}
	text := private.Verifier().String()
	method, err := did.ParseURL("did:key:" + text + "#" + text)
	return did.Signer{Signer: private, Method: method}, err
}

// keys reads the keys of the folder, and makes and keeps those that are not there.
func keys(dir string, random io.Reader) (map[string]secret, error) {
	path := filepath.Join(dir, keyFile)
	ring := map[string]secret{}
	raw, err := sealed.ReadFile(path)
	if err == nil {
		err = strictjson.Unmarshal(raw, &ring)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	complete := true
	for _, n := range roster() {
		if _, ok := ring[n.name]; ok {
			continue
		}
		complete = false
		if ring[n.name], err = newSecret(n.alg, random); err != nil {
			return nil, err
		}
	}
	if complete {
		return ring, nil
	}
	if raw, err = strictjson.Marshal(ring); err != nil {
		return nil, err
	}
	return ring, sealed.WriteFile(path, raw)
}

// issuers gives each key its suite.
func issuers(ring map[string]secret, random io.Reader) (map[string]issuer, error) {
	out := map[string]issuer{}
	for _, n := range roster() {
		by, err := ring[n.name].signer(n.alg, random)
		if err != nil {
			return nil, err
		}
		suite, err := suiteNamed(n.suite, random)
		if err != nil {
			return nil, err
		}
		if !suite.Fits(dataintegrity.Method{URL: by.Method, Key: by.Public()}) {
			return nil, errors.New("vcapi: a key in " + keyFile + " is not one of its issuer's suite")
		}
		out[n.name] = issuer{suite, by}
	}
	return out, nil
}

// suiteNamed returns a suite that makes proofs.
func suiteNamed(name string, random io.Reader) (dataintegrity.Cryptosuite, error) {
	switch name {
	case ecdsasd.Name:
		return ecdsasd.New(profile, random), nil
	case bbs.Name:
		return bbs.New(profile, random), nil
	}
	return dataintegrity.Suite(name, profile)
}

// suites returns all that verify.
func suites() (dataintegrity.Suites, error) {
	var out dataintegrity.Suites
	for _, name := range []string{
		dataintegrity.EdDSARDFC, dataintegrity.EdDSAJCS, dataintegrity.ECDSARDFC, dataintegrity.ECDSAJCS, ecdsasd.Name, bbs.Name,
	} {
		s, err := suiteNamed(name, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// DIDs returns the did:key of each issuer of the folder by its name, as API.DIDs does, while a server
// may be running there. Keys that are not there yet are made.
func DIDs(ctx context.Context, dir string, random io.Reader) (map[string]string, error) {
	if _, err := sealed.ReadFile(filepath.Join(dir, keyFile)); errors.Is(err, fs.ErrNotExist) {
		unlock, err := sealed.Lock(ctx, dir)
		if err != nil {
			return nil, err
		}
		defer func() { _ = unlock() }()
	}
	ring, err := keys(dir, random)
	if err != nil {
		return nil, err
	}
	all, err := issuers(ring, random)
	if err != nil {
		return nil, err
	}
	return (&API{issuers: all}).DIDs(), nil
}
