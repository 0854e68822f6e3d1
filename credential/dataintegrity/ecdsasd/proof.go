// SPDX-License-Identifier: Apache-2.0

package ecdsasd

import (
	"bytes"
	"maps"
	"slices"

	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/internal/cbor"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on the JSON pointers of one proof or of one derivation; what is beyond is limit.members.
const (
	MaxPointers = disclose.MaxPointers // pointers
	MaxPointer  = disclose.MaxPointer  // bytes of one pointer
)

// MaxStatements is how many statements beside the mandatory ones a document may have, and how many
// signatures a proof: more are limit.members when a proof is made and di.proof_value when one is
// read. Each costs a signature, which takes 66 bytes of the proof.
const MaxStatements = 512

// maxLines is how many statements a document may have in all, and how many blank nodes.
const maxLines = 2 * MaxStatements

// Lengths of the components of a proof, in bytes.
const (
	signatureSize = 64
	publicSize    = 35 // multicodec prefix and compressed point
	hmacSize      = 32
)

// The headers of the two kinds of proof (VC-DI-ECDSA 1.0 §3.5.2, §3.5.7).
const (
	baseHeader    = "\xd9\x5d\x00"
	derivedHeader = "\xd9\x5d\x01"
)

// p256Prefix is the multicodec prefix of a P-256 public key.
const p256Prefix = "\x80\x24"

// baseProof is the value of a base proof.
type baseProof struct {
	signature  []byte
	public     []byte // of the key pair of this proof, as a Multikey
	hmacKey    []byte
	signatures [][]byte // one for each statement that is not mandatory, in their order
	mandatory  []string // JSON pointers
}

// derivedProof is the value of a derived proof.
type derivedProof struct {
	signature  []byte
	public     []byte
	signatures [][]byte       // one for each statement shown that is not mandatory, in their order
	labels     map[int][]byte // N of "c14nN" -> HMAC that is the label of the node
	mandatory  []int          // indexes of the mandatory ones among the statements shown
}

// encode writes b (VC-DI-ECDSA 1.0 §3.5.2). What would not be read again is limit.members.
func (b baseProof) encode() (string, error) {
	out := cbor.AppendArray([]byte(baseHeader), 5)
	out = cbor.AppendBytes(out, b.signature)
	out = cbor.AppendBytes(out, b.public)
	out = cbor.AppendBytes(out, b.hmacKey)
	out = appendSignatures(out, b.signatures)
	out = cbor.AppendArray(out, len(b.mandatory))
	for _, p := range b.mandatory {
		out = cbor.AppendText(out, p)
	}
	return disclose.EncodeValue(out)
}

// encode writes d (VC-DI-ECDSA 1.0 §3.5.7, with the label map of §3.5.5).
func (d derivedProof) encode() (string, error) {
	out := cbor.AppendArray([]byte(derivedHeader), 5)
	out = cbor.AppendBytes(out, d.signature)
	out = cbor.AppendBytes(out, d.public)
	out = appendSignatures(out, d.signatures)
	out = cbor.AppendMap(out, len(d.labels))
	for _, n := range slices.Sorted(maps.Keys(d.labels)) {
		out = cbor.AppendBytes(cbor.AppendUint(out, uint64(n)), d.labels[n])
	}
	out = cbor.AppendArray(out, len(d.mandatory))
	for _, n := range d.mandatory {
		out = cbor.AppendUint(out, uint64(n))
	}
	return disclose.EncodeValue(out)
}

func appendSignatures(dst []byte, signatures [][]byte) []byte {
	dst = cbor.AppendArray(dst, len(signatures))
	for _, s := range signatures {
		dst = cbor.AppendBytes(dst, s)
	}
	return dst
}

// decodeBase reads the value of a base proof (VC-DI-ECDSA 1.0 §3.5.3). Any other value is di.proof_value.
func decodeBase(text string) (baseProof, error) {
	raw, err := disclose.DecodeValue(text)
	if err != nil {
		return baseProof{}, err
	}
	rest, ok := bytes.CutPrefix(raw, []byte(baseHeader))
	if !ok {
		return baseProof{}, reason.New(reason.DIProofValue, "not a base proof")
	}
	r := cbor.NewReader(rest)
	five := r.Array(5) == 5
	b := baseProof{signature: r.Bytes(), public: r.Bytes(), hmacKey: r.Bytes(), signatures: readSignatures(r)}
	for range r.Array(MaxPointers) {
		b.mandatory = append(b.mandatory, r.Text())
	}
	if err := r.Close(); err != nil {
		return baseProof{}, err
	}
	return b, sizes(five, b.signature, b.public, b.signatures, len(b.hmacKey) == hmacSize)
}

// decodeDerived reads the value of a derived proof (VC-DI-ECDSA 1.0 §3.5.8). A base proof is
// di.base_proof, any other value di.proof_value.
func decodeDerived(text string) (derivedProof, error) {
	raw, err := disclose.DecodeValue(text)
	if err != nil {
		return derivedProof{}, err
	}
	rest, ok := bytes.CutPrefix(raw, []byte(derivedHeader))
	if !ok && bytes.HasPrefix(raw, []byte(baseHeader)) {
		return derivedProof{}, reason.New(reason.DIBaseProof, "")
	} else if !ok {
		return derivedProof{}, reason.New(reason.DIProofValue, "the header of another suite")
	}
	r := cbor.NewReader(rest)
	five := r.Array(5) == 5
	d := derivedProof{signature: r.Bytes(), public: r.Bytes(), signatures: readSignatures(r)}
	labels, once := readLabels(r)
	d.labels = labels
	for range r.Array(maxLines) {
		n := r.Uint()
		once = once && n < 1<<31
		d.mandatory = append(d.mandatory, int(n&(1<<31-1)))
	}
	if err := r.Close(); err != nil {
		return derivedProof{}, err
	}
	return d, sizes(five, d.signature, d.public, d.signatures, once)
}

func readSignatures(r *cbor.Reader) [][]byte {
	n := r.Array(MaxStatements)
	out := make([][]byte, 0, n)
	for range n {
		out = append(out, r.Bytes())
	}
	return out
}

// readLabels reads a label map and reports whether each number and each label is there once, the
// labels with the length of an HMAC.
func readLabels(r *cbor.Reader) (labels map[int][]byte, ok bool) {
	n := r.Map(maxLines)
	labels, ok = make(map[int][]byte, n), true
	seen := make(map[string]bool, n)
	for range n {
		k, mac := r.Uint(), r.Bytes()
		_, twice := labels[int(k&(1<<31-1))]
		ok = ok && k < 1<<31 && !twice && len(mac) == hmacSize && !seen[string(mac)]
		labels[int(k&(1<<31-1))], seen[string(mac)] = mac, true
	}
	return labels, ok
}

// sizes checks what both kinds of proof have in common.
func sizes(five bool, signature, public []byte, signatures [][]byte, ok bool) error {
	ok = ok && five && len(signature) == signatureSize && len(public) == publicSize && bytes.HasPrefix(public, []byte(p256Prefix))
	for _, s := range signatures {
		ok = ok && len(s) == signatureSize
	}
	if !ok {
		return reason.New(reason.DIProofValue, "a component of the wrong length or number")
	}
	return nil
}

// encodePublic writes a P-256 key as the bytes of a Multikey.
func encodePublic(k key.Public) ([]byte, error) {
	text, err := multiformat.EncodeKey(k)
	if err != nil {
		return nil, err
	}
	return multiformat.Decode(multiformat.Base58BTC, text)
}

// decodePublic reads the bytes of a Multikey, of which sizes has checked length and prefix.
func decodePublic(raw []byte) (key.Public, error) {
	text, err := multiformat.Encode(multiformat.Base58BTC, raw)
	if err != nil {
		return key.Public{}, reason.Wrap(reason.DIProofValue, "the key of the proof", err)
	}
	k, err := multiformat.DecodeKey(text)
	if err != nil {
		return key.Public{}, reason.Wrap(reason.DIProofValue, "the key of the proof", err)
	}
	return k, nil
}
