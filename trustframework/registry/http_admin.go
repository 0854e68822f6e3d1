// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"net/http"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// outcome is the answer to apply and preview.
type outcome struct {
	Version int      `json:"version,omitzero"`
	Changes []string `json:"changes"`
}

func (a *api) export(w http.ResponseWriter, req *http.Request) {
	f, err := a.registry.Export(req.Context())
	if err != nil {
		a.problems.Write(w, reason.Operator, err)
		return
	}
	web.JSON(w, http.StatusOK, f)
}

func (a *api) apply(w http.ResponseWriter, req *http.Request) {
	f, err := readFramework(req)
	if err != nil {
		a.problems.Write(w, reason.Operator, err)
		return
	}
	done, err := a.registry.Apply(req.Context(), f)
	if err != nil {
		a.problems.Write(w, reason.Operator, err)
		return
	}
	web.JSON(w, http.StatusOK, outcome{done.Version, orEmpty(done.Changes)})
}

func (a *api) preview(w http.ResponseWriter, req *http.Request) {
	f, err := readFramework(req)
	if err != nil {
		a.problems.Write(w, reason.Operator, err)
		return
	}
	changes, err := a.registry.Preview(req.Context(), f)
	if err != nil {
		a.problems.Write(w, reason.Operator, err)
		return
	}
	web.JSON(w, http.StatusOK, outcome{Changes: orEmpty(changes)})
}

func readFramework(req *http.Request) (*trustframework.Framework, error) {
	raw, err := web.ReadBody(req, "application/json")
	if err != nil {
		return nil, err
	}
	return trustframework.Read(raw)
}

func orEmpty(lines []string) []string {
	if lines == nil {
		return []string{}
	}
	return lines
}
