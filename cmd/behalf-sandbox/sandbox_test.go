// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
)

// ended is how a command ended.
type ended struct {
	code     int
	out, err string
}

// behalf runs one command to its end.
func behalf(t *testing.T, args ...string) ended {
	t.Helper()
	var out, complaints bytes.Buffer
	code := run(t.Context(), append([]string{"behalf-sandbox"}, args...), &command.Program{
		Name: "behalf-sandbox", In: strings.NewReader(""), Out: &out, Err: &complaints, Now: time.Now, Random: rand.Reader,
	})
	return ended{code, out.String(), complaints.String()}
}

// TestDemo tells the story to people, keeps nothing, and ends with 0.
func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	got := behalf(t, "demo")
	if got.code != command.Done || got.err != "" {
		t.Fatalf("ended with %d: %s", got.code, got.err)
	}
	rest := got.out
	for _, want := range []string{
		"1. Jill Hargreaves lets Tom Hargreaves act for her", "→ offered",
		"2. Tom Hargreaves collects the credential", "· appointments: view, book, cancel", "→ stored",
		"3. He books an appointment for her", "· permissions kept back: 2", "→ permit",
		"4. The app asks for her whole record", "→ deny (authority.request_too_broad); allowed would be: gp-record/test-results",
		"5. He is away, and passes a part on to June Finch", "· may: view, book, cancel → view", "· may be passed on: once, to: person → no",
		"· left out: prescriptions/repeat: view, request; gp-record/test-results: view", "→ accepted",
		"6. June Finch looks up the appointment", "→ permit",
		"7. Jill Hargreaves withdraws her consent", "→ revoked",
		"8. Both try again", "→ deny (status.revoked)", "→ deny (status.revoked)", "That was the whole story",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q is missing, or out of its place, in\n%s", want, got.out)
		}
		rest = after
	}
	if strings.Contains(got.out, "9990000077") {
		t.Error("the number of the principal leaves a wallet, or is printed")
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestDemoJSON tells the same as objects, exactly these.
func TestDemoJSON(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	got := behalf(t, "demo", "--json", "--dir", dir)
	if got.code != command.Done || got.err != "" {
		t.Fatalf("ended with %d: %s", got.code, got.err)
	}
	var steps []told
	in := json.NewDecoder(strings.NewReader(got.out))
	in.DisallowUnknownFields()
	for {
		var one told
		if err := in.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, got.out)
		}
		if one.Ms < 0 {
			t.Errorf("%s took %d ms", one.Step, one.Ms)
		}
		one.Ms = 0
		steps = append(steps, one)
	}
	if n := strings.Count(got.out, "\n"); n != len(steps) {
		t.Errorf("%d objects on %d lines", len(steps), n)
	}
	if diff := cmp.Diff([]told{
		{Step: "granted", Outcome: "offered", Reason: reason.OK},
		{Step: "received", Outcome: "stored", Reason: reason.OK},
		{Step: "permit", Outcome: "permit", Reason: reason.OK},
		{Step: "too broad", Outcome: "deny", Reason: reason.AuthorityRequestTooBroad, NarrowTo: []string{"gp-record/test-results"}},
		{Step: "passed on", Outcome: "accepted", Reason: reason.OK},
		{Step: "onward permit", Outcome: "permit", Reason: reason.OK},
		{Step: "revoked", Outcome: "revoked", Reason: reason.OK},
		{Step: "denied", Outcome: "deny", Reason: reason.StatusRevoked},
		{Step: "onward denied", Outcome: "deny", Reason: reason.StatusRevoked},
	}, steps); diff != "" {
		t.Error(diff)
	}
	for _, kept := range []string{"servers.log", "issuer/issuer.db", "gateway/gateway.db", "registry/registry.db", "wallet-tom/wallet.age"} {
		if info, err := os.Stat(filepath.Join(dir, kept)); err != nil || info.Size() == 0 {
			t.Errorf("--dir does not keep %s: %v", kept, err)
		}
	}
}

// TestUsage shows which calls are wrong, and that each is told in one line.
func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"dmeo"}, {"demo", "now"}, {"demo", "--dri", "x"}, {"up", "here"}, {"up", "--status-ttl", "soon"}, {"up", "--tls=perhaps"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			got := behalf(t, args...)
			if got.code != command.Wrong || got.out != "" || !oneLine(got.err) || !strings.HasPrefix(got.err, "behalf-sandbox: usage: ") {
				t.Errorf("%+v", got)
			}
		})
	}
	if got := behalf(t, "help"); got.code != command.Done || !strings.Contains(got.out, "demo") || !strings.Contains(got.out, "up") {
		t.Errorf("help: %+v", got)
	}
}

func oneLine(s string) bool { return strings.Count(s, "\n") == 1 && strings.HasSuffix(s, "\n") }

// TestRefused shows what up says when it can not run: what is wrong, and what to do.
func TestRefused(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	occupied := t.TempDir()
	if err := os.WriteFile(filepath.Join(occupied, "ports.json"), []byte(`{"registry":0,"issuer":`+port+`,"gateway":0}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(occupied, 0o700); err != nil {
		t.Fatal(err)
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"port":   {[]string{"up", "--dir", occupied}, []string{"127.0.0.1:" + port, "in use", "stop the other program", "ports.json"}},
		"host":   {[]string{"up", "--dir", filepath.Join(t.TempDir(), "w"), "--listen", "192.0.2.1"}, []string{"192.0.2.1"}},
		"ttl":    {[]string{"up", "--dir", filepath.Join(t.TempDir(), "w"), "--status-ttl", "1s"}, []string{"ttl", "10 s"}},
		"folder": {[]string{"up", "--dir", file}, []string{file, "store.permissions"}},
		"open":   {[]string{"up", "--dir", open}, []string{open, "go=", "store.permissions"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := behalf(t, c.args...)
			if got.code != command.Refused || got.out != "" || !oneLine(got.err) {
				t.Errorf("%+v", got)
			}
			for _, want := range c.want {
				if !strings.Contains(got.err, want) {
					t.Errorf("%q does not say %q", got.err, want)
				}
			}
		})
	}
}

// TestUp keeps the world running until it is interrupted, and finds it again.
func TestUp(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	first, code := runUp(t, dir, func() {
		if got := behalf(t, "up", "--dir", dir); got.code != command.Refused || got.out != "" || !oneLine(got.err) || !strings.Contains(got.err, dir) {
			t.Errorf("a second one in the same folder: %+v", got)
		}
	})
	if code != command.Done {
		t.Errorf("interrupted, it ends with %d", code)
	}
	for _, url := range []string{first.Registry, first.Issuer, first.Gateway} {
		if !strings.HasPrefix(url, "https://localhost:") {
			t.Errorf("%q is no address", url)
		}
	}
	if _, err := os.Stat(first.CA); err != nil || !filepath.IsAbs(first.CA) {
		t.Errorf("ca %q: %v", first.CA, err)
	}
	again, _ := runUp(t, dir, func() {})
	if diff := cmp.Diff(first, again); diff != "" || first.IssuerToken == "" || first.IssuerToken == first.GatewayToken {
		t.Errorf("started again: %s", diff)
	}
}

// runUp runs up until do is done, and returns its line.
func runUp(t *testing.T, dir string, do func()) (ready, int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"behalf-sandbox", "up", "--quiet", "--dir", dir}, &command.Program{
			Name: "behalf-sandbox", In: strings.NewReader(""), Out: in, Err: t.Output(), Now: time.Now, Random: rand.Reader,
		})
		_ = in.Close()
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var r ready
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	if err != nil {
		stop()
		t.Fatalf("%q: %v; ended with %d", line, err, <-code)
	}
	do()
	stop()
	return r, <-code
}

// TestAgain shows after which errors the demo asks once more.
func TestAgain(t *testing.T) {
	for status, want := range map[int]bool{503: true, 500: false, 409: false, 400: false} {
		err := reason.Wrap(reason.InternalIndeterminate, "", &safehttp.StatusError{Status: status})
		if again(err) != want {
			t.Errorf("status %d: %v", status, !want)
		}
	}
	if again(errors.New("else")) {
		t.Error("an error that is no answer is taken for one")
	}
}
