// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/reason"
)

// fixed answers out of a table, by index.
type fixed []answer

type answer struct {
	state status.State
	asOf  time.Time
	err   error
}

func (f fixed) State(_ context.Context, _ string, ref credential.StatusRef) (status.State, time.Time, error) {
	a := f[ref.Index]
	return a.state, a.asOf, a.err
}

func TestOf(t *testing.T) {
	old, young := time.Unix(100, 0), time.Unix(200, 0)
	down := reason.New(reason.StatusSignature, "")
	src := fixed{
		{status.Valid, young, nil}, {status.Valid, old, nil}, {status.Suspended, young, nil}, {status.Revoked, young, nil},
		{status.Valid, young, down}, {status.Unknown, young, nil}, {status.Valid, time.Time{}, nil}, {status.State(9), young, nil},
	}
	for _, c := range []struct {
		refs  []uint64
		state status.State
		asOf  time.Time
		code  reason.Code
	}{
		{nil, status.Unknown, time.Time{}, reason.StatusRequiredMissing},
		{[]uint64{0}, status.Valid, young, ""},
		{[]uint64{0, 1}, status.Valid, old, ""},
		{[]uint64{1, 0}, status.Valid, old, ""},
		{[]uint64{0, 2}, status.Suspended, young, ""},
		{[]uint64{2, 1}, status.Suspended, old, ""},
		{[]uint64{3, 2, 1}, status.Revoked, old, ""},
		{[]uint64{1, 2, 3}, status.Revoked, old, ""},
		{[]uint64{0, 4}, status.Unknown, time.Time{}, reason.StatusSignature},
		{[]uint64{4, 0}, status.Unknown, time.Time{}, reason.StatusSignature},
		{[]uint64{3, 4}, status.Unknown, time.Time{}, reason.StatusSignature},
		{[]uint64{0, 5}, status.Unknown, time.Time{}, reason.StatusUnavailable},
		{[]uint64{6}, status.Unknown, time.Time{}, reason.StatusUnavailable},
		{[]uint64{0, 7}, status.Unknown, time.Time{}, reason.StatusUnavailable},
		{[]uint64{0, 0, 0, 0, 0, 0, 0, 0}, status.Valid, young, ""},
		{[]uint64{0, 0, 0, 0, 0, 0, 0, 0, 0}, status.Unknown, time.Time{}, reason.StatusUnavailable},
	} {
		var refs []credential.StatusRef
		for _, i := range c.refs {
			refs = append(refs, credential.StatusRef{Kind: credential.TokenStatusList, Index: i})
		}
		state, asOf, err := status.Of(context.Background(), src, "did:web:issuer.test", refs)
		if state != c.state || !asOf.Equal(c.asOf) || reason.Of(err) != c.code {
			t.Errorf("%v: got %v %v %v", c.refs, state, asOf, err)
		}
	}
}

func TestStateNames(t *testing.T) {
	for state, name := range map[status.State]string{
		status.Unknown: "unavailable", status.Valid: "valid", status.Suspended: "suspended", status.Revoked: "revoked", 77: "unavailable",
	} {
		if state.String() != name {
			t.Errorf("%d is %q, want %q", state, state, name)
		}
	}
}

func ExampleOf() {
	src := fixed{{status.Valid, time.Unix(200, 0), nil}, {status.Suspended, time.Unix(100, 0), nil}}
	refs := []credential.StatusRef{
		{Kind: credential.BitstringStatusList, List: "https://issuer.test/status/bitstring/1-1-revocation", Index: 0, Purpose: "revocation"},
		{Kind: credential.BitstringStatusList, List: "https://issuer.test/status/bitstring/1-1-suspension", Index: 1, Purpose: "suspension"},
	}
	state, asOf, err := status.Of(context.Background(), src, "did:web:issuer.test", refs)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(state, asOf.Unix())
	// Output: suspended 100
}
