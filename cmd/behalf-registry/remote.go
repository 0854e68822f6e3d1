// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/command/server"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// framework is where a running registry takes a framework and gives it back.
const framework = "/admin/v1/framework"

// remoteFlags are the options of the commands that work on the store or through a running server.
func remoteFlags() []cli.Flag {
	return []cli.Flag{
		command.ConfigFlag("registry"), command.JSONFlag(),
		&cli.StringFlag{Name: "url", Usage: "work through the server at this https `URL`"},
		&cli.StringFlag{Name: "token-file", Usage: "`FILE` with the admin token, with --url"},
		&cli.StringFlag{Name: "ca", Usage: "`FILE` of certificate authorities to trust, with --url; left out, the system's"},
	}
}

// admin returns the running server that the options name.
func (p *program) admin(c *cli.Context) (*server.Admin, error) {
	if c.IsSet("config") {
		return nil, command.Usage("give --url or --config, not both")
	}
	if !c.IsSet("token-file") {
		return nil, command.Usage("--url needs --token-file")
	}
	return p.Admin(server.Access{URL: c.String("url"), TokenFile: c.String("token-file"), CA: c.String("ca")})
}

func (p *program) applyRemote(c *cli.Context, f *trustframework.Framework) (done applied, err error) {
	s, err := p.admin(c)
	if err != nil {
		return done, err
	}
	defer s.Close()
	body, err := strictjson.Marshal(f)
	if err != nil {
		return done, err
	}
	path := framework
	if c.Bool("dry-run") {
		path += "/preview"
	}
	err = s.Post(c.Context, path, "", body, &done)
	if reason.Of(err) == reason.IdempotencyMismatch {
		err = reason.Wrap(reason.IdempotencyMismatch, "another version is in force than the one this framework was made from: export, merge and apply again", err)
	}
	return done, err
}

func (p *program) exportRemote(c *cli.Context) (*trustframework.Framework, error) {
	s, err := p.admin(c)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	raw, err := s.Read(c.Context, framework)
	if err != nil {
		return nil, err
	}
	return trustframework.Read(raw)
}
