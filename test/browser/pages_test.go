// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/behalf-id/behalf/internal/qr/scan"
)

// look opens one of the gallery's pages.
func look(t *testing.T, browser *tab, g *gallery, path string) {
	t.Helper()
	browser.do(t, chromedp.Navigate(g.origin+path))
}

// Every page on every screen: no complaint, nothing from elsewhere, nothing cut off, text that can be
// read, targets that can be hit, and names for all that can be used.
func TestPages(t *testing.T) {
	browser, g := start(t), show(t)
	for _, s := range append(screens(), screen{name: "narrow", width: 320, height: 640, touch: true}) {
		b := open(t, browser, s)
		for path := range g.shown() {
			t.Run(s.name+path, func(t *testing.T) {
				look(t, b, g, path)
				if wide := ask[float64](t, b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
					t.Errorf("the page is %v pixels wider than the screen", wide)
				}
				for _, pale := range ask[[]string](t, b, contrastScript) {
					t.Errorf("hard to read: %s", pale)
				}
				for _, small := range ask[[]string](t, b, targetScript) {
					t.Errorf("hard to hit: %s", small)
				}
				checkTree(t, b)
				b.clean(t, g.origin)
				// WCAG 2.2 §1.4.4: text at twice its size.
				if wide := ask[float64](t, b, `document.documentElement.style.fontSize = "200%", document.documentElement.scrollWidth - innerWidth`); wide > 0 {
					t.Errorf("with larger text the page is %v pixels wider than the screen", wide)
				}
			})
		}
	}
}

// contrastScript returns the texts on the page with a contrast below 4.5 to 1, as they are painted.
const contrastScript = `(() => {
  const parse = (c) => c.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const f = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const out = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), e = walk.currentNode.parentElement;
    if (!text || !e.checkVisibility() || e.closest("svg, noscript, script")) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (!(ratio >= 4.5)) out.push(text.slice(0, 40) + " at " + ratio.toFixed(2));
  }
  return out;
})()`

// targetScript returns what can be clicked and is smaller than 44 pixels in height or 24 in width.
// Links within a sentence are left out, as WCAG 2.2 §2.5.8 does.
const targetScript = `[...document.querySelectorAll("a, button, input:not([type=hidden]), summary")]
  .filter((e) => e.checkVisibility() && !e.closest("noscript"))
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([e, r]) => (r.height < 44 || r.width < 24))
  .map(([e, r]) => e.outerHTML.slice(0, 60) + " " + r.width + "x" + r.height)`

// checkTree looks at the page as a screen reader does.
func checkTree(t *testing.T, b *tab) {
	t.Helper()
	tree, err := chromedp.Call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, n := range tree.Nodes {
		if n.Ignored {
			continue
		}
		role, name := said(n.Role), said(n.Name)
		count[role]++
		switch role {
		case "button", "link", "textbox", "image", "img", "navigation", "heading", "RootWebArea", "region", "DisclosureTriangle", "note":
			if strings.TrimSpace(name) == "" {
				t.Errorf("a %s has no name", role)
			}
		}
	}
	for _, once := range []string{"main", "banner", "contentinfo", "RootWebArea"} {
		if count[once] != 1 {
			t.Errorf("%d of %s", count[once], once)
		}
	}
	if n := ask[float64](t, b, `document.querySelectorAll("h1").length`); n != 1 {
		t.Errorf("%v headings of the first level", n)
	}
	levels := ask[[]int](t, b, `[...document.querySelectorAll("h1, h2, h3, h4")].map((h) => +h.tagName[1])`)
	for i, level := range levels {
		if i > 0 && level > levels[i-1]+1 {
			t.Errorf("headings jump: %v", levels)
		}
	}
}

// said returns the text of a value in the accessibility tree.
func said(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	return strings.Trim(string(v.Value), `"`)
}

// On a phone the button is on the first screen and before the QR code; on a desktop the QR code is, and
// is before the button.
func TestTheWayOnComesFirst(t *testing.T) {
	browser, g := start(t), show(t)
	for _, path := range []string{"/offer", "/request"} {
		for _, s := range []screen{phone(), desktop()} {
			t.Run(s.name+path, func(t *testing.T) {
				b := open(t, browser, s)
				look(t, b, g, path)
				button := ask[[]float64](t, b, `(r => [r.top, r.bottom])(document.getElementById("open").getBoundingClientRect())`)
				code := ask[[]float64](t, b, `(r => [r.top, r.bottom])(document.getElementById("qr").getBoundingClientRect())`)
				if s.touch && (button[1] > float64(s.height) || button[0] > code[0]) {
					t.Errorf("the button is at %v, the code at %v", button, code)
				}
				if !s.touch && (code[1] > float64(s.height) || code[0] > button[0]) {
					t.Errorf("the code is at %v, the button at %v", code, button)
				}
			})
		}
	}
}

// The code on the screen is the link, in light and dark, for a reader that sees the whole screen.
func TestCodesAreRead(t *testing.T) {
	browser, g := start(t), show(t)
	for _, s := range screens() {
		b := open(t, browser, s)
		for path, want := range map[string]string{"/offer": offerLink, "/request": requestLink} {
			t.Run(s.name+path, func(t *testing.T) {
				look(t, b, g, path)
				got, err := scan.Read(bytes.NewReader(b.wholePicture(t)))
				if err != nil || got != want {
					t.Errorf("read %q, %v", got, err)
				}
				if href := ask[string](t, b, `document.getElementById("open").getAttribute("href")`); href != want {
					t.Errorf("the button leads to %s", href)
				}
				if text := ask[string](t, b, `document.getElementById("link").value`); text != want {
					t.Errorf("the text is %s", text)
				}
			})
		}
	}
}

// Colours that a person's system forces do not take the code away.
func TestCodeInForcedColours(t *testing.T) {
	browser, g := start(t), show(t)
	b := open(t, browser, desktop())
	_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}, {Name: "prefers-color-scheme", Value: "dark"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	look(t, b, g, "/offer")
	if !ask[bool](t, b, `matchMedia("(forced-colors: active)").matches`) {
		t.Fatal("no colours are forced")
	}
	if got, err := scan.Read(bytes.NewReader(b.picture(t))); err != nil || got != offerLink {
		t.Errorf("read %q, %v", got, err)
	}
	if paper := ask[string](t, b, `getComputedStyle(document.querySelector(".paper")).backgroundColor`); paper != "rgb(255, 255, 255)" {
		t.Errorf("the code stands on %s", paper)
	}
}

func TestHostileTextDoesNothing(t *testing.T) {
	browser, g := start(t), show(t)
	b := open(t, browser, phone())
	look(t, b, g, "/hostile")
	if n := ask[float64](t, b, `document.querySelectorAll("script:not([src]), img, main script").length`); n != 0 {
		t.Errorf("%v elements came from outside", n)
	}
	text := ask[string](t, b, `document.querySelector("main").innerText`)
	for _, want := range []string{`\u202e</h1><script>alert(1)</script>\u200b`, `"><img src=x onerror=alert(1)>`, `view\u0000\u001b[2Jall`, "{{.Name}} {0} {1}"} {
		if !strings.Contains(text, want) {
			t.Errorf("does not show %s", want)
		}
	}
	b.clean(t, g.origin)
}

// The keyboard alone reaches everything, in an order that makes sense, and shows where it is.
func TestKeyboard(t *testing.T) {
	browser, g := start(t), show(t)
	b := open(t, browser, desktop())
	look(t, b, g, "/request")
	var order []string
	for range 12 {
		b.do(t, chromedp.KeyEvent("\t"))
		at := ask[string](t, b, `document.activeElement.id || document.activeElement.className || document.activeElement.tagName`)
		if at == "BODY" {
			break
		}
		order = append(order, at)
		if at != "main" && !ask[bool](t, b, `getComputedStyle(document.activeElement).outlineStyle === "solid"`) {
			t.Errorf("%s has the focus and does not show it", at)
		}
		if !ask[bool](t, b, `(r => r.width > 0 && r.top >= 0 && r.bottom <= innerHeight)(document.activeElement.getBoundingClientRect())`) {
			t.Errorf("%s has the focus out of sight", at)
		}
	}
	want := []string{"skip", "A", "open", "SUMMARY", "code", "button"}
	if !slices.Equal(order, want) {
		t.Errorf("the keyboard goes %v, want %v", order, want)
	}
	b.do(t, chromedp.Focus(chromedp.CSS("summary")), chromedp.KeyEvent("\r"))
	if !ask[bool](t, b, `document.querySelector("details").open`) {
		t.Error("Enter does not show the link")
	}
	b.do(t, chromedp.Focus(chromedp.CSS("#code")), chromedp.KeyEvent("1234 5678\r"), chromedp.WaitVisible(chromedp.CSS("main.done")))
	if got := fmt.Sprint(g.form["code"]); got != "[1234 5678]" {
		t.Errorf("the code came as %s", got)
	}
}

func TestSkipLinkLeadsToTheMainPart(t *testing.T) {
	browser, g := start(t), show(t)
	b := open(t, browser, desktop())
	look(t, b, g, "/offer")
	b.do(t, chromedp.KeyEvent("\t"), chromedp.KeyEvent("\r"))
	if at := ask[string](t, b, `document.activeElement.id`); at != "main" {
		t.Errorf("the skip link leads to %q", at)
	}
}

// Without script everything still works: forms, links, codes.
func TestWithoutScript(t *testing.T) {
	browser, g := start(t), show(t)
	for _, s := range []screen{phone().withoutScript(), desktop().withoutScript()} {
		t.Run(s.name, func(t *testing.T) {
			b := open(t, browser, s)
			look(t, b, g, "/consent")
			b.do(t, chromedp.Click(chromedp.CSS("button[value=no]")), chromedp.WaitVisible(chromedp.CSS("main.done")))
			if got := fmt.Sprint(g.form["answer"]); got != "[no]" {
				t.Errorf("the answer came as %s", got)
			}
			look(t, b, g, "/request")
			b.do(t, chromedp.SendKeys(chromedp.CSS("#code"), "12345678"), chromedp.Click(chromedp.CSS(".enter button")), chromedp.WaitVisible(chromedp.CSS("main.done")))
			if got := fmt.Sprint(g.form["code"]); got != "[12345678]" {
				t.Errorf("the code came as %s", got)
			}
			look(t, b, g, "/request-here")
			if text := ask[string](t, b, `document.querySelector("main").innerText`); !strings.Contains(text, "Check whether your wallet has answered") || !strings.Contains(text, "2027-03-09 16:30 UTC") {
				t.Error("the page does not say how to go on, or until when")
			}
			look(t, b, g, "/offer")
			b.do(t, chromedp.Click(chromedp.CSS("summary")), chromedp.WaitVisible(chromedp.CSS("#link")))
			if ask[bool](t, b, `document.getElementById("copy").checkVisibility()`) {
				t.Error("there is a button that does nothing")
			}
			b.clean(t, g.origin)
		})
	}
}

func TestLanguages(t *testing.T) {
	browser, g := start(t), show(t)
	s := phone()
	s.languages = "cy-GB,cy;q=0.9,en;q=0.5"
	b := open(t, browser, s)
	look(t, b, g, "/offer")
	if h := ask[string](t, b, `document.documentElement.lang + " " + document.querySelector("h1").innerText`); h != "cy-GB Mae eich caniatâd yn barod" {
		t.Errorf("in Welsh: %s", h)
	}
	b.do(t, chromedp.Click(chromedp.CSS("nav a")), chromedp.WaitVisible(chromedp.CSS("html[lang=en-GB] h1")))
	if h := ask[string](t, b, `document.querySelector("h1").innerText`); h != "Your permission is ready" {
		t.Errorf("in English: %s", h)
	}
	b.clean(t, g.origin)
}
