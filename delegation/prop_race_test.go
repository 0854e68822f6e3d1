// SPDX-License-Identifier: Apache-2.0

//go:build race

package delegation

// defaultCases is small under the race detector: a case is one goroutine's, and the detector makes
// it some ten times as slow. The full number runs without it.
const defaultCases = 500
