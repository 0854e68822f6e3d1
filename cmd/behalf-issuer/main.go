// SPDX-License-Identifier: Apache-2.0

// Command behalf-issuer grants delegations for one organisation, issues them to wallets, and
// suspends, resumes and revokes them.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/behalf-id/behalf/internal/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{&command.Program{
		Name: "behalf-issuer", In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: time.Now, Random: rand.Reader,
	}}
	code := p.run(ctx, os.Args)
	stop()
	os.Exit(code)
}
