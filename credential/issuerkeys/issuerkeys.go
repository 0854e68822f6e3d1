// SPDX-License-Identifier: Apache-2.0

// Package issuerkeys finds the keys of issuers that the trust framework pins to another place than
// their DID document: certificates, or JWT VC issuer metadata.
package issuerkeys

import (
	"context"
	"sync"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// How long the keys of one issuer's metadata are used, and for how many issuers they are kept.
const (
	MetadataMaxAge   = 5 * time.Minute  // from the fetch, as for DID documents
	MetadataRetry    = 30 * time.Second // after a fetch that failed, before the next
	MaxMetadataKept  = 256              // issuers; what is over is forgotten in no order
	metadataNotAhead = time.Second      // an instant before the fetch that is still good
)

// Pinned finds keys as the trust framework in force pins them (SD-JWT VC, "Issuer Signature
// Mechanisms"). Only New makes one. It is safe for concurrent use and implements credential.IssuerKeys.
type Pinned struct {
	framework func() *trustframework.Framework
	get       Getter

	mu   sync.Mutex
	kept map[string]*keptKeys
}

// keptKeys is what the metadata of one issuer said, or why it could not be had.
type keptKeys struct {
	mu      sync.Mutex // held while it is fetched, so that it is fetched once
	fetched time.Time
	keys    []jose.NamedKey
	err     error
}

// New returns the keys as framework, which gives the one in force, pins them; get fetches
// metadata. Both are mandatory.
func New(framework func() *trustframework.Framework, get Getter) (*Pinned, error) {
	if framework == nil || get == nil {
		return nil, reason.New(reason.InternalIndeterminate, "issuerkeys: no framework, or nothing to fetch with")
	}
	return &Pinned{framework: framework, get: get, kept: map[string]*keptKeys{}}, nil
}

// IssuerKey implements credential.IssuerKeys. An issuer that is no party, or of a framework that is
// unavailable, is not pinned: its DID decides, and who it may speak for is the decision's affair.
// The codes are x509.chain_invalid and x509.untrusted_root for certificates,
// issuer.metadata_invalid, jose.kid_invalid, key.ambiguous and those of fetching for metadata, and
// jose.header_key_forbidden for certificates of an issuer with metadata.
func (i *Pinned) IssuerKey(ctx context.Context, c credential.IssuerClaim, at time.Time) (key.Public, bool, error) {
	party, _ := i.framework().Party(c.Issuer)
	switch party.IssuerKeys.By() {
	case trustframework.ByDID:
		return key.Public{}, false, nil
	case trustframework.ByX5C:
		anchors, err := party.IssuerKeys.Certificates()
		if err != nil {
			return key.Public{}, true, err
		}
		k, err := proof.ChainKey(c.X5C, anchors, c.Issuer, at)
		return k, true, err
	case trustframework.ByMetadata:
		if c.X5C != nil {
			return key.Public{}, true, reason.New(reason.JOSEHeaderKeyForbidden, "the issuer is not one with certificates")
		}
		keys, err := i.metadata(ctx, c.Issuer, at)
		if err != nil {
			return key.Public{}, true, err
		}
		k, err := named(keys, c.KeyID)
		return k, true, err
	}
	return key.Public{}, true, reason.New(reason.InternalIndeterminate, "a method of finding keys that is not known")
}

// metadata returns the keys of issuer, fetched at most MetadataMaxAge before at.
func (i *Pinned) metadata(ctx context.Context, issuer string, at time.Time) ([]jose.NamedKey, error) {
	k := i.entry(issuer)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.good(at) {
		return k.keys, k.err
	}
	keys, err := fetchKeys(ctx, i.get, issuer)
	if ctx.Err() != nil { // the caller went away, which says nothing of the issuer
		return keys, err
	}
	k.fetched, k.keys, k.err = at, keys, err
	return keys, err
}

func (k *keptKeys) good(at time.Time) bool {
	life := MetadataMaxAge
	if k.err != nil {
		life = MetadataRetry
	}
	return !k.fetched.IsZero() && at.Sub(k.fetched) < life && k.fetched.Sub(at) <= metadataNotAhead
}

// entry returns the place of issuer, and forgets another one where there are too many.
func (i *Pinned) entry(issuer string) *keptKeys {
	i.mu.Lock()
	defer i.mu.Unlock()
	if k := i.kept[issuer]; k != nil {
		return k
	}
	for other := range i.kept {
		if len(i.kept) < MaxMetadataKept {
			break
		}
		delete(i.kept, other)
	}
	k := new(keptKeys)
	i.kept[issuer] = k
	return k
}
