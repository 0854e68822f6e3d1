// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"bytes"
	"fmt"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Framework returns the framework with AsOf and Version set. It is shared: nobody changes it.
// It is never nil: a nil or zero Snapshot gives an unavailable one.
func (s *Snapshot) Framework() *Framework {
	if s == nil || s.framework == nil {
		return Unavailable()
	}
	return s.framework
}

// Raw returns the signed bytes that were opened. The caller does not change them.
func (s *Snapshot) Raw() []byte { return s.raw }

// Issuer returns the DID under which the registry signed.
func (s *Snapshot) Issuer() did.DID { return s.issuer }

// Issued returns when these bytes were signed.
func (s *Snapshot) Issued() time.Time { return s.issued }

// Expires returns the instant from which these bytes are not used.
func (s *Snapshot) Expires() time.Time { return s.expires }

// Version returns the version, from 1.
func (s *Snapshot) Version() int { return s.version }

// Previous returns the Digest of the version before, or "" in version 1.
func (s *Snapshot) Previous() string { return s.previous }

// Content returns the digest of the framework alone (Framework.Digest).
func (s *Snapshot) Content() string { return s.content }

// Digest returns the digest of this version, by which the next one names it (ChainDigest). It
// is the same however often the version was signed.
func (s *Snapshot) Digest() string { return ChainDigest(s.version, s.previous, s.content) }

// Mark returns what a reader keeps of s to know an older or other one by.
func (s *Snapshot) Mark() Mark {
	return Mark{s.Framework().ID, s.version, s.Digest(), s.issued}
}

// ChainDigest returns the digest of a version of the framework: "sha-256:" and base64url
// without padding of SHA-256 over the JSON {"framework":content,"previous":previous,"version":version}
// in canonical form, where content is the digest of the framework and previous that of the version
// before ("" for none).
//
// It leaves out who signed it and when, because one version is signed again and again while
// it is in force. So versions form one chain, which can be checked without the frameworks.
func ChainDigest(version int, previous, content string) string {
	return digest(fmt.Appendf(nil, `{"framework":%q,"previous":%q,"version":%d}`, content, previous, version))
}

// Mark is the high-water mark of a reader: the newest snapshot that it ever accepted. A reader
// keeps it across restarts. The zero Mark has seen nothing.
type Mark struct {
	ID      string    `json:"id"`
	Version int       `json:"version"`
	Digest  string    `json:"digest"`
	Issued  time.Time `json:"issued"`
}

// Admit returns nil if s may take the place of what m remembers:
//
//   - a lower version is registry.rollback;
//   - the same version must have the same digest, else it is registry.split_view: two readers
//     were told two things. It may be signed again, later: iat rises and the digest stays.
//     Signed earlier it is registry.rollback, because a reader's AsOf would go back;
//   - the next version must name the digest that m holds, else it is registry.split_view. If
//     versions were missed in between, the chain of the registry's log joins them (ChainDigest);
//   - a higher version signed earlier than a lower one is registry.rollback;
//   - a snapshot of a framework with another id is registry.split_view.
func (m Mark) Admit(s *Snapshot) error {
	switch {
	case s == nil || s.version < 1:
		return reason.New(reason.TrustRegistryUnavailable, "no verified snapshot of the trust framework")
	case m.Version == 0:
		return nil
	case s.version < m.Version:
		return reason.New(reason.RegistryRollback, fmt.Sprintf("version %d came after version %d", s.version, m.Version))
	case s.Framework().ID != m.ID:
		return reason.New(reason.RegistrySplitView, "the snapshot is of another framework")
	case s.version == m.Version && s.Digest() != m.Digest:
		return reason.New(reason.RegistrySplitView, fmt.Sprintf("there are two versions %d", s.version))
	case s.version == m.Version+1 && s.previous != m.Digest:
		return reason.New(reason.RegistrySplitView, fmt.Sprintf("version %d follows another version %d", s.version, m.Version))
	case s.issued.Before(m.Issued):
		return reason.New(reason.RegistryRollback, "the snapshot was signed before one that was seen")
	}
	return nil
}

// Supersedes returns nil if new may take the place of old, with the rules of Mark.Admit.
// A nil old is nothing seen yet.
func Supersedes(old, new *Snapshot) error {
	if old == nil {
		return Mark{}.Admit(new)
	}
	return old.Mark().Admit(new)
}

// Keep returns what Recall reads: the mark of s and its signed bytes, for a store. The mark
// stands for itself, because it must outlive the bytes: expired, or signed by a key that is no
// longer trusted, they still say what was seen.
func (s *Snapshot) Keep() ([]byte, error) {
	head, err := strictjson.Marshal(s.Mark())
	if err != nil {
		return nil, err
	}
	return append(append(head, '\n'), s.raw...), nil
}

// Recall returns the mark and the signed bytes that Keep joined. The bytes are to be opened
// again. What Keep did not write is storage.corrupt.
func Recall(kept []byte) (Mark, []byte, error) {
	head, raw, ok := bytes.Cut(kept, []byte{'\n'})
	var m Mark
	if err := strictjson.UnmarshalClosed(head, &m); err != nil || !ok || m.Version < 1 || !digestForm(m.Digest) {
		return Mark{}, nil, reason.Wrap(reason.StorageCorrupt, "the remembered snapshot cannot be read", err)
	}
	return m, raw, nil
}
