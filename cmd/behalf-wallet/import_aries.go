// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

// importer is the program that reads what Aries wallets hold. It is one of its own, as aries-framework-go
// is archived and brings 133 modules along.
const importer = "behalf-aries-import"

// Bounds on one run of the importer.
const (
	importTime   = 5 * time.Minute
	importOutput = 64 << 20 // bytes
	importLines  = 4096
	importWords  = 4 << 10 // bytes of what it says went wrong
)

// ariesFlags are the options of import that concern other wallets.
func ariesFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "aries", Usage: "FILE holds the contents of a wallet built on Aries: keep the credentials in it that verify, beside the delegations of this wallet"},
		&cli.StringSliceFlag{Name: "context", Usage: "`URL=FILE` of a JSON-LD context that those credentials use; may be repeated"},
	}
}

// judged is one line of the importer.
type judged struct {
	Format     string      `json:"format"`
	Credential string      `json:"credential"`
	Verified   bool        `json:"verified"`
	By         []string    `json:"by"`
	ID         string      `json:"id"`
	Issuer     string      `json:"issuer"`
	Types      []string    `json:"types"`
	Issued     time.Time   `json:"issued"`
	Expires    time.Time   `json:"expires"`
	Reason     reason.Code `json:"reason"`
}

// refused is a credential that was not kept, in JSON.
type refused struct {
	Number int         `json:"number"` // its place in the file, from 1
	Reason reason.Code `json:"reason"`
}

// importAries keeps the credentials in the file at path that verify, and ends with 1 if there are others.
func (p *program) importAries(c *cli.Context, path string) error {
	found, err := p.judge(c, path)
	if err != nil {
		return err
	}
	var good []*wallet.Foreign
	bad := []refused{}
	for i, j := range found {
		if !j.Verified {
			bad = append(bad, refused{i + 1, j.Reason})
			continue
		}
		good = append(good, &wallet.Foreign{
			Format: j.Format, Raw: j.Credential, Name: j.ID, Issuer: j.Issuer, Types: j.Types, Issued: j.Issued, Expires: j.Expires, By: j.By,
		})
	}
	return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error {
		kept, err := w.Keep(c.Context, good)
		if err != nil {
			return err
		}
		return p.sayImported(c, kept, len(good)-len(kept), bad)
	})
}

func (p *program) sayImported(c *cli.Context, kept []*wallet.Foreign, already int, bad []refused) error {
	lines := []string{fmt.Sprintf("%d kept, %d were here already, %d refused.", len(kept), already, len(bad))}
	for _, f := range kept {
		lines = append(lines, otherLine(f))
	}
	for _, r := range bad {
		p.Complain(fmt.Sprintf("credential %d of the file does not verify (%s)", r.Number, r.Reason))
	}
	out := struct {
		Kept    []*wallet.Foreign `json:"kept"`
		Already int               `json:"already"`
		Refused []refused         `json:"refused"`
	}{withoutRaw(kept), already, bad}
	if err := p.Say(c, out, lines...); err != nil {
		return err
	}
	if len(bad) > 0 {
		return command.Quiet()
	}
	return nil
}

// judge runs the importer on the file at path and reads its lines.
func (p *program) judge(c *cli.Context, path string) ([]judged, error) {
	helper, err := findImporter()
	if err != nil {
		return nil, err
	}
	var args []string
	for _, one := range c.StringSlice("context") {
		args = append(args, "-context", one)
	}
	path, err = filepath.Abs(path) // so that no name looks like an option
	if err != nil {
		return nil, err
	}
	out, err := runImporter(c.Context, helper, append(args, path))
	if err != nil {
		return nil, err
	}
	return readJudged(out)
}

// findImporter returns the path of the importer: beside this program, else in PATH.
func findImporter() (string, error) {
	name := importer
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if own, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(own), name)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is not beside behalf-wallet and not in PATH; build it from the source of behalf with: "+
			"cd interop/aries && go build -o FOLDER ./cmd/%s", importer, importer)
	}
	return found, nil
}

// runImporter returns what the importer writes, within the bounds. It is given no secret: of the
// environment it sees only what programs need to start.
func runImporter(ctx context.Context, helper string, args []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, importTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, helper, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
	out, words := &bounded{limit: importOutput}, &bounded{limit: importWords}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, words, time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s took too long, or was interrupted; nothing was kept", importer)
	case out.full:
		return nil, fmt.Errorf("%s wrote too much; nothing was kept", importer)
	case err != nil:
		said := strings.TrimSpace(strings.TrimPrefix(words.buf.String(), importer+":"))
		if said == "" {
			said = err.Error()
		}
		return nil, errors.New("the file cannot be imported: " + command.Printable(said))
	}
	return out.buf.Bytes(), nil
}

// bounded keeps what is written, up to its limit. The buffer is not embedded: it has a ReadFrom that
// knows no limit.
type bounded struct {
	buf   bytes.Buffer
	limit int
	full  bool
}

// Write implements io.Writer. Beyond the limit it refuses, which ends the writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > b.limit {
		b.full = true
		return 0, io.ErrShortWrite
	}
	return b.buf.Write(p)
}

// readJudged reads the importer's lines. It is a program of ours, so that whatever it writes else is a
// fault, and nothing is kept.
func readJudged(out []byte) (all []judged, err error) {
	for line := range bytes.Lines(out) {
		var j judged
		if err := strictjson.UnmarshalClosed(bytes.TrimSpace(line), &j); err != nil {
			return nil, fmt.Errorf("%s is of another version: %v", importer, err) // not its reason: the file is not at fault
		}
		if !j.Verified && j.Reason == "" || len(all) == importLines {
			return nil, fmt.Errorf("%s is of another version", importer)
		}
		all = append(all, j)
	}
	return all, nil
}
