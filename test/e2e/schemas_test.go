// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world"
)

// TestWhatIsSent holds what running servers send against the schemas that the OpenID Foundation publishes,
// wherever there is one: they know the formats dc+sd-jwt and jwt_vc_json in metadata, dc+sd-jwt in queries. What
// only a wallet sends is held against them in openid/vci, as its own requests are encrypted on the way.
func TestWhatIsSent(t *testing.T) {
	w, stop := littleWorld(t)
	t.Cleanup(stop)
	p := newPeer(t, ready{Registry: w.Registry, Issuer: w.Issuer, Gateway: w.Gateway, CA: w.CA(), OfficeToken: w.IssuerToken, ClientToken: w.GatewayToken})
	get := func(address, mediaType string) []byte {
		t.Helper()
		answer, err := p.fetch.Get(t.Context(), address, safehttp.Want{MediaTypes: []string{mediaType}, MaxBytes: 1 << 20})
		check(t, err)
		return answer.Body
	}

	// The one member of Token Status List §9.3 is registered for this metadata, and not in its schema.
	metadata := without(t, get(p.Issuer+"/.well-known/openid-credential-issuer", "application/json"), "status_list_aggregation_endpoint")
	fits(t, "oid4vci/credential_issuer_metadata-1_0.json", metadata)

	var offered struct {
		Offer struct {
			URI       string `json:"uri"`
			Reference string `json:"by_reference"`
		} `json:"offer"`
	}
	check(t, p.call(t.Context(), "POST", p.Issuer+"/admin/v1/delegations", p.OfficeToken, "schemas", world.Grant(time.Now()), &offered))
	fits(t, "oid4vci/credential_offer-1_0.json", []byte(parameter(t, offered.Offer.URI, "credential_offer")))
	fits(t, "oid4vci/credential_offer-1_0.json", get(parameter(t, offered.Offer.Reference, "credential_offer_uri"), "application/json"))

	var asked struct {
		RequestURI string `json:"request_uri"`
	}
	access := []byte(`{"principal":"` + world.PrincipalURN + `","resource":"appointments","action":"book","purpose":"` + world.Purpose + `","controller":"` + world.Controller + `"}`)
	check(t, p.call(t.Context(), "POST", p.Gateway+"/v1/requests", p.ClientToken, "", access, &asked))
	_, rest, _ := strings.Cut(string(get(asked.RequestURI, "application/oauth-authz-req+jwt")), ".")
	body, _, _ := strings.Cut(rest, ".")
	payload, err := base64.RawURLEncoding.DecodeString(body)
	check(t, err)
	var request struct {
		Query json.RawMessage   `json:"dcql_query"`
		Info  []json.RawMessage `json:"verifier_info"`
	}
	check(t, json.Unmarshal(payload, &request))
	fits(t, "oid4vp/dcql_request.json", request.Query)
	info, err := json.Marshal(map[string]any{"verifier_info": request.Info})
	check(t, err)
	if fits(t, "oid4vp/verifier_info.json", info); len(request.Info) != 1 {
		t.Errorf("%d statements about the verifier", len(request.Info))
	}
}

// littleWorld is a world whose servers have the formats that the schemas know.
func littleWorld(t *testing.T) (w *world.World, stop func()) {
	t.Helper()
	w, err := world.Open(t.Context(), world.Config{
		Dir: filepath.Join(t.TempDir(), "world"), Now: time.Now, Logger: slog.New(slog.DiscardHandler), SignIn: true,
		Issuer:  func(c *wire.IssuerConfig) { c.Formats = []string{"dc+sd-jwt", "vc+jwt"} },
		Gateway: func(c *wire.GatewayConfig) { c.Formats = []string{"dc+sd-jwt"} },
	})
	check(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	check(t, w.Ready(ctx))
	return w, func() { cancel(); check(t, <-ended) }
}

// without returns the object raw without one of its members, which must be there.
func without(t *testing.T, raw []byte, name string) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	check(t, json.Unmarshal(raw, &members))
	if members[name] == nil {
		t.Fatalf("%s is not there", name)
	}
	delete(members, name)
	out, err := json.Marshal(members)
	check(t, err)
	return out
}

// parameter returns one parameter of a link.
func parameter(t *testing.T, link, name string) string {
	t.Helper()
	u, err := url.Parse(link)
	check(t, err)
	value := u.Query().Get(name)
	if value == "" {
		t.Fatalf("%q has no %s", link, name)
	}
	return value
}

// fits holds raw against one of the schemas, and a text too, so that a schema which refuses nothing is
// noticed.
func fits(t *testing.T, name string, raw []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(shared.Open(t, "vectors/oidf-json-schemas/"+name)))
	check(t, err)
	c := jsonschema.NewCompiler()
	check(t, c.AddResource("https://schema.test/"+name, doc))
	s, err := c.Compile("https://schema.test/" + name)
	check(t, err)
	sent, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	check(t, err)
	if err := s.Validate(sent); err != nil {
		t.Errorf("%s: %v\n%s", name, err, raw)
	}
	if s.Validate("a text") == nil {
		t.Errorf("%s holds nothing to anything", name)
	}
}
