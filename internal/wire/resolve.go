// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/did/didwebvh"
	"github.com/behalf-id/behalf/did/resolution"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// methods returns all DID methods: what is fetched comes from hosts that the framework lists. seen
// keeps how far the logs of did:webvh had come.
func methods(fetch *safehttp.Client, framework func() *trustframework.Framework, seen store.Store, d Deps) (*did.Mux, error) {
	allowed := func(host string) bool { return framework().DIDHostAllowed(host) }
	web, err := didweb.New(didweb.Config{Fetch: fetch, Now: d.Now, Allowed: allowed})
	if err != nil {
		return nil, err
	}
	webvh, err := didwebvh.New(didwebvh.Config{Fetch: fetch, Now: d.Now, Allowed: allowed, Seen: seen})
	if err != nil {
		return nil, err
	}
	return did.NewMux(map[string]did.Resolver{
		didkey.Method: didkey.New(), didjwk.Method: didjwk.New(), didweb.Method: web, didwebvh.Method: webvh,
	})
}

// remembered returns a resolver of m that holds what was fetched for a short while.
func remembered(m *did.Mux, d Deps) (did.Resolver, error) {
	return did.NewCache(did.CacheConfig{Resolver: m, Now: d.Now})
}

// identifiers answers DID Resolution with the methods of m.
func identifiers(m *did.Mux, d Deps) (*resolution.Handler, error) {
	return resolution.New(resolution.Config{Resolver: m, Now: d.Now, Computed: []string{didkey.Method, didjwk.Method}})
}
