// SPDX-License-Identifier: Apache-2.0

package credential

import _ "embed"

//go:embed schema/delegation-credential-1.json
var schema string

// Schema returns the closed JSON Schema (draft 2020-12) of the DelegationCredential in W3C
// form, published as SchemaID. Each call returns a copy of its own.
func Schema() []byte { return []byte(schema) }
