// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

func now() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

// signer makes a key that signs as the registry's did:web.
func signer(t testing.TB) did.Signer {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	u, err := did.ParseURL("did:web:registry.example.org#k1")
	if err != nil {
		t.Fatal(err)
	}
	return did.Signer{Signer: k, Method: u}
}

// renamed signs with a's key under the name of b's.
func renamed(t testing.TB, a, b did.Signer) did.Signer {
	t.Helper()
	return did.Signer{Signer: a.Signer, Method: b.Method}
}

func trust(signers ...did.Signer) []key.Public {
	var keys []key.Public
	for _, s := range signers {
		keys = append(keys, s.Public())
	}
	return keys
}

func draft(version int, previous string) trustframework.Draft {
	f := sample.Framework()
	return trustframework.Draft{
		Version: version, Previous: previous, Framework: f,
		Issued: now().Add(-time.Minute), Expires: now().Add(-time.Minute).Add(trustframework.Life(f)),
	}
}

func seal(t testing.TB, d trustframework.Draft, by did.Signer) []byte {
	t.Helper()
	raw, err := trustframework.Seal(context.Background(), d, by)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func open(t testing.TB, raw []byte, by did.Signer) *trustframework.Snapshot {
	t.Helper()
	s, err := trustframework.Open(raw, trust(by), now())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealOpen(t *testing.T) {
	k := signer(t)
	d := draft(1, "")
	raw := seal(t, d, k)
	s := open(t, raw, k)
	want := sample.Framework()
	want.Version, want.AsOf = 1, d.Issued
	if diff := cmp.Diff(want, s.Framework()); diff != "" {
		t.Error(diff)
	}
	content, err := want.Digest()
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case s.Version() != 1, s.Previous() != "", s.Issuer() != k.Method.DID(), !bytes.Equal(s.Raw(), raw):
		t.Error("version, previous, issuer or bytes")
	case !s.Issued().Equal(d.Issued), !s.Expires().Equal(d.Expires):
		t.Error("times")
	case s.Content() != content, s.Digest() != trustframework.ChainDigest(1, "", content):
		t.Error("digests")
	}
	raw[0] ^= 1 // the snapshot owns its bytes
	if bytes.Equal(s.Raw(), raw) {
		t.Error("the snapshot shares the caller's bytes")
	}
	var none *trustframework.Snapshot
	if !none.Framework().Unavailable || !new(trustframework.Snapshot).Framework().Unavailable {
		t.Error("no snapshot, and yet a framework")
	}
}

func TestOpenSeveralTrustedKeys(t *testing.T) {
	a, b := signer(t), signer(t)
	for _, k := range []did.Signer{a, b} {
		if _, err := trustframework.Open(seal(t, draft(1, ""), k), trust(a, b), now()); err != nil {
			t.Error(err)
		}
	}
	many := make([]key.Public, trustframework.MaxTrusted, trustframework.MaxTrusted+1)
	if _, err := trustframework.Open(seal(t, draft(1, ""), a), append(many, a.Public()), now()); reason.Of(err) != reason.RegistrySignature {
		t.Errorf("key beyond the bound: %v", err)
	}
}

func TestOpenTimes(t *testing.T) {
	k := signer(t)
	d := draft(1, "")
	raw := seal(t, d, k)
	for name, c := range map[string]struct {
		at   time.Time
		code reason.Code
	}{
		"at issue":             {d.Issued, ""},
		"clock a minute late":  {d.Issued.Add(-trustframework.MaxClockError), ""},
		"clock more than that": {d.Issued.Add(-trustframework.MaxClockError - time.Second), reason.TrustRegistryUnavailable},
		"last second":          {d.Expires.Add(-time.Second), ""},
		"expired":              {d.Expires, reason.TrustRegistryStale},
	} {
		if _, err := trustframework.Open(raw, trust(k), c.at); reason.Of(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the right key signed is read as strictly as anything else.
func TestOpenRefusesWhatShouldNotHaveBeenSigned(t *testing.T) {
	k := signer(t)
	content := string(write(t, sample.Framework()))
	payload := func(framework, more string) string {
		return `{"iss":"did:web:registry.example.org","iat":1795341600,"exp":1795345200,"version":1` + more + `,"framework":` + framework + `}`
	}
	some := `,"previous":"` + trustframework.ChainDigest(1, "", "x") + `"`
	for name, c := range map[string]struct {
		payload string
		code    reason.Code
	}{
		"good":                  {payload(content, ""), ""},
		"unknown member":        {payload(content, `,"nbf":1`), reason.JSONType},
		"other iss":             {strings.Replace(payload(content, ""), "registry.example", "other.example", 1), reason.RegistrySignature},
		"no iss":                {strings.Replace(payload(content, ""), `"iss":"did:web:registry.example.org",`, "", 1), reason.RegistrySignature},
		"no version":            {strings.Replace(payload(content, ""), `"version":1`, `"version":0`, 1), reason.JSONMemberMissing},
		"huge version":          {strings.Replace(payload(content, some), `"version":1`, `"version":2147483648`, 1), reason.JSONMemberMissing},
		"first with previous":   {payload(content, some), reason.JSONMemberMissing},
		"second without":        {strings.Replace(payload(content, ""), `"version":1`, `"version":2`, 1), reason.JSONMemberMissing},
		"second with":           {strings.Replace(payload(content, some), `"version":1`, `"version":2`, 1), ""},
		"previous of no form":   {strings.Replace(payload(content, `,"previous":"sha-256:x"`), `"version":1`, `"version":2`, 1), reason.JSONMemberMissing},
		"no end":                {strings.Replace(payload(content, ""), `"exp":1795345200,`, "", 1), reason.JSONType},
		"long life":             {strings.Replace(payload(content, ""), `"exp":1795345200`, `"exp":1795356001`, 1), reason.JSONType},
		"version inside":        {payload(strings.Replace(content, `{`, `{"version":9,`, 1), ""), reason.JSONType},
		"asOf inside":           {payload(strings.Replace(content, `{`, `{"asOf":"2026-01-01T00:00:00Z",`, 1), ""), reason.JSONType},
		"unavailable inside":    {payload(strings.Replace(content, `{`, `{"unavailable":true,`, 1), ""), reason.JSONType},
		"unknown status inside": {payload(strings.Replace(content, `"active"`, `"paused"`, 1), ""), reason.JSONType},
		"no framework":          {strings.Replace(payload(content, ""), `,"framework":`+content, "", 1), reason.JSONSyntax},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := jose.Sign(context.Background(), jose.Header{Type: trustframework.SnapshotType, KeyID: k.Method.String()}, []byte(c.payload), k)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := trustframework.Open(raw, trust(k), now()); reason.Of(err) != c.code {
				t.Fatalf("got %v, want %q", err, c.code)
			}
		})
	}
}

func TestOpenTampered(t *testing.T) {
	k := signer(t)
	raw := seal(t, draft(1, ""), k)
	for i := 0; i < len(raw); i += 7 {
		bad := bytes.Clone(raw)
		if bad[i] == 'A' {
			bad[i] = 'B'
		} else {
			bad[i] = 'A'
		}
		if _, err := trustframework.Open(bad, trust(k), now()); reason.Of(err) != reason.RegistrySignature {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	for name, h := range map[string]jose.Header{
		"other typ": {Type: "vc+jwt", KeyID: k.Method.String()},
		"no kid":    {Type: trustframework.SnapshotType},
		"odd kid":   {Type: trustframework.SnapshotType, KeyID: "k1"},
	} {
		body, err := jose.Parse(raw, jose.Policy{Type: trustframework.SnapshotType, Key: jose.FromContext})
		if err != nil {
			t.Fatal(err)
		}
		bad, err := jose.Sign(context.Background(), h, body.Unverified(), k)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trustframework.Open(bad, trust(k), now()); reason.Of(err) != reason.RegistrySignature {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := trustframework.Open(bytes.Repeat([]byte("a"), trustframework.MaxSnapshot+1), trust(k), now()); reason.Of(err) != reason.LimitBody {
		t.Errorf("oversize: %v", err)
	}
}

func TestSealRefuses(t *testing.T) {
	k := signer(t)
	for name, do := range map[string]func(d *trustframework.Draft, by *did.Signer){
		"no signer":     func(_ *trustframework.Draft, by *did.Signer) { *by = did.Signer{} },
		"no framework":  func(d *trustframework.Draft, _ *did.Signer) { d.Framework = nil },
		"bad framework": func(d *trustframework.Draft, _ *did.Signer) { d.Framework.Accreditations[0].Status = "x" },
		"version 0":     func(d *trustframework.Draft, _ *did.Signer) { d.Version = 0 },
		"no previous":   func(d *trustframework.Draft, _ *did.Signer) { d.Version = 2 },
		"ends before":   func(d *trustframework.Draft, _ *did.Signer) { d.Expires = d.Issued },
		"lives too long": func(d *trustframework.Draft, _ *did.Signer) {
			d.Expires = d.Issued.Add(trustframework.MaxSnapshotLife + 1e9)
		},
		"no time of issue": func(d *trustframework.Draft, _ *did.Signer) { d.Issued = time.Time{} },
	} {
		d, by := draft(1, ""), k
		do(&d, &by)
		if raw, err := trustframework.Seal(context.Background(), d, by); err == nil || raw != nil {
			t.Errorf("%s: sealed", name)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k := signer(f)
	raw := seal(f, draft(1, ""), k)
	f.Add(raw)
	f.Add([]byte("a.b.c"))
	f.Add([]byte("eyJhbGciOiJub25lIn0.e30."))
	f.Fuzz(func(t *testing.T, got []byte) {
		if _, err := trustframework.Open(got, trust(k), now()); err == nil && !bytes.Equal(got, raw) {
			// ECDSA signatures have a twin; header and payload are those that were signed.
			if cut := bytes.LastIndexByte(raw, '.'); !bytes.HasPrefix(got, raw[:cut]) {
				t.Fatal("opened what nobody signed")
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	k := signer(b)
	raw := seal(b, draft(1, ""), k)
	for b.Loop() {
		if _, err := trustframework.Open(raw, trust(k), now()); err != nil {
			b.Fatal(err)
		}
	}
}
