// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"io"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// backup is a whole wallet in one file: keys, settings and credentials.
type backup struct {
	Type  string  `json:"type"`
	Home  home    `json:"home"`
	Items []*held `json:"items"`
}

const typeBackup = "behalf-wallet-backup/1"

// Export returns everything in the vault as one file, sealed under a passphrase of its own.
func (v *Vault) Export(passphrase []byte) ([]byte, error) {
	all, err := v.all()
	if err != nil {
		return nil, err
	}
	plain, err := strictjson.Marshal(backup{Type: typeBackup, Home: v.home, Items: all})
	if err != nil {
		return nil, err
	}
	return sealed.Seal(passphrase, plain, v.random)
}

// Import makes a vault in the empty folder dir out of what Export returned. from is the passphrase
// of the file, passphrase the one of the new vault. A file that is damaged is store.tampered.
func Import(ctx context.Context, dir string, file, from, passphrase []byte, random io.Reader) (*Vault, error) {
	plain, err := sealed.Open(from, file)
	if err != nil {
		return nil, err
	}
	var b backup
	if err := strictjson.UnmarshalClosed(plain, &b); err != nil || b.Type != typeBackup || len(b.Home.Keys) == 0 {
		return nil, reason.Wrap(reason.StoreTampered, "the file is no wallet backup", err)
	}
	v, err := Create(ctx, dir, passphrase, b.Home.Settings, random)
	if err != nil {
		return nil, err
	}
	if err := v.restore(b); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// restore writes the items first and the keys last: a folder that holds the old keys holds everything.
func (v *Vault) restore(b backup) error {
	for _, h := range b.Items {
		if err := v.write(itemMark+h.ID+itemEnd, h); err != nil {
			return err
		}
	}
	v.home = b.Home
	return v.write(homeFile, v.home)
}
