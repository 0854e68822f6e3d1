// SPDX-License-Identifier: Apache-2.0

package did

import (
	"slices"

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
	if w.Controller != nil {
		if err := oneOrMore(w.Controller); err != nil {
			return err
		}
	}
	if len(w.AlsoKnownAs) > MaxListed || len(w.Service) > MaxListed {
		return reason.New(reason.FetchLimit, "DID document has too many names or services")
	}
	var ids []string
	for _, s := range w.Service {
		if slices.Contains(ids, s.ID) {
			return reason.New(reason.DIDDocumentMismatch, "two services have one id")
		}
		if err := s.check(); err != nil {
			return err
		}
		ids = append(ids, s.ID)
	}
	return nil
}

func (s *wireService) check() error {
	if s.ID == "" || s.Type == nil || s.Endpoint == nil {
		return reason.New(reason.JSONMemberMissing, "a service has no id, type or serviceEndpoint")
	}
	if err := oneOrMore(s.Type); err != nil {
		return err
	}
	switch s.Endpoint.Kind() {
	case '"', '{', '[':
		return nil
	}
	return reason.New(reason.JSONType, "serviceEndpoint is no URL, object or list")
}

// oneOrMore accepts a string that is not empty, or a list of one to MaxListed of them.
func oneOrMore(v strictjson.Value) error {
	list := []string{""}
	var err error
	if v.Kind() == '[' {
		err = strictjson.Unmarshal(v, &list)
	} else {
		list[0], err = strictjson.String(v)
	}
	switch {
	case err != nil:
		return err
	case len(list) > MaxListed:
		return reason.New(reason.FetchLimit, "DID document has too many controllers or types")
	case len(list) == 0 || slices.Contains(list, ""):
		return reason.New(reason.JSONType, "a controller or type is empty")
	}
	return nil
}
