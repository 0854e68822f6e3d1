// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the built commands and whole worlds of servers, from outside.
package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// within is how long anything here may take that is waited for.
const within = 20 * time.Second

// ready is the line that "behalf-sandbox up" writes.
type ready struct {
	Registry    string `json:"registry"`
	Issuer      string `json:"issuer"`
	Gateway     string `json:"gateway"`
	CA          string `json:"ca"`
	OfficeToken string `json:"issuer_admin_token"`
	ClientToken string `json:"gateway_client_token"`
}

// process is a running "behalf-sandbox up".
type process struct {
	ready
	cmd  *exec.Cmd
	end  sync.Once
	left error
}

// up starts the sandbox in dir and waits for its line. Its logs go to the file servers.log in dir.
func up(t *testing.T, program, dir string) *process {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	logs, err := os.OpenFile(filepath.Join(dir, "servers.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = logs.Close() }()
	p := &process{cmd: exec.Command(program, "up", "--dir", dir)}
	p.cmd.Stderr = logs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill() })
	line := make(chan []byte, 1)
	go func() {
		raw, _ := bufio.NewReader(out).ReadBytes('\n')
		line <- raw
	}()
	select {
	case raw := <-line:
		if err := json.Unmarshal(raw, &p.ready); err != nil {
			t.Fatalf("up wrote %q: %v; see %s", raw, err, tail(logs.Name()))
		}
	case <-time.After(within):
		t.Fatal("the sandbox was not ready in time")
	}
	return p
}

// kill ends p at once, as a power cut would end the process, and waits until it is gone.
func (p *process) kill() {
	p.end.Do(func() {
		_ = p.cmd.Process.Kill()
		p.left = p.cmd.Wait()
	})
}

// stop interrupts p, which must end cleanly.
func (p *process) stop(t *testing.T) {
	t.Helper()
	p.end.Do(func() {
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(within, func() { _ = p.cmd.Process.Kill() })
		defer timer.Stop()
		p.left = p.cmd.Wait()
	})
	if p.left != nil {
		t.Fatalf("the sandbox did not stop cleanly: %v", p.left)
	}
}

// tail returns the end of a file.
func tail(path string) string {
	raw, _ := os.ReadFile(path)
	return string(raw[max(0, len(raw)-2000):])
}
