// SPDX-License-Identifier: Apache-2.0

package page

import (
	"net/http"

	"github.com/behalf-id/behalf/reason"
)

// said is a title and a text about what went wrong.
type said struct{ Title, Text string }

// refusal returns what a refusal means for the person in front of the page.
func (t words) refusal(code reason.Code, status int) said {
	switch {
	case code == reason.HTTPCSRF:
		return said{t.StaleTitle, t.StaleText}
	case code == reason.SessionUnknown, status == http.StatusNotFound, status == http.StatusGone:
		return said{t.GoneTitle, t.GoneText}
	case status == http.StatusTooManyRequests:
		return said{t.BusyTitle, t.BusyText}
	case status >= http.StatusInternalServerError:
		return said{t.BrokenTitle, t.BrokenText}
	default:
		return said{t.RefusedTitle, t.RefusedText}
	}
}
