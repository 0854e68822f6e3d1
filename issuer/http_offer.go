// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"net/http"

	"github.com/behalf-id/behalf/internal/page"
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

// getOfferPage shows an offer to a person: a link for the wallet on this device and a QR code for one on
// another. It never shows the transaction code, which comes another way. An offer that has ended is
// shown as that, and no more is told of it than that.
func (i *Issuer) getOfferPage(w http.ResponseWriter, r *http.Request) {
	d, o, err := i.offerAt(r.Context(), r.PathValue("ref"))
	if err != nil {
		i.cfg.Pages.Refusal(w, r, err)
		return
	}
	i.cfg.Pages.Offer(w, r, page.Offer{
		Issuer: i.cfg.Name, What: d.Request.Grant.allows(i.cfg.Pages.Words(r)), Link: i.link(d, o).ByReference, TxCode: o.TxCode != "", Expires: o.Expires,
	})
}
