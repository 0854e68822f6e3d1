// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"net/url"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// unsignedJSON are the parameters of a request that are JSON where the request travels as a query (§5).
var unsignedJSON = [...]string{"dcql_query", "client_metadata", "transaction_data", "verifier_info", "delegation_access"}

// unsignedText are those that are text. Of aud, iat, exp and wallet_nonce, which are of request objects alone,
// nothing is read.
var unsignedText = [...]string{
	"client_id", "response_type", "response_mode", "response_uri", "redirect_uri", "nonce", "state",
}

// Values writes a request of a client of PrefixRedirectURI, which is never signed, as the parameters of
// a link.
func (r *Request) Values() (url.Values, error) {
	client, err := ParseClient(r.ClientID)
	if err != nil {
		return nil, err
	}
	if client.Signed() {
		return nil, reason.New(reason.RequestUnsigned, "a request of this client must be signed")
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	raw, err := strictjson.Marshal(r)
	if err != nil {
		return nil, err
	}
	out := url.Values{}
	for m, err := range strictjson.Members(raw) {
		if err != nil {
			return nil, err
		}
		text := string(m.Value)
		if m.Value.Kind() == '"' {
			if text, err = strictjson.String(m.Value); err != nil {
				return nil, err
			}
		}
		out.Set(string(m.Name), text)
	}
	return out, nil
}

// ReadUnsigned reads the parameters of a request that is not signed. Only a client of PrefixRedirectURI
// may send one, any other is request.unsigned; its answer goes to the address that it is called by, which
// response_uri repeats or leaves out, else request.client_id. The rest is as Trust.Open has it: but that
// nobody stands behind it, and a caller must not show anything to such a client that it would not show to
// anybody.
func ReadUnsigned(query url.Values) (*Request, error) {
	for _, values := range query {
		if len(values) > 1 {
			return nil, reason.New(reason.HTTPDuplicateParam, "a parameter appears twice")
		}
	}
	client, err := ParseClient(query.Get("client_id"))
	if err != nil {
		return nil, err
	}
	if client.Signed() {
		return nil, reason.New(reason.RequestUnsigned, "a request of this client must be signed")
	}
	payload, err := members(query)
	if err != nil {
		return nil, err
	}
	r, err := decode(payload)
	if err != nil {
		return nil, err
	}
	if r.ResponseURI == "" {
		r.ResponseURI = client.Value
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// members writes the parameters that are known as one JSON object.
func members(query url.Values) ([]byte, error) {
	object := map[string]strictjson.Value{}
	for _, name := range unsignedText {
		if query.Has(name) {
			text, err := strictjson.Marshal(query.Get(name))
			if err != nil {
				return nil, err
			}
			object[name] = text
		}
	}
	for _, name := range unsignedJSON {
		if query.Has(name) {
			value := strictjson.Value(query.Get(name))
			if err := strictjson.Check(value); err != nil {
				return nil, err
			}
			object[name] = value
		}
	}
	return strictjson.Marshal(object)
}
