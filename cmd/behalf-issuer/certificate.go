// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
)

// request is a certificate request, as --json writes it.
type request struct {
	PEM string `json:"pem"`
}

// certificateCommand writes what a certificate authority needs to certify the key that signs, which never
// leaves its folder.
func (p *program) certificateCommand() *cli.Command {
	return &cli.Command{
		Name: "certificate-request", Usage: "write a request for a certificate of the key that signs", ArgsUsage: " ",
		Description: "For certificates-file, which profile haip needs. The certificate that the authority gives must keep the names in the request.\n\n" +
			"Example:\n   behalf-issuer certificate-request --config issuer/issuer.yaml > request.pem",
		Flags:  []cli.Flag{command.ConfigFlag("issuer"), command.JSONFlag()},
		Action: p.certificateRequest,
	}
}

func (p *program) certificateRequest(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	cfg, err := p.load(c)
	if err != nil {
		return err
	}
	pem, err := cfg.CertificateRequest(c.Context, p.Deps())
	if err != nil {
		return err
	}
	return p.Say(c, request{pem}, strings.Split(strings.TrimSuffix(pem, "\n"), "\n")...)
}
