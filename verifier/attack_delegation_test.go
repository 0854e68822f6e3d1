// SPDX-License-Identifier: Apache-2.0

package verifier_test

import "testing"

func TestDELTmp(t *testing.T) { t.Run("DEL-26", attackBreakGlass) }
