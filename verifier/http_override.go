// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"net/http"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

// addOverrides adds the paths of staff overrides, where the deployment has a token for them. Without
// one they do not exist.
func (a *api) addOverrides(mux *http.ServeMux, cfg HTTPConfig) {
	if cfg.OverridesToken.Reveal() == "" {
		return
	}
	staff := func(h http.HandlerFunc) http.Handler { return cfg.Problems.Bearer(cfg.OverridesToken, h) }
	mux.Handle("POST /v1/overrides", staff(a.postOverride))
	mux.Handle("POST /v1/overrides/{id}/approve", staff(a.approveOverride))
	mux.Handle("POST /v1/overrides/{id}/use", staff(a.useOverride))
}

func (a *api) postOverride(w http.ResponseWriter, r *http.Request) {
	var ask OverrideAsk
	if err := readClosed(r, &ask); err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	o, err := a.AskOverride(r.Context(), ask)
	a.writeOverride(w, http.StatusCreated, o, err)
}

func (a *api) approveOverride(w http.ResponseWriter, r *http.Request) {
	var by struct {
		Approver string `json:"approver"`
	}
	if err := readClosed(r, &by); err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	o, err := a.ApproveOverride(r.Context(), r.PathValue("id"), by.Approver)
	a.writeOverride(w, http.StatusOK, o, err)
}

func (a *api) useOverride(w http.ResponseWriter, r *http.Request) {
	var by struct {
		Requester string `json:"requester"`
	}
	if err := readClosed(r, &by); err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	o, err := a.UseOverride(r.Context(), r.PathValue("id"), by.Requester)
	a.writeOverride(w, http.StatusOK, o, err)
}

func (a *api) writeOverride(w http.ResponseWriter, status int, o Override, err error) {
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	web.JSON(w, status, o)
}

// readClosed reads a JSON body into v. A member that v does not have, or of another type, is
// request.malformed.
func readClosed(r *http.Request, v any) error {
	raw, err := web.ReadBody(r, "application/json")
	if err != nil {
		return err
	}
	return malformed(strictjson.UnmarshalClosed(raw, v))
}
