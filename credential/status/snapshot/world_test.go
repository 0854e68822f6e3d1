// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
)

const (
	issuer   = "did:web:issuer.test"
	attacker = "did:web:attacker.test"
	person   = "did:key:zPerson"
	tokenURL = "https://issuer.test/status/token/1-1"
	bitsURL  = "https://issuer.test/status/bitstring/1-1-revocation"
	entries  = tokenlist.MinEntries
)

// clock is a hand that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is one issuer, one attacker, the network between them and the gateway, and a Source.
type world struct {
	testing.TB
	clock   *clock
	signers map[string]did.Signer
	docs    map[string]*did.Document
	marks   store.Store
	src     *Source

	mu      sync.Mutex
	serve   map[string]func(want safehttp.Want) (safehttp.Response, error)
	fetches map[string]int
	allowed map[string]did.DID // by issuer: who signs its lists at https://issuer.test
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		TB: t, clock: &clock{at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)},
		signers: map[string]did.Signer{}, docs: map[string]*did.Document{},
		serve: map[string]func(safehttp.Want) (safehttp.Response, error){}, fetches: map[string]int{}, allowed: map[string]did.DID{},
	}
	for _, id := range []string{issuer, attacker} {
		w.addParty(id)
	}
	for _, id := range []string{issuer, person} { // the issuer hosts the lists of persons too
		w.allowed[id] = w.signers[issuer].Method.DID()
	}
	marks, err := memory.New(memory.Config{Now: w.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	w.marks = marks
	w.restart()
	return w
}

func (w *world) addParty(id string) {
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	m, err := did.ParseURL(id + "#k1")
	if err != nil {
		w.Fatal(err)
	}
	w.signers[id] = did.Signer{Signer: k, Method: m}
	w.docs[id] = &did.Document{
		ID: m.DID(), Methods: []did.Method{{ID: m, Key: k.Public()}},
		Purposes: map[did.Relationship][]string{did.AssertionMethod: {"k1"}},
	}
}

func (w *world) config() Config {
	return Config{Fetcher: w, Resolver: w, Signer: w.signer, Marks: w.marks, Now: w.clock.now}
}

// restart makes a new Source over the same store: a gateway that was started again.
func (w *world) restart() {
	src, err := New(w.config())
	if err != nil {
		w.Fatal(err)
	}
	w.src = src
}

// signer is the framework: it lists https://issuer.test for those in allowed.
func (w *world) signer(issuer, url string) (did.DID, bool) {
	signer, ok := w.allowed[issuer]
	return signer, ok && strings.HasPrefix(url, "https://issuer.test/")
}

// Resolve implements did.Resolver.
func (w *world) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	if doc := w.docs[id.String()]; doc != nil {
		return doc, nil
	}
	return nil, reason.New(reason.DIDSyntax, "nobody")
}

// Get implements Fetcher.
func (w *world) Get(_ context.Context, url string, want safehttp.Want) (safehttp.Response, error) {
	w.mu.Lock()
	w.fetches[url]++
	serve := w.serve[url]
	w.mu.Unlock()
	if serve == nil {
		return safehttp.Response{}, safehttp.ErrUnreachable
	}
	return serve(want)
}

func (w *world) fetched(url string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fetches[url]
}

// put serves body at url, with an ETag that is its own text so that equal bodies are 304.
func (w *world) put(url string, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	tag := string(body)
	w.serve[url] = func(want safehttp.Want) (safehttp.Response, error) {
		if want.ETag == tag && tag != "" {
			return safehttp.Response{NotModified: true}, nil
		}
		return safehttp.Response{Body: body, ETag: tag, MediaType: want.MediaTypes[0]}, nil
	}
}

// down makes url unreachable.
func (w *world) down(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.serve, url)
}

// token signs a Token Status List in which set have the given values.
func (w *world) token(by, url string, change func(*tokenlist.List), set map[uint64]uint8) []byte {
	w.Helper()
	data := make([]byte, entries/4)
	for i, v := range set {
		data[i/4] |= v << (i % 4 * 2)
	}
	values, err := tokenlist.Pack(2, data)
	if err != nil {
		w.Fatal(err)
	}
	l := tokenlist.List{Subject: url, Issued: w.clock.now(), Expires: w.clock.now().Add(time.Hour), TTL: 300 * time.Second, Bits: values}
	if change != nil {
		change(&l)
	}
	raw, err := tokenlist.Seal(context.Background(), l, w.signers[by])
	if err != nil {
		w.Fatal(err)
	}
	return raw
}

// bitstring signs a Bitstring Status List for revocation in which set are set.
func (w *world) bitstring(by, url string, change func(*bitstring.List), set ...uint64) []byte {
	w.Helper()
	data := make([]byte, entries/8)
	for _, i := range set {
		data[i/8] |= 128 >> (i % 8)
	}
	l := bitstring.List{ID: url, Issued: w.clock.now(), TTL: 300 * time.Second, Purposes: []string{bitstring.Revocation}, Bits: bitstring.Pack(data)}
	if change != nil {
		change(&l)
	}
	raw, err := bitstring.Seal(context.Background(), l, w.signers[by])
	if err != nil {
		w.Fatal(err)
	}
	return raw
}

// jws signs any payload as a list of type typ.
func (w *world) jws(by, typ, payload string) []byte {
	w.Helper()
	s := w.signers[by]
	raw, err := jose.Sign(context.Background(), jose.Header{Type: typ, KeyID: s.Method.String()}, []byte(payload), s)
	if err != nil {
		w.Fatal(err)
	}
	return raw
}

func tokenRef(i uint64) credential.StatusRef {
	return credential.StatusRef{Kind: credential.TokenStatusList, List: tokenURL, Index: i}
}

func bitsRef(i uint64) credential.StatusRef {
	return credential.StatusRef{Kind: credential.BitstringStatusList, List: bitsURL, Index: i, Purpose: bitstring.Revocation}
}

// state asks the Source and checks the answer: a state, or a code.
func (w *world) state(ref credential.StatusRef, want status.State, code reason.Code) {
	w.Helper()
	got, asOf, err := w.src.State(context.Background(), issuer, ref)
	if got != want || reason.Of(err) != code || (err == nil) == asOf.IsZero() {
		w.Errorf("got %v as of %v, %v; want %v %s", got, asOf, err, want, code)
	}
}
