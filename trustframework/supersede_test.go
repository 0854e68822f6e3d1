// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

func TestSupersedes(t *testing.T) {
	k := signer(t)
	change := func(d trustframework.Draft, do func(d *trustframework.Draft)) *trustframework.Snapshot {
		do(&d)
		return open(t, seal(t, d, k), k)
	}
	nothing := func(*trustframework.Draft) {}
	one := change(draft(1, ""), nothing)
	two := change(draft(2, one.Digest()), nothing)
	other := func(d *trustframework.Draft) { d.Framework.MaxAgeSeconds = 1800 }
	later := func(d *trustframework.Draft) { d.Issued = d.Issued.Add(time.Second) }
	earlier := func(d *trustframework.Draft) {
		d.Issued, d.Expires = d.Issued.Add(-time.Second), d.Expires.Add(-time.Second)
	}
	for name, c := range map[string]struct {
		old, new *trustframework.Snapshot
		code     reason.Code
	}{
		"first seen":                {nil, two, ""},
		"next version":              {one, two, ""},
		"lower version":             {two, one, reason.RegistryRollback},
		"same bytes":                {two, two, ""},
		"same version signed later": {two, change(draft(2, one.Digest()), later), ""},
		"same, signed earlier":      {two, change(draft(2, one.Digest()), earlier), reason.RegistryRollback},
		"same version, other bytes": {one, change(draft(1, ""), other), reason.RegistrySplitView},
		"same, other previous":      {two, change(draft(2, change(draft(1, ""), other).Digest()), nothing), reason.RegistrySplitView},
		"next of another branch":    {one, change(draft(2, change(draft(1, ""), other).Digest()), nothing), reason.RegistrySplitView},
		"version after next":        {one, change(draft(3, two.Digest()), nothing), ""},
		"higher and signed earlier": {one, change(draft(2, one.Digest()), earlier), reason.RegistryRollback},
		"another framework":         {one, change(draft(2, one.Digest()), func(d *trustframework.Draft) { d.Framework.ID = "tf:other" }), reason.RegistrySplitView},
		"nothing new":               {one, nil, reason.TrustRegistryUnavailable},
		"nothing at all":            {nil, nil, reason.TrustRegistryUnavailable},
		"zero snapshot":             {one, new(trustframework.Snapshot), reason.TrustRegistryUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			if err := trustframework.Supersedes(c.old, c.new); reason.Of(err) != c.code {
				t.Fatalf("got %v, want %q", err, c.code)
			}
		})
	}
}

func TestKeepRecall(t *testing.T) {
	k := signer(t)
	s := open(t, seal(t, draft(1, ""), k), k)
	kept, err := s.Keep()
	if err != nil {
		t.Fatal(err)
	}
	mark, raw, err := trustframework.Recall(kept)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Mark(), mark); diff != "" || string(raw) != string(s.Raw()) {
		t.Fatal(diff)
	}
	for name, bad := range map[string][]byte{
		"nothing":    nil,
		"no line":    kept[:20],
		"no version": []byte("{\"id\":\"x\",\"version\":0,\"digest\":\"\",\"issued\":\"2026-01-01T00:00:00Z\"}\nx"),
		"no digest":  []byte("{\"id\":\"x\",\"version\":1,\"digest\":\"\",\"issued\":\"2026-01-01T00:00:00Z\"}\nx"),
	} {
		if _, _, err := trustframework.Recall(bad); reason.Of(err) != reason.StorageCorrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTrustedKeys(t *testing.T) {
	const ed = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK" // the example of the did:key method
	keys, err := trustframework.TrustedKeys([]string{ed})
	if err != nil || len(keys) != 1 || keys[0].IsZero() {
		t.Fatalf("%v, %v", keys, err)
	}
	for name, list := range map[string][]string{
		"none":    nil,
		"twice":   {ed, ed},
		"did:web": {"did:web:registry.example.org"},
		"no DID":  {"z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"},
		"many":    make([]string, trustframework.MaxTrusted+1),
	} {
		if _, err := trustframework.TrustedKeys(list); reason.Of(err) != reason.RegistrySignature {
			t.Errorf("%s: %v", name, err)
		}
	}
}
