// SPDX-License-Identifier: Apache-2.0

package resolution_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/did/resolution"
)

// A handler over did:key alone needs no network. Serve it below Prefix.
func ExampleNew() {
	mux, err := did.NewMux(map[string]did.Resolver{"key": didkey.New()})
	if err != nil {
		fmt.Println(err)
		return
	}
	h, err := resolution.New(resolution.Config{Resolver: mux, Now: time.Now, Computed: []string{"key"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"did:key:zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP", "did:key:z", "did:example:1"} {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, resolution.Prefix+path, nil))
		fmt.Println(answer.Code)
	}
	// Output:
	// 200
	// 400
	// 501
}
