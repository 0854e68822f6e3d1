// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/behalf-id/behalf/internal/qr/scan"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/internal/world/login"
	"github.com/behalf-id/behalf/wallet"
)

// TestStory walks the whole way over pages: what the surgery grants is collected from its page, shown to
// a service on another device, and to one on the same device.
func TestStory(t *testing.T) {
	n := build(t)
	n.collect(t)
	t.Run("on another device", n.acrossDevices)
	t.Run("with a wrong code", n.wrongCode)
	t.Run("on the same device", n.sameDevice)
	t.Run("a link that is over", n.overAndDone)
}

// scan reads the QR code off the screen.
func (b *tab) scan(t *testing.T) string {
	t.Helper()
	link, err := scan.Read(bytes.NewReader(b.picture(t)))
	check(t, err)
	return link
}

// collect has the wallet scan the issuer's page.
func (n *town) collect(t *testing.T) {
	t.Helper()
	var o offered
	n.post(t, n.Issuer+"/admin/v1/delegations", n.IssuerToken, world.Grant(time.Now()), &o)
	b := open(t, n.browser, desktop())
	b.do(t, chromedp.Navigate(o.Offer.Page))
	if text := ask[string](t, b, `document.body.innerText`); strings.Contains(text, o.Offer.TxCode) || strings.Contains(text, world.PrincipalNumber) {
		t.Error("the page gives away the transaction code or whom it is about")
	}
	link := b.scan(t)
	if href := ask[string](t, b, `document.getElementById("open").getAttribute("href")`); href != link {
		t.Errorf("the button leads to %s, the code to %s", href, link)
	}
	b.clean(t, n.Issuer)
	got, err := n.wallet.Receive(t.Context(), link, wallet.Collector{Accept: func(wallet.OfferView) (string, error) { return o.Offer.TxCode, nil }})
	check(t, err)
	if len(got.Entries) != 1 {
		t.Fatalf("%d credentials were collected", len(got.Entries))
	}
	b.do(t, chromedp.Navigate(o.Offer.Page))
	if h := ask[string](t, b, `document.querySelector("h1").innerText`); h != "This link no longer works" {
		t.Errorf("after it was collected the page says %s", h)
	}
}

// present answers a request as the person does.
func (n *town) present(t *testing.T, link string) wallet.Told {
	t.Helper()
	prepared, err := n.wallet.Prepare(t.Context(), link, "")
	check(t, err)
	told, err := prepared.Send(t.Context(), wallet.Agree)
	check(t, err)
	return told
}

// acrossDevices scans the request off a desktop, and carries the code back to it by hand.
func (n *town) acrossDevices(t *testing.T) {
	a := n.ask(t, "cross_device", n.back(), "appointments", "book")
	b := open(t, n.browser, desktop())
	b.do(t, chromedp.Navigate(a.Page))
	b.says(t, "Waiting for your wallet.")
	told := n.present(t, b.scan(t))
	if told.Confirmation == "" {
		t.Fatal("the wallet was told no code")
	}
	b.says(t, "Your wallet has answered. Enter the code that it shows.")
	if status, _ := n.result(t, a.ID, ""); status != http.StatusForbidden {
		t.Errorf("before the code is entered the result is told: %d", status)
	}
	b.do(t, chromedp.SendKeys(chromedp.CSS("#code"), n.onThePhone(t, told)), chromedp.Click(chromedp.CSS(".enter button")), chromedp.WaitVisible(chromedp.CSS("main.service")))
	code := <-n.saw
	if status, _ := n.result(t, a.ID, ""); status != http.StatusForbidden {
		t.Errorf("without the response code the result is told: %d", status)
	}
	status, result := n.result(t, a.ID, "?"+code.Encode())
	decision, _ := result["decision"].(map[string]any)
	if status != http.StatusOK || result["state"] != "decided" || decision["outcome"] != "permit" || decision["flow"] != "cross_device" {
		t.Errorf("the service is told %d %v", status, result)
	}
}

// onThePhone opens the page that the wallet was sent to, and returns the code that it shows.
func (n *town) onThePhone(t *testing.T, told wallet.Told) string {
	t.Helper()
	b := open(t, n.browser, phone())
	b.do(t, chromedp.Navigate(told.RedirectURI))
	shown := ask[string](t, b, `document.getElementById("given").innerText`)
	if strings.ReplaceAll(shown, " ", "") != told.Confirmation {
		t.Errorf("the phone shows %q, the wallet %q", shown, told.Confirmation)
	}
	b.clean(t, n.Gateway)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.asked {
		if strings.Contains(address, told.Confirmation) && !strings.Contains(address, "#") {
			t.Errorf("a server saw the code: %s", address)
		}
	}
	return shown
}

// wrongCode is somebody who does not have the phone; the person who has it still can.
func (n *town) wrongCode(t *testing.T) {
	a := n.ask(t, "cross_device", n.back(), "appointments", "view")
	b := open(t, n.browser, desktop())
	b.do(t, chromedp.Navigate(a.Page))
	told := n.present(t, b.scan(t))
	wrong := "00000000"
	if told.Confirmation == wrong {
		wrong = "00000001"
	}
	b.do(t, chromedp.SendKeys(chromedp.CSS("#code"), wrong), chromedp.Click(chromedp.CSS(".enter button")), chromedp.WaitVisible(chromedp.CSS("#wrong")))
	if status, _ := n.result(t, a.ID, ""); status != http.StatusForbidden {
		t.Errorf("after a wrong code the result is told: %d", status)
	}
	b.do(t, chromedp.SendKeys(chromedp.CSS("#code"), told.Confirmation), chromedp.KeyEvent("\r"), chromedp.WaitVisible(chromedp.CSS("main.service")))
	<-n.saw

	// Whoever has the page's address but not its browser gets nowhere.
	other := open(t, n.browser, desktop())
	other.do(t, chromedp.Navigate(a.Page), chromedp.WaitVisible(chromedp.CSS("main.problem")))
}

// sameDevice follows the page's button, and comes back to the service in the same browser.
func (n *town) sameDevice(t *testing.T) {
	a := n.ask(t, "same_device", n.back(), "prescriptions/repeat", "request")
	b := open(t, n.browser, phone())
	b.do(t, chromedp.Navigate(a.Page))
	if ask[bool](t, b, `document.getElementById("qr") !== null`) {
		t.Error("the page shows a QR code, though the answer comes back on this device")
	}
	told := n.present(t, ask[string](t, b, `document.getElementById("open").getAttribute("href")`))
	b.says(t, "Your wallet has answered and takes you back.")
	b.clean(t, n.Gateway)
	if status, _ := n.result(t, a.ID, ""); status != http.StatusForbidden {
		t.Errorf("without the response code the result is told: %d", status)
	}
	b.do(t, chromedp.Navigate(told.RedirectURI))
	code := <-n.saw
	status, result := n.result(t, a.ID, "?"+code.Encode())
	decision, _ := result["decision"].(map[string]any)
	if status != http.StatusOK || decision["outcome"] != "permit" || decision["flow"] != "same_device" {
		t.Errorf("the service is told %d %v", status, result)
	}
	if err := b.until(`document.getElementById("outcome").textContent === "The service goes on."`); err != nil {
		t.Error(err)
	}
}

func (n *town) overAndDone(t *testing.T) {
	b := open(t, n.browser, phone())
	b.do(t, chromedp.Navigate(n.Gateway+"/r/"+rand.Text()), chromedp.WaitVisible(chromedp.CSS("main.problem")))
	if h := ask[string](t, b, `document.querySelector("h1").innerText`); h != "This link no longer works" {
		t.Errorf("the page says %s", h)
	}
}

// atBrowser is a wallet's way to have a person sign in: the browser of the test, and a loopback address.
type atBrowser struct {
	t        *testing.T
	tab      *tab
	n        *town
	listener net.Listener
	answer   string // "yes" or "no"
}

// Redirect implements wallet.SignIn.
func (a *atBrowser) Redirect() string { return "http://" + a.listener.Addr().String() + "/back" }

// Authorize implements wallet.SignIn.
func (a *atBrowser) Authorize(ctx context.Context, address string) (url.Values, error) {
	came := make(chan url.Values, 1)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/back" {
			came <- r.URL.Query()
		}
	})}
	go func() { _ = server.Serve(a.listener) }()
	defer func() { _ = server.Close() }()
	tom := login.Users()[0]
	a.tab.do(a.t, chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("#username")),
		chromedp.SendKeys(chromedp.CSS("#username"), tom.Username), chromedp.SendKeys(chromedp.CSS("#password"), tom.Password),
		chromedp.KeyEvent("\r"), chromedp.WaitVisible(chromedp.CSS("main.consent")))
	text := ask[string](a.t, a.tab, `document.querySelector("main").innerText`)
	for _, want := range []string{world.SurgeryName, tom.Name} {
		if !strings.Contains(text, want) {
			a.t.Errorf("the page does not say %s", want)
		}
	}
	checkTree(a.t, a.tab)
	a.tab.do(a.t, chromedp.Click(chromedp.CSS("button[value="+a.answer+"]")))
	select {
	case values := <-came:
		a.tab.clean(a.t, a.n.Issuer, a.n.SignIn, "http://"+a.listener.Addr().String())
		return values, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(patience):
		a.t.Fatalf("nothing came back; the browser says %v", a.tab.complaints)
		return nil, nil
	}
}

// TestSignIn has the person sign in at the provider and agree on the issuer's page, in the browser.
func TestSignIn(t *testing.T) {
	n := build(t)
	grant := strings.Replace(string(world.Grant(time.Now())), `"profile":"default",`,
		`"profile":"default","collector":{"issuer":"`+n.SignIn+`","subject":"`+login.Users()[0].Subject+`"},`, 1)
	for _, answer := range []string{"no", "yes"} {
		t.Run(answer, func(t *testing.T) {
			var o offered
			n.post(t, n.Issuer+"/admin/v1/delegations", n.IssuerToken, []byte(grant), &o)
			b := open(t, n.browser, desktop())
			b.do(t, chromedp.Navigate(o.Offer.Page))
			link := b.scan(t)
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			check(t, err)
			got, err := n.wallet.Receive(t.Context(), link, wallet.Collector{
				Accept: func(wallet.OfferView) (string, error) { return "", nil },
				SignIn: &atBrowser{t: t, tab: open(t, n.browser, phone()), n: n, listener: listener, answer: answer},
			})
			if answer == "no" {
				if err == nil {
					t.Errorf("after no, %d credentials were collected", len(got.Entries))
				}
				return
			}
			check(t, err)
			if len(got.Entries) != 1 {
				t.Errorf("%d credentials were collected", len(got.Entries))
			}
		})
	}
}
