// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Read reads raw as one framework in JSON, as delegation.md §4.1 and §4.2 name its members.
// It is closed: an unknown member is json.type, and so is null. An empty text is
// registry.wildcard, because in the value it would mean the default, which is often the widest.
// More than MaxFramework bytes is limit.body. Read checks form alone and asks for no DIDs:
// what the values mean is Validate's affair.
func Read(raw []byte) (*Framework, error) {
	if len(raw) > MaxFramework {
		return nil, reason.New(reason.LimitBody, "a framework has at most 720 KiB")
	}
	f := new(Framework)
	if err := strictjson.UnmarshalClosed(raw, f); err != nil {
		return nil, err
	}
	if err := refuseEmptyText(raw); err != nil {
		return nil, err
	}
	return f.utc(), nil
}

// Write returns f as the JSON that Read reads, in canonical form (RFC 8785) and without what
// only a snapshot says: version, asOf and unavailable. Frameworks of equal content give equal
// bytes, so this is what digests are made over.
func (f *Framework) Write() ([]byte, error) {
	plain := *f.utc()
	plain.Version, plain.AsOf, plain.Unavailable = 0, time.Time{}, false
	raw, err := strictjson.Marshal(&plain)
	if err != nil {
		return nil, err
	}
	return strictjson.Canonical(raw)
}

// Digest returns the digest of what Write writes: "sha-256:" and base64url without padding.
func (f *Framework) Digest() (string, error) {
	raw, err := f.Write()
	if err != nil {
		return "", err
	}
	return digest(raw), nil
}

// refuseEmptyText looks for "" as a value or a name anywhere in raw, which was checked.
func refuseEmptyText(raw []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	for {
		t, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return reason.Wrap(reason.JSONSyntax, "", err)
		}
		if t.Kind() == '"' && t.String() == "" {
			return reason.New(reason.RegistryWildcard, "an empty text"+place(string(d.StackPointer())))
		}
	}
}

// place names the top two steps of a pointer; below parties the second is a DID and is left out.
func place(pointer string) string {
	first, rest, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	second, _, _ := strings.Cut(rest, "/")
	if second == "" || first == "parties" || first == "controllers" {
		return " in " + first
	}
	return " in " + first + "/" + second
}

// utc returns a copy of f whose instants are all in UTC, so that one instant has one text.
func (f *Framework) utc() *Framework {
	g := *f
	g.AsOf = utc(f.AsOf)
	g.Accreditations = slices.Clone(f.Accreditations)
	for i := range g.Accreditations {
		a := &g.Accreditations[i]
		a.From, a.Until, a.RetiredAt = utc(a.From), utc(a.Until), utc(a.RetiredAt)
	}
	return &g
}

// utc keeps the zero time as it is: "absent" is not an instant.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha-256:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// digestForm reports whether s has the form of what digest returns.
func digestForm(s string) bool {
	text, ok := strings.CutPrefix(s, "sha-256:")
	sum, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return ok && err == nil && len(sum) == sha256.Size
}
