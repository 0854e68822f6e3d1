// SPDX-License-Identifier: Apache-2.0

// Command behalf-wallet holds delegation credentials for one person: it collects them, shows them,
// presents the least that is asked for once the person agrees, and passes parts of them on.
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
	code := run(ctx, os.Args, &command.Program{
		Name: "behalf-wallet", In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: time.Now, Random: rand.Reader,
	})
	stop()
	os.Exit(code)
}
