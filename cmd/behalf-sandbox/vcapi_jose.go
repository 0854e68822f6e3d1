// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/vcapi"
	"github.com/behalf-id/behalf/reason"
)

func (s *sandbox) vcJOSECommand() *cli.Command {
	return &cli.Command{
		Name:  "vc-jose",
		Usage: "secure one document with JOSE, or verify one, for interoperability testing only",
		Description: "For interoperability testing only: the key in the file is taken for the key of whoever the document names.\n\n" +
			"Example:\n" +
			"   behalf-sandbox vc-jose issue --feature credential_sdjwt --sd '[\"credentialSubject.id\"]' --key key.json --input vc.json --output out.json",
		Subcommands: []*cli.Command{
			{
				Name: "issue", Usage: "secure the document in the input", ArgsUsage: " ", Flags: vcJOSEFlags(),
				Action: func(c *cli.Context) error { return s.vcJOSE(c, s.vcJOSEIssue) },
			},
			{
				Name: "verify", Usage: "verify the token in the input, and give the document in it", ArgsUsage: " ", Flags: vcJOSEFlags(),
				Action: func(c *cli.Context) error { return s.vcJOSE(c, s.vcJOSEVerify) },
			},
		},
	}
}

func vcJOSEFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "input", Usage: "`FILE` with the document or token"},
		&cli.StringFlag{Name: "key", Usage: "`FILE` with a verification method: id, controller, publicKeyJwk and, to issue, secretKeyJwk"},
		&cli.StringFlag{Name: "feature", Usage: "`NAME`: credential_jose, credential_sdjwt, presentation_jose or presentation_sdjwt; those with cose are not built"},
		&cli.StringFlag{Name: "sd", Usage: "`PATHS` to make selectively disclosable, as a JSON array such as [\"a.b\"]"},
		&cli.StringFlag{Name: "output", Usage: "`FILE` for the result"},
		command.JSONFlag(),
	}
}

// vcJOSEResult is the output file.
type vcJOSEResult struct {
	Result string `json:"result"` // success, failure, or indeterminate for what is not built
	Data   string `json:"data"`   // the token or document, or the reason
}

// vcJOSE runs do on the input and writes what comes of it. It ends well if that was written.
func (s *sandbox) vcJOSE(c *cli.Context, do func(c *cli.Context, mediaType string, input []byte, f vcapi.KeyFile) (string, error)) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	for _, name := range [...]string{"input", "key", "feature", "output"} {
		if c.String(name) == "" {
			return command.Usage("%s needs --%s", c.Command.Name, name)
		}
	}
	mediaType, ok := vcapi.Features()[c.String("feature")]
	if !ok {
		return command.Usage("there is no feature %q", c.String("feature"))
	}
	input, err := readInput(c.String("input"))
	if err != nil {
		return err
	}
	raw, err := readInput(c.String("key"))
	if err != nil {
		return err
	}
	result := vcJOSEResult{Result: "success"}
	f, err := vcapi.ReadKeyFile(raw, s.Now(), s.Random)
	switch {
	case strings.HasSuffix(c.String("feature"), "_cose"):
		err = vcapi.ErrNotBuilt
	case err == nil:
		result.Data, err = do(c, mediaType, input, f)
	}
	if err != nil {
		result = vcJOSEResult{"failure", string(reason.Of(err))}
	}
	if errors.Is(err, vcapi.ErrNotBuilt) {
		result = vcJOSEResult{"indeterminate", "not built"}
	}
	out, err := strictjson.Marshal(result)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.String("output"), append(out, '\n'), 0o600); err != nil {
		return err
	}
	return s.Say(c, result, result.Result)
}

func (s *sandbox) vcJOSEIssue(c *cli.Context, mediaType string, input []byte, f vcapi.KeyFile) (string, error) {
	var paths []string
	if text := c.String("sd"); text != "" {
		if err := strictjson.Unmarshal([]byte(text), &paths); err != nil {
			return "", err
		}
	}
	return vcapi.SignWith(c.Context, mediaType, input, paths, f, s.Random)
}

func (s *sandbox) vcJOSEVerify(c *cli.Context, mediaType string, input []byte, f vcapi.KeyFile) (string, error) {
	others, err := did.NewMux(map[string]did.Resolver{didkey.Method: didkey.New(), didjwk.Method: didjwk.New()})
	if err != nil {
		return "", err
	}
	e := vcdm.Envelope{MediaType: mediaType, Content: strings.TrimSpace(string(input))}
	o, err := vcapi.OpenWith(c.Context, e, f, credential.Keys{Resolver: others, At: s.Now()})
	return string(o.Document), err
}

// maxInput is how many bytes an input or key file may have.
const maxInput = 1 << 20

func readInput(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	raw, err := io.ReadAll(io.LimitReader(file, maxInput+1))
	if err == nil && len(raw) > maxInput {
		err = reason.New(reason.LimitBody, "an input has more than 1 MiB")
	}
	return raw, err
}
