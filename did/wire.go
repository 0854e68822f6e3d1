// SPDX-License-Identifier: Apache-2.0

package did

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// wireDocument is a DID document as it is written (DID Core 1.0 §5).
type wireDocument struct {
	ID                 string             `json:"id"`
	Controller         strictjson.Value   `json:"controller"`
	AlsoKnownAs        []string           `json:"alsoKnownAs"`
	VerificationMethod []strictjson.Value `json:"verificationMethod"`
	Service            []wireService      `json:"service"`

	AssertionMethod      []strictjson.Value `json:"assertionMethod"`
	Authentication       []strictjson.Value `json:"authentication"`
	CapabilityDelegation []strictjson.Value `json:"capabilityDelegation"`
	CapabilityInvocation []strictjson.Value `json:"capabilityInvocation"`
	KeyAgreement         []strictjson.Value `json:"keyAgreement"`
}

// wireService is a service of a document: read for its form alone, nothing is done with it.
type wireService struct {
	ID       string           `json:"id"`
	Type     strictjson.Value `json:"type"`
	Endpoint strictjson.Value `json:"serviceEndpoint"`
}

type listing struct {
	name    Relationship
	entries []strictjson.Value
}

func (w *wireDocument) relationships() [5]listing {
	return [...]listing{
		{AssertionMethod, w.AssertionMethod},
		{Authentication, w.Authentication},
		{CapabilityDelegation, w.CapabilityDelegation},
		{CapabilityInvocation, w.CapabilityInvocation},
		{KeyAgreement, w.KeyAgreement},
	}
}

// checkNames looks at the members that are not acted on.
func (w *wireDocument) checkNames() error {
	if len(w.AlsoKnownAs) > MaxListed || len(w.Service) > MaxListed {
		return reason.New(reason.FetchLimit, "DID document has too many names or services")
	}
	names := w.AlsoKnownAs
	if w.Controller != nil {
		controllers, err := oneOrMore(w.Controller)
		if err != nil {
			return err
		}
		names = slices.Concat(names, controllers)
	}
	for _, s := range names {
		if !absolute(s) {
			return reason.New(reason.JSONType, "a controller or another name is no URL")
		}
	}
	return w.checkServices()
}

func (w *wireDocument) checkServices() error {
	var ids []string
	for _, s := range w.Service {
		id := s.ID
		if strings.HasPrefix(id, "#") {
			id = w.ID + id
		}
		if slices.Contains(ids, id) {
			return reason.New(reason.DIDDocumentMismatch, "two services have one id")
		}
		if err := s.check(); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	return nil
}

// absolute reports whether s begins with the scheme of a URL (RFC 3986 §3.1) and has something behind it.
func absolute(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || rest == "" || strings.ContainsAny(s, " \t\r\n") {
		return false
	}
	for i := range len(scheme) {
		c := scheme[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || (scheme[i] < '0' || scheme[i] > '9') && !strings.ContainsRune("+-.", rune(scheme[i]))) {
			return false
		}
	}
	return true
}

func (s *wireService) check() error {
	if s.ID == "" || s.Type == nil || s.Endpoint == nil {
		return reason.New(reason.JSONMemberMissing, "a service has no id, type or serviceEndpoint")
	}
	if _, err := oneOrMore(s.Type); err != nil {
		return err
	}
	switch s.Endpoint.Kind() {
	case '"':
		if text, err := strictjson.String(s.Endpoint); err == nil && absolute(text) {
			return nil
		}
	case '{', '[':
		return nil
	}
	return reason.New(reason.JSONType, "serviceEndpoint is no URL, object or list")
}

// oneOrMore returns the strings of v: one that is not empty, or a list of one to MaxListed of them.
func oneOrMore(v strictjson.Value) ([]string, error) {
	list := []string{""}
	var err error
	if v.Kind() == '[' {
		err = strictjson.Unmarshal(v, &list)
	} else {
		list[0], err = strictjson.String(v)
	}
	switch {
	case err != nil:
		return nil, err
	case len(list) > MaxListed:
		return nil, reason.New(reason.FetchLimit, "DID document has too many controllers or types")
	case len(list) == 0 || slices.Contains(list, ""):
		return nil, reason.New(reason.JSONType, "a controller or type is empty")
	}
	return list, nil
}
