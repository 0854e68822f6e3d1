// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/behalf-id/behalf/internal/safehttp"
)

// library is the HTTP client that the OpenID and OAuth libraries use in place of their own.
type library struct{ http *http.Client }

func newLibrary(fetch *safehttp.Client) (library, error) {
	c, err := fetch.Library(MaxAnswer)
	return library{c}, err
}

// context returns ctx with the client in it, which is where both libraries look for one.
func (l library) context(ctx context.Context) context.Context { return oidc.ClientContext(ctx, l.http) }
