// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"strings"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// Discover asks the registry at url for the keys it signs with, as DIDs of method key. Whoever
// calls it takes the registry's word for who it is, over https and this once: a wallet at its
// making, with the keys shown to its owner. It must then keep them and never ask again by itself.
func Discover(ctx context.Context, f Fetcher, url string) ([]string, error) {
	want := safehttp.Want{MediaTypes: []string{"application/json"}, MaxBytes: 16 << 10}
	res, err := f.Get(ctx, strings.TrimSuffix(url, "/")+"/.well-known/behalf-registry", want)
	if err != nil {
		return nil, reason.Wrap(reason.TrustRegistryUnavailable, "the registry did not say its keys", err)
	}
	var doc struct {
		Keys []string `json:"keys"`
	}
	if err := strictjson.Unmarshal(res.Body, &doc); err != nil {
		return nil, err
	}
	if len(doc.Keys) == 0 || len(doc.Keys) > trustframework.MaxTrusted {
		return nil, reason.New(reason.RegistrySignature, "the registry names no key, or too many")
	}
	return doc.Keys, nil
}
