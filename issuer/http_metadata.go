// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"net/http"
	"strings"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// getMetadata answers with the metadata as JSON or, to who rather has it so, signed (OpenID4VCI 1.0
// §12.2.2). It holds the words of all languages at once, so that asking for one tells nobody which
// person asks; what languages there are stands in Content-Language.
func (i *Issuer) getMetadata(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept")
	w.Header().Set("Content-Language", i.languages())
	web.CacheFor(w, metadataLife)
	if !prefersSigned(r.Header.Get("Accept")) {
		web.JSON(w, http.StatusOK, i.Metadata())
		return
	}
	signed, err := i.SignedMetadata(r.Context())
	if err != nil {
		w.Header().Del("Content-Language")
		w.Header().Set("Cache-Control", "no-store")
		web.Problem(w, reason.Service, err)
		return
	}
	web.Bytes(w, http.StatusOK, vci.MediaTypeSigned, signed)
}

func (i *Issuer) getServerMetadata(w http.ResponseWriter, _ *http.Request) {
	web.CacheFor(w, metadataLife)
	web.JSON(w, http.StatusOK, i.ServerMetadata())
}

func (i *Issuer) languages() string {
	var out []string
	for _, t := range i.cfg.texts() {
		out = append(out, t.locale)
	}
	return strings.Join(out, ", ")
}

// prefersSigned reports whether an Accept field names signed metadata with a weight above that of JSON.
// Without either it is JSON.
func prefersSigned(accept string) bool {
	var signed, plain float64
	for kind, weight := range web.Preferences(accept) {
		switch strings.ToLower(kind) {
		case vci.MediaTypeSigned:
			signed = weight
		case typeJSON:
			plain = weight
		}
	}
	return signed > plain
}
