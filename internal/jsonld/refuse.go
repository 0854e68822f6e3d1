// SPDX-License-Identifier: Apache-2.0

package jsonld

import "github.com/behalf-id/behalf/reason"

// lost is the refusal of what JSON-LD would drop.
func lost(detail string) error { return reason.New(reason.JSONLDUndefinedTerm, detail) }

// notAbsolute is the refusal of an identifier that is no absolute IRI.
func notAbsolute(detail string) error { return reason.New(reason.JSONLDRelativeIRI, detail) }

// inline is the refusal of a context that is not a URL.
func inline() error { return reason.New(reason.JSONLDContextInlineForbidden, "") }

// invalid is the refusal of a context that breaks JSON-LD's rules.
func invalid(detail string) error { return reason.New(reason.VCContextInvalid, detail) }

// tooMuch is the refusal of what would take more time or memory than is given to it.
func tooMuch(detail string) error { return reason.New(reason.LimitCanonicalization, detail) }
