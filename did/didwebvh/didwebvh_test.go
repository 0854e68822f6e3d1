// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

func TestURL(t *testing.T) {
	scid := strings.Repeat("Q", hashLength)
	for rest, want := range map[string]string{
		":example.com":                    "https://example.com/.well-known/did.jsonl",
		":issuer.example.com":             "https://issuer.example.com/.well-known/did.jsonl",
		":example.com:dids:issuer":        "https://example.com/dids/issuer/did.jsonl",
		":example.com%3A3000:dids:issuer": "https://example.com:3000/dids/issuer/did.jsonl",
		":example.com:" + scid + ":a":     "https://example.com/" + scid + "/a/did.jsonl",
		":localhost%3A8443":               "https://localhost:8443/.well-known/did.jsonl",
	} {
		if got, err := URL(mustParse(t, "did:webvh:"+scid+rest)); err != nil || got != want {
			t.Errorf("%s: %s, %v", rest, got, err)
		}
	}
	for s, want := range map[string]reason.Code{
		"did:webvh:" + scid:                     reason.DIDSyntax,
		"did:webvh:" + scid + "Q:h.test":        reason.DIDSyntax,
		"did:webvh:" + scid[1:] + ":h.test":     reason.DIDSyntax,
		"did:webvh:" + scid[1:] + "0:h.test":    reason.DIDSyntax,
		"did:webvh:" + scid[1:] + "l:h.test":    reason.DIDSyntax,
		"did:webvh:h.test":                      reason.DIDSyntax,
		"did:webvh:" + scid + ":127.0.0.1":      reason.FetchBlocked,
		"did:webvh:" + scid + ":h.test:..":      reason.DIDSyntax,
		"did:webvh:" + scid + ":h.test:a%2Fb":   reason.DIDSyntax,
		"did:webvh:" + scid + ":user%40h.test":  reason.DIDSyntax,
		"did:webvh:" + scid + ":xn--h-fga.test": reason.DIDSyntax,
		"did:web:h.test":                        reason.DIDMethodUnsupported,
	} {
		if got, err := URL(mustParse(t, s)); reason.Of(err) != want || got != "" {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// Each defect of an entry has its code.
func TestEntryRefused(t *testing.T) {
	other, third := generate(t), generate(t)
	f := newForger(t)
	hash := func() string { return digest([]byte(f.multikey(other))) }
	for name, c := range map[string]struct {
		first, then string
		want        reason.Code
	}{
		"fine":                                   {"", "{}", ""},
		"another method version":                 {"", `{"method":"did:webvh:1.1"}`, reason.DIDMethodUnsupported},
		"an older method version":                {"", `{"method":"did:webvh:0.5"}`, reason.DIDMethodUnsupported},
		"the method again":                       {"", `{"method":"did:webvh:1.0"}`, ""},
		"an unknown parameter":                   {"", `{"prerotation":true}`, reason.JSONType},
		"an unknown parameter at first":          {`,"cryptosuite":"x"`, "{}", reason.JSONType},
		"portable as a text":                     {`,"portable":"true"`, "{}", reason.JSONType},
		"ttl below zero":                         {`,"ttl":-1`, "{}", reason.JSONType},
		"ttl":                                    {`,"ttl":0`, `{"ttl":2147483648}`, ""},
		"ttl too long":                           {`,"ttl":2147483649`, `{}`, reason.JSONType},
		"null as early writers":                  {`,"watchers":null,"witness":null,"nextKeyHashes":null,"ttl":null`, "{}", ""},
		"a key twice":                            {"", `{"updateKeys":["a","a"]}`, reason.WebVHUpdateKey},
		"no commitment kept":                     {`,"nextKeyHashes":["` + hash() + `"]`, "{}", reason.WebVHUpdateKey},
		"no new commitment":                      {`,"nextKeyHashes":["` + hash() + `"]`, `{"updateKeys":["` + f.multikey(other) + `"]}`, reason.WebVHUpdateKey},
		"a key not committed to":                 {`,"nextKeyHashes":["` + hash() + `"]`, `{"updateKeys":["` + f.multikey(f.key) + `"],"nextKeyHashes":[]}`, reason.WebVHUpdateKey},
		"one key of two committed to":            {`,"nextKeyHashes":["` + digest([]byte(f.multikey(f.key))) + `"]`, `{"updateKeys":["` + f.multikey(f.key) + `","` + f.multikey(third) + `"],"nextKeyHashes":[]}`, reason.WebVHUpdateKey},
		"its own key, not stated":                {`,"nextKeyHashes":["` + digest([]byte(f.multikey(f.key))) + `"]`, "{}", reason.WebVHUpdateKey},
		"its own key, not stated, the end of it": {`,"nextKeyHashes":["` + digest([]byte(f.multikey(f.key))) + `"]`, `{"nextKeyHashes":[]}`, reason.WebVHUpdateKey},
		"its own key, no new commitment":         {`,"nextKeyHashes":["` + digest([]byte(f.multikey(f.key))) + `"]`, `{"updateKeys":["` + f.multikey(f.key) + `"]}`, reason.WebVHUpdateKey},
		"its own key committed to":               {`,"nextKeyHashes":["` + digest([]byte(f.multikey(f.key))) + `"]`, `{"updateKeys":["` + f.multikey(f.key) + `"],"nextKeyHashes":[]}`, ""},
	} {
		g := &forger{t: t, key: f.key, at: f.at}
		g.add(g.first(c.first), g.state("h.test", ""))
		g.add(c.then, g.state("h.test", ""))
		g.want(name, nil, c.want)
	}
	for name, c := range map[string]struct {
		by   int
		want reason.Code
	}{"the key of before": {0, ""}, "the key of this entry": {1, reason.WebVHUpdateKey}, "a stranger's": {2, reason.WebVHUpdateKey}} {
		g := &forger{t: t, key: f.key, at: f.at}
		g.add(g.first(""), g.state("h.test", ""))
		g.key = []*key.Private{f.key, other, third}[c.by]
		g.add(`{"updateKeys":["`+g.multikey(other)+`"]}`, g.state("h.test", ""))
		g.want(name, nil, c.want)
	}
}

// What stands in a line is held to its form.
func TestLineRefused(t *testing.T) {
	f := good(t)
	first := string(lines(f.log)[0])
	second := string(lines(f.log)[1])
	for name, c := range map[string]struct {
		log  string
		want reason.Code
	}{
		"as it is":                      {first + "\n" + second, ""},
		"CR LF":                         {first + "\r\n" + second + "\r\n", ""},
		"nothing":                       {"", reason.JSONMemberMissing},
		"an empty line":                 {first + "\n\n" + second, reason.JSONSyntax},
		"no JSON":                       {"<html>", reason.JSONSyntax},
		"two entries in a line":         {first + second, reason.JSONSyntax},
		"an unknown member":             {strings.Replace(first, "{", `{"x":1,`, 1), reason.JSONType},
		"a member twice":                {strings.Replace(first, "{", `{"versionId":"x",`, 1), reason.JSONDuplicateName},
		"no proof":                      {first[:strings.Index(first, `,"proof"`)] + "}", reason.JSONMemberMissing},
		"an empty list of proofs":       {first[:strings.Index(first, `"proof"`)] + `"proof":[]}`, reason.WebVHUpdateKey},
		"a proof of another suite":      {strings.Replace(first, "eddsa-jcs-2022", "eddsa-rdfc-2022", 1), reason.WebVHUpdateKey},
		"a proof of another purpose":    {strings.Replace(first, `"assertionMethod"`, `"authentication"`, 1), reason.WebVHUpdateKey},
		"a proof with another fragment": {strings.Replace(first, "#z", "#y", 1), reason.WebVHUpdateKey},
		"a proof with a changed time":   {strings.Replace(first, `"created":"20`, `"created":"21`, 1), reason.WebVHUpdateKey},
		"a proof that expires":          {strings.Replace(first, `"created":`, `"expires":"2020-01-01T00:00:00Z","created":`, 1), reason.WebVHUpdateKey},
		"number 01":                     {strings.Replace(first, `"1-`, `"01-`, 1), reason.WebVHHashChain},
		"number 2 first":                {strings.Replace(first, `"1-`, `"2-`, 1), reason.WebVHHashChain},
		"number 3 second":               {first + "\n" + strings.Replace(second, `"2-`, `"3-`, 1), reason.WebVHHashChain},
		"a hash cut short":              {strings.Replace(first, `"1-Q`, `"1-`, 1), reason.WebVHHashChain},
		"another hash":                  {strings.Replace(first, `"1-Qm`, `"1-mQ`, 1), reason.WebVHHashChain},
		"a change in the first state":   {strings.Replace(first, `did/v1`, `did/v2`, 1), reason.WebVHSCID},
		"a change in the second state":  {first + "\n" + strings.Replace(second, `did/v1`, `did/v2`, 1), reason.WebVHHashChain},
		"five proofs":                   {five(first), reason.WebVHUpdateKey},
	} {
		g := *f
		g.log = []byte(c.log)
		g.want(name, nil, c.want)
	}
}

// A proof of another kind is refused although its signature is good.
func TestProofRefused(t *testing.T) {
	k := generate(t)
	for name, c := range map[string]struct {
		old, new string
		want     reason.Code
	}{
		"as it is":             {"", "", ""},
		"with a nonce":         {`"created"`, `"nonce":"x","created"`, ""},
		"another type":         {"DataIntegrityProof", "Ed25519Signature2020", reason.WebVHUpdateKey},
		"another suite":        {"eddsa-jcs-2022", "eddsa-rdfc-2022", reason.WebVHUpdateKey},
		"another purpose":      {"assertionMethod", "authentication", reason.WebVHUpdateKey},
		"no purpose":           {`,"proofPurpose":"assertionMethod"`, "", reason.WebVHUpdateKey},
		"expired":              {`"created"`, `"expires":"2020-01-01T00:00:00Z","created"`, reason.WebVHUpdateKey},
		"not yet expired":      {`"created"`, `"expires":"2036-01-01T00:00:00Z","created"`, ""},
		"created at no time":   {`"created":"20`, `"created":"x20`, reason.WebVHUpdateKey},
		"another fragment":     {"#z", "#y", reason.WebVHUpdateKey},
		"no fragment":          {"#", "?", reason.WebVHUpdateKey},
		"a key by another DID": {"did:key:", "did:web:", reason.WebVHUpdateKey},
	} {
		f := newForger(t)
		f.key = k
		f.add(f.first(""), f.state("h.test", ""))
		e, err := readEntry(bytes.TrimSpace(f.log))
		if err != nil {
			t.Fatal(err)
		}
		f.log = resigned(t, e, k, c.old, c.new)
		f.want(name, nil, c.want)
	}
}

// resigned is e with a proof whose options are changed before they are signed.
func resigned(t *testing.T, e *entry, k *key.Private, from, to string) []byte {
	t.Helper()
	content := e.unsigned(e.versionID)
	raw, err := prove(t.Context(), content, e.time, k)
	if err != nil {
		t.Fatal(err)
	}
	config, err := without(raw, "proofValue")
	if err != nil {
		t.Fatal(err)
	}
	config = []byte(strings.Replace(string(config), from, to, 1))
	s, err := suite()
	if err != nil {
		t.Fatal(err)
	}
	value, err := s.Create(t.Context(), content, config, did.Signer{Signer: k})
	if err != nil {
		t.Fatal(err)
	}
	proof := string(config[:len(config)-1]) + `,"proofValue":"` + value + `"}`
	return append(content[:len(content)-1], `,"proof":`+proof+`}`...)
}

func five(line string) string {
	i := strings.Index(line, `"proof":[`) + len(`"proof":[`)
	one := line[i : len(line)-2]
	return line[:i] + strings.Join([]string{one, one, one, one, one}, ",") + "]}"
}

func TestDescribe(t *testing.T) {
	f := good(t)
	h := newHost(t)
	h.put(t, f.id(), f.log, nil)
	r := h.resolver(t)
	one, two := f.at.Add(-24*time.Hour), f.at
	for name, c := range map[string]struct {
		o    did.Options
		want int // version, 0 for none
	}{
		"latest":                {did.Options{}, 2},
		"number 1":              {did.Options{VersionNumber: 1}, 1},
		"number 3":              {did.Options{VersionNumber: 3}, 0},
		"the id of the last":    {did.Options{VersionID: f.last}, 2},
		"an id there is not":    {did.Options{VersionID: "2-" + f.scid}, 0},
		"before the first":      {did.Options{VersionTime: one.Add(-time.Second)}, 0},
		"at the first":          {did.Options{VersionTime: one}, 1},
		"before the second":     {did.Options{VersionTime: two.Add(-time.Second)}, 1},
		"at the second":         {did.Options{VersionTime: two}, 2},
		"long after the second": {did.Options{VersionTime: two.Add(time.Hour)}, 2},
	} {
		d, err := r.Describe(t.Context(), f.id(), c.o)
		if c.want == 0 {
			if reason.Of(err) != reason.DIDMethodUnsupported || !errors.Is(err, did.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || d.Metadata.VersionNumber != c.want {
			t.Errorf("%s: version %d, %v", name, d.Metadata.VersionNumber, err)
		}
	}
	if _, err := r.Describe(t.Context(), f.id(), did.Options{VersionNumber: 1, VersionID: f.last}); reason.Of(err) != reason.DIDSyntax {
		t.Errorf("two ways: %v", err)
	}
	if _, err := r.Describe(t.Context(), f.id(), did.Options{Type: did.Multikey}); !errors.Is(err, did.ErrFeature) {
		t.Errorf("another form: %v", err)
	}
	d, err := r.Describe(t.Context(), f.id(), did.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var extra map[string]any
	if err := json.Unmarshal(d.Metadata.Method, &extra); err != nil || extra["scid"] != f.scid || extra["ttl"] != "3600" || extra["portable"] != false {
		t.Errorf("%s: %v", d.Metadata.Method, err)
	}
}

// A later entry that does not verify hides nothing that was before it, and is no latest version.
func TestDescribeBrokenEnd(t *testing.T) {
	f := good(t)
	stranger := generate(t)
	f.addAt(f.at.Add(time.Hour).Format(time.RFC3339), `{"deactivated":true}`, f.state("h.test", ""), stranger)
	h := newHost(t)
	h.put(t, f.id(), f.log, nil)
	r := h.resolver(t)
	d, err := r.Describe(t.Context(), f.id(), did.Options{VersionNumber: 2})
	if err != nil || d.Metadata.VersionNumber != 2 || d.Metadata.Deactivated || !d.Metadata.Updated.Equal(f.at) {
		t.Errorf("%+v, %v", d.Metadata, err)
	}
	for name, o := range map[string]did.Options{
		"latest": {}, "number 3": {VersionNumber: 3}, "its id": {VersionID: f.last}, "its time": {VersionTime: start()},
	} {
		if d, err := r.Describe(t.Context(), f.id(), o); reason.Of(err) != reason.WebVHUpdateKey || d.Document != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Resolve(t.Context(), f.id()); reason.Of(err) != reason.WebVHUpdateKey {
		t.Error(err)
	}

	g := newForger(t)
	g.add(g.first(""), g.state("h.test", ""))
	g.add(`{"deactivated":true,"witness":{"threshold":1,"witnesses":[{"id":"did:key:`+g.multikey(stranger)+`"}]}}`, g.state("h.test", ""))
	h.put(t, g.id(), g.log, []byte("[]"))
	if d, err := r.Describe(t.Context(), g.id(), did.Options{VersionNumber: 1}); err != nil || d.Metadata.Deactivated {
		t.Errorf("an end without its witness: %+v, %v", d.Metadata, err)
	}
	if _, err := r.Describe(t.Context(), g.id(), did.Options{}); reason.Of(err) != reason.WebVHWitness {
		t.Error(err)
	}
}

// The old name of a DID that moved leads to the versions of before and to no other.
func TestDescribeMoved(t *testing.T) {
	f := newForger(t)
	f.add(f.first(`,"portable":true`), f.state("old.test", ""))
	old := mustParse(t, "did:webvh:"+f.scid+":old.test")
	f.add("{}", f.state("h.test", `,"alsoKnownAs":["`+old.String()+`"]`))
	h := newHost(t)
	h.put(t, old, f.log, nil)
	h.put(t, f.id(), f.log, nil)
	r := h.resolver(t)
	for name, c := range map[string]struct {
		id   did.DID
		n    int
		want reason.Code
	}{
		"new": {f.id(), 0, ""}, "new, as it was": {f.id(), 1, reason.DIDDocumentMismatch},
		"old": {old, 0, reason.DIDDocumentMismatch}, "old, as it was": {old, 1, ""},
	} {
		if d, err := r.Describe(t.Context(), c.id, did.Options{VersionNumber: c.n}); reason.Of(err) != c.want || (err == nil) != (d.Document != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The services that a document has stay as they are.
func TestServices(t *testing.T) {
	for own, want := range map[string]int{
		"":              2,
		`,"service":[]`: 2,
		`,"service":[{"id":"#files","type":"x","serviceEndpoint":"https://a.test/"}]`:                                                2,
		`,"service":[ {"id":"did:webvh:{SCID}:h.test#whois","type":"x","serviceEndpoint":"https://a.test/"} ]`:                       2,
		`,"service":[{"id":"#a","type":"x","serviceEndpoint":"https://a.test/"},{"id":"#whois","type":"x","serviceEndpoint":"u:x"}]`: 3,
	} {
		f := newForger(t)
		f.add(f.first(""), f.state("h.test", own))
		h := newHost(t)
		h.put(t, f.id(), f.log, nil)
		d, err := h.resolver(t).Describe(t.Context(), f.id(), did.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Service []struct{ ID, Type string } `json:"service"`
		}
		if err := json.Unmarshal(d.Document, &doc); err != nil || len(doc.Service) != want {
			t.Errorf("%s: %s, %v", own, d.Document, err)
		}
	}
}

// A private key that somebody published is not handed on, and nothing is done with the document.
func TestPrivateKey(t *testing.T) {
	f := newForger(t)
	f.add(f.first(""), f.state("h.test", `,"verificationMethod":[{"id":"did:webvh:{SCID}:h.test#k","type":"Multikey","controller":"did:webvh:{SCID}:h.test","secretKeyMultibase":"z3u2"}]`))
	f.want("a private key", nil, reason.KeyPrivateMaterial)
	h := newHost(t)
	h.put(t, f.id(), f.log, nil)
	if d, err := h.resolver(t).Describe(t.Context(), f.id(), did.Options{}); reason.Of(err) != reason.KeyPrivateMaterial || d.Document != nil {
		t.Errorf("%s, %v", d.Document, err)
	}
}

func TestFetchRefused(t *testing.T) {
	f := good(t)
	h := newHost(t)
	h.allowed = func(host string) bool { return host == "h.test" }
	r := h.resolver(t)
	elsewhere := mustParse(t, "did:webvh:"+f.scid+":attacker.test")
	if _, err := r.Resolve(t.Context(), elsewhere); reason.Of(err) != reason.FetchNotAllowed || h.fetched.Load() != 0 {
		t.Errorf("%v, %d fetches", err, h.fetched.Load())
	}
	if _, err := r.Resolve(t.Context(), f.id()); reason.Of(err) != reason.InternalIndeterminate || !errors.Is(err, did.ErrNotFound) {
		t.Errorf("no log: %v", err)
	}
	if _, err := r.Resolve(t.Context(), did.DID{}); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Errorf("zero DID: %v", err)
	}
	r.cfg.Fetch = fails{safehttp.ErrUnreachable}
	if _, err := r.Resolve(t.Context(), f.id()); reason.Of(err) != reason.InternalIndeterminate || !errors.Is(err, did.ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	r.cfg.Fetch = fails{reason.New(reason.FetchTLS, "")}
	if _, err := r.Resolve(t.Context(), f.id()); reason.Of(err) != reason.FetchTLS {
		t.Errorf("bad TLS: %v", err)
	}
}

// fails is a Fetcher of which nothing can be had.
type fails struct{ err error }

func (f fails) Get(context.Context, string, safehttp.Want) (safehttp.Response, error) {
	return safehttp.Response{}, f.err
}

// Without the store nobody knows whether the log is older than one that was seen.
func TestStoreFails(t *testing.T) {
	f := good(t)
	h := newHost(t)
	h.put(t, f.id(), f.log, nil)
	r := h.resolver(t)
	for name, s := range map[string]store.Store{
		"reading": broken{h.seen, true}, "writing": broken{h.seen, false},
	} {
		r.cfg.Seen = s
		if d, err := r.Resolve(t.Context(), f.id()); reason.Of(err) != reason.StorageUnavailable || d != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.cfg.Seen = h.seen
	if err := h.seen.Commit(t.Context(), store.Change{Entry: store.Entry{Key: "webvh/" + f.scid, Value: []byte("garbage")}}); err != nil {
		t.Fatal(err)
	}
	if d, err := r.Resolve(t.Context(), f.id()); err == nil || d != nil {
		t.Error("garbage in the store is passed over")
	}
}

// broken is a store that fails at one of its two ends.
type broken struct {
	store.Store
	reading bool
}

func (b broken) Get(ctx context.Context, key string) (store.Entry, error) {
	if b.reading {
		return store.Entry{}, reason.New(reason.StorageUnavailable, "")
	}
	return b.Store.Get(ctx, key)
}

func (b broken) Commit(context.Context, ...store.Change) error {
	return reason.New(reason.StorageUnavailable, "")
}

// What is remembered is bounded, and lets go of what was used longest ago.
func TestMemory(t *testing.T) {
	m := newMemory()
	name := func(i int) string { return strings.Repeat("x", i+1) }
	for i := range maxRemembered {
		m.put(name(i), chain{size: 1, versions: make([]version, 10)})
	}
	m.get(name(0))
	m.put("new", chain{size: 1, versions: make([]version, 10)})
	if a, b, c := m.get(name(0)), m.get(name(1)), m.get("new"); a.size != 1 || b.size != 0 || c.size != 1 {
		t.Errorf("%d %d %d", a.size, b.size, c.size)
	}
	m.put("long", chain{size: 1, versions: make([]version, maxVersions-5)})
	if len(m.chains) != 1 || len(m.order) != 1 || m.versions != maxVersions-5 {
		t.Errorf("%d chains, %d versions", len(m.chains), m.versions)
	}
	m.put("long", chain{size: 1, versions: make([]version, 7)})
	if len(m.chains) != 1 || m.versions != 7 {
		t.Errorf("%d chains, %d versions", len(m.chains), m.versions)
	}
}

// No log makes the reader panic, and none but the one that was signed is accepted under its SCID.
func FuzzLog(f *testing.F) {
	g := good(f)
	f.Add(g.log)
	f.Add(bytes.Replace(g.log, []byte("did/v1"), []byte("did/v2"), 1))
	f.Add([]byte("{}\n[]"))
	f.Add([]byte(`{"versionId":"1-","versionTime":"","parameters":{},"state":{},"proof":{}}`))
	want := map[string]bool{}
	for _, l := range lines(g.log) {
		e, err := readEntry(l)
		if err != nil {
			f.Fatal(err)
		}
		want[e.versionID] = true
	}
	s, err := suite()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		c, err := chain{}.extend(t.Context(), log, g.scid, s, start())
		for _, v := range c.versions {
			if !want[v.id] {
				t.Fatalf("a version nobody signed: %v", err)
			}
		}
	})
}

// BenchmarkResolve is one resolution of a log of 100 entries that is known, and of one that is not.
func BenchmarkResolve(b *testing.B) {
	f := newForger(b)
	f.at = start().Add(-200 * 24 * time.Hour)
	f.add(f.first(""), f.state("h.test", ""))
	for range 99 {
		f.add("{}", f.state("h.test", ""))
	}
	h := newHost(b)
	h.put(b, f.id(), f.log, nil)
	for name, fresh := range map[string]bool{"known": false, "new": true} {
		b.Run(name, func(b *testing.B) {
			r := h.resolver(b)
			b.ReportAllocs()
			for b.Loop() {
				if fresh {
					r.memory = newMemory()
				}
				if _, err := r.Resolve(b.Context(), f.id()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
