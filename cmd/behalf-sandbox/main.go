// SPDX-License-Identifier: Apache-2.0

// Command behalf-sandbox runs a whole trust framework on one machine, with invented people.
package main

import (
	"context"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
)

func main() { os.Exit(command.Main("behalf-sandbox", time.Now, run)) }

// run runs one command and returns its exit code.
func run(ctx context.Context, args []string, p *command.Program) int {
	s := &sandbox{p}
	return p.Run(ctx, &cli.App{
		Usage:       "a registry, an issuer, a gateway and wallets on this machine, with invented people",
		Description: "Nothing here is for real people or real data: the keys and the certificate authority are the sandbox's own.",
		Commands:    []*cli.Command{s.demoCommand(), s.upCommand(), s.vcAPICommand(), s.vcJOSECommand()},
	}, args)
}

// sandbox has the commands.
type sandbox struct{ *command.Program }
