// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// stage is a test binary of the rewritten package, or of one that imports it, and the places that
// its tests run.
type stage struct {
	binary  string
	dir     string
	args    []string
	reached map[int]bool
}

// try builds the stages and runs every mutant through them until one fails.
func try(ctx context.Context, o options, p *pkg) error {
	work, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	overlay, err := p.overlay(work)
	if err != nil {
		return err
	}
	list := make([]*stage, len(o.stages))
	for i, text := range o.stages {
		if list[i], err = build(ctx, work, overlay, i, text); err != nil {
			return err
		}
		if err := list[i].baseline(ctx, filepath.Join(work, fmt.Sprintf("trace%d", i)), o.timeout); err != nil {
			return err
		}
	}
	queue := make(chan *mutant)
	errs := make([]error, o.workers)
	var group sync.WaitGroup
	for i := range o.workers {
		group.Go(func() {
			for m := range queue {
				errs[i] = errors.Join(errs[i], m.run(ctx, list, o.timeout))
			}
		})
	}
	for i, m := range p.mutants {
		if i%100 == 0 {
			fmt.Fprintf(os.Stderr, "mutant %d of %d\n", i, len(p.mutants))
		}
		queue <- m
	}
	close(queue)
	group.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// overlay writes the rewritten files to work, and which files they stand for.
func (p *pkg) overlay(work string) (string, error) {
	replace := map[string]string{}
	put := func(name string, text []byte) error {
		to := filepath.Join(work, filepath.Base(name))
		at, err := filepath.Abs(name)
		if err != nil {
			return err
		}
		replace[at] = to
		return os.WriteFile(to, text, 0o600)
	}
	for name, text := range p.sources {
		if err := put(name, text); err != nil {
			return "", err
		}
	}
	if err := put(filepath.Join(p.dir, "zz_mutate.go"), fmt.Appendf(nil, schema, p.name, len(p.mutants)+1)); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(work, "overlay.json")
	return file, os.WriteFile(file, text, 0o600)
}

func build(ctx context.Context, work, overlay string, i int, text string) (*stage, error) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return nil, errors.New("a stage begins with a package")
	}
	s := &stage{binary: filepath.Join(work, fmt.Sprintf("stage%d.test", i)), dir: fields[0], args: fields[1:], reached: map[int]bool{}}
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", s.binary, s.dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("build of stage %q: %w", text, err)
	}
	return s, nil
}

// run starts the tests with mutant id on, 0 for none. What does not end in time is ended, and has
// failed.
func (s *stage) run(ctx context.Context, id int, timeout time.Duration, env ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.binary, append([]string{"-test.failfast"}, s.args...)...)
	cmd.Dir = s.dir
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "MUTATE="+strconv.Itoa(id), "GOMAXPROCS=1", "GOTRACEBACK=none")
	cmd.Env = append(cmd.Env, env...)
	return cmd.CombinedOutput()
}

// baseline runs the tests without a mutant: they must pass, and tell what they reach.
func (s *stage) baseline(ctx context.Context, trace string, timeout time.Duration) error {
	if out, err := s.run(ctx, 0, timeout, "MUTATE_TRACE="+trace); err != nil {
		return fmt.Errorf("%s fails without a mutant: %w\n%s", s.dir, err, out)
	}
	seen, err := os.ReadFile(trace)
	if err != nil {
		return fmt.Errorf("%s reaches no mutant: %w", s.dir, err)
	}
	for line := range bytes.Lines(seen) {
		id, err := strconv.Atoi(string(bytes.TrimSpace(line)))
		if err != nil {
			return err
		}
		s.reached[id] = true
	}
	return nil
}

// run sends m through the stages. Only tests that ran and failed kill it: where they could not be
// started, nothing is known, and that is an error.
func (m *mutant) run(ctx context.Context, list []*stage, timeout time.Duration) error {
	for i, s := range list {
		if !s.reached[m.ID] {
			continue
		}
		m.Reached = true
		_, err := s.run(ctx, m.ID, timeout)
		var failed *exec.ExitError
		switch {
		case errors.As(err, &failed) && ctx.Err() == nil, errors.Is(err, exec.ErrWaitDelay):
			m.Killed, m.Stage = true, i+1
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", m, err)
		}
	}
	return nil
}
