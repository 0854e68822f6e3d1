// SPDX-License-Identifier: Apache-2.0

package issuer

// Texts are words for people in one language. A text that is left out is shown in English.
type Texts struct {
	Name        string            // of the issuer
	Credential  string            // what a delegation credential is called
	Description string            // what it is for
	Claims      map[string]string // names of what it says, by the keys of ClaimNames
}
