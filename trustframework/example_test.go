// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// A registry reads its file, signs it as version 1, and a reader that trusts its key opens it.
func Example() {
	file := []byte(`{
	  "id": "tf:example", "maxAgeSeconds": 3600,
	  "anchors": ["did:web:accreditor.example.org"],
	  "limits": {"maxChainLinks": 3, "maxAccreditationPath": 4},
	  "relationships": {"adult-to-adult": {"legalBases": ["consent"], "maxRedelegation": 1}},
	  "accreditations": [{
	    "id": "acc-proxy", "issuer": "did:web:proxy.example.org",
	    "accreditedBy": "did:web:accreditor.example.org", "status": "active",
	    "from": "2026-01-01T00:00:00Z", "until": "2028-01-01T00:00:00Z",
	    "types": ["DelegationCredential"], "resources": ["appointments"]
	  }]
	}`)
	f, err := trustframework.Read(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	private, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	by, err := didkey.Signer(private)
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	raw, err := trustframework.Seal(context.Background(), trustframework.Draft{
		Version: 1, Issued: now, Expires: now.Add(trustframework.Life(f)), Framework: f,
	}, by)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := trustframework.Open(raw, []key.Public{private.Public()}, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Framework().ID, "version", s.Version(), "as of", s.Framework().AsOf.Format(time.RFC3339))
	_, err = trustframework.Open(raw, nil, now)
	fmt.Println("without a trusted key:", reason.Of(err))
	// Output:
	// tf:example version 1 as of 2026-11-22T10:00:00Z
	// without a trusted key: registry.signature
}
