// SPDX-License-Identifier: Apache-2.0

// Command behalf-aries-import reads what an Aries wallet gives away, verifies each credential of version
// 1.1 of the data model in it, and writes one line of JSON for each. It is what behalf-wallet import
// --aries runs: a program of its own, so that the wallet does not depend on aries-framework-go.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/interop/aries"
	"github.com/behalf-id/behalf/interop/aries/contents"
	"github.com/behalf-id/behalf/interop/aries/vc11"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now))
}

// run ends with 0 once every credential was looked at, whatever came out, with 1 if the file cannot be
// used, and with 2 if the command is wrong.
func run(ctx context.Context, args []string, out, errs io.Writer, now func() time.Time) int {
	flags := flag.NewFlagSet("behalf-aries-import", flag.ContinueOnError)
	flags.SetOutput(errs)
	known := aries.Embedded()
	flags.Func("context", "`URL=FILE` of a JSON-LD context that the credentials use; may be given often", known.Add)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(errs, "usage: behalf-aries-import [-context URL=FILE]... FILE")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 {
		if err == nil {
			flags.Usage()
		}
		return 2
	}
	if err := judge(ctx, flags.Arg(0), known, out, now()); err != nil {
		_, _ = fmt.Fprintln(errs, "behalf-aries-import:", err)
		return 1
	}
	return 0
}

// judge writes a line for each credential in the file at path.
func judge(ctx context.Context, path string, known aries.Contexts, out io.Writer, now time.Time) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	file, err := io.ReadAll(io.LimitReader(f, contents.MaxFile+1))
	if err != nil {
		return err
	}
	found, err := contents.Read(file)
	if err != nil {
		return err
	}
	ours := vc11.Reader{Keys: credential.Keys{Resolver: didkey.New(), At: now}, Contexts: known.Find}
	theirs := aries.NewVerifier(known)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, raw := range found.Credentials {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := lines.Encode(aries.Judge(ctx, raw, ours, theirs)); err != nil {
			return err
		}
	}
	return nil
}
