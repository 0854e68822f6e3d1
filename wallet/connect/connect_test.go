// SPDX-License-Identifier: Apache-2.0

package connect_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
	"github.com/behalf-id/behalf/wallet/connect"
)

// TestOpen opens a wallet again: alone, with the right passphrase, and without a network where that is enough.
func TestOpen(t *testing.T) {
	err := serve(t.Context(), func(ctx context.Context, dir string, trust wallet.Settings, s services) error {
		cfg := connect.Config{Dir: dir, Passphrase: []byte("correct horse"), Now: time.Now}
		if _, err := connect.Open(ctx, cfg); !errors.Is(err, wallet.ErrNoWallet) {
			t.Errorf("open of nothing: %v", err)
		}
		w, err := connect.Create(ctx, cfg, trust)
		if err != nil {
			return err
		}
		if _, err := connect.Create(ctx, cfg, trust); !errors.Is(err, wallet.ErrWallet) && !errors.Is(err, connect.ErrInUse) {
			t.Errorf("made twice: %v", err)
		}
		offer, code, err := s.offer(ctx)
		if err != nil {
			return err
		}
		if _, err := w.Receive(ctx, offer, wallet.Collector{Accept: func(wallet.OfferView) (string, error) { return code, nil }}); err != nil {
			return err
		}
		if backup, err := w.Backup([]byte("of the backup")); err != nil || len(backup) < 1000 {
			t.Errorf("a backup of %d bytes, %v", len(backup), err)
		}
		own := w.DID()
		if err := w.Close(); err != nil {
			return err
		}
		wrong := cfg
		wrong.Passphrase = []byte("wrong horse")
		if _, err := connect.Open(ctx, wrong); !errors.Is(err, connect.ErrPassphrase) {
			t.Errorf("a wrong passphrase: %v", err)
		}
		cfg.Reach = connect.Offline
		again, err := connect.Open(ctx, cfg)
		if err != nil {
			return err
		}
		if all, _, err := again.List(ctx); err != nil || len(all) != 1 || again.DID() != own || all[0].Issuer != "Larkhill Road Surgery" {
			t.Errorf("%v, %v", all, err)
		}
		return again.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestUnreachable: a wallet whose registry never answered believes nobody, and still lists.
func TestUnreachable(t *testing.T) {
	cfg := connect.Config{Dir: filepath.Join(t.TempDir(), "tom"), Passphrase: []byte("correct horse"), Now: time.Now}
	trust := wallet.Settings{Registry: "https://localhost:1", Trusted: []string{"did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"}}
	if _, err := connect.Create(t.Context(), cfg, trust); reason.Of(err) != reason.TrustRegistryUnavailable {
		t.Errorf("%v", err)
	}
	cfg.Reach = connect.Offline
	w, err := connect.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if all, _, err := w.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// TestConfig refuses what is missing.
func TestConfig(t *testing.T) {
	good := connect.Config{Dir: t.TempDir(), Passphrase: []byte("x"), Now: time.Now}
	for name, spoil := range map[string]func(*connect.Config){
		"dir": func(c *connect.Config) { c.Dir = "" }, "passphrase": func(c *connect.Config) { c.Passphrase = nil },
		"clock": func(c *connect.Config) { c.Now = nil }, "reach": func(c *connect.Config) { c.Reach = 7 },
	} {
		cfg := good
		spoil(&cfg)
		if _, err := connect.Open(t.Context(), cfg); err == nil || errors.Is(err, wallet.ErrNoWallet) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := connect.Create(t.Context(), cfg, wallet.Settings{Registry: "https://x.example", Trusted: []string{"did:key:z"}}); err == nil {
			t.Errorf("%s: made", name)
		}
	}
	if _, err := connect.Create(t.Context(), good, wallet.Settings{Registry: "https://x.example"}); err == nil {
		t.Error("a wallet that trusts nobody was made")
	}
}
