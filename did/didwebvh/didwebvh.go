// SPDX-License-Identifier: Apache-2.0

// Package didwebvh resolves did:webvh, whose log on a web server proves the history of its document.
package didwebvh

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Method is the name of the DID method.
const Method = "webvh"

// Bounds on one log (security.md §5.3).
const (
	MaxLog           = 10 << 20 // bytes
	MaxEntries       = 10_000   // versions
	MaxLine          = 1 << 20  // bytes of one entry
	MaxProofs        = 4        // of one entry
	MaxKeys          = 64       // of updateKeys and of nextKeyHashes
	MaxWitnesses     = 64       // of one rule, and watchers
	MaxWitnessFile   = 1 << 20  // bytes of did-witness.json
	MaxWitnessProofs = 1024     // in that file, for entries of the log
)

// MaxAhead is how far a versionTime may lie ahead: what clocks differ by (security.md §5.1).
const MaxAhead = 60 * time.Second

// Config says how logs are fetched. No field may be nil.
type Config struct {
	Fetch   didweb.Fetcher   // refuses redirects, other schemes and addresses that are not public
	Allowed didweb.Allowed   // asked before anything is fetched
	Now     func() time.Time // tells when a log was fetched, and what lies ahead
	// Seen keeps, for each log, the last version that verified, below "webvh/", so that an older or
	// another log is refused from then on; if it survives a restart, so does the refusal.
	Seen store.Store
}

// Resolver finds the documents of did:webvh 1.0. It is safe for concurrent use. Only New makes one.
type Resolver struct {
	cfg    Config
	suite  dataintegrity.Cryptosuite
	memory *memory
}

// New returns a resolver for cfg, or says which part is missing.
func New(cfg Config) (*Resolver, error) {
	if cfg.Fetch == nil || cfg.Allowed == nil || cfg.Now == nil || cfg.Seen == nil {
		return nil, errors.New("didwebvh: a resolver needs something to fetch with, a list of hosts, a clock and a store")
	}
	s, err := suite()
	if err != nil {
		return nil, err
	}
	return &Resolver{cfg, s, newMemory()}, nil
}

// split returns the SCID of id and where its log lies.
func split(id did.DID) (string, didweb.Location, error) {
	if id.Method() != Method {
		return "", didweb.Location{}, reason.New(reason.DIDMethodUnsupported, "not a did:webvh")
	}
	scid, rest, ok := strings.Cut(id.ID(), ":")
	if !ok || len(scid) != hashLength || strings.Trim(scid, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz") != "" {
		return "", didweb.Location{}, reason.New(reason.DIDSyntax, "a did:webvh begins with a SCID")
	}
	at, err := didweb.Locate(rest)
	return scid, at, err
}

// URL returns where the log of id lies (did:webvh 1.0, The DID to HTTPS Transformation). The SCID has
// 46 characters of base58btc; for the rest the rules are those of didweb.URL.
func URL(id did.DID) (string, error) {
	_, at, err := split(id)
	if err != nil {
		return "", err
	}
	return at.URL("did.jsonl"), nil
}

// Resolve implements did.Resolver with the latest version. A host that is not allowed is
// fetch.not_allowed before any connection; what the Fetcher refuses has its code, but a log beyond
// the bounds is limit.did_log; a log or a file of witness proofs that could not be had for a reason
// without a code is internal.indeterminate, a file of proofs that is not there webvh.witness.
//
// A log of another SCID is webvh.scid, a break in the chain of hashes webvh.hash_chain, an entry that
// the keys in force did not sign webvh.update_key, one without its witnesses webvh.witness, a
// time that goes back or lies ahead, a move without leave and a DID that is deactivated webvh.time.
// A log that is shorter than one that verified before, or differs from it, is webvh.rollback.
// A version of the method other than 1.0 is did.method_unsupported, an unknown parameter json.type,
// and the document has the codes of did.ReadDocument.
func (r *Resolver) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	began := r.cfg.Now()
	l, err := r.load(ctx, id)
	if err == nil {
		err = l.refused
	}
	if err != nil {
		return nil, err
	}
	if l.chain.parameters.deactivated {
		return nil, reason.New(reason.WebVHTime, "the DID is deactivated")
	}
	state, err := l.state(id, len(l.chain.versions)-1)
	if err != nil {
		return nil, err
	}
	return did.ReadDocument(state, id, began)
}

// Describe implements did.Describer: the document of the version that o asks for, by one of the
// three members, with the implicit services added. A version that is not there is
// did.method_unsupported with did.ErrNotFound. An entry that does not verify spoils what is after
// it: versions before it can be asked for, the latest can not. Of a deactivated DID the
// last document is given, and Metadata.Deactivated says so.
func (r *Resolver) Describe(ctx context.Context, id did.DID, o did.Options) (did.Description, error) {
	if o.Type != "" || o.EncryptionKey {
		return did.Description{}, did.Unsupported("did:webvh has no other forms")
	}
	l, err := r.load(ctx, id)
	if err != nil {
		return did.Description{}, err
	}
	n, err := l.choose(o)
	if err != nil {
		return did.Description{}, err
	}
	return l.describe(id, n)
}

// load fetches the log of id and verifies it. A refusal of a later part of it stands in the result.
func (r *Resolver) load(ctx context.Context, id did.DID) (*loaded, error) {
	scid, at, err := split(id)
	if err != nil {
		return nil, err
	}
	if !r.cfg.Allowed(at.Host()) {
		return nil, reason.New(reason.FetchNotAllowed, "the trust framework does not list this host")
	}
	raw, err := r.get(ctx, at.URL("did.jsonl"), safehttp.Want{MediaTypes: logTypes(), MaxBytes: MaxLog})
	if err != nil {
		return nil, err
	}
	known := r.memory.get(scid)
	if !known.prefixOf(raw) {
		known = chain{}
	}
	l := &loaded{log: raw}
	l.chain, l.refused = known.extend(ctx, raw, scid, r.suite, r.cfg.Now())
	if l.chain.wanting() {
		if err := r.witness(ctx, at, l); err != nil {
			return nil, err
		}
	}
	return l, r.remember(ctx, scid, l)
}

// witness fetches the proofs of witnesses and cuts l to the entries that have those they need.
func (r *Resolver) witness(ctx context.Context, at didweb.Location, l *loaded) error {
	file, err := r.get(ctx, at.URL("did-witness.json"), safehttp.Want{MediaTypes: []string{"application/json"}, MaxBytes: MaxWitnessFile})
	if errors.Is(err, did.ErrNotFound) {
		err = reason.Wrap(reason.WebVHWitness, "there are no proofs of witnesses", err)
	}
	if err == nil {
		err = l.chain.witness(ctx, file, r.suite, r.cfg.Now())
	}
	if reason.Of(err) != reason.WebVHWitness {
		return err
	}
	l.refused = err
	return r.cut(ctx, l)
}

// cut reads the log of l anew up to the last entry that has its witnesses, as what is in force
// after it differs from what is in force after those that have not.
func (r *Resolver) cut(ctx context.Context, l *loaded) error {
	n := l.chain.witnessed
	if n == 0 {
		l.chain = chain{}
		return nil
	}
	short, err := chain{}.extend(ctx, l.log[:l.chain.versions[n-1].end], l.chain.parameters.scid, r.suite, r.cfg.Now())
	l.chain = short
	return err
}

// get fetches a file of a log.
func (r *Resolver) get(ctx context.Context, url string, want safehttp.Want) ([]byte, error) {
	got, err := r.cfg.Fetch.Get(ctx, url, want)
	if err == nil {
		return got.Body, nil
	}
	if errors.Is(err, safehttp.ErrTooLarge) {
		return nil, reason.Wrap(reason.LimitDIDLog, "the log is too large", err)
	}
	if _, coded := errors.AsType[*reason.Error](err); coded {
		return nil, err
	}
	why := did.ErrUnreachable
	if s, ok := errors.AsType[*safehttp.StatusError](err); ok && (s.Status == 404 || s.Status == 410) {
		why = did.ErrNotFound
	}
	return nil, reason.Wrap(reason.InternalIndeterminate, "the log could not be had", errors.Join(why, err))
}

// logTypes lists the media types under which logs are served: that of the specification, and what
// servers say that do not know it. A log proves itself.
func logTypes() []string {
	return []string{"text/jsonl", "application/jsonl", "application/x-ndjson", "application/json", "application/octet-stream", "text/plain"}
}
