// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/command/server"
	"github.com/behalf-id/behalf/internal/qr"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/issuer"
)

// delegations is where a running issuer is told of them.
const delegations = "/admin/v1/delegations"

// Bounds of what is read and written here.
const (
	maxGrant  = 1 << 20 // bytes of a grant file
	maxListed = 10_000  // delegations that list writes
)

// adminFlags are the options of the commands that work through the running server.
func (p *program) adminFlags() []cli.Flag {
	return []cli.Flag{
		command.ConfigFlag("issuer"), command.JSONFlag(),
		&cli.StringFlag{Name: "url", Usage: "https `ADDRESS` of the server; left out, origin of the settings"},
		&cli.StringFlag{Name: "token-file", Usage: "`FILE` of the admin token; left out, admin-token-file of the settings"},
		&cli.StringFlag{Name: "ca", Usage: "`FILE` of certificate authorities to trust; left out, outbound.ca of the settings, or the system's"},
	}
}

// admin returns the server that the options and the settings name.
func (p *program) admin(c *cli.Context) (*server.Admin, error) {
	cfg, err := p.load(c)
	if err != nil {
		return nil, err
	}
	either := func(flag, setting string) string {
		if c.IsSet(flag) {
			return c.String(flag)
		}
		return setting
	}
	at := server.Access{URL: either("url", cfg.Origin), TokenFile: either("token-file", cfg.AdminToken), CA: either("ca", cfg.Outbound.CA)}
	if at.URL == "" || at.TokenFile == "" {
		return nil, command.Usage("give --config, or --url and --token-file")
	}
	return p.Admin(at)
}

func (p *program) grantCommand() *cli.Command {
	return &cli.Command{
		Name:      "grant",
		Usage:     "grant a delegation and make the offer that a wallet collects it with",
		ArgsUsage: " ",
		Description: "FILE holds {\"profile\",\"formats\",\"grant\"} as POST /admin/v1/delegations takes it; - reads standard input. Send the offer and " +
			"the transaction code by two channels. With \"collector\":{\"issuer\",\"subject\"} there is no code: the person signs in. With " +
			"\"review\":true nothing is issued before approve. With --idempotency-key, asking again gives the same offer and no second one.\n\n" +
			"Examples:\n" +
			"   behalf-issuer grant --config issuer/issuer.yaml --file grant.json\n" +
			"   behalf-issuer grant --config issuer/issuer.yaml --file grant.json --tx-code-file code.txt --json",
		Flags: append(p.adminFlags(),
			&cli.StringFlag{Name: "file", Usage: "`GRANT.json`: what is granted, to whom, for whom"},
			&cli.StringFlag{Name: "idempotency-key", Usage: "`KEY` that stands for this grant; left out, a new one"},
			&cli.StringFlag{Name: "tx-code-file", Usage: "write the transaction code to this new `FILE`, and not to standard output"}),
		Action: p.grant,
	}
}

func (p *program) grant(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	body, err := p.grantFile(c.String("file"))
	if err != nil {
		return err
	}
	s, err := p.admin(c)
	if err != nil {
		return err
	}
	defer s.Close()
	key := c.String("idempotency-key")
	if key == "" {
		if key, err = wire.NewToken(p.Random); err != nil {
			return err
		}
	}
	var o issuer.Offering
	if err := s.Post(c.Context, delegations, key, body, &o); err != nil {
		return err
	}
	if o.Offer == nil {
		return p.Say(c, o, "The delegation "+o.ID+" was granted before, and its offer was collected or has ended.")
	}
	return p.tell(c, o)
}

// grantFile reads the grant, "-" from standard input.
func (p *program) grantFile(path string) ([]byte, error) {
	var in io.Reader = p.In
	switch path {
	case "":
		return nil, command.Usage("grant needs --file")
	case "-":
	default:
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read", path)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxGrant+1))
	if err != nil || len(raw) > maxGrant {
		return nil, errors.Join(fmt.Errorf("%s is longer than %d bytes, or cannot be read", path, maxGrant), err)
	}
	return raw, nil
}

// tell says how the delegation is collected, the transaction code apart if it was asked for so. In a
// terminal it draws what a phone can scan.
func (p *program) tell(c *cli.Context, o issuer.Offering) error {
	code := "Transaction code, by another channel: " + o.Offer.TxCode
	switch path := c.String("tx-code-file"); {
	case o.Offer.TxCode == "":
		code = "There is no transaction code: the person signs in."
	case path != "":
		if err := writeNew(path, o.Offer.TxCode+"\n"); err != nil {
			return err
		}
		code = "Transaction code: in " + path
		o.Offer.TxCode = ""
	}
	if err := p.draw(c, o.Offer.ByReference); err != nil {
		return err
	}
	return p.Say(c, o,
		"Delegation "+o.ID,
		"Offer, for the delegate's wallet, until "+o.Offer.Expires.Format(time.RFC3339)+":",
		o.Offer.URI,
		"The same as a page, with a QR code: "+o.Offer.Page, code)
}

// draw writes link as a QR code to a person's terminal, and nothing anywhere else.
func (p *program) draw(c *cli.Context, link string) error {
	out, ok := p.Out.(*os.File)
	if c.Bool("json") || !ok || !term.IsTerminal(int(out.Fd())) {
		return nil
	}
	return qr.Terminal(p.Out, link)
}

// writeNew writes a file that was not there, for its owner alone.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%s is there already or cannot be written; the delegation was granted: ask again with its --idempotency-key", path)
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func (p *program) listCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list what was granted, the oldest first", ArgsUsage: " ",
		Description: "Example:\n   behalf-issuer list --config issuer/issuer.yaml --state issued",
		Flags: append(p.adminFlags(),
			&cli.StringFlag{Name: "state", Usage: "only those in `STATE`: offered, issued, suspended, revoked or expired"},
			&cli.StringFlag{Name: "review", Usage: "only those whose review is `OUTCOME`: pending, approved or declined"}),
		Action: p.list,
	}
}

func (p *program) list(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	state := issuer.State(c.String("state"))
	switch state {
	case "", issuer.Offered, issuer.Issued, issuer.Suspended, issuer.Revoked, issuer.Expired:
	default:
		return command.Usage("--state is offered, issued, suspended, revoked or expired")
	}
	review := issuer.Review(c.String("review"))
	switch review {
	case "", issuer.Pending, issuer.Approved, issuer.Declined:
	default:
		return command.Usage("--review is pending, approved or declined")
	}
	s, err := p.admin(c)
	if err != nil {
		return err
	}
	defer s.Close()
	after := ""
	for seen := 0; seen < maxListed; {
		var page issuer.Page
		if err := s.Get(c.Context, delegations+"?limit="+strconv.Itoa(issuer.MaxPage)+"&after="+url.QueryEscape(after), &page); err != nil {
			return err
		}
		if err := p.listed(c, page.Delegations, state, review); err != nil || page.Next == "" {
			return err
		}
		seen, after = seen+max(1, len(page.Delegations)), page.Next
	}
	return fmt.Errorf("there are more than %d; page through GET /admin/v1/delegations instead", maxListed)
}

func (p *program) listed(c *cli.Context, page []issuer.Shown, state issuer.State, review issuer.Review) error {
	for _, d := range page {
		if state != "" && d.State != state || review != "" && d.Review != review {
			continue
		}
		line := fmt.Sprintf("%s  %-9s  %s  %s  %d copies%s", d.ID, d.State, d.Created.Format(time.RFC3339), strings.Join(d.Formats, ","), len(d.Copies), reviewed(d))
		if err := p.Say(c, d, line); err != nil {
			return err
		}
	}
	return nil
}

// reviewed says how the review of d stands, if it has one, and whether somebody waits for it.
func reviewed(d issuer.Shown) string {
	switch {
	case d.Review == "":
		return ""
	case d.Review == issuer.Pending && d.Waiting > 0:
		return fmt.Sprintf("  review pending, %d waiting", d.Waiting)
	}
	return "  review " + string(d.Review)
}

func (p *program) showCommand() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "show one delegation, with what was granted and what was passed on below it", ArgsUsage: "ID",
		Description: "Example:\n   behalf-issuer show --config issuer/issuer.yaml dg-…",
		Flags:       p.adminFlags(),
		Action:      p.show,
	}
}

func (p *program) show(c *cli.Context) error {
	id, err := delegationID(c)
	if err != nil {
		return err
	}
	s, err := p.admin(c)
	if err != nil {
		return err
	}
	defer s.Close()
	var d issuer.Shown
	if err := s.Get(c.Context, delegations+"/"+id, &d); err != nil {
		return err
	}
	lines, err := command.Document(d.Grant)
	if err != nil {
		return err
	}
	return p.Say(c, d, slices.Concat(status(d), onward(d), lines)...)
}

// status says in a line or two how d stands.
func status(d issuer.Shown) []string {
	lines := []string{fmt.Sprintf("%s is %s, granted %s, %d copies%s", d.ID, d.State, d.Created.Format(time.RFC3339), len(d.Copies), strings.Replace(reviewed(d), "  ", ", ", 1))}
	if d.Reason != "" {
		lines = append(lines, "Reason of the last change: "+d.Reason)
	}
	if d.Note != "" {
		lines = append(lines, "Note: "+d.Note)
	}
	return lines
}

// onward lists the links that persons signed below d: each can be revoked by its id.
func onward(d issuer.Shown) []string {
	var lines []string
	for _, h := range d.Onward {
		lines = append(lines, fmt.Sprintf("Passed on: %s is %s, since %s", h.ID, h.State, h.Created.Format(time.RFC3339)))
	}
	return lines
}

func (p *program) changeCommand(name, usage, seen, example string) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, ArgsUsage: "ID",
		Description: "It ends with 0 only when the change is durable; doing it again changes nothing. " + seen + "\n\n" +
			"Example:\n   behalf-issuer " + name + " dg-… --config issuer/issuer.yaml --reason " + example,
		Flags: append(p.adminFlags(),
			&cli.StringFlag{Name: "reason", Usage: "`WORDS` of lower case joined by dashes: why"},
			&cli.StringFlag{Name: "note", Usage: "`TEXT` that is kept and never published"}),
		Action: func(c *cli.Context) error { return p.change(c, name) },
	}
}

func (p *program) change(c *cli.Context, name string) error {
	id, err := delegationID(c)
	if err != nil {
		return err
	}
	if c.String("reason") == "" {
		return command.Usage("%s needs --reason", name)
	}
	s, err := p.admin(c)
	if err != nil {
		return err
	}
	defer s.Close()
	body, err := strictjson.Marshal(issuer.Change{Reason: c.String("reason"), Note: c.String("note")})
	if err != nil {
		return err
	}
	var d issuer.Shown
	if err := s.Post(c.Context, delegations+"/"+id+"/"+name, "", body, &d); err != nil {
		return err
	}
	if name == "approve" || name == "decline" {
		return p.Say(c, d, fmt.Sprintf("%s is %s.", d.ID, d.Review))
	}
	return p.Say(c, d, fmt.Sprintf("%s is %s.", d.ID, d.State))
}

// delegationID returns the one argument, which is an id as grant and list print it.
func delegationID(c *cli.Context) (string, error) {
	id, err := command.OneArgument(c, "ID")
	if err != nil {
		return "", err
	}
	for k := range len(id) {
		if b := id[k]; (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' {
			return "", command.Usage("ID is one that grant and list print, such as dg-…")
		}
	}
	return id, nil
}
