// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"runtime"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/reason"
)

// TestLongNames: a name of a hundred kilobytes with a few thousand statements about it would be written
// out as many times.
func TestLongNames(t *testing.T) {
	doc := []byte(`{"@context":"https://www.w3.org/ns/credentials/v2","id":"urn:` + strings.Repeat("x", 100_000) +
		`","name":[` + strings.Repeat("1,", 4095) + `1]}`)
	label := HMACLabels(make([]byte, 32))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Lines(doc, jsonld.Closed, label)
	_, err2 := Open(doc, jsonld.Closed, make([]byte, 32), label)
	runtime.ReadMemStats(&after)
	if reason.Of(err) != reason.LimitCanonicalization || reason.Of(err2) != reason.LimitCanonicalization {
		t.Errorf("%v, %v", err, err2)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 100 {
		t.Errorf("%d MB", mb)
	} else {
		t.Logf("%d MB", mb)
	}
}

// TestManyValues: a megabyte of short values is refused before there is a tree of them.
func TestManyValues(t *testing.T) {
	list := "[" + strings.Repeat("1,", 4095) + "1]"
	doc := []byte(`{"proof":{"type":"DataIntegrityProof","cryptosuite":"x","proofValue":"u"},"name":[` + strings.Repeat(list+",", 100) + list + `]}`)
	if _, err := Read(doc, "x"); reason.Of(err) != reason.LimitCanonicalization {
		t.Errorf("%v, want %s", err, reason.LimitCanonicalization)
	}
}
