// SPDX-License-Identifier: Apache-2.0

// Command behalf-gateway takes presentations and answers with decisions: who may act for whom,
// here and now.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{out: os.Stdout, err: os.Stderr, now: time.Now, random: rand.Reader}
	code := p.run(ctx, os.Args)
	stop()
	os.Exit(code)
}
