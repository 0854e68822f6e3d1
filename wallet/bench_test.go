// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/rand"
	"os"
	"testing"

	"github.com/behalf-id/behalf/internal/sealed"
)

func quickly(path string, data []byte) error { return os.WriteFile(path, data, 0o600) }

// BenchmarkList1000 is what list does once the passphrase is known: goal 300 ms (performance.md).
func BenchmarkList1000(b *testing.B) {
	w := newTown(b)
	v := newVault(b)
	tom := w.over(v)
	e := w.receive(tom)
	v.disk.write = quickly // the set-up is not what is measured
	for range 999 {
		w.cloned(tom, e)
	}
	b.ReportAllocs()
	for b.Loop() {
		all, bad, err := tom.List(b.Context())
		if err != nil || len(all) != 1000 || len(bad) != 0 {
			b.Fatalf("%d credentials, %v, %v", len(all), bad, err)
		}
	}
}

// BenchmarkPrepare1000 answers a request out of 1,000 credentials, the fetch included, up to the consent.
func BenchmarkPrepare1000(b *testing.B) {
	w := newTown(b)
	v := newVault(b)
	tom := w.over(v)
	e := w.receive(tom)
	v.disk.write = quickly
	for range 999 {
		w.cloned(tom, e)
	}
	for b.Loop() {
		if _, err := tom.Prepare(b.Context(), w.link(), ""); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUnlock opens a wallet: one argon2id at the default cost, and one small file.
func BenchmarkUnlock(b *testing.B) {
	dir := b.TempDir() + "/wallet"
	v, err := Create(b.Context(), dir, []byte(passphrase), Settings{}, rand.Reader)
	check(b, err)
	check(b, v.Close())
	for b.Loop() {
		v, err := Open(b.Context(), dir, []byte(passphrase), rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		check(b, v.Close())
	}
}

// BenchmarkRawArgon2id is the part of BenchmarkUnlock that is meant to be slow.
func BenchmarkRawArgon2id(b *testing.B) {
	for b.Loop() {
		if _, err := sealed.DeriveKey([]byte(passphrase), []byte("0123456789abcdef"), sealed.DefaultParams()); err != nil {
			b.Fatal(err)
		}
	}
}
