// SPDX-License-Identifier: Apache-2.0

package delegation

func repaired(t dice, decide decider) {}
