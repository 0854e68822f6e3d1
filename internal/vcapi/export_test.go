// SPDX-License-Identifier: Apache-2.0

package vcapi

// Disclose is for the fuzz test, which has no key to sign with.
func Disclose(payload []byte, shown []string) ([]byte, error) { return disclose(payload, shown) }
