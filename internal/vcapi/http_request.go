// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"net/http"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

// maxChecks is how many checks a request may name.
const maxChecks = 16

// requestError is a mistake in the request itself, not in the document that it brings.
type requestError struct{ error }

func (e requestError) Unwrap() error { return e.error }

// request is a body: the document, and options, which may be absent.
type request struct {
	document strictjson.Value
	options  object
}

// read reads the body of r, an object with the document under name.
func read(r *http.Request, name string) (request, error) {
	body, err := web.ReadBody(r, "application/json")
	if err != nil {
		return request{}, requestError{err}
	}
	members, err := readObject(body)
	if err != nil {
		return request{}, requestError{err}
	}
	req := request{document: members.get(name)}
	if req.document == nil {
		return request{}, requestError{reason.New(reason.JSONMemberMissing, name+" is missing")}
	}
	if req.document.Kind() != '{' {
		return request{}, requestError{reason.New(reason.JSONType, name+" is not an object")}
	}
	if options := members.get("options"); options != nil {
		if options.Kind() != '{' {
			return request{}, requestError{reason.New(reason.JSONType, "options is not an object")}
		}
		req.options = inside(options)
	}
	return req, nil
}

// pointers returns the JSON pointers of an option, none if it is absent.
func (r request) pointers(name string) ([]string, error) {
	v := r.options.get(name)
	if v == nil {
		return nil, nil
	}
	list, err := texts(v, MaxPointers)
	if err != nil {
		return nil, requestError{err}
	}
	return list, nil
}

// checks reads the option checks. Absent or empty it asks for all.
func (r request) checks() (Checks, error) {
	v := r.options.get("checks")
	if v == nil {
		return AllChecks, nil
	}
	names, err := texts(v, maxChecks)
	if err != nil {
		return 0, requestError{err}
	}
	found := ProofAlone
	for _, name := range names {
		switch {
		case name == "proof", name == "model":
		case name == "status", name == "credentialStatus":
			found = StatusToo
		case name == "validity":
			found = all(found)
		default:
			return 0, requestError{reason.New(reason.RequestMalformed, "there is no such check")}
		}
	}
	if len(names) == 0 {
		found = AllChecks
	}
	return found, nil
}

// all returns found with the period of validity among it.
func all(found Checks) Checks {
	if found == StatusToo {
		return found
	}
	return AllChecks
}

// binding reads the options challenge and domain.
func (r request) binding() (Binding, error) {
	challenge, err := r.options.optionalText("challenge")
	if err != nil {
		return Binding{}, requestError{err}
	}
	domain, err := r.options.optionalText("domain")
	if err != nil {
		return Binding{}, requestError{err}
	}
	return Binding{challenge, domain}, nil
}
