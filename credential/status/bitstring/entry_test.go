// SPDX-License-Identifier: Apache-2.0

package bitstring

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/reason"
)

const goodEntry = `{"id":"` + listURL + `#94567","type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"94567","statusListCredential":"` + listURL + `"}`

const twoBits = `{"type":["BitstringStatusListEntry"],"statusPurpose":"message","statusListIndex":"3","statusListCredential":"` + listURL + `",` +
	`"statusSize":2,"statusMessage":[{"status":"0x1","message":"one"},{"status":"0x0","message":"none"},{"status":"0x3","message":"three"},{"status":"0x2","message":"two"}],` +
	`"statusReference":["https://issuer.test/meanings","https://issuer.test/more"]}`

func TestEntry(t *testing.T) {
	for raw, want := range map[string]Entry{
		goodEntry: {ID: listURL + "#94567", Purpose: Revocation, List: listURL, Index: 94567, Size: 1},
		twoBits: {
			Purpose: Message, List: listURL, Index: 3, Size: 2, Messages: []string{"none", "one", "two", "three"},
			References: []string{"https://issuer.test/meanings", "https://issuer.test/more"},
		},
		strings.Replace(goodEntry, `"statusListIndex"`, `"statusSize":1,"statusReference":"https://x.test/r","other":{},"statusListIndex"`, 1): {
			ID: listURL + "#94567", Purpose: Revocation, List: listURL, Index: 94567, Size: 1, References: []string{"https://x.test/r"},
		},
	} {
		e, err := ParseEntry([]byte(raw))
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Error(diff)
		}
		again, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseEntry(again); err != nil || !cmp.Equal(back, e) {
			t.Errorf("%s: %v", again, err)
		}
	}
}

// TestEntryRefused changes one thing at a time in an entry that can be read.
func TestEntryRefused(t *testing.T) {
	for _, c := range []struct {
		name, from, old, new string
		code                 reason.Code
	}{
		{"type", goodEntry, `"BitstringStatusListEntry"`, `"StatusList2021Entry"`, reason.CredentialSchemaInvalid},
		{"no type", goodEntry, `"type":"BitstringStatusListEntry",`, ``, reason.CredentialSchemaInvalid},
		{"purpose is no text", goodEntry, `"revocation"`, `["revocation"]`, reason.CredentialSchemaInvalid},
		{"empty purpose", goodEntry, `"revocation"`, `""`, reason.CredentialSchemaInvalid},
		{"no purpose", goodEntry, `"statusPurpose":"revocation",`, ``, reason.CredentialSchemaInvalid},
		{"list is no URL", goodEntry, `"statusListCredential":"https`, `"statusListCredential":"//`, reason.CredentialSchemaInvalid},
		{"no list", goodEntry, `,"statusListCredential":"` + listURL + `"`, ``, reason.CredentialSchemaInvalid},
		{"no index", goodEntry, `"statusListIndex":"94567",`, ``, reason.CredentialSchemaInvalid},
		{"id of the list", goodEntry, `#94567`, ``, reason.CredentialSchemaInvalid},
		{"id is no URL", goodEntry, `"id":"https`, `"id":"//`, reason.CredentialSchemaInvalid},
		{"id is no text", goodEntry, `"id":"` + listURL + `#94567"`, `"id":1`, reason.CredentialSchemaInvalid},
		{"size 0", twoBits, `"statusSize":2`, `"statusSize":0`, reason.StatusValueUnknown},
		{"size -1", twoBits, `"statusSize":2`, `"statusSize":-1`, reason.StatusValueUnknown},
		{"size 1.5", twoBits, `"statusSize":2`, `"statusSize":1.5`, reason.StatusValueUnknown},
		{"size is text", twoBits, `"statusSize":2`, `"statusSize":"2"`, reason.StatusValueUnknown},
		{"size 9", twoBits, `"statusSize":2`, `"statusSize":9`, reason.StatusValueUnknown},
		{"messages of another size", twoBits, `"statusSize":2`, `"statusSize":3`, reason.CredentialSchemaInvalid},
		{"messages of size 1", twoBits, `"statusSize":2`, `"statusSize":1`, reason.CredentialSchemaInvalid},
		{"no messages", twoBits, `"statusMessage"`, `"x"`, reason.CredentialSchemaInvalid},
		{"no messages for a purpose that needs them", goodEntry, `"revocation"`, `"message"`, reason.CredentialSchemaInvalid},
		{"message twice", twoBits, `"0x3"`, `"0x2"`, reason.CredentialSchemaInvalid},
		{"message beyond", twoBits, `"0x3"`, `"0x4"`, reason.CredentialSchemaInvalid},
		{"message in decimal", twoBits, `"0x3"`, `"3"`, reason.CredentialSchemaInvalid},
		{"message without text", twoBits, `"message":"three"`, `"text":"three"`, reason.CredentialSchemaInvalid},
		{"messages are no array", twoBits, `"statusMessage":[`, `"statusMessage":1,"x":[`, reason.CredentialSchemaInvalid},
		{"reference is no URL", twoBits, `"https://issuer.test/more"`, `"more"`, reason.CredentialSchemaInvalid},
		{"no reference in array", twoBits, `"https://issuer.test/meanings","https://issuer.test/more"`, ``, reason.CredentialSchemaInvalid},
		{"twice", goodEntry, `"statusListIndex"`, `"statusListIndex":"1","statusListIndex"`, reason.CredentialSchemaInvalid},
	} {
		raw := strings.Replace(c.from, c.old, c.new, 1)
		if raw == c.from {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		if _, err := ParseEntry([]byte(raw)); reason.Of(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	if _, err := (Entry{Purpose: Message, List: listURL, Size: 1}).JSON(); reason.Of(err) != reason.CredentialSchemaInvalid {
		t.Errorf("an entry that nobody could read was written: %v", err)
	}
}

// TestAttacks holds the rows of category status that are about the forms of this package.
func TestAttacks(t *testing.T) {
	t.Run("STS-03", func(t *testing.T) {
		l := List{Purposes: []string{Revocation}, Bits: Pack(make([]byte, MinEntries/8))}
		for index, code := range map[string]reason.Code{
			"131071": "", "131072": reason.StatusIndex, "131073": reason.StatusIndex, "2147483648": reason.StatusIndex,
			"9007199254740992": reason.StatusIndex, "18446744073709551615": reason.StatusIndex, "18446744073709551616": reason.StatusIndex,
		} {
			e, err := ParseEntry([]byte(strings.Replace(goodEntry, `"94567"`, `"`+index+`"`, 1)))
			if err == nil {
				_, err = Read(l, e)
			}
			if reason.Of(err) != code {
				t.Errorf("%s: %v, want %s", index, err, code)
			}
		}
	})
	t.Run("STS-04", func(t *testing.T) {
		for index, code := range map[string]reason.Code{
			`"1e3"`: reason.StatusIndex, `" 5"`: reason.StatusIndex, `"05"`: reason.StatusIndex, `"\u0665"`: reason.StatusIndex,
			`""`: reason.StatusIndex, `"-1"`: reason.StatusIndex, `"+5"`: reason.StatusIndex, `"5 "`: reason.StatusIndex,
			`"1.5"`: reason.StatusIndex, `"0x5"`: reason.StatusIndex, `"5\u0000"`: reason.StatusIndex,
			`-1`: reason.CredentialSchemaInvalid, `5.0`: reason.CredentialSchemaInvalid, `5`: reason.CredentialSchemaInvalid,
			`null`: reason.CredentialSchemaInvalid, `1.5`: reason.CredentialSchemaInvalid, `true`: reason.CredentialSchemaInvalid,
			`["5"]`: reason.CredentialSchemaInvalid, `{}`: reason.CredentialSchemaInvalid,
			`"0"`: "", `"5"`: "", `"94567"`: "",
		} {
			raw := strings.Replace(goodEntry, `"statusListIndex":"94567"`, `"statusListIndex":`+index, 1)
			if _, err := ParseEntry([]byte(raw)); reason.Of(err) != code {
				t.Errorf("%s: %v, want %s", index, err, code)
			}
		}
	})
}

// TestValues packs values of every size bit by bit in another way and reads them.
func TestValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, MaxSize).Draw(t, "size")
		values := rapid.SliceOfN(rapid.Uint64Range(0, 1<<size-1), 1, 40).Draw(t, "values")
		var digits strings.Builder
		for _, v := range values {
			fmt.Fprintf(&digits, "%0*b", size, v)
		}
		text := digits.String()
		data := make([]byte, (len(text)+7)/8)
		for i, c := range text {
			if c == '1' {
				data[i/8] |= 128 >> (i % 8)
			}
		}
		put := make([]byte, len(data))
		b := Pack(data)
		for i, v := range values {
			got, err := b.Value(size, uint64(i))
			if err != nil || got != v {
				t.Fatalf("value %d of %d bits: %d, %v, want %d", i, size, got, err, v)
			}
			for _, value := range []uint64{1<<size - 1, v} { // what was there before does not show
				if err := Put(put, size, uint64(i), value); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !cmp.Equal(put, data) {
			t.Fatalf("put %x, want %x", put, data)
		}
		for _, at := range []uint64{b.Len() / uint64(size), 1 << 63, 1<<64 - 1} {
			if _, err := b.Value(size, at); reason.Of(err) != reason.StatusIndex {
				t.Fatalf("index %d: %v", at, err)
			}
			if err := Put(put, size, at, 0); reason.Of(err) != reason.StatusIndex {
				t.Fatalf("index %d: %v", at, err)
			}
		}
		for _, none := range []int{0, -1, MaxSize + 1} {
			if _, err := b.Value(none, 0); reason.Of(err) != reason.StatusValueUnknown {
				t.Fatalf("%d bits: %v", none, err)
			}
		}
		if err := Put(put, size, 0, 1<<size); reason.Of(err) != reason.StatusValueUnknown {
			t.Fatal(err)
		}
	})
}

func TestRead(t *testing.T) {
	data := make([]byte, 2*MinEntries/8)
	if err := Put(data, 2, 3, 2); err != nil {
		t.Fatal(err)
	}
	e, err := ParseEntry([]byte(twoBits))
	if err != nil {
		t.Fatal(err)
	}
	l := List{Purposes: []string{Refresh, Message}, Bits: Pack(data)}
	if v, err := Read(l, e); err != nil || v != (Value{2, "two"}) {
		t.Errorf("%v, %v", v, err)
	}
	e.Index = 4
	if v, err := Read(l, e); err != nil || v != (Value{0, "none"}) {
		t.Errorf("%v, %v", v, err)
	}
	one := Entry{Purpose: Refresh, List: listURL, Index: 6, Size: 1}
	if v, err := Read(l, one); err != nil || v != (Value{Status: 1}) {
		t.Errorf("%v, %v", v, err)
	}
	for name, c := range map[string]struct {
		l    List
		e    Entry
		code reason.Code
	}{
		"purpose":                  {l, Entry{Purpose: Revocation, Size: 1}, reason.StatusPurpose},
		"no size":                  {l, Entry{Purpose: Refresh}, reason.StatusValueUnknown},
		"size":                     {l, Entry{Purpose: Refresh, Size: 9}, reason.StatusValueUnknown},
		"too short for its size":   {List{Purposes: l.Purposes, Bits: Pack(data[1:])}, e, reason.StatusLength},
		"too short":                {List{Purposes: l.Purposes, Bits: Pack(data[:len(data)/2-1])}, one, reason.StatusLength},
		"beyond":                   {l, Entry{Purpose: Message, Size: 2, Index: MinEntries}, reason.StatusIndex},
		"beyond by multiplication": {l, Entry{Purpose: Message, Size: 2, Index: 1 << 63}, reason.StatusIndex},
		"nothing":                  {List{}, one, reason.StatusPurpose},
	} {
		if _, err := Read(c.l, c.e); reason.Of(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

func FuzzEntry(f *testing.F) {
	f.Add([]byte(goodEntry))
	f.Add([]byte(twoBits))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := ParseEntry(raw)
		if err != nil {
			return
		}
		again, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseEntry(again); err != nil || !cmp.Equal(e, back) {
			t.Fatalf("%+v became %+v, %v", e, back, err)
		}
	})
}
