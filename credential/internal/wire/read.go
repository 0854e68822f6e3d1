// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/view"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Reader reads members and keeps the first refusal; it reads on after one, so that a
// credential that does not fit can still be told apart from others.
type Reader struct {
	Places []int // in SD-JWT VC: where the permissions in the clear stand among all

	text view.Text
	ends *strictjson.Ends // nil: not known
	err  error
}

// roomForSpans is how many arrays and objects a credential usually has at most.
const roomForSpans = 48

// ReaderOf returns a Reader of checked, whose values have passed strictjson.Check one by one.
func ReaderOf(checked []byte) *Reader { return &Reader{text: view.Of(checked)} }

// Check is strictjson.CheckMembers of raw, and returns a Reader of it.
func Check(raw []byte, into []strictjson.Member) ([]strictjson.Member, *Reader, error) {
	r := new(struct {
		Reader
		known strictjson.Ends
		room  [roomForSpans]strictjson.Span
	})
	members, ends, err := strictjson.CheckEnds(raw, into, r.room[:0])
	if err != nil {
		return nil, nil, err
	}
	r.known = ends
	r.text, r.ends = view.Of(raw), &r.known
	return members, &r.Reader, nil
}

// Registered reads a registered JWT claim that is a string; another type is json.type.
func (r *Reader) Registered(value []byte) string {
	s, err := r.text.String(value)
	if err != nil {
		r.Fail(err)
	}
	return s
}

// NumericDate reads whole seconds since 1970 (RFC 7519 §2); what is no integer has the codes of strictjson.Int.
func (r *Reader) NumericDate(value []byte) time.Time {
	n, err := strictjson.Int(value)
	if err != nil {
		r.Fail(err)
	}
	return time.Unix(n, 0).UTC()
}

// Closed reads an object of exactly one member called name and returns its value, or nil.
func (r *Reader) Closed(value []byte, name string) (inner strictjson.Value) {
	n := 0
	for m, err := range strictjson.Members(value) {
		if n++; err == nil && string(m.Name) == name {
			inner = m.Value
		}
	}
	if n != 1 {
		return nil
	}
	return inner
}

// Framework reads who the issuer worked under.
func (r *Reader) Framework(value []byte, c *credential.Credential) {
	r.texts(value, "trust framework", 1, []string{"id", "policy"}, &c.Framework, &c.Policy)
}

// Err returns the first refusal.
func (r *Reader) Err() error { return r.err }

// Fail notes err unless another refusal came before it.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Invalid notes that the named member does not fit the schema.
func (r *Reader) Invalid(member string) {
	if r.err == nil {
		r.err = Invalid(member)
	}
}

// Invalid is the refusal of a member that does not fit the schema.
func Invalid(member string) error { return reason.New(reason.CredentialSchemaInvalid, member) }

// Text reads a string.
func (r *Reader) Text(value []byte, member string) string {
	s, err := r.text.String(value)
	if err != nil {
		r.Invalid(member)
	}
	return s
}

// Const reads a string that must be want.
func (r *Reader) Const(value []byte, want, member string) {
	if r.Text(value, member) != want {
		r.Invalid(member)
	}
}

// List reads an array of at most credential.MaxList strings.
func (r *Reader) List(value []byte, member string) []string {
	list, err := r.text.Strings(value, credential.MaxList)
	if err != nil {
		r.Invalid(member)
	}
	return list
}

// Time reads an instant.
func (r *Reader) Time(value []byte, member string) time.Time {
	t, err := credential.ParseTime(r.Text(value, member))
	if err != nil {
		r.Invalid(member)
	}
	return t
}

// object calls each for the members of value, which must be an object.
func (r *Reader) object(value []byte, name string, each func(m strictjson.Member)) {
	for m, err := range r.ends.Members(value) {
		if err != nil {
			r.Invalid(name)
			return
		}
		each(m)
	}
}

// array calls each for the items of value, which must be an array of at most most items.
func (r *Reader) array(value []byte, name string, most int, each func(v strictjson.Value)) {
	n := 0
	for v, err := range r.ends.Items(value) {
		if n++; err != nil || n > most {
			r.Invalid(name)
			return
		}
		each(v)
	}
}

// count returns how many items value has, at most most, to make room for.
func count(value []byte, most int) (n int) {
	for _, err := range strictjson.Items(value) {
		if err != nil || n == most {
			return n
		}
		n++
	}
	return n
}

// texts reads a closed object of strings, of which the first need are mandatory.
func (r *Reader) texts(value []byte, object string, need int, names []string, into ...*string) {
	var have uint
	r.object(value, object, func(m strictjson.Member) {
		for i, name := range names {
			if string(m.Name) == name {
				have |= 1 << i
				*into[i] = r.Text(m.Value, object)
				return
			}
		}
		r.Invalid(object)
	})
	if all := uint(1)<<need - 1; have&all != all {
		r.Invalid(object)
	}
}

// IsType reports whether v, the type of a document, is want or an array that has it.
func IsType(v strictjson.Value, want string) bool {
	if v.Kind() != '[' {
		t, err := strictjson.Text(v)
		return err == nil && string(t) == want
	}
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return false
		}
		if t, err := strictjson.Text(item); err == nil && string(t) == want {
			return true
		}
	}
	return false
}
