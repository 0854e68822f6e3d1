// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxDisclosures is how many disclosures a token may have here.
const MaxDisclosures = 512

// Names with a meaning of their own in the payload of an SD-JWT (RFC 9901 §4.2).
const (
	digestsName = "_sd"
	hashName    = "_sd_alg"
	itemName    = "..."
	hashSHA256  = "sha-256"
)

// split parts an SD-JWT without key binding into the token and its disclosures.
func split(content string) (token string, shown []string, err error) {
	if strings.Count(content, "~") > MaxDisclosures+1 {
		return "", nil, reason.New(reason.LimitDisclosures, "")
	}
	token, rest, found := strings.Cut(content, "~")
	if !found {
		return "", nil, reason.New(reason.JOSEHeaderInvalid, "not an SD-JWT")
	}
	for rest != "" {
		var one string
		if one, rest, found = strings.Cut(rest, "~"); !found {
			return "", nil, reason.New(reason.KBTyp, "key binding is not read here")
		}
		shown = append(shown, one)
	}
	return token, shown, nil
}

// disclosure is one that a token brings.
type disclosure struct {
	name  string // "" for an item of an array
	value strictjson.Value
	used  bool
}

// unsealing puts disclosures in the place of their digests.
type unsealing struct {
	by   map[string]*disclosure // by digest
	seen map[string]bool        // digests that the payload holds
}

// disclose returns payload with all that is shown in place, and without what was hidden (RFC 9901 §7.1).
func disclose(payload []byte, shown []string) ([]byte, error) {
	u := unsealing{map[string]*disclosure{}, map[string]bool{}}
	for _, text := range shown {
		d, err := readDisclosure(text)
		if err != nil {
			return nil, err
		}
		digest := DigestOf(text)
		if u.by[digest] != nil {
			return nil, reason.New(reason.SDJWTDigestDuplicate, "a disclosure comes twice")
		}
		u.by[digest] = d
	}
	top, err := readObject(payload)
	if err != nil {
		return nil, err
	}
	if v := top.get(hashName); v != nil {
		if s, err := strictjson.String(v); err != nil || s != hashSHA256 {
			return nil, reason.New(reason.SDJWTHashAlg, "")
		}
		top = top.without(hashName)
	}
	out, err := u.object(top, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range u.by {
		if !d.used {
			return nil, reason.New(reason.SDJWTDisclosureUnreferenced, "")
		}
	}
	return out, strictjson.Check(out)
}

func readDisclosure(text string) (*disclosure, error) {
	raw, err := jose.AppendDecode(nil, []byte(text))
	if err != nil {
		return nil, err
	}
	var room [3]strictjson.Value
	n, err := strictjson.CheckItems(raw, room[:])
	if err != nil || n < 2 || n > 3 {
		return nil, reason.Wrap(reason.SDJWTDisclosureForm, "", err)
	}
	d := &disclosure{value: room[n-1]}
	if _, err := strictjson.String(room[0]); err != nil {
		return nil, reason.Wrap(reason.SDJWTDisclosureForm, "", err)
	}
	if n == 2 {
		return d, nil
	}
	if d.name, err = strictjson.String(room[1]); err != nil || d.name == "" {
		return nil, reason.Wrap(reason.SDJWTDisclosureForm, "", err)
	}
	if d.name == digestsName || d.name == itemName {
		return nil, reason.New(reason.SDJWTReservedName, "")
	}
	return d, nil
}

func (u unsealing) value(v strictjson.Value, depth int) (strictjson.Value, error) {
	if depth > strictjson.MaxDepth {
		return nil, reason.New(reason.LimitNesting, "")
	}
	switch v.Kind() {
	case '{':
		return u.object(inside(v), depth)
	case '[':
		return u.array(v, depth)
	}
	return v, nil
}

func (u unsealing) object(o object, depth int) (strictjson.Value, error) {
	var out object
	for _, m := range o {
		switch string(m.Name) {
		case digestsName:
			continue
		case itemName, hashName:
			return nil, reason.New(reason.SDJWTReservedName, "")
		}
		v, err := u.value(m.Value, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, strictjson.Member{Name: m.Name, Value: v})
	}
	digests := o.get(digestsName)
	if digests == nil {
		return out.bytes(), nil
	}
	list, err := texts(digests, strictjson.MaxMembers)
	if err != nil {
		return nil, err
	}
	for _, digest := range list {
		d, err := u.take(digest)
		if err != nil {
			return nil, err
		}
		if d == nil {
			continue
		}
		if d.name == "" {
			return nil, reason.New(reason.SDJWTDisclosureForm, "an item where a member is due")
		}
		if out.get(d.name) != nil {
			return nil, reason.New(reason.SDJWTClaimCollision, "")
		}
		v, err := u.value(d.value, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, strictjson.Member{Name: []byte(d.name), Value: v})
	}
	return out.bytes(), nil
}

func (u unsealing) array(a strictjson.Value, depth int) (strictjson.Value, error) {
	out := []strictjson.Value{}
	for v, err := range strictjson.Items(a) {
		if err != nil {
			return nil, err
		}
		if o := inside(v); len(o) == 1 && string(o[0].Name) == itemName {
			digest, err := strictjson.String(o[0].Value)
			if err != nil {
				return nil, err
			}
			d, err := u.take(digest)
			if err != nil {
				return nil, err
			}
			if d == nil {
				continue
			}
			if d.name != "" {
				return nil, reason.New(reason.SDJWTDisclosureForm, "a member where an item is due")
			}
			v = d.value
		}
		if v, err = u.value(v, depth+1); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return strictjson.Marshal(out)
}

// take returns the disclosure of digest, nil if it is not shown. A digest may be there once.
func (u unsealing) take(digest string) (*disclosure, error) {
	if u.seen[digest] {
		return nil, reason.New(reason.SDJWTDigestDuplicate, "")
	}
	u.seen[digest] = true
	d := u.by[digest]
	if d != nil {
		d.used = true
	}
	return d, nil
}

// DigestOf returns the digest of a disclosure as it is sent (RFC 9901 §4.2.3).
func DigestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// conceal takes the members at paths out of document and returns them as disclosures.
func conceal(document []byte, paths []string, random io.Reader) (payload []byte, shown []string, err error) {
	if len(paths) > MaxDisclosures {
		return nil, nil, reason.New(reason.LimitDisclosures, "")
	}
	// The longest first, so that what lies inside something hidden is hidden by itself before it.
	ordered := slices.Clone(paths)
	slices.SortStableFunc(ordered, func(a, b string) int { return strings.Count(b, ".") - strings.Count(a, ".") })
	top, err := readObject(document)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range ordered {
		var one string
		if top, one, err = top.hide(path, random); err != nil {
			return nil, nil, err
		}
		shown = append(shown, one)
	}
	if len(shown) > 0 {
		top = top.with(hashName, quote(hashSHA256))
	}
	payload = top.bytes()
	if whole, err := disclose(payload, shown); err != nil || !same(whole, document) {
		return nil, nil, reason.Wrap(reason.SDJWTReservedName, "the document holds names that are reserved for disclosures", err)
	}
	return payload, shown, nil
}

// same reports whether a and b are one JSON value.
func same(a, b []byte) bool {
	left, err := strictjson.Canonical(a)
	if err != nil {
		return false
	}
	right, err := strictjson.Canonical(b)
	return err == nil && bytes.Equal(left, right)
}

// hide returns o with the member at path in a disclosure. A path beyond a limit of nesting leads to
// nothing, as the document was checked.
func (o object) hide(path string, random io.Reader) (object, string, error) {
	name, rest, deeper := strings.Cut(path, ".")
	v := o.get(name)
	if v == nil || name == digestsName || name == hashName {
		return nil, "", nowhere()
	}
	if deeper {
		inner, one, err := hideIn(v, rest, random)
		return o.with(name, inner), one, err
	}
	one, err := newDisclosure(random, quote(name), v)
	if err != nil {
		return nil, "", err
	}
	var digests []string
	if old := o.get(digestsName); old != nil {
		if digests, err = texts(old, MaxDisclosures); err != nil {
			return nil, "", err
		}
	}
	digests = append(digests, DigestOf(one))
	slices.Sort(digests) // the order of members would tell which is which
	list, err := strictjson.Marshal(digests)
	return o.without(name).with(digestsName, list), one, err
}

// hideIn returns v, an object or array, with what is at path in a disclosure.
func hideIn(v strictjson.Value, path string, random io.Reader) (strictjson.Value, string, error) {
	if inner := inside(v); inner != nil {
		inner, one, err := inner.hide(path, random)
		return inner.bytes(), one, err
	}
	if v.Kind() != '[' {
		return nil, "", nowhere()
	}
	var items []strictjson.Value
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return nil, "", err
		}
		items = append(items, item)
	}
	place, rest, deeper := strings.Cut(path, ".")
	i, err := strconv.Atoi(place)
	if err != nil || i < 0 || i >= len(items) || strconv.Itoa(i) != place {
		return nil, "", nowhere()
	}
	var one string
	if deeper {
		items[i], one, err = hideIn(items[i], rest, random)
	} else if one, err = newDisclosure(random, items[i]); err == nil {
		items[i] = object{{Name: []byte(itemName), Value: quote(DigestOf(one))}}.bytes()
	}
	if err != nil {
		return nil, "", err
	}
	out, err := strictjson.Marshal(items)
	return out, one, err
}

// newDisclosure writes parts, a name and a value or a value alone, behind a salt.
func newDisclosure(random io.Reader, parts ...strictjson.Value) (string, error) {
	var salt [16]byte
	if _, err := io.ReadFull(random, salt[:]); err != nil {
		return "", reason.Wrap(reason.IssueSaltQuality, "there is no salt", err)
	}
	all := append([]strictjson.Value{quote(base64.RawURLEncoding.EncodeToString(salt[:]))}, parts...)
	raw, err := strictjson.Marshal(all)
	return base64.RawURLEncoding.EncodeToString(raw), err
}

func nowhere() error { return reason.New(reason.CredentialSchemaInvalid, "a path leads to nothing") }
