// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// A nonce says by itself until when it is good, under a key that lives as long as the process: so
// who asks for nonces by the million, which anybody may, writes nothing. What is written, durably and
// with what it was used for, is that one was spent.
const (
	nonceStem    = 8 + 16 // end, random
	nonceSize    = nonceStem + sha256.Size
	nonceKeySize = 32
	// spentKept is how much longer than a nonce the record of its use is kept, for a clock that is put back.
	spentKept = time.Hour
)

// purpose is what something that this process gave out may be used for, and nothing else.
type purpose string

// The purposes.
const (
	forProof  purpose = "c_nonce"   // nonces of key proofs
	forDPoP   purpose = "dpop"      // nonces of DPoP proofs (RFC 9449 §8), and their jti
	forWallet purpose = "challenge" // challenges of wallet attestations, and their jti
	forPushed purpose = "pushed"    // pushed authorization requests
	forSignIn purpose = "signin"    // sign-ins that have begun
)

// Nonce returns a c_nonce, good for NonceLife, for one use and for this process: a restart ends it
// (OpenID4VCI 1.0 §7).
func (i *Issuer) Nonce() (string, error) { return i.newNonce(forProof) }

func (i *Issuer) newNonce(of purpose) (string, error) {
	raw := make([]byte, nonceStem, nonceSize)
	binary.BigEndian.PutUint64(raw, uint64(i.cfg.Now().Add(NonceLife).UnixMilli()))
	if err := i.random(raw[8:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(i.sealNonce(of, raw)), nil
}

func (i *Issuer) sealNonce(of purpose, stem []byte) []byte {
	mac := hmac.New(sha256.New, i.nonceKey[:])
	mac.Write([]byte(of + "\x00"))
	mac.Write(stem)
	return mac.Sum(stem)
}

// spendNonce returns the change that spends a c_nonce. One that is not ours, has ended or was spent is
// proof.nonce.
func (i *Issuer) spendNonce(ctx context.Context, nonce string) (store.Change, error) {
	ends, err := i.openNonce(forProof, nonce)
	if err != nil {
		return store.Change{}, err
	}
	return i.spend(ctx, single{forProof, nonce, ends, reason.New(reason.ProofNonce, "the nonce was used before")})
}

func (i *Issuer) openNonce(of purpose, nonce string) (ends time.Time, err error) {
	unknown := reason.New(reason.ProofNonce, "the nonce is not one of ours, or has ended")
	if len(nonce) != base64.RawURLEncoding.EncodedLen(nonceSize) {
		return time.Time{}, unknown
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || !hmac.Equal(raw, i.sealNonce(of, raw[:nonceStem:nonceStem])) {
		return time.Time{}, unknown
	}
	ends = time.UnixMilli(int64(binary.BigEndian.Uint64(raw)))
	if left := ends.Sub(i.cfg.Now()); left <= 0 || left > NonceLife {
		return time.Time{}, unknown
	}
	return ends, nil
}
