// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxDecoys is how many decoy digests one object may be given.
const MaxDecoys = 16

// Concealment says what of some claims is to be selectively disclosable.
type Concealment struct {
	Hide   [][]string // paths: names of members, and indexes of elements in decimal
	Decoys int        // digests of nothing beside those of each object, at most MaxDecoys (RFC 9901 §4.2.5)
}

// SealClaims makes an SD-JWT of any claims, as Conceal takes them apart, signed by by. Typ is that of
// the issuer-signed JWT.
func SealClaims(ctx context.Context, claims []byte, c Concealment, typ string, random io.Reader, by did.Signer) ([]byte, error) {
	if by.Signer == nil {
		return nil, reason.New(reason.InternalIndeterminate, "sdjwt: no key")
	}
	payload, disclosures, err := Conceal(claims, c, typ, random)
	if err != nil {
		return nil, err
	}
	out, err := jose.Sign(ctx, jose.Header{Type: typ, KeyID: by.Method.String()}, payload, by)
	if err != nil {
		return nil, err
	}
	return append(append(out, '~'), disclosures...), nil
}

// Conceal parts claims, a JSON object, into the payload of an issuer-signed JWT of type typ and the
// disclosures, each with a tilde behind it, that stand behind that JWT and its tilde. Random feeds
// salts and decoys. A path below another one is hidden within it (recursive disclosures, RFC 9901
// §4.2.6). A path that leads nowhere or comes twice is request.invalid. Claims that use a reserved name
// are issue.claim_forbidden, and so is, of the type dc+sd-jwt, a path to a claim that must be in the
// clear (SD-JWT VC).
func Conceal(claims []byte, c Concealment, typ string, random io.Reader) (payload, disclosures []byte, err error) {
	if random == nil {
		return nil, nil, reason.New(reason.InternalIndeterminate, "sdjwt: no randomness")
	}
	if err := strictjson.Check(claims); err != nil {
		return nil, nil, err
	}
	if strictjson.Value(claims).Kind() != '{' {
		return nil, nil, reason.New(reason.JSONType, "claims are an object")
	}
	if err := c.check(typ); err != nil {
		return nil, nil, err
	}
	w := concealer{random: random, decoys: c.Decoys}
	payload, err = w.value(nil, claims, c.Hide, true)
	return payload, w.disclosures, err
}

func (c *Concealment) check(typ string) error {
	if c.Decoys < 0 || c.Decoys > MaxDecoys || len(c.Hide) > MaxDisclosures {
		return badPath("too many decoys or paths")
	}
	for i, path := range c.Hide {
		if len(path) == 0 || len(path) > strictjson.MaxDepth {
			return badPath("an empty or overlong path")
		}
		if typ == Name && len(path) == 1 && neverHidden([]byte(path[0])) {
			return forbidden("a claim that must be in the clear")
		}
		if slices.ContainsFunc(c.Hide[:i], func(before []string) bool { return slices.Equal(before, path) }) {
			return badPath("a path comes twice")
		}
	}
	return nil
}

func forbidden(detail string) error { return reason.New(reason.IssueClaimForbidden, detail) }

func badPath(detail string) error { return reason.New(reason.RequestInvalid, detail) }

// concealer writes claims and their disclosures.
type concealer struct {
	random      io.Reader
	decoys      int
	disclosures []byte // each with its tilde
	salts       [][saltSize]byte
}

// value appends v with the paths below it hidden.
func (w *concealer) value(dst []byte, v strictjson.Value, hide [][]string, top bool) ([]byte, error) {
	switch v.Kind() {
	case '{':
		return w.object(dst, v, hide, top)
	case '[':
		return w.array(dst, v, hide)
	}
	if len(hide) > 0 {
		return nil, badPath("a path leads nowhere")
	}
	return append(dst, v...), nil
}

func (w *concealer) object(dst []byte, v strictjson.Value, hide [][]string, top bool) ([]byte, error) {
	o := wire.Open(dst)
	var list []digest
	used := 0
	for m, err := range strictjson.Members(v) {
		if err != nil {
			return nil, err
		}
		name := string(m.Name)
		if name == "_sd" || name == "_sd_alg" || name == "..." {
			return nil, forbidden("a reserved name")
		}
		below, self, n := pathsBelow(hide, name)
		used += n
		if !self {
			o.AnyName(name)
			if o.Buf, err = w.value(o.Buf, m.Value, below, false); err != nil {
				return nil, err
			}
			continue
		}
		d, err := w.disclosure(m.Name, m.Value, below)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	if used != len(hide) {
		return nil, badPath("a path leads nowhere")
	}
	list, err := w.withDecoys(list)
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		appendDigests(&o, list...)
	}
	if top {
		o.Text("_sd_alg", hash)
	}
	return o.Close(), nil
}

func (w *concealer) array(dst []byte, v strictjson.Value, hide [][]string) ([]byte, error) {
	dst = append(dst, '[')
	n, used := 0, 0
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return nil, err
		}
		if n > 0 {
			dst = append(dst, ',')
		}
		below, self, paths := pathsBelow(hide, strconv.Itoa(n))
		used += paths
		n++
		if !self {
			if dst, err = w.value(dst, item, below, false); err != nil {
				return nil, err
			}
			continue
		}
		d, err := w.disclosure(nil, item, below)
		if err != nil {
			return nil, err
		}
		dst = append(append(append(dst, `{"...":"`...), d[:]...), `"}`...)
	}
	if used != len(hide) {
		return nil, badPath("a path leads nowhere")
	}
	return append(dst, ']'), nil
}

// pathsBelow returns what of hide leads below step, whether step itself is hidden, and how many of
// hide that is in all.
func pathsBelow(hide [][]string, step string) (below [][]string, self bool, n int) {
	for _, path := range hide {
		switch {
		case path[0] != step:
			continue
		case len(path) == 1:
			self = true
		default:
			below = append(below, path[1:])
		}
		n++
	}
	return below, self, n
}

// disclosure makes one disclosure, of a member or, with no name, of an element.
func (w *concealer) disclosure(name []byte, v strictjson.Value, below [][]string) (out digest, err error) {
	inner, err := w.value(nil, v, below, false)
	if err != nil {
		return out, err
	}
	salt, err := w.salt()
	if err != nil {
		return out, err
	}
	text := append(jose.AppendEncode([]byte(`["`), salt[:]), `",`...)
	if name != nil {
		if text, err = jsontext.AppendQuote(text, name); err != nil {
			return out, err
		}
		text = append(text, ',')
	}
	text = append(append(text, inner...), ']')
	start := len(w.disclosures)
	w.disclosures = jose.AppendEncode(w.disclosures, text)
	sum := sha256.Sum256(w.disclosures[start:])
	w.disclosures = append(w.disclosures, '~')
	jose.AppendEncode(out[:0], sum[:])
	return out, nil
}

// salt draws a salt. One that came before is issue.salt_quality.
func (w *concealer) salt() (salt [saltSize]byte, err error) {
	if _, err := io.ReadFull(w.random, salt[:]); err != nil {
		return salt, reason.Wrap(reason.InternalIndeterminate, "no randomness for salts", err)
	}
	if slices.ContainsFunc(w.salts, func(s [saltSize]byte) bool { return bytes.Equal(s[:], salt[:]) }) {
		return salt, reason.New(reason.IssueSaltQuality, "two salts are alike")
	}
	w.salts = append(w.salts, salt)
	return salt, nil
}

// withDecoys adds decoys to the digests of an object that has some.
func (w *concealer) withDecoys(list []digest) ([]digest, error) {
	if len(list) == 0 {
		return nil, nil
	}
	for range w.decoys {
		var raw [sha256.Size]byte
		if _, err := io.ReadFull(w.random, raw[:]); err != nil {
			return nil, reason.Wrap(reason.InternalIndeterminate, "no randomness for decoys", err)
		}
		var d digest
		jose.AppendEncode(d[:0], raw[:])
		list = append(list, d)
	}
	return list, nil
}
