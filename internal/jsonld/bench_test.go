// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/piprate/json-gold/ld"

	"github.com/behalf-id/behalf/internal/rdfc"
)

// payload is the delegation credential that the figures are about.
func payload(b testing.TB) []byte {
	raw, err := os.ReadFile("testdata/delegation.json")
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// preloaded gives json-gold parsed context documents, as its caching loader does.
type preloaded map[string]any

func (p preloaded) LoadDocument(url string) (*ld.RemoteDocument, error) {
	return &ld.RemoteDocument{DocumentURL: url, Document: p[url]}, nil
}

func preload(tb testing.TB) preloaded {
	tb.Helper()
	p := preloaded{}
	for _, s := range sources() {
		v, err := decode(s.read())
		if err != nil {
			tb.Fatal(err)
		}
		p[s.url] = v
	}
	return p
}

// BenchmarkRawCanonicaliseJSONGold is json-gold by itself, from the document to canonical N-Quads.
func BenchmarkRawCanonicaliseJSONGold(b *testing.B) {
	raw, loader := payload(b), preload(b)
	b.ReportAllocs()
	for b.Loop() {
		var doc any
		if err := json.Unmarshal(raw, &doc); err != nil {
			b.Fatal(err)
		}
		o := ld.NewJsonLdOptions("")
		o.DocumentLoader, o.SafeMode = loader, true
		o.Algorithm, o.Format = ld.AlgorithmURDNA2015, "application/n-quads"
		if _, err := ld.NewJsonLdProcessor().Normalize(doc, o); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCanonicaliseRDFC is the same done here. It first holds the result to json-gold's.
func BenchmarkCanonicaliseRDFC(b *testing.B) {
	raw := payload(b)
	sameAsGold(b, raw)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Canonicalize(raw, Closed, rdfc.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkToRDF is the part of it that is not canonicalization.
func BenchmarkToRDF(b *testing.B) {
	raw := payload(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ToRDF(raw, Closed); err != nil {
			b.Fatal(err)
		}
	}
}

func sameAsGold(tb testing.TB, raw []byte) {
	tb.Helper()
	ours, err := Canonicalize(raw, Closed, rdfc.SHA256)
	if err != nil {
		tb.Fatal(err)
	}
	quads, err := goldToRDF(raw, Closed)
	if err != nil {
		tb.Fatal(err)
	}
	theirs, err := rdfc.Canonicalize(quads, rdfc.SHA256)
	if err != nil {
		tb.Fatal(err)
	}
	if string(ours.Bytes()) != string(theirs.Bytes()) {
		tb.Fatalf("ours:\n%s\ntheirs:\n%s", ours.Bytes(), theirs.Bytes())
	}
}
