// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/key"
)

// Folder is the folder that init makes for a server, for its owner alone: a sealed ring with a first
// key, its passphrase, a bearer token, and the settings. Path is absolute, so that the settings
// hold wherever the server is started.
type Folder struct {
	Path  string
	Role  string // registry, issuer or gateway
	Token string // name of the file of the bearer token
	// Algorithm of the first key: ES256 if left out.
	Algorithm string
}

// In returns the path of a file of the folder.
func (f Folder) In(name string) string { return filepath.Join(f.Path, name) }

// Config returns the path of the settings.
func (f Folder) Config() string { return f.In(f.Role + ".yaml") }

// Store returns the path of the server's store.
func (f Folder) Store() string { return f.In(f.Role + ".db") }

// Keys returns where the ring is.
func (f Folder) Keys() KeysConfig {
	return KeysConfig{Dir: f.In("keys"), Passphrase: f.In("passphrase"), Algorithm: f.Algorithm}
}

// Make makes the folder with its secrets and a first key, which signs from now on, and returns that
// key. A folder that holds a server already is refused, and stays as it is.
func (f Folder) Make(ctx context.Context, now func() time.Time, random io.Reader) (key.Public, error) {
	if _, err := f.Keys().Signs(); err != nil {
		return key.Public{}, err
	}
	if err := f.fresh(); err != nil {
		return key.Public{}, err
	}
	for _, name := range []string{"passphrase", f.Token} {
		token, err := NewToken(random)
		if err == nil {
			err = f.Write(name, token+"\n")
		}
		if err != nil {
			return key.Public{}, err
		}
	}
	keys, err := OpenKeys(ctx, f.Keys(), now, random)
	if err != nil {
		return key.Public{}, err
	}
	if err := keys.Ensure(ctx); err != nil {
		return key.Public{}, err
	}
	return keys.ring.Keys()[0].Public, nil
}

// Write writes a file of the folder, for its owner alone.
func (f Folder) Write(name, text string) error { return sealed.WriteFile(f.In(name), []byte(text)) }

// Configure writes the settings.
func (f Folder) Configure(text string) error { return f.Write(f.Role+".yaml", text) }

// fresh makes the folder, and refuses one that holds a server.
func (f Folder) fresh() error {
	if err := sealed.MakeDir(f.Path); err != nil {
		return err
	}
	for _, path := range []string{f.Keys().Dir, f.Config(), f.Store(), f.Keys().Passphrase} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s holds %s already; nothing was changed", f.Path, WithArticle(f.Role))
		}
	}
	return nil
}

// WithArticle returns the name of a role with its article.
func WithArticle(role string) string {
	if strings.HasPrefix(role, "i") {
		return "an " + role
	}
	return "a " + role
}

// NewToken returns 256 bits of random as text.
func NewToken(random io.Reader) (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}
