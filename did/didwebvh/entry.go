// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"bytes"
	"crypto/sha256"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// placeholder stands for the SCID in what the SCID is the hash of.
const placeholder = "{SCID}"

// entry is one line of a log, read for its form (did:webvh 1.0, The DID Log File).
type entry struct {
	versionID  string
	number     int    // before the dash of versionID
	hash       string // behind it
	time       time.Time
	stamp      string // versionTime as it is written
	parameters strictjson.Value
	state      strictjson.Value
	proof      strictjson.Value
	core       []byte // all but versionId, versionTime and proof, in canonical form
}

type wireEntry struct {
	VersionID   string           `json:"versionId"`
	VersionTime string           `json:"versionTime"`
	Parameters  strictjson.Value `json:"parameters"`
	State       strictjson.Value `json:"state"`
	Proof       strictjson.Value `json:"proof"`
}

// readEntry reads line. Other members than the five, absent ones and other types have the codes
// of strictjson, a versionId of another form webvh.hash_chain, a versionTime that is no time in
// UTC webvh.time.
func readEntry(line []byte) (*entry, error) {
	var w wireEntry
	if err := strictjson.UnmarshalClosed(line, &w); err != nil {
		return nil, err
	}
	if w.Parameters.Kind() != '{' || w.State.Kind() != '{' || w.Proof == nil {
		return nil, reason.New(reason.JSONMemberMissing, "a log entry has no parameters, state or proof")
	}
	e := &entry{versionID: w.VersionID, stamp: w.VersionTime, parameters: w.Parameters, state: w.State, proof: w.Proof}
	var err error
	if e.number, e.hash, err = splitVersionID(w.VersionID); err != nil {
		return nil, err
	}
	if e.time, err = readTime(w.VersionTime); err != nil {
		return nil, err
	}
	e.core, err = strictjson.Canonical([]byte(`{"parameters":` + string(w.Parameters) + `,"state":` + string(w.State) + `}`))
	return e, err
}

// splitVersionID reads "N-hash", N in the one form there is.
func splitVersionID(s string) (int, string, error) {
	digits, hash, ok := strings.Cut(s, "-")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || strconv.Itoa(n) != digits || len(hash) != hashLength {
		return 0, "", reason.New(reason.WebVHHashChain, "a versionId is no number and hash")
	}
	return n, hash, nil
}

// readTime reads an ISO 8601 time in UTC.
func readTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || !strings.HasSuffix(s, "Z") || len(s) > 40 || t.IsZero() {
		return time.Time{}, reason.New(reason.WebVHTime, "a versionTime is no time in UTC")
	}
	return t, nil
}

// unsigned returns the entry without proof and with versionID, in canonical form. The stamp passed
// readTime and the id is ours or passed splitVersionID: neither has anything to escape.
func (e *entry) unsigned(versionID string) []byte {
	out := make([]byte, 0, len(e.core)+len(versionID)+len(e.stamp)+40)
	out = append(out, e.core[:len(e.core)-1]...)
	out = append(out, `,"versionId":"`...)
	out = append(out, versionID...)
	out = append(out, `","versionTime":"`...)
	out = append(out, e.stamp...)
	return append(out, `"}`...)
}

// checkHash compares the entry hash with the content that follows previous, the versionId of the
// entry before or the SCID (did:webvh 1.0, Verify The Entry Hash).
func (e *entry) checkHash(previous string) error {
	if digest(e.unsigned(previous)) != e.hash {
		return reason.New(reason.WebVHHashChain, "an entry hash is not that of the entry")
	}
	return nil
}

// checkSCID compares scid with the content of e, the first entry (did:webvh 1.0, Verify SCID). A
// literal placeholder anywhere in the entry is refused: it stood for the SCID when that was
// computed, so that two logs would have the same one.
func (e *entry) checkSCID(scid string) error {
	if len(scid) != hashLength || bytes.Contains(e.core, []byte(placeholder)) {
		return wrongSCID()
	}
	inception := *e
	text := bytes.ReplaceAll(e.core, []byte(scid), []byte(placeholder))
	var err error
	if inception.core, err = strictjson.Canonical(text); err != nil { // names of members may have been replaced
		return wrongSCID()
	}
	if digest(inception.unsigned(placeholder)) != scid {
		return wrongSCID()
	}
	return nil
}

func wrongSCID() error {
	return reason.New(reason.WebVHSCID, "the SCID is not the hash of the first entry")
}

// id returns the id of the document, which must be a did:webvh with the SCID given.
func (e *entry) id(scid string) (did.DID, []string, error) {
	var d struct {
		ID          string   `json:"id"`
		AlsoKnownAs []string `json:"alsoKnownAs"`
	}
	if err := strictjson.Unmarshal(e.state, &d); err != nil {
		return did.DID{}, nil, err
	}
	id, err := did.Parse(d.ID)
	if err != nil {
		return did.DID{}, nil, reason.Wrap(reason.DIDDocumentMismatch, "the id of a version is no DID", err)
	}
	got, _, err := split(id)
	if err != nil {
		return did.DID{}, nil, reason.Wrap(reason.DIDDocumentMismatch, "the id of a version is no did:webvh", err)
	}
	if got != scid {
		return did.DID{}, nil, reason.New(reason.WebVHSCID, "the id of a version has another SCID")
	}
	return id, d.AlsoKnownAs, nil
}

// hashLength is the number of characters of a SHA-256 multihash in base58btc.
const hashLength = 46

// digest returns base58btc of the SHA-256 multihash of data, without the multibase prefix.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	text, err := multiformat.Encode(multiformat.Base58BTC, append([]byte{0x12, sha256.Size}, sum[:]...))
	if err != nil {
		return "" // no encoding, no match: lengths are compared first
	}
	return text[1:]
}
