// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/bolt"
)

func (p *program) auditCommand() *cli.Command {
	return &cli.Command{
		Name:  "audit",
		Usage: "check the record of decisions",
		Subcommands: []*cli.Command{{
			Name:      "verify",
			Usage:     "walk the whole audit log; it must be complete, in order and unchanged",
			ArgsUsage: " ",
			Description: "The store is opened for itself, so stop the gateway first or check a copy. Keep the head elsewhere: a log that was " +
				"rewritten as a whole shows only against a head from before.\n\n" +
				"Example:\n" +
				"   behalf-gateway audit verify --config gateway/gateway.yaml",
			Flags:  []cli.Flag{command.ConfigFlag("gateway"), command.JSONFlag()},
			Action: p.auditVerify,
		}},
	}
}

// verified is what audit verify says.
type verified struct {
	Leaves uint64 `json:"leaves"`
	Head   string `json:"head"`
	Last   string `json:"last,omitempty"` // RFC 3339
}

func (p *program) auditVerify(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	s, err := p.load(c)
	if err != nil {
		return err
	}
	if s.Store == "" {
		return command.Usage("store is not set: give --config")
	}
	records, err := bolt.Open(bolt.Config{Path: s.Store, Now: p.Now})
	if err != nil {
		return reason.Wrap(reason.Of(err), "the store "+s.Store+" cannot be opened; is a gateway running on it?", err)
	}
	report, err := audit.Verify(c.Context, records, wire.AuditPrefix)
	if err := errors.Join(err, records.Close()); err != nil {
		return err
	}
	out := verified{Leaves: report.Leaves, Head: report.Head}
	if !report.Last.IsZero() {
		out.Last = report.Last.UTC().Format(time.RFC3339)
	}
	return p.Say(c, out, fmt.Sprintf("The log is whole: %d leaves, head %s", out.Leaves, out.Head))
}
