// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"net/http"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

// getOffer answers a wallet that has an offer by reference (OpenID4VCI 1.0 §4.1.3). Who knows the
// address has the offer, so it is as secret as one by value, and ends with it.
func (i *Issuer) getOffer(w http.ResponseWriter, r *http.Request) {
	d, o, err := i.offerAt(r.Context(), r.PathValue("ref"))
	if err != nil {
		refuse(w, reason.Delegate, err)
		return
	}
	web.JSON(w, http.StatusOK, i.invitation(d, o))
}
