// SPDX-License-Identifier: Apache-2.0

// Command behalf-registry says who may issue delegations and who may ask for them: one trust
// framework, kept as versions, signed and served.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
