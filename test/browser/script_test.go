// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/behalf-id/behalf/internal/command/commandtest"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/world"
)

// TestScripts walks with the built commands and a browser: what is scanned is a picture of the screen.
func TestScripts(t *testing.T) {
	if _, err := os.Stat(chromium); err != nil {
		start(t) // skips, or fails
	}
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("BEHALF_REQUIRE_SERVICES") == "1" {
			t.Fatal("curl is required and absent")
		}
		t.Skip("curl is absent")
	}
	bin := commandtest.Build(t, "behalf-sandbox", "behalf-wallet")
	s := &scripted{t: t, tabs: map[string]*tab{}}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"sandbox": s.sandbox, "grant": s.grant, "field": s.field, "browse": s.browse, "shot": s.shot, "shows": s.shows, "enter": s.enter, "returned": s.returned, "back": s.back,
		},
	})
}

// scripted is what the commands of a script share.
type scripted struct {
	t       *testing.T
	browser context.Context
	tabs    map[string]*tab
	origins []string
	service *town // its page alone
}

// sandbox runs "behalf-sandbox up" and a service's page until the script ends, starts a browser that trusts
// both, and sets variables: sandbox.
func (s *scripted) sandbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: sandbox")
	}
	s.service = &town{saw: make(chan url.Values, 1)}
	s.service.service = httptest.NewTLSServer(http.HandlerFunc(s.service.serviceSide))
	ts.Defer(s.service.service.Close)
	bin := filepath.SplitList(ts.Getenv("PATH"))[0]
	cmd := exec.Command(filepath.Join(bin, "behalf-sandbox"), "up", "--dir", ts.MkAbs("sandbox"), "--redirect", s.service.back())
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	ts.Check(err)
	var ready map[string]any
	ts.Check(strictjson.Unmarshal(line, &ready))
	for name, variable := range map[string]string{
		"registry": "REGISTRY", "issuer": "ISSUER", "gateway": "GATEWAY", "ca": "CA", "issuer_admin_token": "OFFICE", "gateway_client_token": "SERVICE",
	} {
		ts.Setenv(variable, fmt.Sprint(ready[name]))
	}
	s.origins = []string{ts.Getenv("ISSUER"), ts.Getenv("GATEWAY"), s.service.service.URL}
	keys := []string{keyOf(s.service.service.Certificate())}
	for _, role := range []string{"issuer", "gateway"} {
		keys = append(keys, keyOf(certificate(s.t, ts.MkAbs(filepath.Join("sandbox", role, "tls.pem")))))
	}
	s.browser = start(s.t, chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(keys, ",")))
}

// back writes the address of the service's page where a request says BACK: back FILE.
func (s *scripted) back(ts *testscript.TestScript, _ bool, args []string) {
	request := strings.Replace(ts.ReadFile(args[0]), `"BACK"`, `"`+s.service.back()+`"`, 1)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(request), 0o600))
}

// returned waits for a browser at the service's page and sets a variable to what it brought: returned VARIABLE.
func (s *scripted) returned(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: returned VARIABLE")
	}
	select {
	case code := <-s.service.saw:
		ts.Setenv(args[0], code.Encode())
	case <-time.After(10 * time.Second):
		ts.Fatalf("no browser came back to the service")
	}
}

// grant writes a grant that begins now: grant FILE.
func (s *scripted) grant(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), world.Grant(time.Now()), 0o600))
}

// field sets a variable to a text in a JSON document: field FILE PATH VARIABLE.
func (s *scripted) field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: field FILE PATH VARIABLE")
	}
	var value any
	ts.Check(strictjson.Unmarshal([]byte(strings.TrimSpace(ts.ReadFile(args[0]))), &value))
	for name := range strings.SplitSeq(args[1], ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, ok := value.(string)
	if !ok {
		ts.Fatalf("%s has no text at %s", args[0], args[1])
	}
	ts.Setenv(args[2], text)
}

// browse opens an address on a screen of its own: browse phone|desktop ADDRESS.
func (s *scripted) browse(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: browse phone|desktop ADDRESS")
	}
	size := map[string]screen{"phone": phone(), "desktop": desktop()}[args[0]]
	s.tabs[args[0]] = open(s.t, s.browser, size)
	ts.Check(chromedp.Do(s.tabs[args[0]], chromedp.Navigate(args[1])))
}

// shot takes a picture of a screen: shot SCREEN FILE.
func (s *scripted) shot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shot SCREEN FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), s.tabs[args[0]].picture(s.t), 0o600))
}

// shows waits until a screen shows a text, and looks whether the browser complained: shows SCREEN TEXT.
func (s *scripted) shows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shows SCREEN TEXT")
	}
	b := s.tabs[args[0]]
	if err := b.until(fmt.Sprintf(`document.body.innerText.includes(%q)`, args[1])); err != nil {
		ts.Fatalf("%s does not show %q: %v", args[0], args[1], err)
	}
	b.clean(s.t, s.origins...)
}

// enter writes into the one field of a page and sends it: enter SCREEN TEXT.
func (s *scripted) enter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: enter SCREEN TEXT")
	}
	b := s.tabs[args[0]]
	err := chromedp.Do(b, chromedp.SendKeys(chromedp.CSS("#code"), args[1]+"\r"))
	ts.Check(errors.Join(err, b.Err()))
}
