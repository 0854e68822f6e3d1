// SPDX-License-Identifier: Apache-2.0

package rdfc

import "github.com/behalf-id/behalf/reason"

// Parse reads N-Quads.
func Parse(nquads []byte) ([]Quad, error) { return nil, reason.New(reason.JSONSyntax, "") }

// Canonicalize returns the canonical form of quads.
func Canonicalize(quads []Quad, h Hash) (Canonical, error) {
	return Canonical{}, reason.New(reason.LimitCanonicalization, "")
}

// AppendQuad appends q in canonical N-Quads.
func AppendQuad(dst []byte, q Quad) []byte { return dst }
