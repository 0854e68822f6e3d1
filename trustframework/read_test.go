// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

func write(t testing.TB, f *trustframework.Framework) []byte {
	t.Helper()
	raw, err := f.Write()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestReadRoundTrip(t *testing.T) {
	want := sample.Framework()
	got, err := trustframework.Read(write(t, want))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

// Absent, empty and the wildcard are three things in an accreditation.
func TestReadKeepsAbsentAndEmptyApart(t *testing.T) {
	f := sample.Framework()
	f.Accreditations[0].Resources = []string{}
	f.Accreditations[0].Controllers = nil
	got, err := trustframework.Read(write(t, f))
	if err != nil {
		t.Fatal(err)
	}
	if a := got.Accreditations[0]; a.Resources == nil || len(a.Resources) != 0 || a.Controllers != nil {
		t.Fatalf("resources %#v, controllers %#v", a.Resources, a.Controllers)
	}
}

func TestReadRefuses(t *testing.T) {
	good := string(write(t, sample.Framework()))
	for name, c := range map[string]struct {
		old, new string
		code     reason.Code
	}{
		"unknown member":      {`"maxAgeSeconds":`, `"maxage":1,"maxAgeSeconds":`, reason.JSONType},
		"unknown deep member": {`"maxChainLinks":`, `"maxLinks":1,"maxChainLinks":`, reason.JSONType},
		"other case":          {`"anchors":`, `"Anchors":`, reason.JSONCaseVariant},
		"null":                {`"jurisdictions":["GB-ENG"]`, `"jurisdictions":null`, reason.JSONType},
		"empty ceiling":       {`"maxRisk":"high"`, `"maxRisk":""`, reason.RegistryWildcard},
		"empty in a list":     {`["GB-ENG"]`, `["GB-ENG",""]`, reason.RegistryWildcard},
		"empty name":          {`"gp-record":"sensitive"`, `"":"sensitive"`, reason.RegistryWildcard},
		"duplicate":           {`"id":"tf:sample"`, `"id":"tf:sample","id":"tf:other"`, reason.JSONDuplicateName},
		"fraction":            {`"maxAgeSeconds":3600`, `"maxAgeSeconds":3600.5`, reason.JSONNumberForm},
		"no date-time":        {`"2025-01-01T00:00:00Z"`, `"2025-01-01"`, reason.JSONType},
		"trailing":            {`{"accreditations"`, `{} {"accreditations"`, reason.JSONSyntax},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(good, c.old, c.new, 1)
			if bad == good {
				t.Fatal("the case changes nothing")
			}
			if _, err := trustframework.Read([]byte(bad)); reason.Of(err) != c.code {
				t.Fatalf("got %v, want %s", err, c.code)
			}
		})
	}
	if _, err := trustframework.Read(bytes.Repeat([]byte(" "), trustframework.MaxFramework+1)); reason.Of(err) != reason.LimitBody {
		t.Fatalf("oversize: %v", err)
	}
}

// One instant in two zones is one content.
func TestDigestIsOfTheContent(t *testing.T) {
	a, b := sample.Framework(), sample.Framework()
	b.Accreditations[0].From = b.Accreditations[0].From.In(time.FixedZone("", 3600))
	b.Version, b.AsOf = 7, time.Unix(1, 0)
	da, err := a.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if db, err := b.Digest(); err != nil || da != db || len(trustframework.Diff(a, b)) != 0 {
		t.Fatalf("%v, %v, %v, %v", da, db, err, trustframework.Diff(a, b))
	}
	b.MaxAgeSeconds--
	if db, _ := b.Digest(); da == db {
		t.Fatal("the digest does not see a change")
	}
}

func FuzzRead(f *testing.F) {
	raw := write(f, sample.Framework())
	f.Add(raw)
	f.Add([]byte(`{}`))
	f.Add(bytes.Replace(raw, []byte("did:web"), []byte("did:key"), -1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := trustframework.Read(raw)
		if err != nil {
			return
		}
		_ = trustframework.Validate(got)
		again, err := got.Write()
		if err != nil {
			return // such as a year that RFC 3339 does not write
		}
		back, err := trustframework.Read(again)
		if err != nil && trustframework.Validate(got) == nil {
			t.Fatalf("what Write wrote of a valid framework cannot be read: %v", err)
		}
		if err == nil && len(trustframework.Diff(got, back)) != 0 {
			t.Fatalf("reading what was written differs: %v", trustframework.Diff(got, back))
		}
	})
}
