// SPDX-License-Identifier: Apache-2.0

package sealed

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"filippo.io/age"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/reason"
)

// cheap is the least cost that is allowed.
func cheap() Params { return Params{Time: MinTime, MemoryKiB: MinMemoryKiB, Threads: 1} }

func newKey(t testing.TB, passphrase string) *Key {
	t.Helper()
	k, err := DeriveKey([]byte(passphrase), []byte("0123456789abcdef"), cheap())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sealFor(t testing.TB, k *Key, name, plain string) []byte {
	t.Helper()
	raw, err := k.Seal(name, []byte(plain), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func wantTampered(t *testing.T, what string, err error) {
	t.Helper()
	if reason.Of(err) != reason.StoreTampered {
		t.Fatalf("%s: got %v, want %s", what, err, reason.StoreTampered)
	}
}

func TestSealOpen(t *testing.T) {
	raw, err := Seal([]byte("correct horse"), []byte("hello"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(raw, []byte("age-encryption.org/v1\n-> behalf.id/argon2id ")) || !bytes.Contains(raw, []byte(" 3 65536 4 ")) {
		t.Errorf("header: %q", raw[:120])
	}
	plain, err := Open([]byte("correct horse"), raw)
	if err != nil || string(plain) != "hello" {
		t.Fatalf("%q, %v", plain, err)
	}
	if _, err := Open([]byte("wrong horse"), raw); !errors.Is(err, ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	if strings.Contains(ErrPassphrase.Error(), "\n") {
		t.Error("the message has more than one line")
	}
}

func TestKeyProperty(t *testing.T) {
	k := newKey(t, "p")
	rapid.Check(t, func(rt *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 200_000).Draw(rt, "plain")
		name := rapid.StringN(0, 20, 80).Draw(rt, "name")
		raw, err := k.Seal(name, plain, rand.Reader)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := k.Open(name, raw)
		if err != nil || !bytes.Equal(got, plain) {
			rt.Fatalf("%d bytes: %v", len(got), err)
		}
		if _, err := k.Open(name+"x", raw); reason.Of(err) != reason.StoreTampered {
			rt.Fatalf("another name: %v", err)
		}
	})
}

// TestUnlock opens many files with the one derivation that the first of them asked for.
func TestUnlock(t *testing.T) {
	k := newKey(t, "p")
	first, second := sealFor(t, k, "a", "one"), sealFor(t, k, "b", "two")
	again, plain, err := Unlock([]byte("p"), "a", first)
	if err != nil || string(plain) != "one" {
		t.Fatalf("%q, %v", plain, err)
	}
	if plain, err := again.Open("b", second); err != nil || string(plain) != "two" {
		t.Fatalf("%q, %v", plain, err)
	}
	if _, _, err := Unlock([]byte("q"), "a", first); !errors.Is(err, ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	if _, err := newKey(t, "q").Open("a", first); !errors.Is(err, ErrPassphrase) {
		t.Errorf("key of a wrong passphrase: %v", err)
	}
	_, err = again.Open("a", second)
	wantTampered(t, "two files that changed places", err)
	other, err := DeriveKey([]byte("p"), []byte("fedcba9876543210"), cheap())
	if err != nil {
		t.Fatal(err)
	}
	_, err = other.Open("a", first)
	wantTampered(t, "another salt", err)
}

// TestNoNonceTwice: the wrapping key is one per file, though the passphrase's key is one per folder.
func TestNoNonceTwice(t *testing.T) {
	k := newKey(t, "p")
	seen := map[string]bool{}
	for range 200 {
		line := strings.SplitN(string(sealFor(t, k, "a", "x")), "\n", 3)[1]
		nonce := strings.Fields(line)[6]
		if seen[nonce] {
			t.Fatal("a nonce came twice")
		}
		seen[nonce] = true
	}
}

// TestDamage covers WAL-09: every flipped byte, every cut, garbage behind, nothing at all.
func TestDamage(t *testing.T) {
	k := newKey(t, "p")
	raw := sealFor(t, k, "a", "a small file")
	for i := range raw {
		for _, flip := range []byte{0x01, 0x20, 0x80, 0xff} {
			bad := bytes.Clone(raw)
			bad[i] ^= flip
			_, err := k.Open("a", bad)
			wantTampered(t, fmt.Sprintf("byte %d ^ %#x", i, flip), err)
		}
		_, err := k.Open("a", raw[:i])
		wantTampered(t, fmt.Sprintf("cut at %d", i), err)
	}
	for _, bad := range [][]byte{nil, append(bytes.Clone(raw), 0), append(bytes.Clone(raw), raw...), make([]byte, len(raw)), make([]byte, MaxSealed+1)} {
		_, err := k.Open("a", bad)
		wantTampered(t, "other content", err)
	}
}

// TestDamageByPassphrase flips bytes of every part of a file that is opened by its passphrase: damage is
// never taken for a wrong passphrase.
func TestDamageByPassphrase(t *testing.T) {
	raw := sealFor(t, newKey(t, "p"), "", "x")
	for i := 0; i < len(raw); i += 5 {
		bad := bytes.Clone(raw)
		bad[i] ^= 0x01
		_, err := Open([]byte("p"), bad)
		wantTampered(t, fmt.Sprintf("byte %d", i), err)
	}
}

// forged is a stanza that somebody without the passphrase could write, with a good checksum.
type forged struct{ args []string }

func (f forged) Wrap([]byte) ([]*age.Stanza, error) {
	body := make([]byte, 32)
	return []*age.Stanza{{Type: stanzaType, Args: append(f.args, encode(sum(f.args, body))), Body: body}}, nil
}

func forge(t *testing.T, time, memory, threads string) []byte {
	t.Helper()
	var out bytes.Buffer
	args := []string{encode(make([]byte, SaltSize)), time, memory, threads, encode(make([]byte, nonceSize)), encode(make([]byte, markSize))}
	w, err := age.Encrypt(&out, forged{args})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, "x")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestKDFLimits(t *testing.T) {
	for _, p := range [][3]string{
		{"1", "65536", "4"}, {"11", "65536", "4"}, {"0", "65536", "4"}, {"4294967295", "65536", "4"}, {"99999999999999999999", "65536", "4"},
		{"3", "19455", "4"}, {"3", "1048577", "4"}, {"3", "0", "4"}, {"3", "4294967295", "4"}, {"3", "4294967296", "4"},
		{"3", "65536", "0"}, {"3", "65536", "17"}, {"3", "65536", "256"},
	} {
		if _, err := Open([]byte("p"), forge(t, p[0], p[1], p[2])); reason.Of(err) != reason.StoreKDFLimits {
			t.Errorf("%v: %v", p, err)
		}
	}
	for _, p := range [][3]string{{"03", "65536", "4"}, {"+3", "65536", "4"}, {"-3", "65536", "4"}, {"3.0", "65536", "4"}, {"3", "0x10000", "4"}} {
		_, err := Open([]byte("p"), forge(t, p[0], p[1], p[2]))
		wantTampered(t, fmt.Sprint(p), err)
	}
	if _, err := Open([]byte("p"), forge(t, "2", "19456", "1")); !errors.Is(err, ErrPassphrase) {
		t.Errorf("a cost at the floor: %v", err)
	}
	if _, err := newKey(t, "p").Open("", forge(t, "1", "1", "1")); reason.Of(err) != reason.StoreKDFLimits {
		t.Errorf("by key: %v", err)
	}
	for _, p := range []Params{{}, {1, 64 << 10, 4}, {3, 1, 4}, {3, 64 << 10, 0}, {11, 64 << 10, 1}, {3, 2 << 20, 1}} {
		if _, err := DeriveKey([]byte("p"), make([]byte, SaltSize), p); reason.Of(err) != reason.StoreKDFLimits {
			t.Errorf("%v: %v", p, err)
		}
	}
}

// TestOnlyRecipient: nobody else can be given the file, and a file that somebody else was given is refused.
func TestOnlyRecipient(t *testing.T) {
	k := newKey(t, "p")
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	ours := &recipient{key: k, random: rand.Reader}
	if _, err := age.Encrypt(io.Discard, ours, other.Recipient()); err == nil {
		t.Error("a second recipient was accepted")
	}
	if _, err := age.Encrypt(io.Discard, ours, ours); err == nil {
		t.Error("our recipient was accepted twice")
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, unlabelled{ours}, other.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = k.Open("", out.Bytes())
	wantTampered(t, "two recipients", err)
	out.Reset()
	w, err = age.Encrypt(&out, other.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = k.Open("", out.Bytes())
	wantTampered(t, "another recipient", err)
}

// unlabelled hides the label that keeps others out.
type unlabelled struct{ r *recipient }

func (u unlabelled) Wrap(file []byte) ([]*age.Stanza, error) { return u.r.Wrap(file) }

func TestRefusals(t *testing.T) {
	k := newKey(t, "p")
	var zero Key
	for name, err := range map[string]error{
		"zero key seals":     second(zero.Seal("", nil, rand.Reader)),
		"zero key opens":     second(zero.Open("", sealFor(t, k, "", "x"))),
		"no randomness":      second(k.Seal("", nil, nil)),
		"short randomness":   second(k.Seal("", nil, strings.NewReader("x"))),
		"too large":          second(k.Seal("", make([]byte, MaxPlain+1), rand.Reader)),
		"long name":          second(k.Seal(strings.Repeat("a", MaxName+1), nil, rand.Reader)),
		"no passphrase":      second(DeriveKey(nil, make([]byte, SaltSize), cheap())),
		"long passphrase":    second(DeriveKey(make([]byte, MaxPassphrase+1), make([]byte, SaltSize), cheap())),
		"short salt":         second(DeriveKey([]byte("p"), make([]byte, 8), cheap())),
		"salt of nothing":    second(NewSalt(nil)),
		"salt of too little": second(NewSalt(strings.NewReader("x"))),
	} {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if s := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(s, "salt") || strings.Count(s, "[secret]") != 4 {
		t.Errorf("a key shows itself: %s", s)
	}
	if got, err := k.Open("", sealFor(t, k, "", strings.Repeat("a", MaxPlain))); err != nil || len(got) != MaxPlain {
		t.Errorf("the largest file: %d bytes, %v", len(got), err)
	}
}

func second[T any](_ T, err error) error { return err }

// golden is a file of the first version of the format, sealed by newKey(t, "p") for the name "a".
func golden(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/v1.age")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestGolden: what an earlier build sealed opens for ever.
func TestGolden(t *testing.T) {
	if _, plain, err := Unlock([]byte("p"), "a", golden(t)); err != nil || string(plain) != "hello" {
		t.Errorf("%q, %v", plain, err)
	}
}

// FuzzOpen: whatever a file holds, it opens only if it is what was sealed.
func FuzzOpen(f *testing.F) {
	k := newKey(f, "p")
	raw := golden(f)
	f.Add(raw)
	f.Add(raw[:len(raw)-1])
	f.Add([]byte("age-encryption.org/v1\n-> behalf.id/argon2id\n\n--- \n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, other []byte) {
		plain, err := k.Open("a", other)
		if err == nil && (!bytes.Equal(other, raw) || string(plain) != "hello") {
			t.Fatalf("%q opened", other)
		}
	})
}

func BenchmarkDeriveKeyDefault(b *testing.B) {
	for b.Loop() {
		if _, err := DeriveKey([]byte("p"), make([]byte, SaltSize), DefaultParams()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKeyOpen(b *testing.B) {
	k := newKey(b, "p")
	raw := sealFor(b, k, "a", strings.Repeat("x", 4096))
	for b.Loop() {
		if _, err := k.Open("a", raw); err != nil {
			b.Fatal(err)
		}
	}
}
