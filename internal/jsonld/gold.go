// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/piprate/json-gold/ld"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// embedded gives json-gold the documents of the embedded set. It has nothing to fetch with.
type embedded struct{}

// LoadDocument is ld.DocumentLoader.
func (embedded) LoadDocument(url string) (*ld.RemoteDocument, error) {
	raw := Context(url)
	if raw == nil {
		return nil, ld.NewJsonLdError(ld.LoadingRemoteContextFailed, "not embedded")
	}
	doc, err := decode(raw)
	if err != nil {
		return nil, ld.NewJsonLdError(ld.LoadingRemoteContextFailed, err)
	}
	return &ld.RemoteDocument{DocumentURL: url, Document: doc}, nil
}

// options are those of every call to json-gold: version 1.1, no base, safe mode.
func options() *ld.JsonLdOptions {
	o := ld.NewJsonLdOptions("")
	o.DocumentLoader = embedded{}
	o.SafeMode = true
	return o
}

// decode reads JSON that was checked into maps and slices.
func decode(raw []byte) (any, error) {
	if err := strictjson.Check(raw); err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, reason.Wrap(reason.JSONSyntax, "", err)
	}
	return v, nil
}

// expandGold expands v, which it may change.
func expandGold(v any) ([]any, error) {
	var expanded []any
	err := gold(func() (err error) {
		expanded, err = ld.NewJsonLdProcessor().Expand(v, options())
		return err
	})
	return expanded, err
}

// gold calls f, which calls json-gold, and names its refusals. A panic of json-gold, which trusts
// the types of what contexts hold, is a refusal of the context.
func gold(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = reason.Wrap(reason.VCContextInvalid, "", fmt.Errorf("json-gold: %v", r))
		}
	}()
	return goldError(f())
}

// goldError gives an error of json-gold its code.
func goldError(err error) error {
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[*reason.Error](err); ok {
		return reason.Wrap(r.Code, r.Detail, err)
	}
	e, ok := errors.AsType[*ld.JsonLdError](err)
	if !ok {
		return reason.Wrap(reason.VCContextInvalid, "", err)
	}
	switch e.Code {
	case ld.LoadingDocumentFailed, ld.LoadingRemoteContextFailed, ld.InvalidRemoteContext:
		return reason.Wrap(reason.JSONLDContextUnknown, "", err)
	case ld.InvalidIDValue, ld.InvalidTypeValue, ld.InvalidTypedValue:
		return reason.Wrap(reason.JSONLDRelativeIRI, "", err)
	case ld.InvalidProperty, ld.CollidingKeywords, ld.ConflictingIndexes, ld.InvalidIndexValue, ld.InvalidValueObject,
		ld.InvalidValueObjectValue, ld.InvalidLanguageTaggedString, ld.InvalidLanguageTaggedValue,
		ld.InvalidSetOrListObject, ld.InvalidLanguageMapValue, ld.InvalidReversePropertyMap, ld.InvalidReverseValue,
		ld.InvalidReversePropertyValue, ld.InvalidIncludedValue, ld.InvalidNestValue:
		return reason.Wrap(reason.JSONLDUndefinedTerm, string(e.Code), err)
	default:
		return reason.Wrap(reason.VCContextInvalid, "", err)
	}
}

// lost is the refusal of what JSON-LD would drop.
func lost(detail string) error { return reason.New(reason.JSONLDUndefinedTerm, detail) }

// notAbsolute is the refusal of an identifier that is no absolute IRI.
func notAbsolute(detail string) error { return reason.New(reason.JSONLDRelativeIRI, detail) }

// guard refuses what json-gold would drop without a word: null and empty arrays, the values of
// @list and @set that it fails to expand, what floats free in @graph. It refuses contexts that the
// profile does not allow.
func guard(v any, p Profile) error {
	switch v := v.(type) {
	case nil:
		return lost("null")
	case []any:
		if len(v) == 0 {
			return lost("an empty array")
		}
		for _, item := range v {
			if err := guard(item, p); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, value := range v {
			if err := guardMember(name, value, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func guardMember(name string, value any, p Profile) error {
	switch name {
	case "@context":
		return guardContext(value, p)
	case "@list", "@set", "@graph", "@index", "@default", "@preserve":
		return lost("a keyword that is not supported beside others")
	default:
		return guard(value, p)
	}
}

// guardContext refuses an inline context in the Closed profile, and in both a term that stands for
// a keyword that guardMember looks for, or for null.
func guardContext(v any, p Profile) error {
	for _, c := range ld.Arrayify(v) {
		switch c := c.(type) {
		case string:
		case map[string]any:
			if p != Open {
				return inline()
			}
			if aliases(c) {
				return lost("a keyword that is not supported beside others")
			}
		default:
			if p != Open {
				return inline()
			}
			return reason.New(reason.VCContextInvalid, "")
		}
	}
	return nil
}

func inline() error { return reason.New(reason.JSONLDContextInlineForbidden, "") }

// aliases reports whether v, part of a context, names one of the keywords that guardMember refuses,
// anywhere but as a container.
func aliases(v any) bool {
	switch v := v.(type) {
	case string:
		switch v {
		case "@list", "@set", "@graph", "@index", "@default", "@preserve":
			return true
		}
	case []any:
		for _, item := range v {
			if aliases(item) {
				return true
			}
		}
	case map[string]any:
		for name, value := range v {
			if name != "@container" && aliases(value) {
				return true
			}
		}
	}
	return false
}
