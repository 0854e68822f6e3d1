// SPDX-License-Identifier: Apache-2.0

// Package interop runs ours against what others wrote: see docs/interop.md.
package interop

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// EnvRun, set to 1, runs the tests that want Node and its packages.
const EnvRun = "BEHALF_INTEROP"

// maxAnswer bounds one answer: a Data Integrity list of a million bits fits many times.
const maxAnswer = 16 << 20

// counterpart is the one Node process that answers.
type counterpart struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// refusal is what the counterpart answers when it does not accept.
type refusal struct{ text string }

func (r *refusal) Error() string { return "theirs: " + r.text }

// start starts the counterpart that reaches no network, which ends with the test.
func start(t *testing.T) *counterpart {
	t.Helper()
	return startScript(t, "counterpart.mjs")
}

// startScript starts a counterpart with more in its environment.
func startScript(t *testing.T, script string, env ...string) *counterpart {
	t.Helper()
	if os.Getenv(EnvRun) != "1" {
		t.Skip(EnvRun + " is not 1")
	}
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatal("the packages are absent: run npm ci in test/interop")
	}
	cmd := exec.Command("node", script)
	cmd.Dir, cmd.Stderr, cmd.Env = "js", os.Stderr, append(os.Environ(), env...)
	in, err := cmd.StdinPipe()
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error("the counterpart: ", err)
		}
	})
	return &counterpart{in, bufio.NewReaderSize(io.LimitReader(out, 1<<32), 1<<16)}
}

// request is the members of a request beside op.
type request map[string]any

// ask runs one operation and reads its result into into. The error is a *refusal if the other side
// said no; whatever else goes wrong ends the test.
func (c *counterpart) ask(t *testing.T, op string, r request, into any) error {
	t.Helper()
	r["op"] = op
	line, err := json.Marshal(r)
	check(t, err)
	_, err = c.in.Write(append(line, '\n'))
	check(t, err)
	raw, err := c.line()
	check(t, err)
	var answer struct {
		OK     bool            `json:"ok"`
		Result json.RawMessage `json:"result"`
		Error  string          `json:"error"`
	}
	check(t, json.Unmarshal(raw, &answer))
	if !answer.OK {
		return &refusal{answer.Error}
	}
	if into != nil {
		check(t, json.Unmarshal(answer.Result, into))
	}
	return nil
}

func (c *counterpart) line() ([]byte, error) {
	var raw []byte
	for {
		part, err := c.out.ReadSlice('\n')
		if raw = append(raw, part...); len(raw) > maxAnswer {
			return nil, errors.New("the answer is too long")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return raw, err
		}
	}
}

// must is ask where the other side has to agree.
func (c *counterpart) must(t *testing.T, op string, r request, into any) {
	t.Helper()
	if err := c.ask(t, op, r, into); err != nil {
		t.Fatalf("%s: %v", op, err)
	}
}

// refuses wants the other side to say no, and not because the request was a bad one.
func (c *counterpart) refuses(t *testing.T, op string, r request) bool {
	t.Helper()
	err := c.ask(t, op, r, nil)
	var no *refusal
	switch {
	case err == nil:
		t.Errorf("%s: theirs accepts it", op)
	case errors.As(err, &no) && broke(no.text):
		t.Errorf("%s: theirs broke: %s", op, no.text)
	default:
		return true
	}
	return false
}

// broke reports whether the other side failed for another reason than that it looked and refused. That a
// proof has no value, Digital Bazaar's suites find out by failing, and say so.
func broke(text string) bool {
	if strings.Contains(text, `does not include a valid "proofValue" property`) {
		return false
	}
	return strings.Contains(text, "is not a function") || strings.Contains(text, "Cannot read") || strings.Contains(text, "not found:") || strings.Contains(text, "no operation")
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
