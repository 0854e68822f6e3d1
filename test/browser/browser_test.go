// SPDX-License-Identifier: Apache-2.0

// Package browser_test looks at what issuer and gateway show people, in a real browser.
package browser_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is where Debian puts it.
const chromium = "/usr/bin/chromium"

// patience is how long one look may take on a busy machine.
const patience = 3 * time.Minute

// start starts a browser of its own for t. Where there is none t is skipped, or fails if
// BEHALF_REQUIRE_SERVICES is 1.
func start(t *testing.T, options ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	if _, err := os.Stat(chromium); err != nil {
		if os.Getenv("BEHALF_REQUIRE_SERVICES") == "1" {
			t.Fatalf("%s is required and absent", chromium)
		}
		t.Skipf("%s is absent", chromium)
	}
	all := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("lang", "en-GB"),
	)
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), append(all, options...)...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		cancel()
		cancelAllocator()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return ctx
}

// screen is what a page is looked at on.
type screen struct {
	name          string
	width, height int64
	touch, dark   bool
	scriptless    bool
	languages     string
}

func phone() screen   { return screen{name: "phone", width: 390, height: 844, touch: true} }
func desktop() screen { return screen{name: "desktop", width: 1280, height: 800} }

func (s screen) inDark() screen {
	s.name, s.dark = s.name+"-dark", true
	return s
}

func (s screen) withoutScript() screen {
	s.name, s.scriptless = s.name+" without script", true
	return s
}

func screens() []screen {
	return []screen{phone(), phone().inDark(), desktop(), desktop().inDark()}
}

// tab is one tab that remembers what its pages complained about and asked for.
type tab struct {
	context.Context
	mu         sync.Mutex
	complaints []string
	asked      []string
	pages      map[string]bool // addresses that were gone to
}

// open opens a tab with no history, as s has it.
func open(t *testing.T, browser context.Context, s screen) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	t.Cleanup(stop)
	b := &tab{Context: ctx, pages: map[string]bool{}}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	b.call(t, func() error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
	b.call(t, func() error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: s.scriptless})
		return err
	})
	languages := s.languages
	if languages == "" {
		languages = "en-GB"
	}
	b.call(t, func() error {
		_, err := chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers{"Accept-Language": languages},
		})
		return err
	})
	options := []chromedp.EmulateViewportOption{}
	if s.touch {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	b.do(t, chromedp.EmulateViewport(s.width, s.height, options...))
	return b
}

// note keeps what the browser says about a page.
func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		grave := e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning
		if grave && (e.Entry.Source != log.EntrySourceNetwork || !b.pages[e.Entry.URL]) { // a refusal is a page too
			b.complaints = append(b.complaints, "log: "+e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "console: "+string(e.Type))
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
		if e.Type == network.ResourceTypeDocument {
			b.pages[e.Request.URL] = true
		}
	}
}

// do runs steps and ends t if one fails.
func (b *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	b.call(t, func() error { return chromedp.Do(b, steps...) })
}

func (b *tab) call(t *testing.T, f func() error) {
	t.Helper()
	if err := f(); err != nil {
		t.Fatalf("in the browser: %v", err)
	}
}

// ask returns what a script in the page evaluates to. It works in pages whose own script is off.
func ask[T any](t *testing.T, b *tab, script string) T {
	t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("evaluate: %v", err)
	}
	return v
}

// until waits until a script is true in the page that is there by then: unlike chromedp.Poll it outlives a
// change of page.
func (b *tab) until(script string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := chromedp.Run(b, chromedp.Evaluate[bool](script)); err == nil && ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-b.Done():
			return b.Err()
		}
	}
}

// picture returns what the screen shows, as PNG.
func (b *tab) picture(t *testing.T) []byte {
	t.Helper()
	raw, err := chromedp.Run(b, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatalf("screenshot: %v", err)
	}
	return raw
}

// wholePicture returns all of the page, as PNG.
func (b *tab) wholePicture(t *testing.T) []byte {
	t.Helper()
	raw, err := chromedp.Run(b, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatalf("screenshot: %v", err)
	}
	return raw
}

// clean reports what the page complained about, and requests to another origin, since it was asked last.
func (b *tab) clean(t *testing.T, origins ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { b.complaints, b.asked = nil, nil }()
	for _, c := range b.complaints {
		t.Errorf("the browser complains: %s", c)
	}
	for _, url := range b.asked {
		own := strings.HasPrefix(url, "about:")
		for _, origin := range origins {
			own = own || strings.HasPrefix(url, origin+"/")
		}
		if !own {
			t.Errorf("the page asks another origin: %s", url)
		}
	}
}
