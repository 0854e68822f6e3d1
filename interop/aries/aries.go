// SPDX-License-Identifier: Apache-2.0

// Package aries reads credentials with aries-framework-go, which is archived: as a second opinion on
// ours, and for wallets that hold credentials of version 1.1 of the data model. Its module is apart, so
// that nothing else of Behalf depends on it.
package aries

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/hyperledger/aries-framework-go/pkg/doc/ldcontext/embed"
	"github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"
	"github.com/hyperledger/aries-framework-go/pkg/vdr"
	"github.com/hyperledger/aries-framework-go/pkg/vdr/key"
	"github.com/piprate/json-gold/ld"
)

// Contexts is context documents by URL. Nothing that is not in it is fetched.
type Contexts map[string][]byte

// Embedded returns the contexts that Aries brings along.
func Embedded() Contexts {
	out := Contexts{}
	for _, c := range embed.Contexts {
		out[c.URL] = c.Content
	}
	return out
}

// Find returns the document of url, nil if there is none.
func (c Contexts) Find(url string) []byte { return c[url] }

// LoadDocument implements ld.DocumentLoader.
func (c Contexts) LoadDocument(url string) (*ld.RemoteDocument, error) {
	raw := c[url]
	if raw == nil {
		return nil, ld.NewJsonLdError(ld.LoadingDocumentFailed, url)
	}
	doc, err := ld.DocumentFromReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return &ld.RemoteDocument{DocumentURL: url, Document: doc}, nil
}

// Verifier has Aries verify credentials whose issuers have a did:key. Only NewVerifier makes one.
type Verifier struct {
	contexts Contexts
	keys     verifiable.PublicKeyFetcher
}

// NewVerifier returns a verifier with the contexts.
func NewVerifier(contexts Contexts) *Verifier {
	registry := vdr.New(vdr.WithVDR(key.New()))
	return &Verifier{contexts, verifiable.NewVDRKeyResolver(registry).PublicKeyFetcher()}
}

// Errors of Verify beside Aries' own.
var (
	// ErrUnsecured says that a credential has neither a signature nor a proof, which Aries passes.
	ErrUnsecured = errors.New("aries: the credential has no signature")
	// ErrPanic says that Aries panicked, as it does on a kid without a fragment.
	ErrPanic = errors.New("aries: the verification ended in a panic")
)

// Verify has Aries verify raw, a compact JWT or a JSON object with a proof. An error says that Aries
// does not accept it, or that it accepts it without having checked a signature. It looks at no date and at
// no status, and does not check that the key is the issuer's: Aries does not.
func (v *Verifier) Verify(raw []byte) (c *verifiable.Credential, err error) {
	defer func() {
		if p := recover(); p != nil {
			c, err = nil, fmt.Errorf("%w: %v", ErrPanic, p)
		}
	}()
	if !secured(raw) {
		return nil, ErrUnsecured
	}
	return verifiable.ParseCredential(raw,
		verifiable.WithPublicKeyFetcher(v.keys),
		verifiable.WithJSONLDDocumentLoader(v.contexts),
		verifiable.WithNoCustomSchemaCheck(), // it would fetch the schema
		verifiable.WithStrictValidation())
}

// secured reports whether raw has a signature that ParseCredential would look at.
func secured(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '{' {
		var doc struct {
			Proof json.RawMessage `json:"proof"`
		}
		if json.Unmarshal(raw, &doc) != nil || len(doc.Proof) == 0 {
			return false
		}
		if doc.Proof[0] == '[' {
			var set []json.RawMessage
			return json.Unmarshal(doc.Proof, &set) == nil && len(set) > 0
		}
		return doc.Proof[0] == '{'
	}
	parts := strings.SplitN(string(raw), ".", 4)
	return len(parts) == 3 && parts[2] != ""
}

// maxContext bounds a context document.
const maxContext = 1 << 20

// Add adds the context document in a file, given as URL=FILE.
func (c Contexts) Add(text string) error {
	at := strings.LastIndexByte(text, '=') // a URL may have one, a file name of ours none
	if at <= 0 {
		return errors.New("not URL=FILE")
	}
	raw, err := os.ReadFile(text[at+1:])
	switch {
	case err != nil:
		return err
	case len(raw) > maxContext || !json.Valid(raw):
		return errors.New("the file is no context document")
	}
	c[text[:at]] = raw
	return nil
}
