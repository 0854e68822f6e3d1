// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"net/url"
	"time"

	"github.com/behalf-id/behalf/openid/vci"
)

// Collector is how a person takes part in a collection.
type Collector struct {
	// Accept is asked once, after the issuer was found accredited and before anything is spent. It
	// returns the transaction code, "" where none is needed, or an error that ends it. Required.
	Accept func(OfferView) (txCode string, err error)
	// Copies is how many one-time copies are wanted of each credential, each with a key of its own, so
	// that services cannot tell from them that they saw the same holder. 0 stands for one credential,
	// bound to the holder key in use. Where an issuer gives no copies, one comes.
	Copies int
	// SignIn lets the person sign in at the issuer. nil: what needs that is refused.
	SignIn SignIn
}

// SignIn is a browser, and an address to which the issuer sends the person back.
type SignIn interface {
	// Redirect returns the address of this wallet that answers come to (RFC 8252 §7).
	Redirect() string
	// Authorize shows the page at address to the person and returns the parameters that came back.
	Authorize(ctx context.Context, address string) (url.Values, error)
}

// OfferView is what a person sees before anything is collected.
type OfferView struct {
	Issuer string      // name of the issuer in the trust framework
	Origin string      // its address
	TxCode *vci.TxCode // nil: no transaction code is needed
	SignIn bool        // the person will have to sign in at the issuer
}

// Collected is what came of a collection. What it lists is durable.
type Collected struct {
	Entries []*Entry
	Pending []*Pending // the issuer answers later: Wallet.Collect
}

// Pending is a credential that its issuer has not decided about yet.
type Pending struct {
	ID     string    `json:"id"`
	Type   string    `json:"type"`   // as Entry has it
	Issuer string    `json:"issuer"` // name in the trust framework, else its address
	Origin string    `json:"origin"`
	Since  time.Time `json:"since"`
	After  time.Time `json:"after"` // the issuer wants not to be asked before
	Copies int       `json:"copies"`
}
