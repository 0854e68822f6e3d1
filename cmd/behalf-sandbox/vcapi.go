// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/vcapi"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/memory"
)

func (s *sandbox) vcAPICommand() *cli.Command {
	return &cli.Command{
		Name:      "vc-api",
		Usage:     "answer in the style of the W3C VC-API, for interoperability testing only",
		ArgsUsage: " ",
		Description: "For interoperability testing only: whoever reaches it may have anything signed by its eight issuers. Run it on this " +
			"machine, for as long as a test takes. The keys of the issuers are made once and kept in the folder.\n\n" +
			"When it is ready it writes one JSON line to standard output: its address, the certificate to trust, and the did:key of each " +
			"issuer; --list writes the last alone, and ends. Nothing is fetched, but DID documents from hosts given with --did-host.\n\n" +
			"Example:\n" +
			"   behalf-sandbox vc-api --dir ./vc-api --listen 127.0.0.1:8443\n" +
			"   curl --cacert ./vc-api/tls.pem https://127.0.0.1:8443/status/1",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "`FOLDER` for keys, certificate and status lists; made if absent", Value: filepath.Join(defaultDir(), "vc-api")},
			&cli.StringFlag{Name: "listen", Usage: "`HOST:PORT` to listen at; port 0 lets the system choose", Value: "127.0.0.1:0"},
			&cli.StringFlag{Name: "url", Usage: "https `ADDRESS` by which clients reach it, if that is not what it listens at"},
			&cli.BoolFlag{Name: "tls", Usage: "has no effect: https is always served; accepted so that scripts may say it", Value: true},
			&cli.BoolFlag{Name: "list", Usage: "write the did:key of each issuer by its name as one JSON object, and end"},
			&cli.StringSliceFlag{Name: "did-host", Usage: "`HOST[:PORT]` from which did:web and did:webvh documents may be fetched, a private one too; may be repeated"},
			&cli.StringFlag{Name: "ca", Usage: "`FILE` with the certificate authority of those hosts, in PEM"},
			&cli.BoolFlag{Name: "quiet", Usage: "log warnings and errors only"},
			command.JSONFlag(),
		},
		Action: s.vcAPI,
	}
}

// vcAPIReady is the line that vc-api writes.
type vcAPIReady struct {
	URL     string            `json:"url"`
	CA      string            `json:"ca"`
	Issuers map[string]string `json:"issuers"`
}

func (s *sandbox) vcAPI(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	if c.Bool("list") {
		return s.vcAPIList(c)
	}
	level := slog.LevelInfo
	if c.Bool("quiet") {
		level = slog.LevelWarn
	}
	roots, err := readRoots(c.String("ca"))
	if err != nil {
		return err
	}
	seen, err := memory.New(memory.Config{Now: s.Now})
	if err != nil {
		return err
	}
	server, err := vcapi.NewServer(c.Context, vcapi.ServerConfig{
		Dir: c.String("dir"), Listen: c.String("listen"), Origin: c.String("url"), Hosts: c.StringSlice("did-host"), Roots: roots,
		Seen: seen, Now: s.Now, Random: s.Random, Logger: s.Logger(level),
	})
	if err != nil {
		return err
	}
	if err := s.JSON(vcAPIReady{server.Origin(), server.Certificate(), server.DIDs()}); err != nil {
		return errors.Join(err, server.Close())
	}
	return server.Serve(c.Context)
}

func (s *sandbox) vcAPIList(c *cli.Context) error {
	dir := c.String("dir")
	if err := vcapi.MakeDir(dir); err != nil {
		return err
	}
	dids, err := vcapi.DIDs(c.Context, dir, s.Random)
	if err != nil {
		return err
	}
	return s.JSON(dids)
}

// readRoots reads certificate authorities. Without a path they are those of the system.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, "the file given with --ca cannot be read", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, reason.New(reason.CLIConfig, "the file given with --ca holds no certificate")
	}
	return pool, nil
}
