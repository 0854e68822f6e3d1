// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/qr/scan"
)

// browserTime is how long the program that opens a browser may take to say that it cannot.
const browserTime = 3 * time.Second

// browse opens an https address in the person's browser, as well as that goes: they can see the address and
// open it by hand.
func (p *program) browse(ctx context.Context, address string) {
	words := opener(os.Getenv("BROWSER"), runtime.GOOS, address)
	if len(words) == 0 {
		return
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		return
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), path, words[1:]...)
	cmd.Env = withoutSecrets(os.Environ())
	if cmd.Start() != nil {
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	timer := time.NewTimer(browserTime)
	defer timer.Stop()
	select {
	case err := <-ended:
		if err != nil {
			p.Complain("no browser could be opened; open the address by hand")
		}
	case <-timer.C:
	}
}

// withoutSecrets returns the environment without what opens wallets.
func withoutSecrets(env []string) []string {
	var out []string
	for _, e := range env {
		if !strings.HasPrefix(e, envPassphrase+"=") && !strings.HasPrefix(e, envBackup+"=") {
			out = append(out, e)
		}
	}
	return out
}

// opener returns the program that opens an address, with its arguments: the first of $BROWSER, else that of the
// system. No shell reads any of it.
func opener(browser, system, address string) []string {
	first, _, _ := strings.Cut(browser, ":")
	words := strings.Fields(first)
	switch {
	case len(words) > 0:
	case system == "darwin":
		words = []string{"open"}
	case system == "windows":
		words = []string{"rundll32", "url.dll,FileProtocolHandler"}
	default:
		words = []string{"xdg-open"}
	}
	placed := false
	for i, w := range words[1:] {
		if strings.Contains(w, "%s") {
			words[i+1], placed = strings.ReplaceAll(w, "%s", address), true
		}
	}
	if !placed {
		words = append(words, address)
	}
	return words
}

// linkOf returns the link of a command: its argument, or what the QR code in --qr-file says.
func linkOf(c *cli.Context, what string) (string, error) {
	path := c.String("qr-file")
	if path == "" {
		link, err := command.OneArgument(c, what+", or --qr-file FILE")
		return link, err
	}
	if c.Args().Present() {
		return "", command.Usage("give %s or --qr-file, not both", what)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", errors.New(path + " cannot be read")
	}
	defer func() { _ = f.Close() }()
	link, err := scan.Read(f)
	if err != nil {
		return "", errors.New("no QR code can be read in " + path + "; take the picture straight on, with all of the code in it")
	}
	return link, nil
}
