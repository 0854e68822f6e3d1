// SPDX-License-Identifier: Apache-2.0

package sdjwt_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/sdjwt/typemeta"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/key"
)

func ExampleNew() {
	f, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: time.Now, Holders: didkey.New()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Name(), f.Recognises([]byte("e.y.j~")))
	// Output: dc+sd-jwt true
}

// TestDesignExample opens the example of delegation.md §3.2, with keys and digest in place of its dots, and
// finds the same grant as in that of §3.1.
func TestDesignExample(t *testing.T) {
	var vc struct{ Payload json.RawMessage }
	var sd struct {
		Payload     map[string]any
		Disclosures []struct{ Disclosure string }
	}
	if json.Unmarshal(shared.Open(t, "design/delegation-examples/vc-jose.json"), &vc) != nil ||
		json.Unmarshal(shared.Open(t, "design/delegation-examples/sd-jwt-vc.json"), &sd) != nil {
		t.Fatal("the examples are not JSON")
	}
	w := fixture.New(t, key.ES256)
	want, err := wire.ReadVC(vc.Payload)
	if err != nil {
		t.Fatal(err)
	}
	want.Issuer, want.Delegate.ID = w.Issuer.Method.DID().String(), w.Holder.Method.DID().String()
	sd.Payload["iss"], sd.Payload["sub"] = want.Issuer, want.Delegate.ID
	sd.Payload["cnf"] = map[string]any{"jwk": w.Holder.Public().JWK()}
	sd.Payload["vct#integrity"] = typemeta.IntegrityDelegation
	payload, err := json.Marshal(sd.Payload)
	if err != nil {
		t.Fatal(err)
	}
	raw := fixture.JWS(t, `{"alg":"ES256","typ":"dc+sd-jwt","kid":"`+w.Issuer.Method.String()+`"}`, string(payload), w.Issuer)
	for _, d := range sd.Disclosures {
		raw += "~" + d.Disclosure
	}
	f, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: func() time.Time { return w.Keys.At }, Holders: w.Keys.Resolver})
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.Open(t.Context(), []byte(raw+"~"), w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	informative := cmpopts.IgnoreFields(credential.Credential{}, "Status", "Refresh")
	if d := cmp.Diff(want, o.Credential, informative, cmpopts.IgnoreFields(credential.Constraint{}, "Raw"), cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	claims, err := sdjwt.Claims([]byte(raw + "~"))
	if err != nil || strings.Contains(string(claims), "_sd") || !strings.Contains(string(claims), "9000000009") {
		t.Errorf("claims %s, %v", claims, err)
	}
}
