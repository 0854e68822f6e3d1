// SPDX-License-Identifier: Apache-2.0

// Package contents finds the credentials in what Aries wallets give away.
//
// Aries itself has no export: its wallets answer with their contents as JSON, and other wallets of the
// Universal Wallet 2020 data model write the same as a document. Taken are a credential, as JSON or as a
// compact JWT; a presentation, in either form, with the credentials in it; an array of them; an object
// whose member contents is an array of them or maps ids to them; and such a map alone. Keys, DID
// documents, connections and other contents are passed over, and nothing of them is returned.
package contents

import (
	"bytes"
	"slices"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on one file.
const (
	MaxFile        = 32 << 20 // bytes
	MaxCredentials = 4096
	maxDepth       = 4 // of contents in presentations in contents
)

// Found is what a file holds.
type Found struct {
	Credentials [][]byte // each as it was secured: a JSON object, or a compact JWT
	Others      int      // contents that are no credentials
}

// Read finds the credentials in file. None is verified. A file that is no JSON and no JWT is
// credential.unexpected, and so is a locked wallet, whose contents only its owner's software can open; a
// file beyond the bounds is limit.body or limit.members.
func Read(file []byte) (Found, error) {
	var f Found
	if len(file) > MaxFile {
		return f, reason.New(reason.LimitBody, "the file is too large")
	}
	file = bytes.TrimSpace(file)
	if compact(file) {
		return f, f.token(file, 0)
	}
	if err := strictjson.Check(file); err != nil {
		return f, err
	}
	if err := f.value(file, 0); err != nil {
		return Found{}, err
	}
	return f, nil
}

func unexpected(detail string) error { return reason.New(reason.CredentialUnexpected, detail) }

// compact reports whether raw looks like a compact JWS, or an SD-JWT, which only a verifier refuses.
func compact(raw []byte) bool {
	return len(raw) > 0 && raw[0] == 'e' && bytes.Count(raw, []byte(".")) >= 2
}

func (f *Found) keep(raw []byte) error {
	if len(f.Credentials) == MaxCredentials {
		return reason.New(reason.LimitMembers, "too many credentials")
	}
	f.Credentials = append(f.Credentials, bytes.Clone(raw))
	return nil
}

// value takes one value, which passed strictjson.Check.
func (f *Found) value(v strictjson.Value, depth int) error {
	if depth > maxDepth {
		return reason.New(reason.LimitNesting, "contents in contents")
	}
	switch v.Kind() {
	case '"':
		text, err := strictjson.Text(v)
		if err != nil {
			return err
		}
		if compact(text) {
			return f.token(text, depth)
		}
	case '[':
		for item, err := range strictjson.Items(v) {
			if err != nil {
				return err
			}
			if err := f.value(item, depth+1); err != nil {
				return err
			}
		}
		return nil
	case '{':
		return f.object(v, depth)
	}
	f.Others++
	return nil
}

// object takes a credential, a presentation, a wallet, or a map of contents.
func (f *Found) object(v strictjson.Value, depth int) error {
	var o map[string]strictjson.Value
	if err := strictjson.Unmarshal(v, &o); err != nil {
		return err
	}
	types := types(o["type"])
	has := func(name string) bool { return slices.Contains(types, name) }
	switch {
	case has("VerifiableCredential"):
		return f.keep(v)
	case has("VerifiablePresentation"):
		return f.inside(o["verifiableCredential"], depth)
	case has("EncryptedWallet"), o["ciphertext"] != nil:
		return unexpected("the wallet is locked; unlock it in the software that made it")
	case o["contents"] != nil:
		return f.contents(o["contents"], depth)
	case depth == 0 && len(types) == 0 && o["@context"] == nil:
		return f.contents(v, depth)
	}
	f.Others++
	return nil
}

func (f *Found) inside(v strictjson.Value, depth int) error {
	if v == nil {
		return nil
	}
	return f.value(v, depth+1)
}

// contents takes an array of contents, or a map of them by id.
func (f *Found) contents(v strictjson.Value, depth int) error {
	if v.Kind() != '{' {
		return f.inside(v, depth)
	}
	for m, err := range strictjson.Members(v) {
		if err != nil {
			return err
		}
		if err := f.value(m.Value, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// token takes a JWT: of a presentation the credentials in its claim vp, else itself.
func (f *Found) token(raw []byte, depth int) error {
	_, rest, _ := bytes.Cut(raw, []byte("."))
	part, _, _ := bytes.Cut(rest, []byte("."))
	payload, err := jose.AppendDecode(nil, part)
	if err != nil {
		return f.keep(raw) // the verifier will say what is wrong with it
	}
	var claims struct {
		VP *struct {
			Credentials strictjson.Value `json:"verifiableCredential"`
		} `json:"vp"`
	}
	if err := strictjson.Unmarshal(payload, &claims); err != nil || claims.VP == nil {
		return f.keep(raw)
	}
	return f.inside(claims.VP.Credentials, depth+1)
}

// types reads a type, "" and none for what is no type.
func types(v strictjson.Value) []string {
	if one, err := strictjson.String(v); err == nil {
		return []string{one}
	}
	var out []string
	if v.Kind() != '[' {
		return nil
	}
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return nil
		}
		if one, err := strictjson.String(item); err == nil {
			out = append(out, one)
		}
	}
	return out
}
