// SPDX-License-Identifier: Apache-2.0

package key

import (
	"crypto/ecdsa"
	"io"

	"github.com/behalf-id/behalf/reason"
)

// Bytes of a coordinate, of r and of s.
const (
	sizeP256 = 32
	sizeP384 = 48
)

// The tags of DER that an ECDSA signature has (X.690 §8.3, §8.9). Both its integers and
// their sequence are shorter than 128 bytes for the curves here, so every length is one byte.
const (
	derInteger  = 0x02
	derSequence = 0x30
)

// verifyRaw checks r‖s with both halves of exactly size bytes. The library takes DER, and the
// way through big.Int costs a dozen allocations more than writing DER here. r and s outside
// [1, n-1] fail in the library.
func verifyRaw(k *ecdsa.PublicKey, digest, sig []byte, size int) bool {
	if len(sig) != 2*size {
		return false
	}
	var room [2*(sizeP384+3) + 2]byte
	der := append(room[:0], derSequence, 0)
	der = appendInteger(der, sig[:size])
	der = appendInteger(der, sig[size:])
	der[1] = byte(len(der) - 2)
	return ecdsa.VerifyASN1(k, digest, der)
}

// appendInteger writes the unsigned big-endian number n in DER: no zero bytes in front but one
// that keeps it positive.
func appendInteger(der, n []byte) []byte {
	for len(n) > 1 && n[0] == 0 {
		n = n[1:]
	}
	if n[0] < 0x80 {
		return append(append(der, derInteger, byte(len(n))), n...)
	}
	return append(append(der, derInteger, byte(len(n)+1), 0), n...)
}

// signRaw returns r‖s with both halves of size bytes.
func signRaw(k *ecdsa.PrivateKey, random io.Reader, digest []byte, size int) ([]byte, error) {
	der, err := ecdsa.SignASN1(random, k, digest)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, 2*size)
	if len(der) < 2 || der[0] != derSequence || int(der[1]) != len(der)-2 {
		return nil, errNotDER()
	}
	rest := fillInteger(raw[:size], der[2:])
	rest = fillInteger(raw[size:], rest)
	if rest == nil || len(rest) != 0 {
		return nil, errNotDER()
	}
	return raw, nil
}

// fillInteger writes the number at the front of der into all of to and returns what follows
// it, nil if there is no number that fits.
func fillInteger(to, der []byte) []byte {
	if len(der) < 2 || der[0] != derInteger || int(der[1]) > len(der)-2 {
		return nil
	}
	n, rest := der[2:2+der[1]], der[2+der[1]:]
	for len(n) > 0 && n[0] == 0 {
		n = n[1:]
	}
	if len(n) > len(to) {
		return nil
	}
	copy(to[len(to)-len(n):], n)
	return rest
}

func errNotDER() error {
	return reason.New(reason.InternalIndeterminate, "the library made no DER signature")
}
