// SPDX-License-Identifier: Apache-2.0

package rdfc

// Work returns the steps that the canonicalization of quads took, up to one above MaxWork.
func Work(quads []Quad, h Hash) int {
	c, err := newCanonicalizer(quads, h)
	if err != nil {
		return 0
	}
	_ = c.label()
	return min(MaxWork-c.work, MaxWork+1)
}
