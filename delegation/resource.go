// SPDX-License-Identifier: Apache-2.0

package delegation

import "strings"

// everything stands in lists of the framework and of policies for all there is. It is no
// resource: a credential that holds it is refused (§2.2).
const everything = "*"

// Covers reports whether resource p is r or stands above it (§2.2). It compares octet by octet:
// "appointments" covers "appointments/gp", and neither "appointments-archive" nor "Appointments".
func Covers(p, r string) bool {
	rest, ok := strings.CutPrefix(r, p)
	return ok && (rest == "" || rest[0] == '/')
}

// related reports whether one of the two resources covers the other.
func related(a, b string) bool { return Covers(a, b) || Covers(b, a) }

// anyCovers is anyCovers of §2.2; in set "*" covers all.
func anyCovers(set []string, r string) bool {
	for _, p := range set {
		if p == everything || Covers(p, r) {
			return true
		}
	}
	return false
}

// resourceMalformed reports whether no credential may name r (S3.3, S3.4).
func resourceMalformed(r string) bool {
	return r == "" || r == "/" || strings.Contains(r, everything)
}
