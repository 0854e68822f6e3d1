// SPDX-License-Identifier: Apache-2.0

package bbs

import (
	"maps"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/internal/cbor"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on the JSON pointers of one proof or of one derivation; what is beyond is limit.members.
const (
	MaxPointers = disclose.MaxPointers // pointers
	MaxPointer  = disclose.MaxPointer  // bytes of one pointer
)

// MaxStatements is how many statements beside the mandatory ones a document may have: more are
// limit.members when a proof is made and di.proof_value when one is read. Each costs the work of
// hashing to the curve and of a multiplication, for whoever makes and whoever verifies a proof.
const MaxStatements = 256

// maxLines is how many statements a document may have in all, and how many blank nodes.
const maxLines = 4 * MaxStatements

// MaxHeader is how many bytes a presentation header may have: more are limit.members when a proof
// is made and di.proof_value when one is read.
const MaxHeader = 1024

// Lengths of the components of a proof, in bytes.
const (
	headerSize = 64 // the BBS header
	hmacSize   = 32
)

// The headers of the two kinds of proof with the plain feature (VC-DI-BBS 1.0 §3.3.1, §3.3.6).
// Others of the same family have another last byte, even for a base proof.
const (
	family        = "\xd9\x5d"
	baseHeader    = family + "\x02"
	derivedHeader = family + "\x03"
)

// baseProof is the value of a base proof.
type baseProof struct {
	signature []byte
	header    []byte
	public    []byte
	hmacKey   []byte
	mandatory []string // JSON pointers
}

// derivedProof is the value of a derived proof.
type derivedProof struct {
	proof              []byte
	labels             map[int]int // N of "c14nN" -> M of the label "bM"
	mandatory          []int       // indexes of the mandatory statements among those shown
	selective          []int       // indexes of the others among all that are not mandatory
	presentationHeader []byte
}

// encode writes b (VC-DI-BBS 1.0 §3.3.1). What would not be read again is limit.members.
func (b baseProof) encode() (string, error) {
	out := cbor.AppendArray([]byte(baseHeader), 5)
	for _, part := range [][]byte{b.signature, b.header, b.public, b.hmacKey} {
		out = cbor.AppendBytes(out, part)
	}
	out = cbor.AppendArray(out, len(b.mandatory))
	for _, p := range b.mandatory {
		out = cbor.AppendText(out, p)
	}
	return disclose.EncodeValue(out)
}

// encode writes d (VC-DI-BBS 1.0 §3.3.6, with the label map of §3.3.4).
func (d derivedProof) encode() (string, error) {
	out := cbor.AppendArray([]byte(derivedHeader), 5)
	out = cbor.AppendBytes(out, d.proof)
	out = cbor.AppendMap(out, len(d.labels))
	for _, n := range slices.Sorted(maps.Keys(d.labels)) {
		out = cbor.AppendUint(cbor.AppendUint(out, uint64(n)), uint64(d.labels[n]))
	}
	for _, indexes := range [][]int{d.mandatory, d.selective} {
		out = cbor.AppendArray(out, len(indexes))
		for _, n := range indexes {
			out = cbor.AppendUint(out, uint64(n))
		}
	}
	return disclose.EncodeValue(cbor.AppendBytes(out, d.presentationHeader))
}

// decodeBase reads the value of a base proof (VC-DI-BBS 1.0 §3.3.2). One with another feature is
// di.suite, any other value di.proof_value.
func decodeBase(text string) (baseProof, error) {
	r, err := open(text, baseHeader)
	if err != nil {
		return baseProof{}, err
	}
	ok := r.Array(5) == 5
	b := baseProof{signature: r.Bytes(), header: r.Bytes(), public: r.Bytes(), hmacKey: r.Bytes()}
	for range r.Array(MaxPointers) {
		b.mandatory = append(b.mandatory, r.Text())
	}
	if err := r.Close(); err != nil {
		return baseProof{}, err
	}
	ok = ok && len(b.signature) == signatureSize && len(b.header) == headerSize
	if !ok || len(b.public) != publicSize || len(b.hmacKey) != hmacSize {
		return baseProof{}, reason.New(reason.DIProofValue, "a component of the wrong length or number")
	}
	return b, nil
}

// decodeDerived reads the value of a derived proof (VC-DI-BBS 1.0 §3.3.7). A base proof is
// di.base_proof, one with another feature di.suite, any other value di.proof_value.
func decodeDerived(text string) (derivedProof, error) {
	r, err := open(text, derivedHeader)
	if err != nil {
		return derivedProof{}, err
	}
	ok := r.Array(5) == 5
	d := derivedProof{proof: r.Bytes()}
	labels, once := readLabels(r)
	d.labels = labels
	d.mandatory, d.selective = readIndexes(r, maxLines), readIndexes(r, MaxStatements)
	d.presentationHeader = r.Bytes()
	if err := r.Close(); err != nil {
		return derivedProof{}, err
	}
	if !ok || !once || len(d.presentationHeader) > MaxHeader {
		return derivedProof{}, reason.New(reason.DIProofValue, "a component of the wrong length or number")
	}
	return d, nil
}

// maxIndex bounds indexes and labels, so that they are numbers of any platform.
const maxIndex = 1<<31 - 1

func readIndexes(r *cbor.Reader, limit int) []int {
	var out []int
	for range r.Array(limit) {
		out = append(out, int(min(r.Uint(), maxIndex)))
	}
	return out
}

// readLabels reads a label map and reports whether each number and each label is there once.
func readLabels(r *cbor.Reader) (labels map[int]int, ok bool) {
	n := r.Map(maxLines)
	labels, ok = make(map[int]int, n), true
	seen := make(map[int]bool, n)
	for range n {
		from, to := int(min(r.Uint(), maxIndex)), int(min(r.Uint(), maxIndex))
		_, twice := labels[from]
		ok = ok && !twice && !seen[to] && from < maxIndex && to < maxIndex
		labels[from], seen[to] = to, true
	}
	return labels, ok
}

// open returns a reader of what follows header in text.
func open(text, header string) (*cbor.Reader, error) {
	raw, err := disclose.DecodeValue(text)
	if err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(string(raw), header)
	if !ok {
		return nil, otherHeader(string(raw), header)
	}
	return cbor.NewReader([]byte(rest)), nil
}

// otherHeader says why raw, which does not begin with header, is refused.
func otherHeader(raw, header string) error {
	last, ok := strings.CutPrefix(raw, family)
	switch {
	case !ok || last == "":
	case header == derivedHeader && strings.HasPrefix(raw, baseHeader):
		return reason.New(reason.DIBaseProof, "")
	case last[0] == 0x04 || last[0] == 0x05:
		return reason.New(reason.DISuite, "bbs-2023 with holder binding is not supported")
	case last[0] >= 0x06 && last[0] <= 0x09:
		return reason.New(reason.DISuite, "bbs-2023 with pseudonyms is not supported")
	}
	return reason.New(reason.DIProofValue, "the header of another suite or kind of proof")
}
