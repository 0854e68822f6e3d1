// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
)

// chain is what is known of a log: its entries as far as they verify, and what is in force after
// them. It is a value: extend returns another one.
type chain struct {
	parameters parameters
	id         did.DID   // of the last version
	versions   []version // in order
	witnessed  int       // how many of them, from the first, had the witnesses they need
	size       int       // bytes of the log they take, less the last line's end
	sum        [sha256.Size]byte
}

// version is one entry that verifies. Its line lies in the log that it was read from.
type version struct {
	id         string
	time       time.Time
	start, end int
	rule       rule // by whom it must be witnessed
}

// prefixOf reports whether log begins with the very lines that c was read from.
func (c *chain) prefixOf(log []byte) bool {
	return c.size > 0 && c.size <= len(log) && (c.size == len(log) || log[c.size] == '\n') &&
		sha256.Sum256(log[:c.size]) == c.sum
}

// bounded refuses a log beyond the bounds, before anything of it is read.
func bounded(log []byte) error {
	lines := bytes.Count(log, []byte{'\n'})
	if !bytes.HasSuffix(log, []byte{'\n'}) {
		lines++ // the last line needs no end
	}
	if len(log) > MaxLog || lines > MaxEntries {
		return reason.New(reason.LimitDIDLog, "the log is too large")
	}
	return nil
}

// extend verifies what log, which begins with the lines of c, has beyond them, but for witnesses. It
// returns c with all entries before the first that does not verify, and why that does not.
// An empty log is json.member_missing.
func (c chain) extend(ctx context.Context, log []byte, scid string, s dataintegrity.Cryptosuite, now time.Time) (chain, error) {
	if err := bounded(log); err != nil {
		return c, err
	}
	c.versions = slices.Clip(c.versions)
	var err error
	for at := c.next(); at < len(log) && err == nil; at = c.next() {
		line := log[at:]
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n]
		}
		if err = ctx.Err(); err == nil {
			err = c.read(ctx, line, at, scid, s, now)
		}
	}
	if err == nil && len(c.versions) == 0 {
		err = reason.New(reason.JSONMemberMissing, "the log has no entry")
	}
	c.sum = sha256.Sum256(log[:c.size])
	return c, err
}

// next returns where the line behind the last one begins.
func (c *chain) next() int {
	if c.size == 0 {
		return 0
	}
	return c.size + 1
}

func (c *chain) read(ctx context.Context, line []byte, at int, scid string, s dataintegrity.Cryptosuite, now time.Time) error {
	if len(line) > MaxLine {
		return reason.New(reason.LimitDIDLog, "the log is too large")
	}
	e, err := readEntry(line)
	if err != nil {
		return err
	}
	next, err := c.verify(ctx, e, scid, s, now)
	if err != nil {
		return err
	}
	c.versions = append(c.versions, version{e.versionID, e.time, at, at + len(line), next.due(c.parameters.witness)})
	c.parameters, c.id, c.size = next.parameters, next.id, at+len(line)
	return nil
}

// verified is what is in force after an entry that verified.
type verified struct {
	parameters parameters
	id         did.DID
}

// due returns by whom the entry is to be witnessed: those of the entries before; if that was nobody,
// those that it names itself (did:webvh 1.0, Witness Lists).
func (v verified) due(before rule) rule {
	if before.none() {
		return v.parameters.witness
	}
	return before
}

// verify checks e as the entry that follows (did:webvh 1.0, Read).
func (c *chain) verify(ctx context.Context, e *entry, scid string, s dataintegrity.Cryptosuite, now time.Time) (verified, error) {
	first := len(c.versions) == 0
	p, err := c.parameters.next(e.parameters, first)
	if err != nil {
		return verified{}, err
	}
	if first && p.scid != scid {
		return verified{}, reason.New(reason.WebVHSCID, "the log is that of another SCID")
	}
	for _, check := range []func() error{
		func() error { return c.follows(e, scid) },
		func() error { return c.timely(e, now) },
		func() error { return e.checkProofs(ctx, s, c.active(p)) },
	} {
		if err := check(); err != nil {
			return verified{}, err
		}
	}
	if rotating := c.parameters.nextKeyHashes; len(rotating) > 0 {
		if err := p.committed(rotating); err != nil {
			return verified{}, err
		}
	}
	id, err := c.moved(e, p)
	return verified{p, id}, err
}

// active returns the keys by which an entry with the parameters p is signed.
func (c *chain) active(p parameters) []string {
	if len(c.versions) == 0 || len(c.parameters.nextKeyHashes) > 0 {
		return p.updateKeys
	}
	return c.parameters.updateKeys
}

// follows checks number and hash, and of the first entry the SCID.
func (c *chain) follows(e *entry, scid string) error {
	n := len(c.versions)
	if e.number != n+1 {
		return reason.New(reason.WebVHHashChain, "a version number does not follow")
	}
	if n > 0 {
		return e.checkHash(c.versions[n-1].id)
	}
	if err := e.checkSCID(scid); err != nil {
		return err
	}
	return e.checkHash(scid)
}

func (c *chain) timely(e *entry, now time.Time) error {
	switch n := len(c.versions); {
	case c.parameters.deactivated:
		return reason.New(reason.WebVHTime, "an entry follows the deactivation")
	case n > 0 && !e.time.After(c.versions[n-1].time):
		return reason.New(reason.WebVHTime, "a versionTime is not later than the one before")
	case e.time.After(now.Add(MaxAhead)):
		return reason.New(reason.WebVHTime, "a versionTime lies ahead")
	}
	return nil
}

// moved returns the id of the document of e. Another one than before needs leave, and names the old
// one among its others (did:webvh 1.0, DID Portability).
func (c *chain) moved(e *entry, p parameters) (did.DID, error) {
	id, others, err := e.id(p.scid)
	if err != nil || len(c.versions) == 0 || id == c.id {
		return id, err
	}
	if !p.portable || !slices.Contains(others, c.id.String()) {
		return did.DID{}, reason.New(reason.WebVHTime, "the DID was moved without leave or trace")
	}
	return id, nil
}
