// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/key/file"
	"github.com/behalf-id/behalf/reason"
)

// KeysConfig is where a server keeps its signing keys.
type KeysConfig struct {
	// Dir is the folder of the ring (package key/file). Required.
	Dir string `yaml:"dir"`
	// Passphrase is the file of the passphrase that seals it, closed to group and world. Required.
	Passphrase string `yaml:"passphrase-file"`
	// Algorithm of the keys that sign: ES256 (the default), ES384 or EdDSA.
	Algorithm string `yaml:"algorithm"`
}

// Signs returns the algorithm that is signed with.
func (c KeysConfig) Signs() (key.Algorithm, error) {
	if c.Algorithm == "" {
		return key.ES256, nil
	}
	alg, err := key.ParseAlgorithm(c.Algorithm)
	if err != nil {
		return "", reason.Wrap(reason.CLIConfig, "keys.algorithm is none of ES256, ES384 and EdDSA", err)
	}
	return alg, nil
}

// reloadEvery is how soon a server sees that its ring was changed by another process.
const reloadEvery = 5 * time.Second

// Keys is a ring of signing keys that opens in the background, because a passphrase takes 0.1 s
// to stretch: a server answers at once, and only what needs a signature waits.
type Keys struct {
	alg    key.Algorithm
	now    func() time.Time
	open   func() (*file.Ring, error)
	begun  sync.Once
	opened chan struct{} // closed when ring and err are set
	ring   *file.Ring
	err    error
}

// OpenKeys begins to open the ring of cfg. What is wrong with cfg itself is told at once.
func OpenKeys(ctx context.Context, cfg KeysConfig, now func() time.Time, random io.Reader) (*Keys, error) {
	k, err := PrepareKeys(ctx, cfg, now, random)
	if err == nil {
		k.begin()
	}
	return k, err
}

// PrepareKeys is OpenKeys, but the ring is opened when it is first asked for, or by Run: what else
// starts meanwhile has the processors for itself.
func PrepareKeys(ctx context.Context, cfg KeysConfig, now func() time.Time, random io.Reader) (*Keys, error) {
	alg, err := cfg.Signs()
	if err != nil {
		return nil, err
	}
	if cfg.Dir == "" {
		return nil, reason.New(reason.CLIConfig, "keys.dir is not set")
	}
	passphrase, err := web.ReadSecretFile(cfg.Passphrase)
	if err != nil {
		return nil, err
	}
	return &Keys{alg: alg, now: now, opened: make(chan struct{}), open: func() (*file.Ring, error) {
		return file.Open(ctx, cfg.Dir, []byte(passphrase.Reveal()), random)
	}}, nil
}

// begin begins to open the ring, once.
func (k *Keys) begin() {
	k.begun.Do(func() {
		go func() {
			defer close(k.opened)
			k.ring, k.err = k.open()
			debug.FreeOSMemory() // stretching a passphrase takes 64 MiB, once
		}()
	})
}

// Close returns once nothing works on the folder any more, and opens no ring that was not begun.
func (k *Keys) Close() error {
	k.begun.Do(func() {
		k.err = errors.New("the keys were closed")
		close(k.opened)
	})
	<-k.opened
	return nil
}

// Ring waits for the ring.
func (k *Keys) Ring() (*file.Ring, error) {
	k.begin()
	<-k.opened
	return k.ring, k.err
}

// Ensure makes a first key, which signs from now on, if the ring has none.
func (k *Keys) Ensure(ctx context.Context) error {
	ring, err := k.Ring()
	if err != nil || len(ring.Keys()) > 0 {
		return err
	}
	now := k.now()
	return ring.Generate(ctx, k.alg, "k1", now, now)
}

// Ready returns nil once there is a key that signs.
func (k *Keys) Ready(ctx context.Context) error {
	k.begin()
	select {
	case <-k.opened:
	case <-ctx.Done():
		return ctx.Err()
	}
	if k.err != nil {
		return k.err
	}
	_, _, err := k.ring.Active(k.alg, k.now())
	return err
}

// Signer returns the key that signs now, as a method of id.
func (k *Keys) Signer(id did.DID) (did.Signer, error) {
	ring, err := k.Ring()
	if err != nil {
		return did.Signer{}, err
	}
	by, name, err := ring.Active(k.alg, k.now())
	if err != nil {
		return did.Signer{}, err
	}
	method, err := id.WithFragment(name)
	return did.Signer{Signer: by, Method: method}, err
}

// Document returns the DID document of id with all keys that are published now, listed under r.
func (k *Keys) Document(id did.DID, r did.Relationship) ([]byte, error) {
	ring, err := k.Ring()
	if err != nil {
		return nil, err
	}
	var out []did.Publication
	for _, one := range ring.Keys() {
		if one.Published(k.now()) {
			out = append(out, did.Publication{Fragment: one.ID, Key: one.Public, Relationships: []did.Relationship{r}, Expires: one.Retires})
		}
	}
	return did.WriteDocument(id, out)
}

// Run reads the ring again from time to time until ctx ends, so that a rotation by another
// process is seen. A ring that cannot be read stays as it was.
func (k *Keys) Run(ctx context.Context) {
	k.begin()
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if ring, err := k.Ring(); err == nil {
				_ = ring.Reload()
			}
		}
	}
}
