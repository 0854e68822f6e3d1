// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// The page follows its request without being asked, and says so to those who listen.
func TestPageFollowsItsRequest(t *testing.T) {
	browser, g := start(t), show(t)
	b := open(t, browser, desktop())
	look(t, b, g, "/request")
	b.says(t, "Waiting for your wallet.")
	g.say("presented", "")
	b.says(t, "Your wallet has answered. Enter the code that it shows.")
	g.say("decided", "/done")
	b.do(t, chromedp.WaitVisible(chromedp.CSS("main.done")))
	b.clean(t, g.origin)
}

// says waits until the page's state is text.
func (b *tab) says(t *testing.T, text string) {
	t.Helper()
	script := fmt.Sprintf(`document.getElementById("state").innerText === %q`, text)
	if err := b.until(script); err != nil {
		t.Fatalf("the page does not say %q: %v", text, err)
	}
}

func TestPageSaysWhenItIsOver(t *testing.T) {
	browser, g := start(t), show(t)
	for name, c := range map[string]struct{ state, want string }{
		"expired": {"expired", "This link has run out. Go back and start again."},
		"decided": {"decided", "Done. You can go back now."},
	} {
		t.Run(name, func(t *testing.T) {
			g.say(c.state, "")
			b := open(t, browser, phone())
			look(t, b, g, "/request-here")
			b.says(t, c.want)
			b.clean(t, g.origin)
		})
	}
}

// What the server says is where to go on is an address of a web page, or is not followed.
func TestPageGoesNowhereElse(t *testing.T) {
	browser, g := start(t), show(t)
	for _, next := range []string{"javascript:document.title='run'", "data:text/html,x", "http://example.org/"} {
		g.say("decided", next)
		b := open(t, browser, desktop())
		look(t, b, g, "/request-here")
		b.says(t, "Done. You can go back now.")
		if at := ask[string](t, b, `location.pathname + document.title`); !strings.HasPrefix(at, "/request-here") || strings.Contains(at, "run") {
			t.Errorf("%s leads to %s", next, at)
		}
		b.clean(t, g.origin)
	}
}

func TestPageOutlivesAnOutage(t *testing.T) {
	browser, g := start(t), show(t)
	g.say("down", "")
	b := open(t, browser, desktop())
	look(t, b, g, "/request-here")
	b.says(t, "There is no connection at the moment. We keep trying.")
	g.say("pending", "")
	b.says(t, "Waiting for your wallet.")
}

func TestMotionCanBeTurnedOff(t *testing.T) {
	browser, g := start(t), show(t)
	b := open(t, browser, desktop())
	look(t, b, g, "/request-here")
	b.says(t, "Waiting for your wallet.")
	const moving = `getComputedStyle(document.getElementById("state"), "::before").animationName`
	if got := ask[string](t, b, moving); got != "turn" {
		t.Errorf("nothing moves: %s", got)
	}
	_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := ask[string](t, b, moving); got != "none" {
		t.Errorf("still moves: %s", got)
	}
}

// The code in the fragment of the address is shown, in groups, and asked of no server.
func TestCodeInTheFragment(t *testing.T) {
	browser, g := start(t), show(t)
	for fragment, want := range map[string]string{
		"#confirmation_code=48291355":            "4829 1355",
		"#x=1&confirmation_code=AB-12":           "AB-12",
		"":                                       "",
		"#confirmation_code=%3Cb%3Ecall%20me%3C": "",
		"#confirmation_code=ring-020-7946-000000": "",
	} {
		b := open(t, browser, phone())
		look(t, b, g, "/presented-fragment"+fragment)
		got := ask[string](t, b, `document.getElementById("given").checkVisibility() ? document.getElementById("given").innerText : ""`)
		if got != want {
			t.Errorf("%s shows %q, want %q", fragment, got, want)
		}
		if other := ask[bool](t, b, `document.getElementById("without-code").checkVisibility()`); other != (want == "") {
			t.Errorf("%s: both or neither are shown", fragment)
		}
		b.clean(t, g.origin)
	}
}

func TestLinkIsCopied(t *testing.T) {
	browser, g := start(t), show(t)
	b := open(t, browser, desktop())
	look(t, b, g, "/offer")
	b.do(t, chromedp.Click(chromedp.CSS("summary")), chromedp.Click(chromedp.CSS("#copy")))
	if err := b.until(`document.getElementById("copied").innerText === "Copied"`); err != nil {
		t.Fatalf("the page does not say that it copied: %v", err)
	}
	b.clean(t, g.origin)
}

// stranger is another origin: its page holds html.
func stranger(t *testing.T, html string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>s</title>" + html))
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // another site, not only another port
}

// A form on another site does nothing here, even in a browser that has our cookie.
func TestFormsOfStrangers(t *testing.T) {
	browser, g := start(t), show(t)
	b := open(t, browser, desktop())
	look(t, b, g, "/consent")
	token := ask[string](t, b, `document.querySelector("input[name=token]").value`)
	other := stranger(t, `<form method="post" action="`+g.origin+`/answer"><input name="answer" value="yes"><input name="token" value="`+token+`"><button>x</button></form>`)
	b.do(t, chromedp.Navigate(other+"/"), chromedp.Click(chromedp.CSS("button")), chromedp.WaitVisible(chromedp.CSS("main.problem")))
	if h := ask[string](t, b, `document.querySelector("h1").innerText`); h != "Please try again" {
		t.Errorf("the page says %s", h)
	}
	if g.form != nil {
		t.Errorf("the form was taken: %v", g.form)
	}
	look(t, b, g, "/consent")
	b.do(t, chromedp.Click(chromedp.CSS("button[value=yes]")), chromedp.WaitVisible(chromedp.CSS("main.done")))
	if fmt.Sprint(g.form["answer"]) != "[yes]" {
		t.Errorf("our own form was not taken: %v", g.form)
	}
}

func TestPagesStandInNoFrame(t *testing.T) {
	browser, g := start(t), show(t)
	b := open(t, browser, desktop())
	other := stranger(t, `<iframe src="`+g.origin+`/consent"></iframe>`)
	b.do(t, chromedp.Navigate(other+"/"))
	if err := b.until(`performance.getEntriesByType("resource").length > 0`); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if all := strings.Join(b.complaints, "\n"); !strings.Contains(all, "frame-ancestors") && !strings.Contains(all, "X-Frame-Options") {
		t.Errorf("the browser did not refuse the frame: %s", all)
	}
}

// The answer to a consent form may lead to the wallet's address, and to no other.
func TestFormsReturnToTheWalletAlone(t *testing.T) {
	browser, g := start(t), show(t)
	wallet := stranger(t, `<main class="wallet">back</main>`)
	back := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			v := consent()
			v.Action, v.Return = "/to-wallet", to
			g.pages.Consent(w, r, v)
		}
	}
	g.mux.HandleFunc("POST /to-wallet", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, wallet+"/?code=1", http.StatusSeeOther)
	})
	g.mux.HandleFunc("GET /with", back(wallet+"/"))
	g.mux.HandleFunc("GET /without", back(""))

	b := open(t, browser, phone())
	look(t, b, g, "/with")
	b.do(t, chromedp.Click(chromedp.CSS("button[value=yes]")), chromedp.WaitVisible(chromedp.CSS("main.wallet")))

	b = open(t, browser, phone())
	look(t, b, g, "/without")
	b.do(t, chromedp.Click(chromedp.CSS("button[value=yes]")))
	b.waitComplaint(t, "form-action")
	if at := ask[string](t, b, `location.pathname`); at != "/without" {
		t.Errorf("the form led to %s", at)
	}
}

// waitComplaint waits until the browser complains about what.
func (b *tab) waitComplaint(t *testing.T, what string) {
	t.Helper()
	err := b.until(`true`)
	for err == nil {
		b.mu.Lock()
		all := strings.Join(b.complaints, "\n")
		b.mu.Unlock()
		if strings.Contains(all, what) {
			return
		}
		err = b.until(`true`)
	}
	t.Errorf("the browser does not complain about %s: %v", what, err)
}
