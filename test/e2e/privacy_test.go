// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/behalf-id/behalf/internal/command/commandtest"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/store/bolt"
	"github.com/behalf-id/behalf/verifier"
	"github.com/behalf-id/behalf/wallet"
)

// What is looked for.
const (
	number    = "number of a person"
	name      = "name of a person"
	principal = "principal's URN"
	holder    = "DID of a holder"
	token     = "bearer token of a wallet"
	code      = "code of an offer"
	secured   = "credential as issued"
	shown     = "presentation"
)

// allowed says which live records of a store may hold what, by the design: the issuer knows what it
// granted, by whom and to whom, the gateway which access is asked about until the session ends, and nobody
// else anything. Codes lie with the issuer until they are redeemed. An audit leaf holds tags.
var allowed = map[string][]string{
	number:    {"issuer/issuer.db issuer/delegation/"},
	principal: {"issuer/issuer.db issuer/delegation/", "issuer/issuer.db issuer/credential/", "gateway/gateway.db gateway/session/"},
	holder:    {"issuer/issuer.db issuer/delegation/", "issuer/issuer.db issuer/credential/"},
	code:      {"issuer/issuer.db issuer/offer/", "issuer/issuer.db issuer/code/"},
}

// remains says in which stores what was deleted may still lie in pages that the file has not used
// again: the stores that were allowed to hold it.
var remains = map[string][]string{
	number: {"issuer/issuer.db"}, principal: {"issuer/issuer.db", "gateway/gateway.db"}, holder: {"issuer/issuer.db"}, code: {"issuer/issuer.db"},
}

// secrets are the texts looked for, by what they are.
type secrets map[string][]string

func (s secrets) add(kind, text string) {
	if len(text) >= 5 && !slices.Contains(s[kind], text) {
		s[kind] = append(s[kind], text)
	}
}

// people are known before anything runs.
func people() secrets {
	s := secrets{}
	s.add(number, world.PrincipalNumber)
	s.add(principal, world.PrincipalURN)
	for _, full := range []string{world.PrincipalName, world.DelegateName, world.SecondName} {
		s.add(name, full)
		for part := range strings.FieldsSeq(full) {
			s.add(name, part)
		}
	}
	return s
}

// variants returns text as it may lie in a file: as it is, and in base64 at each of the three places
// at which it may begin.
func variants(text string) [][]byte {
	out := [][]byte{[]byte(text)}
	for shift := range 3 {
		padded := append(make([]byte, shift), text...)
		encoded := base64.RawURLEncoding.EncodeToString(padded)
		from := []int{0, 2, 3}[shift]
		to := len(encoded)
		if len(padded)%3 != 0 {
			to-- // its last character depends on what follows
		}
		out = append(out, []byte(encoded[from:to]))
	}
	return out
}

// TestPrivacy runs the story and looks through every byte that it left on the disk.
func TestPrivacy(t *testing.T) {
	t.Run("demo", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "demo")
		out, err := exec.Command(filepath.Join(commandtest.Build(t, "behalf-sandbox"), "behalf-sandbox"), "demo", "--json", "--dir", dir).Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		check(t, os.WriteFile(filepath.Join(dir, "stdout"), out, 0o600))
		search(t, dir, people())
		nothingLike(t, filepath.Join(dir, "servers.log"))
		nothingLike(t, filepath.Join(dir, "stdout"))
	})
	t.Run("secrets", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "world")
		s := tale(t, dir)
		for _, kind := range []string{number, name, principal, holder, token, code, secured, shown} {
			if len(s[kind]) == 0 {
				t.Fatalf("nothing to look for: %s", kind)
			}
		}
		search(t, dir, s)
		forgets(t, dir, s)
	})
}

// forgets fails if a gateway still knows of anybody once its sessions are over, or an issuer of a
// code that nobody redeemed.
func forgets(t *testing.T, dir string, s secrets) {
	t.Helper()
	found := map[finding]int{}
	later := func() time.Time { return time.Now().Add(verifier.SessionLife + verifier.DecisionKept + time.Minute) }
	live(t, found, s, "gateway/gateway.db", filepath.Join(dir, "gateway", "gateway.db"), later)
	if len(found) > 0 {
		t.Errorf("a gateway whose sessions are over holds: %v", found)
	}
	live(t, found, s, "issuer/issuer.db", filepath.Join(dir, "issuer", "issuer.db"), later)
	if n := found[finding{code, "issuer/issuer.db", "issuer/offer/"}]; n > 0 {
		t.Errorf("an issuer holds %d codes of offers that are over", n)
	}
	t.Logf("a quarter of an hour later, in live records\n%s", table(found))
}

// nothingLike fails if a file holds what looks like an identifier of a person or a credential.
func nothingLike(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	check(t, err)
	for _, forbidden := range []string{`did:key:`, `did:jwk:`, `eyJ[A-Za-z0-9_-]{10}`, `\b999\d{7}\b`, `Bearer`, `openid-credential-offer`} {
		if found := regexp.MustCompile(forbidden).Find(raw); found != nil {
			t.Errorf("%s holds %.20q", filepath.Base(path), found)
		}
	}
	if len(raw) == 0 {
		t.Errorf("%s is empty: nothing was searched", path)
	}
}

// finding is where something lies.
type finding struct {
	kind, file, prefix string // prefix is that of live records; "" is the file as a whole
}

// search looks for s in every file below dir, prints what lies where, and fails where it may not.
func search(t *testing.T, dir string, s secrets) {
	t.Helper()
	found := map[finding]int{}
	files := 0
	check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		count(found, s, rel, "", raw)
		if strings.HasSuffix(rel, ".db") {
			live(t, found, s, rel, path, time.Now)
		}
		return nil
	}))
	if files < 10 {
		t.Fatalf("only %d files: the search looks in the wrong place", files)
	}
	judge(t, found)
	t.Logf("%d files searched\n%s", files, table(found))
}

// count notes how often each kind lies in raw.
func count(found map[finding]int, s secrets, file, prefix string, raw []byte) {
	for kind, texts := range s {
		for _, text := range texts {
			for _, form := range variants(text) {
				if n := bytes.Count(raw, form); n > 0 {
					found[finding{kind, file, prefix}] += n
				}
			}
		}
	}
}

// live looks through the records of a store, as far as they have not expired.
func live(t *testing.T, found map[finding]int, s secrets, rel, path string, now func() time.Time) {
	t.Helper()
	store, err := bolt.Open(bolt.Config{Path: path, Now: now})
	check(t, err)
	defer func() { check(t, store.Close()) }()
	for e, err := range store.Scan(t.Context(), "") {
		check(t, err)
		prefix := e.Key[:strings.LastIndexByte(e.Key, '/')+1]
		count(found, s, rel, cmp.Or(prefix, e.Key), append([]byte(e.Key+" "), e.Value...))
	}
}

// judge fails what is where the design does not let it be.
func judge(t *testing.T, found map[finding]int) {
	t.Helper()
	for f, n := range found {
		switch {
		case f.prefix != "":
			if !slices.Contains(allowed[f.kind], f.file+" "+f.prefix) {
				t.Errorf("%s: %d in records %s of %s", f.kind, n, f.prefix, f.file)
			}
		case !slices.Contains(remains[f.kind], f.file):
			t.Errorf("%s: %d in %s", f.kind, n, f.file)
		}
	}
	for kind, places := range allowed {
		if kind != holder && kind != code && !slices.ContainsFunc(places, func(p string) bool {
			file, prefix, _ := strings.Cut(p, " ")
			return found[finding{kind, file, prefix}] > 0
		}) {
			t.Errorf("%s was found nowhere: the search does not work", kind)
		}
	}
}

// table writes what lies where.
func table(found map[finding]int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tfile\twhere\ttimes")
	for _, f := range slices.SortedFunc(maps.Keys(found), func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.file, b.file), cmp.Compare(a.prefix, b.prefix))
	}) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", f.kind, f.file, cmp.Or(f.prefix, "(all bytes of the file, free pages too)"), found[f])
	}
	_ = w.Flush()
	return b.String()
}

// tale runs the story in a world of its own below dir, and returns everything in it that is secret
// or personal.
func tale(t *testing.T, dir string) secrets {
	t.Helper()
	check(t, os.MkdirAll(dir, 0o700))
	logs, err := os.Create(filepath.Join(dir, "servers.log"))
	check(t, err)
	defer func() { _ = logs.Close() }()
	w, err := world.Open(t.Context(), world.Config{
		Dir: dir, Now: time.Now, Logger: slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	check(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	defer func() {
		stop()
		check(t, <-ended)
	}()
	check(t, w.Ready(ctx))
	s := people()
	p := newPeer(t, ready{Registry: w.Registry, Issuer: w.Issuer, Gateway: w.Gateway, CA: w.CA(), OfficeToken: w.IssuerToken, ClientToken: w.GatewayToken})
	act(t, w, s.person(t, p, w, "wallet-tom"), s.person(t, p, w, "wallet-june"), s)
	return s
}

// person returns a wallet in dir whose traffic is noted.
func (s secrets) person(t *testing.T, p *peer, w *world.World, folder string) *wallet.Wallet {
	t.Helper()
	settings := wallet.Settings{Registry: w.Registry, Trusted: []string{w.RegistryKey}}
	vault, err := wallet.Create(t.Context(), filepath.Join(filepath.Dir(w.CA()), folder), []byte("of a test"), settings, rand.Reader)
	check(t, err)
	t.Cleanup(func() { _ = vault.Close() })
	id, err := vault.DID()
	check(t, err)
	s.add(holder, id.String())
	return p.wallet(t, vault, s.note)
}

// note takes the secrets out of what a wallet posted and got.
func (s secrets) note(_ string, body, answer []byte) {
	var said struct {
		Token   string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if json.Unmarshal(answer, &said) == nil {
		s.add(token, said.Token)
		s.add(token, said.Refresh)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return
	}
	s.add(code, form.Get("pre-authorized_code"))
	s.add(code, form.Get("tx_code"))
	var presented map[string][]string
	if strictjson.Unmarshal([]byte(form.Get("vp_token")), &presented) != nil {
		return
	}
	for _, all := range presented {
		for _, one := range all {
			s.add(shown, one[len(one)-43:]) // the end of the holder's signature, or of the last disclosure
		}
	}
}

// act is the story: granted, received, permitted, too broad, passed on, permitted, revoked, and a
// second offer that nobody collects.
func act(t *testing.T, w *world.World, tom, june *wallet.Wallet, s secrets) {
	t.Helper()
	ctx := t.Context()
	office, err := w.Office()
	check(t, err)
	offer, err := office.Grant(ctx, world.Grant(time.Now()))
	check(t, err)
	got, err := tom.Receive(ctx, offer.Offer.URI, wallet.Collector{Accept: func(wallet.OfferView) (string, error) { return offer.Offer.TxCode, nil }})
	check(t, err)
	for _, raw := range got.Entries[0].Secured() { // it came encrypted
		jws, _, _ := strings.Cut(raw, "~")
		s.add(secured, jws[strings.LastIndexByte(jws, '.')+1:])
	}
	shows(t, w, tom, "appointments", "book", "permit")
	shows(t, w, tom, "gp-record", "view", "deny")
	file, _, err := tom.Delegate(ctx, got.Entries[0], wallet.Proposal{To: june.DID(), Permissions: []wallet.Permitted{{Resource: "appointments", Actions: []string{"view"}}}})
	check(t, err)
	if _, err := june.Accept(ctx, file); err != nil {
		t.Fatal(err)
	}
	shows(t, w, june, "appointments", "view", "permit")
	check(t, office.Revoke(ctx, offer.ID))
	left, err := office.Grant(ctx, world.Grant(time.Now()))
	check(t, err)
	s.add(code, left.Offer.TxCode)
}

// shows answers one request.
func shows(t *testing.T, w *world.World, who *wallet.Wallet, resource, action, want string) {
	t.Helper()
	service, err := w.Service()
	check(t, err)
	asked, err := service.Ask(t.Context(), resource, action)
	check(t, err)
	prepared, err := who.Prepare(t.Context(), asked.DeepLink, "")
	check(t, err)
	told, err := prepared.Send(t.Context(), wallet.Agree)
	check(t, err)
	if told.Outcome != want {
		t.Fatalf("%s %s: %s, want %s", action, resource, told.Outcome, want)
	}
}
