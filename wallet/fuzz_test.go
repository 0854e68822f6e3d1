// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/store"
)

// sealBackup makes a backup of one credential by hand.
func sealBackup(v *Vault, h *held) ([]byte, error) {
	return sealPart(v, backupPart{Credentials: []*held{h}})
}

func sealPart(v *Vault, part backupPart) ([]byte, error) {
	k, err := sealed.DeriveKey([]byte("b"), []byte("0123456789abcdef"), sealed.Params{Time: sealed.MinTime, MemoryKiB: sealed.MinMemoryKiB, Threads: 1})
	if err != nil {
		return nil, err
	}
	out := []byte(backupMagic)
	for i, content := range []any{backupHead{v.home, 1}, part} {
		plain, err := strictjson.Marshal(content)
		if err != nil {
			return nil, err
		}
		raw, err := k.Seal(partName(i), plain, rand.Reader)
		if err != nil {
			return nil, err
		}
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(raw))), raw...)
	}
	return out, nil
}

func FuzzPackage(f *testing.F) {
	f.Add([]byte(`{"type":"behalf-delegation/1","credential":"x~","parents":["y~"]}`))
	f.Add([]byte(`{"type":"behalf-delegation/1","credential":"x","parents":[]}`))
	f.Add([]byte(`{"type":"behalf-delegation/1","credential":"x","parents":["y"],"Parents":["z"]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ParsePackage(raw)
		if err != nil {
			return
		}
		if p.Type != TypePackage || p.Credential == "" || len(p.Parents) > MaxParents {
			t.Errorf("accepted %+v", p)
		}
		again, err := strictjson.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParsePackage(again); err != nil && len(again) <= MaxPackage {
			t.Errorf("does not read back: %v", err)
		}
	})
}

// noNetwork counts what a link makes the wallet do.
type noNetwork struct{ gets []string }

func (n *noNetwork) Get(_ context.Context, url string, _ safehttp.Want) (safehttp.Response, error) {
	n.gets = append(n.gets, url)
	return safehttp.Response{}, errors.New("no network")
}

func (n *noNetwork) Post(_ context.Context, url, _ string, _ []byte, _ safehttp.Want) (safehttp.Response, error) {
	n.gets = append(n.gets, url)
	return safehttp.Response{}, errors.New("no network")
}

// FuzzLinks shows that no link makes a wallet contact a host that the framework does not list.
func FuzzLinks(f *testing.F) {
	w := newTown(f)
	remote := &noNetwork{}
	held := w.wallet()
	held.cfg.Remote = remote
	f.Add(w.offer())
	f.Add(w.link())
	f.Add(w.gateway.origin + "/vp/request/1")
	f.Add("openid-credential-offer://?credential_offer_uri=" + w.issuer.origin + "/offer")
	f.Add("openid-credential-offer://?credential_offer_uri=https://evil.example/offer")
	f.Add("openid4vp://?client_id=decentralized_identifier%3Adid%3Aweb%3Aevil.example&request_uri=https%3A%2F%2Fevil.example%2Fr")
	f.Add("https://" + w.gateway.host + "@evil.example/r")
	f.Fuzz(func(t *testing.T, link string) {
		remote.gets = nil
		if _, err := held.Receive(t.Context(), link, w.taker()); err == nil {
			t.Error("received without a network")
		}
		if _, err := held.Prepare(t.Context(), link, ""); err == nil {
			t.Error("prepared without a network")
		}
		for _, u := range remote.gets {
			if !atOrigin(w.issuer.id.String(), u) && !atOrigin(w.gateway.id.String(), u) {
				t.Errorf("contacted %q", u)
			}
		}
	})
}

// FuzzBackup changes one byte of a backup and cuts it: nothing but the whole opens.
func FuzzBackup(f *testing.F) {
	v := newVault(f)
	whole, err := sealBackup(v, &held{ID: "aaaaaaaaaaaaaaaa", Format: "dc+sd-jwt", Raw: "raw"})
	check(f, err)
	f.Add(uint16(0), byte(1), uint16(0))
	f.Add(uint16(30), byte(0x80), uint16(0))
	f.Add(uint16(0), byte(0), uint16(1))
	f.Add(uint16(0), byte(0), uint16(0))
	f.Fuzz(func(t *testing.T, place uint16, change byte, cut uint16) {
		raw := bytes.Clone(whole)
		raw[int(place)%len(raw)] ^= change
		raw = raw[:len(raw)-int(cut)%len(raw)]
		_, _, err := readBackup(raw, []byte("b"))
		if same := bytes.Equal(raw, whole); same != (err == nil) {
			t.Errorf("unchanged %v, and the answer is %v", same, err)
		}
	})
}

// FuzzCache reads what lies in the cache's file once it is opened.
func FuzzCache(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x01a\x03one\x01\x00"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := &Cache{records: map[string]store.Entry{}}
		if c.read(raw) != nil {
			return
		}
		again := &Cache{records: map[string]store.Entry{}}
		if err := again.read(write(c.records)); err != nil || len(again.records) != len(c.records) {
			t.Errorf("does not read back: %v", err)
		}
	})
}
