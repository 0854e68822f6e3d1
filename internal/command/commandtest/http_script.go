// SPDX-License-Identifier: Apache-2.0

package commandtest

import (
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Commands are commands of scripts.
type Commands = map[string]func(ts *testscript.TestScript, neg bool, args []string)

// Scripts runs the scripts in testdata/script. Beside testscript's own and more, they have the commands
//
//	exits CODE PROGRAM [ARG…]   run a program that must end with exactly this code
//	await URL                   wait until an address answers with 200
//	append FILE OTHER           append OTHER to FILE, with $NAME replaced from the environment
//	capture NAME PATTERN        set a variable to the first group of a pattern in what was printed
//
// The certificate that setup keeps with Keep is the one that await trusts. setup and
// more may be nil.
func Scripts(t *testing.T, setup func(env *testscript.Env) error, more Commands) {
	all := Commands{"exits": exits, "await": await, "append": appendTo, "capture": capture}
	maps.Copy(all, more)
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: setup, Cmds: all})
}

// kept is the name under which an environment keeps its certificate.
const kept = "certificate"

// Keep lets the scripts of env trust c.
func Keep(env *testscript.Env, c Certificate) { env.Values[kept] = c }

// FreeAddress returns an address of this machine where nobody listens.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%v ended with %d, want %d", args[1:], got, want)
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	c, _ := ts.Value(kept).(Certificate)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.Pool, MinVersion: tls.VersionTLS12}}, Timeout: time.Second}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if res, err := client.Get(args[0]); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		<-tick.C
	}
	ts.Fatalf("%s does not answer", args[0])
}

func appendTo(ts *testscript.TestScript, _ bool, args []string) {
	text := os.Expand(ts.ReadFile(args[1]), ts.Getenv)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteString(text)
	ts.Check(errors.Join(err, f.Close()))
}

func capture(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) < 2 {
		ts.Fatalf("%s is not in the output", args[1])
	}
	ts.Setenv(args[0], found[1])
}
