// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/behalf-id/behalf/internal/command"
)

// maxAnswer is the number of bytes that are read of one answer.
const maxAnswer = 4096

// person is who sits at the terminal, if somebody does.
type person struct {
	shell    *command.Program // questions go to its error output, answers of the program to standard output
	terminal *os.File         // nil: nobody can be asked
	in       *bufio.Reader
}

func newPerson(shell *command.Program) *person {
	p := &person{shell: shell, in: bufio.NewReader(io.LimitReader(shell.In, 1<<20))}
	if f, ok := shell.In.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal = f
	}
	return p
}

// there reports whether somebody can be asked.
func (p *person) there() bool { return p.terminal != nil }

// ask returns the answer to a question, without spaces around it.
func (p *person) ask(ctx context.Context, question string) (string, error) {
	if _, err := fmt.Fprint(p.shell.Err, command.Printable(question)+" "); err != nil {
		return "", err
	}
	line, err := waited(ctx, func() (string, error) { return p.in.ReadString('\n') })
	if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
		return "", errors.New("no answer came; nothing was done")
	}
	if len(line) > maxAnswer {
		return "", errors.New("the answer is too long")
	}
	return strings.TrimSpace(line), nil
}

// agrees asks a question that only a clear yes answers with yes.
func (p *person) agrees(ctx context.Context, question string) (bool, error) {
	answer, err := p.ask(ctx, question+" [yes/no]")
	return strings.EqualFold(answer, "yes") || strings.EqualFold(answer, "y"), err
}

// secret asks for something that is not to be seen.
func (p *person) secret(ctx context.Context, question string) ([]byte, error) {
	if _, err := fmt.Fprint(p.shell.Err, question+" "); err != nil {
		return nil, err
	}
	fd := int(p.terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	answer, err := waited(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	if err != nil {
		_ = term.Restore(fd, before) // an interrupt leaves the terminal as it was
		return nil, errors.New("no passphrase came; nothing was done")
	}
	_, _ = fmt.Fprintln(p.shell.Err)
	return answer, nil
}

// waited returns what read does, or ends with ctx: a prompt can be interrupted.
func waited[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := read()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
