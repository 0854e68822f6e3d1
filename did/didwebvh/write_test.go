// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// document is one with a key for assertions at host, with the placeholder where it may stand.
func document(t testing.TB, scid, host string, k key.Public) []byte {
	t.Helper()
	id := mustParse(t, "did:webvh:"+strings.Repeat("Q", hashLength)+":"+host)
	raw, err := did.WriteDocument(id, []did.Publication{{Fragment: "k1", Key: k, Relationships: []did.Relationship{did.AssertionMethod}, Type: did.Multikey}})
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(raw, []byte(strings.Repeat("Q", hashLength)), []byte(scid))
}

func day(n int) time.Time { return start().Add(time.Duration(n-30) * 24 * time.Hour) }

// A log of every operation resolves after each of them.
func TestWrite(t *testing.T) {
	one, two, three, ann, bob := generate(t), generate(t), generate(t), generate(t), generate(t)
	id, log, err := Create(t.Context(), Change{
		Time: day(1), Document: document(t, placeholder, "h.test", ann.Public()),
		UpdateKeys: []key.Public{one.Public()}, Portable: true,
	}, one)
	if err != nil {
		t.Fatal(err)
	}
	scid, at, err := split(id)
	if err != nil || at.Host() != "h.test" {
		t.Fatalf("%s: %v", id, err)
	}
	check := func(host string, k key.Public, want reason.Code, file []byte) {
		t.Helper()
		h := newHost(t)
		id := mustParse(t, "did:webvh:"+scid+":"+host)
		h.put(t, id, log, file)
		d, err := h.resolver(t).Resolve(t.Context(), id)
		if reason.Of(err) != want {
			t.Fatal(err)
		}
		if want != "" {
			return
		}
		u, err := id.WithFragment("k1")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.Key(u, did.AssertionMethod, start()); err != nil || !got.Equal(k) {
			t.Fatalf("%v", err)
		}
	}
	step := func(raw []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(raw, log) || len(raw) == len(log) {
			t.Fatal("the log was not appended to")
		}
		log = raw
	}
	check("h.test", ann.Public(), "", nil)
	step(Update(t.Context(), log, Change{Time: day(2), Document: document(t, scid, "h.test", bob.Public())}, one))
	check("h.test", bob.Public(), "", nil)
	step(Rotate(t.Context(), log, day(3), []key.Public{two.Public()}, []key.Public{three.Public()}, one))
	check("h.test", bob.Public(), "", nil)
	if _, err := Update(t.Context(), log, Change{Time: day(4)}, two); reason.Of(err) != reason.WebVHUpdateKey {
		t.Errorf("keys were committed to: %v", err)
	}
	moved := bytes.Replace(document(t, scid, "new.test", ann.Public()), []byte(`{`), []byte(`{"alsoKnownAs":["`+id.String()+`"],`), 1)
	step(Update(t.Context(), log, Change{Time: day(4), Document: moved, UpdateKeys: []key.Public{three.Public()}, NextKeys: []key.Public{}}, three))
	check("new.test", ann.Public(), "", nil)
	check("h.test", ann.Public(), reason.DIDDocumentMismatch, nil)
	step(Update(t.Context(), log, Change{Time: day(5), Witnesses: &Witnesses{1, []key.Public{ann.Public()}}}, three))
	check("new.test", ann.Public(), reason.WebVHWitness, nil)
	last := lines(log)[4]
	e, err := readEntry(last)
	if err != nil {
		t.Fatal(err)
	}
	file, err := Approve(t.Context(), nil, e.versionID, day(5), ann)
	if err != nil {
		t.Fatal(err)
	}
	check("new.test", ann.Public(), "", file)
	step(Update(t.Context(), log, Change{Time: day(6), Witnesses: &Witnesses{}}, three))
	if e, err = readEntry(lines(log)[5]); err != nil {
		t.Fatal(err)
	}
	if file, err = Approve(t.Context(), file, e.versionID, day(6), ann); err != nil {
		t.Fatal(err)
	}
	check("new.test", ann.Public(), "", file)
	step(Deactivate(t.Context(), log, day(7), three))
	check("new.test", ann.Public(), reason.WebVHTime, file)
	if _, err := Update(t.Context(), log, Change{Time: day(8)}, three); reason.Of(err) != reason.WebVHTime {
		t.Errorf("after the end: %v", err)
	}
}

// While keys are committed to, the end is signed by one of them.
func TestDeactivateCommitted(t *testing.T) {
	one, two := generate(t), generate(t)
	id, log, err := Create(t.Context(), Change{
		Time: day(1), Document: document(t, placeholder, "h.test", one.Public()),
		UpdateKeys: []key.Public{one.Public()}, NextKeys: []key.Public{two.Public()},
	}, one)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Deactivate(t.Context(), log, day(2), one); reason.Of(err) != reason.WebVHUpdateKey {
		t.Errorf("by the key of before: %v", err)
	}
	if log, err = Deactivate(t.Context(), log, day(2), two); err != nil {
		t.Fatal(err)
	}
	h := newHost(t)
	h.put(t, id, log, nil)
	d, err := h.resolver(t).Describe(t.Context(), id, did.Options{})
	if err != nil || !d.Metadata.Deactivated || d.Metadata.VersionNumber != 2 {
		t.Errorf("%+v, %v", d.Metadata, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	k, p256 := generate(t), p256(t)
	ok := Change{Time: day(1), Document: document(t, placeholder, "h.test", k.Public()), UpdateKeys: []key.Public{k.Public()}}
	for name, c := range map[string]struct {
		change func(*Change)
		by     key.Signer
		want   reason.Code
	}{
		"no signer":                 {func(*Change) {}, nil, reason.KeyWeak},
		"a signer that is no key":   {func(*Change) {}, generate(t), reason.WebVHUpdateKey},
		"a signer of another curve": {func(*Change) {}, p256, reason.KeyWeak},
		"no document":               {func(c *Change) { c.Document = nil }, k, reason.JSONMemberMissing},
		"no keys":                   {func(c *Change) { c.UpdateKeys = nil }, k, reason.WebVHUpdateKey},
		"keys of another curve":     {func(c *Change) { c.UpdateKeys = []key.Public{p256.Public()} }, k, reason.KeyWeak},
		"zero key":                  {func(c *Change) { c.NextKeys = []key.Public{{}} }, k, reason.KeyWeak},
		"a threshold too high":      {func(c *Change) { c.Witnesses = &Witnesses{2, []key.Public{k.Public()}} }, k, reason.WebVHWitness},
		"witness of another curve":  {func(c *Change) { c.Witnesses = &Witnesses{1, []key.Public{p256.Public()}} }, k, reason.KeyWeak},
		"no placeholder": {func(c *Change) {
			c.Document = document(t, strings.Repeat("Q", hashLength), "h.test", k.Public())
		}, k, reason.WebVHSCID},
		"no did:webvh": {func(c *Change) { c.Document = []byte(`{"id":"did:web:h.test"}`) }, k, reason.DIDDocumentMismatch},
		"no JSON":      {func(c *Change) { c.Document = []byte(`{"id":`) }, k, reason.JSONSyntax},
	} {
		c2 := ok
		c.change(&c2)
		if id, log, err := Create(t.Context(), c2, c.by); reason.Of(err) != c.want || log != nil || !id.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, log, err := Create(t.Context(), ok, k)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Update(t.Context(), log, Change{Time: day(1)}, k); reason.Of(err) != reason.WebVHTime {
		t.Errorf("the same time: %v", err)
	}
	if _, err := Update(t.Context(), nil, Change{Time: day(2)}, k); reason.Of(err) != reason.JSONSyntax {
		t.Errorf("no log: %v", err)
	}
	if _, err := Approve(t.Context(), nil, "1", day(2), k); reason.Of(err) != reason.WebVHHashChain {
		t.Errorf("no version: %v", err)
	}
	if _, err := Approve(t.Context(), []byte("[{"), "1-"+strings.Repeat("Q", hashLength), day(2), k); reason.Of(err) != reason.JSONSyntax {
		t.Errorf("a broken file: %v", err)
	}
}

func p256(t *testing.T) *key.Private {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestNewRefuses(t *testing.T) {
	h := newHost(t)
	ok := Config{Fetch: h, Allowed: h.allowed, Now: start, Seen: h.seen}
	for name, change := range map[string]func(*Config){
		"nothing to fetch with": func(c *Config) { c.Fetch = nil },
		"no list of hosts":      func(c *Config) { c.Allowed = nil },
		"no clock":              func(c *Config) { c.Now = nil },
		"no store":              func(c *Config) { c.Seen = nil },
	} {
		c := ok
		change(&c)
		if r, err := New(c); err == nil || r != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
