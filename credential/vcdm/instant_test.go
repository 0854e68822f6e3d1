// SPDX-License-Identifier: Apache-2.0

package vcdm_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential/vcdm"
)

// read returns the validFrom of a credential, zero if it is refused.
func read(t testing.TB, text string) time.Time {
	t.Helper()
	s, err := vcdm.CheckCredential(edit(t, credentialV2, "validFrom", `"`+text+`"`), open())
	if (err == nil) == s.ValidFrom.IsZero() {
		t.Errorf("%s: %v, %v", text, s.ValidFrom, err)
	}
	return s.ValidFrom
}

// TestInstants is requirement 13, value by value.
func TestInstants(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-04T05:06:07Z":                  "2026-03-04T05:06:07Z",
		"2026-12-31T23:59:59Z":                  "2026-12-31T23:59:59Z",
		"0001-01-01T00:00:01Z":                  "0001-01-01T00:00:01Z",
		"9999-12-31T00:00:00Z":                  "9999-12-31T00:00:00Z",
		"2024-02-29T00:00:00Z":                  "2024-02-29T00:00:00Z",
		"2026-12-31T24:00:00Z":                  "2027-01-01T00:00:00Z",
		"2026-03-04T05:06:07.5Z":                "2026-03-04T05:06:07.5Z",
		"2026-03-04T05:06:07.000000001Z":        "2026-03-04T05:06:07.000000001Z",
		"2026-03-04T05:06:07.999999999Z":        "2026-03-04T05:06:07.999999999Z",
		"2026-03-04T05:06:07.9999999999999Z":    "2026-03-04T05:06:07.999999999Z",
		"2026-03-04T05:06:07.0+01:30":           "2026-03-04T03:36:07Z",
		"2026-03-04T05:06:07-01:30":             "2026-03-04T06:36:07Z",
		"2026-03-04T05:06:07+14:00":             "2026-03-03T15:06:07Z",
		"2026-03-04T05:06:07-13:59":             "2026-03-04T19:05:07Z",
		"2026-03-04T05:06:07+00:00":             "2026-03-04T05:06:07Z",
		"2026-03-04T05:06:07-00:59":             "2026-03-04T06:05:07Z",
		"2026-03-04T05:06:07." + digits32 + "Z": "2026-03-04T05:06:07.123456789Z",
	} {
		expect, err := time.Parse(time.RFC3339Nano, want)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, text); !got.Equal(expect) {
			t.Errorf("%s: %v, want %v", text, got, expect)
		}
	}
	for _, text := range []string{
		"", "2026", "2026-03-04", "2026-03-04T05:06:07", "2026-03-04 05:06:07Z", "2026/03-04T05:06:07Z", "2026-03/04T05:06:07Z",
		"2026-03-04T05.06:07Z", "2026-03-04T05:06.07Z", "0000-03-04T05:06:07Z", "2026-00-04T05:06:07Z", "2026-13-04T05:06:07Z",
		"2026-03-00T05:06:07Z", "2026-03-32T05:06:07Z", "2026-04-31T05:06:07Z", "2025-02-29T05:06:07Z", "2026-03-04T25:06:07Z",
		"2026-03-04T05:60:07Z", "2026-03-04T05:06:60Z", "2026-03-04T24:01:00Z", "2026-03-04T24:00:01Z", "2026-03-04T24:00:00.001Z",
		"2026-03-04T05:06:07.Z", "2026-03-04T05:06:07.5", "2026-03-04T05:06:07,5Z", "2026-03-04T05:06:07." + digits32 + "0Z",
		"2026-03-04T05:06:07z", "2026-03-04T05:06:07ZZ", "2026-03-04T05:06:07 Z", "2026-03-04T05:06:07+0100", "2026-03-04T05:06:07+01",
		"2026-03-04T05:06:07 01:00", "2026-03-04T05:06:07+01.00", "2026-03-04T05:06:07+15:00", "2026-03-04T05:06:07+14:01",
		"2026-03-04T05:06:07-14:01", "2026-03-04T05:06:07+01:60", "2026-03-04T05:06:07+a1:00", "2026-03-04T05:06:07+01:0a",
		"2o26-03-04T05:06:07Z", "2026-/3-04T05:06:07Z", "2026-:3-04T05:06:07Z", "+026-03-04T05:06:07Z", "20260-03-04T05:06:07Z",
	} {
		if got := read(t, text); !got.IsZero() {
			t.Errorf("%s: taken as %v", text, got)
		}
	}
}

const digits32 = "12345678901234567890123456789012"

// TestInstantsLikeTheLibrary shows that what RFC 3339 writes is read as the instant that it is.
func TestInstantsLikeTheLibrary(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		at := time.Unix(rapid.Int64Range(-60_000_000_000, 250_000_000_000).Draw(rt, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(rt, "nanos"))
		zone := rapid.IntRange(-14*60, 14*60).Draw(rt, "zone")
		text := at.In(time.FixedZone("", zone*60)).Format(time.RFC3339Nano)
		if strings.HasPrefix(text, "-") || len(strings.SplitN(text, "-", 2)[0]) != 4 {
			return
		}
		if got := read(t, text); !got.Equal(at) {
			rt.Errorf("%s: %v, want %v", text, got, at)
		}
	})
}
