// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"context"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// elsewhere pins every issuer to keys that are not in its DID document, as the framework can. The key
// is, of all keys, the very one of the document: where it was found is what counts.
type elsewhere struct {
	key key.Public
	err error
}

func (e elsewhere) IssuerKey(context.Context, credential.IssuerClaim, time.Time) (key.Public, bool, error) {
	return e.key, true, e.err
}

// TestPinnedIssuer: who took over the DID document of an issuer with certificates cannot go round the
// certificates by another format (delegation.md §3.2), be the credential known or new.
func TestPinnedIssuer(t *testing.T) {
	for _, suite := range []string{dataintegrity.EdDSARDFC, dataintegrity.EdDSAJCS} {
		g := newForge(t, suite, key.EdDSA)
		shown := g.present(t, g.cred)
		bare := g.w.Keys
		for name, c := range map[string]struct {
			pin  elsewhere
			code reason.Code
		}{
			"certificates": {elsewhere{err: reason.New(reason.X509ChainInvalid, "none")}, reason.X509ChainInvalid},
			"a key":        {elsewhere{key: g.w.Issuer.Public()}, reason.KeyControllerMismatch},
		} {
			pinned := bare
			pinned.Issuers = c.pin
			for _, when := range []string{"new", "known"} {
				_, err := g.Open(t.Context(), g.cred, pinned)
				refused(t, suite+" "+name+" "+when, err, c.code)
				_, _, err = g.OpenPresentation(t.Context(), shown, g.w.Binding, pinned)
				refused(t, suite+" "+name+" shown "+when, err, c.code)
				if _, err := g.Open(t.Context(), g.cred, bare); err != nil { // remembers it
					t.Fatal(err)
				}
			}
			g = forgeIn(t, g.w, suite)
		}
	}
}
