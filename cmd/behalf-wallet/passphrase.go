// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/reason"
)

// maxPassphrase is the number of bytes that a passphrase may have.
const maxPassphrase = 4096

// minPassphrase is the number of characters that one typed for a new wallet has at least.
const minPassphrase = 8

// passphrase returns that of a wallet that is there: what was given, else what the keyring of the
// system remembers, else what the person says.
func (p *program) passphrase(c *cli.Context, folder string) ([]byte, error) {
	given, ok, err := p.given(c)
	if ok || err != nil {
		return given, err
	}
	if given, ok := p.remembered(c.Context, folder); ok {
		return given, nil
	}
	return p.prompted(c.Context, "Passphrase:")
}

// newPassphrase returns one for a wallet that is to be made. A person says it twice; what a script
// gives is the script's affair.
func (p *program) newPassphrase(c *cli.Context) ([]byte, error) {
	first, ok, err := p.given(c)
	if ok || err != nil {
		return first, err
	}
	if first, err = p.prompted(c.Context, "Passphrase for the new wallet:"); err != nil {
		return nil, err
	}
	if utf8.RuneCount(first) < minPassphrase {
		return nil, fmt.Errorf("that is short enough to be guessed; take four or more words, of %d characters at least; nothing was made", minPassphrase)
	}
	again, err := p.person.secret(c.Context, "Passphrase, again:")
	if err == nil && !bytes.Equal(first, again) {
		err = errors.New("the two passphrases differ; nothing was made")
	}
	return first, err
}

func (p *program) prompted(ctx context.Context, question string) ([]byte, error) {
	if !p.person.there() {
		return nil, command.Usage("no passphrase: set %s, give --passphrase-file or --passphrase-fd, or run in a terminal to be asked", envPassphrase)
	}
	return p.person.secret(ctx, question)
}

// given returns the passphrase that the command was called with, if there is one: never on the command line itself,
// where others on the machine could read it.
func (p *program) given(c *cli.Context) (secret []byte, ok bool, err error) {
	switch {
	case c.IsSet("passphrase-fd") && c.IsSet("passphrase-file"):
		return nil, false, command.Usage("give --passphrase-fd or --passphrase-file, not both")
	case c.IsSet("passphrase-fd"):
		secret, err = p.fromDescriptor(c.Int("passphrase-fd"))
	case c.IsSet("passphrase-file"):
		secret, err = fromFile(c.String("passphrase-file"))
	default:
		text := os.Getenv(envPassphrase)
		return []byte(text), text != "", nil
	}
	return secret, err == nil, err
}

// fromDescriptor reads one line from an open file of the process.
func (p *program) fromDescriptor(fd int) ([]byte, error) {
	if fd == 0 {
		return oneLine(p.In, "standard input")
	}
	if fd < 3 || fd > 1<<16 {
		return nil, command.Usage("--passphrase-fd is 0 or from 3 on")
	}
	name := fmt.Sprintf("file descriptor %d", fd)
	f := os.NewFile(uintptr(fd), name)
	if _, err := f.Stat(); err != nil {
		return nil, command.Usage("%s is not open", name)
	}
	defer func() { _ = f.Close() }()
	return oneLine(f, name)
}

// fromFile reads the one line of a file that nobody else may read. A link to such a file is fine.
func fromFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, errors.Unwrap(err))
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, reason.New(reason.CLIConfig, path+" is not a plain file")
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return nil, reason.New(reason.CLIConfig, path+" holds a passphrase and others may read it; close it with: chmod go= "+path)
	}
	return oneLine(f, path)
}

// oneLine reads a passphrase, which is all there is, less one line end.
func oneLine(from io.Reader, name string) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(from, maxPassphrase+3))
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read", name)
	}
	raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	if len(raw) == 0 || len(raw) > maxPassphrase || bytes.ContainsAny(raw, "\n\x00") {
		return nil, reason.New(reason.CLIConfig, name+" does not hold one line with a passphrase")
	}
	return raw, nil
}
