// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"strconv"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// What a wallet asks of the issuer that hosts the status of its links: typ of the signed request,
// and where it goes.
const (
	hostType   = "hosted-status+jwt"
	hostPath   = "/v1/hosted-status"
	revokeType = "hosted-status-revoke+jwt"
	revokePath = "/v1/hosted-status/revoke"
)

// hosted is the answer of an issuer that hosts the status of a person-issued link.
type hosted struct {
	Token struct {
		Index uint64 `json:"idx"`
		List  string `json:"uri"`
	} `json:"token"`
	Bitstring []struct {
		Purpose string `json:"statusPurpose"`
		Index   string `json:"statusListIndex"`
		List    string `json:"statusListCredential"`
	} `json:"bitstring"`
}

// hostedStatus asks the issuer called root for the status entry of the link child. It is told whom
// the link is for only where they may pass it on in turn, and will ask it themselves.
func (w *Wallet) hostedStatus(ctx context.Context, root string, child *credential.Credential, format string, by did.Signer) ([]credential.StatusRef, error) {
	claims := map[string]any{"parent": child.Parent.ID, "credential": child.ID}
	if child.Redelegation.MaxDepth > 0 {
		claims["delegate"] = child.Delegate.ID
	}
	answer, err := w.ask(ctx, root, hostType, hostPath, 201, claims, by)
	if errors.Is(err, safehttp.ErrUnreachable) {
		return nil, reason.Wrap(reason.Of(err), "the issuer, which keeps the status of what you pass on, cannot be reached; "+
			"without it services would refuse the delegation, so nothing was signed: try again later", err)
	}
	if err != nil {
		return nil, err
	}
	var h hosted
	if err := strictjson.Unmarshal(answer, &h); err != nil {
		return nil, err
	}
	refs, err := h.refs(format)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		if !w.cfg.Framework().StatusHostAllowed(root, ref.List) {
			return nil, reason.New(reason.StatusIssuer, "the issuer names a status list where the framework lists none of its own")
		}
	}
	return refs, nil
}

// refs returns the entries that a link in format carries.
func (h hosted) refs(format string) ([]credential.StatusRef, error) {
	if format == "dc+sd-jwt" {
		return []credential.StatusRef{{Kind: credential.TokenStatusList, List: h.Token.List, Index: h.Token.Index}}, nil
	}
	var out []credential.StatusRef
	for _, b := range h.Bitstring {
		index, err := strconv.ParseUint(b.Index, 10, 64)
		if err != nil || len(out) == 2 {
			return nil, reason.Wrap(reason.StatusIndex, "the issuer gave no usable status entry", err)
		}
		out = append(out, credential.StatusRef{Kind: credential.BitstringStatusList, List: b.List, Index: index, Purpose: b.Purpose})
	}
	return out, nil
}

// ask posts claims, signed by a holder key, to path of the party called root, which the framework
// must list.
func (w *Wallet) ask(ctx context.Context, root, kind, path string, status int, claims map[string]any, by did.Signer) ([]byte, error) {
	origin := originOf(root)
	if _, known := w.cfg.Framework().Party(root); !known || origin == "" {
		return nil, reason.New(reason.OfferUntrusted, "the trust framework does not know who issued this delegation")
	}
	request, err := w.signRequest(ctx, origin, kind, claims, by)
	if err != nil {
		return nil, err
	}
	answer, err := w.post(ctx, origin+path, jwtType, request, safehttp.Want{Statuses: []int{status}})
	if err != nil {
		return nil, refusedByHost(err)
	}
	return answer, nil
}

// signRequest signs claims by a holder key, for the issuer at origin, with a nonce of the issuer's.
func (w *Wallet) signRequest(ctx context.Context, origin, kind string, claims map[string]any, by did.Signer) ([]byte, error) {
	answer, err := w.post(ctx, origin+"/nonce", jsonType, nil, safehttp.Want{})
	if err != nil {
		return nil, refusedByHost(err)
	}
	nonce, err := vci.ParseNonce(answer)
	if err != nil {
		return nil, err
	}
	claims["aud"], claims["iat"], claims["nonce"] = origin, w.cfg.Now().Unix(), nonce
	payload, err := strictjson.Marshal(claims)
	if err != nil {
		return nil, err
	}
	return jose.Sign(ctx, jose.Header{Type: kind, KeyID: by.Method.String()}, payload, by)
}
