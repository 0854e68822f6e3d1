// SPDX-License-Identifier: Apache-2.0

//go:build !race

package delegation

// defaultCases is how many cases each property is checked on. BEHALF_CASES says otherwise:
//
//	BEHALF_CASES=1000000 go test ./delegation -run TestProperties -timeout 0
const defaultCases = 10_000
