// SPDX-License-Identifier: Apache-2.0

// Package page is what issuer and gateway show in a browser: offers, consent, requests and refusals.
//
// Every page works with a keyboard alone, without script, on a phone and on a large screen, in light
// and dark, in English and Welsh. It loads nothing from another origin, may stand in no frame and is
// kept by no cache. Every text from outside is escaped, bounded and shown with what could hide in it.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Bounds of what is shown.
const (
	MaxText  = 600  // bytes in a name or an item
	MaxItems = 60   // items in a list
	MaxLink  = 2048 // bytes in a link, as a QR code has it
)

//go:embed templates/*.html
var templates embed.FS // read in New alone

//go:embed assets
var assets embed.FS // read in New alone

// Config is what Pages are made of.
type Config struct {
	// Name is who runs the pages, as people know it: "Rosebank Surgery". Required.
	Name string
	// Origin is where browsers reach the pages: "https://issuer.example". Plain http is for loopback
	// addresses alone. Required; a form that comes from elsewhere is refused.
	Origin string
}

// Pages shows pages. Only New makes one.
type Pages struct {
	cfg       Config
	secure    bool // the origin is https
	templates map[kind]*template.Template
	assets    map[string]asset
	languages []language
}

// kind is one sort of page: the name of its template.
type kind string

const (
	kindOffer     kind = "offer"
	kindConsent   kind = "consent"
	kindRequest   kind = "request"
	kindPresented kind = "presented"
	kindDone      kind = "done"
	kindProblem   kind = "problem"
)

// Offer is a credential that waits to be collected.
type Offer struct {
	Issuer  string    // who offers it
	What    []string  // what it lets its holder do, a line each, in plain words
	Link    string    // the offer, for a wallet: openid-credential-offer:, haip-vci: or https:
	TxCode  bool      // the wallet will ask for a code that came another way
	Expires time.Time // when the link ends; zero: not said
}

// Consent is the question whether a wallet may collect credentials.
type Consent struct {
	Issuer string   // who would issue them
	Client string   // the wallet that asks
	Person string   // who is signed in
	What   []string // what the credentials let their holder do, a line each
	Action string   // the path that the form is posted to: fields token and answer, "yes" or "no"
	Token  string   // of Pages.Token; one is made if it is empty
	Return string   // where the answer to the form may redirect to: the wallet's redirect_uri
}

// Request is a service's question for a presentation.
type Request struct {
	Service     string    // who asks
	Controller  string    // whose records it is about
	Purpose     string    // why
	What        []string  // what would be done, or shown, a line each
	Link        string    // the request, for a wallet: openid4vp:, haip-vp: or https:
	Poll        string    // the path that says in JSON how far it is: {"state":…,"next":…}
	Confirm     string    // cross-device: the path that the form is posted to: fields token and code
	Token       string    // of Pages.Token; one is made if it is empty and Confirm is not
	CrossDevice bool      // the wallet is on another device, and will show a code to be entered here
	Wrong       bool      // the code that was entered was not the right one
	Return      string    // where the answer to the form may redirect to
	Expires     time.Time // when the link ends; zero: not said
}

// Presented is what the device with the wallet shows after it has answered a cross-device request.
type Presented struct {
	// Code is to be entered on the device that began. Where it is empty, the page takes it from the
	// parameter confirmation_code of its address's fragment, which servers do not see.
	Code string
}

// Done is the end of a request on the device that began it.
type Done struct {
	Service string // who asked
	Next    string // where the service goes on, an https address; empty: the person goes back alone
}

// New returns the pages of cfg. It refuses a Config with a part missing, and an Origin that is not
// one.
func New(cfg Config) (*Pages, error) {
	if cfg.Name == "" || len(cfg.Name) > MaxText {
		return nil, errors.New("page: Name must be given")
	}
	secure, err := checkOrigin(cfg.Origin)
	if err != nil {
		return nil, err
	}
	p := &Pages{cfg: cfg, secure: secure, languages: languages()}
	if p.assets, err = readAssets(); err != nil {
		return nil, err
	}
	if p.templates, err = p.readTemplates(); err != nil {
		return nil, err
	}
	return p, nil
}

// checkOrigin reports whether origin is https. Plain http is taken on loopback addresses.
func checkOrigin(origin string) (secure bool, err error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin || strings.ToLower(origin) != origin {
		return false, errors.New("page: Origin must be scheme and host, such as https://issuer.example")
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
		return u.Scheme == "https", nil
	}
	return false, errors.New("page: Origin must be https")
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// asset is one file that pages refer to.
type asset struct {
	mediaType string
	body      []byte
}

// readAssets returns the assets by the name in their address, which changes with their content so
// that a browser can keep them.
func readAssets() (map[string]asset, error) {
	out := map[string]asset{}
	for _, a := range []struct{ name, ext, mediaType string }{
		{"page", "css", "text/css; charset=utf-8"},
		{"page", "js", "text/javascript; charset=utf-8"},
		{"icon", "svg", "image/svg+xml"},
	} {
		body, err := assets.ReadFile("assets/" + a.name + "." + a.ext)
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		sum := sha256.Sum256(body)
		out[a.name+"-"+hex.EncodeToString(sum[:6])+"."+a.ext] = asset{a.mediaType, body}
	}
	return out, nil
}

// readTemplates returns each kind of page within the layout that all share.
func (p *Pages) readTemplates() (map[kind]*template.Template, error) {
	out := map[kind]*template.Template{}
	functions := template.FuncMap{"fill": fill, "plain": plain, "asset": p.assetPath, "until": until, "advice": advice}
	for _, k := range []kind{kindOffer, kindConsent, kindRequest, kindPresented, kindDone, kindProblem} {
		t, err := template.New("layout.html").Funcs(functions).ParseFS(templates, "templates/layout.html", "templates/parts.html", "templates/"+string(k)+".html")
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		out[k] = t
	}
	return out, nil
}

// assetPath returns the path of the asset with the given ending.
func (p *Pages) assetPath(ext string) string {
	for name := range p.assets {
		if strings.HasSuffix(name, "."+ext) {
			return "/assets/" + name
		}
	}
	return ""
}
