// SPDX-License-Identifier: Apache-2.0

package delegation

func decide(w World, p Presentation, r Request) Decision { return Decision{} }
