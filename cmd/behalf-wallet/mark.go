// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/behalf-id/behalf/wallet"
)

// keepMark has the vault keep a mark among the state files of the person, by which an older copy of its
// folder is known. Where there is no place for one, the wallet does without.
func keepMark(v *wallet.Vault) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, err := os.UserHomeDir()
		if _, missing := os.Stat(home); err != nil || missing != nil {
			return
		}
		state = filepath.Join(home, ".local", "state")
	}
	folder, err := filepath.Abs(v.Dir())
	if err != nil || os.MkdirAll(state, 0o700) != nil {
		return
	}
	name := sha256.Sum256([]byte(folder))
	_ = v.KeepMark(filepath.Join(state, "behalf-wallet", hex.EncodeToString(name[:12])+".mark")) // a warning less is no reason to stop
}

// warnOfOld says, once, what came back from an older copy.
func (p *program) warnOfOld(v *wallet.Vault) error {
	for _, old := range v.RolledBack() {
		if err := p.Show("Warning: " + filepath.Base(old.File) + ": an older copy was put back, or the file is gone; what came later may be missing (store.rollback)"); err != nil {
			return err
		}
	}
	return nil
}
