// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"net/http"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/openid/vci"
)

func (i *Issuer) getServerMetadata(w http.ResponseWriter, _ *http.Request) {
	web.CacheFor(w, metadataLife)
	web.JSON(w, http.StatusOK, i.ServerMetadata())
}

func (i *Issuer) postNonce(w http.ResponseWriter, _ *http.Request) {
	nonce, err := i.Nonce()
	if err != nil {
		refuseWallet(w, err, credentialError)
		return
	}
	web.JSON(w, http.StatusOK, vci.Nonce{Nonce: nonce})
}
