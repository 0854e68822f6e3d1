// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/snapshot"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// entries are the status entries of one credential, as the two formats write them.
type entries struct {
	token     object
	bitstring []object
}

// lists publishes a list of its own for each credential that is shown, in the state that the
// scenario gives it, issued as long ago as the scenario says. The list of one whose status is
// unavailable, or of a state that nobody knows, is not there.
func (p *play) lists() {
	p.Helper()
	p.status = map[string]entries{}
	issuerOf := func(name string) string {
		if p.Source.Credentials[name] == nil {
			return nobody
		}
		s, _ := text(p.source(name)["issuer"])
		return s
	}
	root := ""
	if len(p.Source.Chain) > 0 {
		root = issuerOf(p.Source.Chain[0])
	}
	for _, name := range slices.Concat(p.Source.Chain, p.Source.Supporting) {
		if _, done := p.status[name]; !done && p.Source.Credentials[name] != nil {
			p.list(name, p.home(p.Case, issuerOf(name), root))
		}
	}
}

func (p *play) list(name, home string) {
	p.Helper()
	n := len(p.status)
	host, index := p.host(home), 70_001+n
	path := "/status/" + p.number + "/" + strconv.Itoa(n)
	url := func(kind string) string { return "https://" + host + path + "/" + kind }
	e := entries{token: object{"status_list": object{"idx": index, "uri": url("token")}}}
	for _, purpose := range []string{bitstring.Revocation, bitstring.Suspension} {
		e.bitstring = append(e.bitstring, object{
			"id": url(purpose) + "#" + strconv.Itoa(index), "type": "BitstringStatusListEntry", "statusPurpose": purpose,
			"statusListIndex": strconv.Itoa(index), "statusListCredential": url(purpose),
		})
	}
	p.status[name] = e
	st := p.World.Status[name]
	value := slices.Index([]string{"valid", "revoked", "suspended"}, st.State)
	if value < 0 {
		return
	}
	issued, expires := p.World.Now.Add(-st.Age), p.World.Now.Add(time.Hour)
	by := p.signer(home)
	if p.format == sdjwt.Name {
		data := make([]byte, tokenlist.MinEntries/4)
		data[index/4] |= byte(value) << (index % 4 * 2)
		bits, err := tokenlist.Pack(2, data)
		must(p, err)
		raw, err := tokenlist.Seal(p.Context(), tokenlist.List{Subject: url("token"), Issued: issued, Expires: expires, Bits: bits}, by)
		must(p, err)
		p.put(host, path+"/token", tokenlist.MediaType, raw)
		return
	}
	for i, purpose := range []string{bitstring.Revocation, bitstring.Suspension} {
		data := make([]byte, bitstring.MinEntries/8)
		if value == i+1 {
			data[index/8] |= 0x80 >> (index % 8)
		}
		raw, err := bitstring.Seal(p.Context(), bitstring.List{
			ID: url(purpose), Issued: issued, Expires: expires, Purposes: []string{purpose}, Bits: bitstring.Pack(data),
		}, by)
		must(p, err)
		p.put(host, path+"/"+purpose, bitstring.MediaType, raw)
	}
}

// statusSource is the gateway's view of status lists, with the longest hard age limit that an
// operator can set. Where a scenario has evidence that is older, the gateway is one that has no
// such limit: with one the state would be unavailable (delegation.md §4.3), which is another scenario.
func (p *play) statusSource() status.Source {
	p.Helper()
	for _, st := range p.World.Status {
		if st.Age >= snapshot.CeilingMaxAge {
			return patient{p}
		}
	}
	s, err := snapshot.New(snapshot.Config{
		Fetcher: p.fetch, Resolver: p.resolver, Marks: p.memory(), Now: p.clock.Now, MaxAge: snapshot.CeilingMaxAge,
		Signer: func(issuer, url string) (did.DID, bool) {
			id, err := did.Parse(issuer)
			return id, err == nil && p.framework().StatusHostAllowed(issuer, url)
		},
	})
	must(p, err)
	return s
}

// patient is a source of status that takes lists of any age.
type patient struct{ *play }

// State implements status.Source.
func (s patient) State(ctx context.Context, issuer string, ref credential.StatusRef) (status.State, time.Time, error) {
	if !s.framework().StatusHostAllowed(issuer, ref.List) {
		return status.Unknown, time.Time{}, reason.New(reason.FetchNotAllowed, "")
	}
	if ref.Kind == credential.TokenStatusList {
		l, err := fetched(ctx, s, issuer, ref.List, tokenlist.MediaType, tokenlist.Parse)
		if err != nil {
			return status.Unknown, time.Time{}, err
		}
		state, err := l.Bits.State(ref.Index)
		return state, l.Issued, err
	}
	l, err := fetched(ctx, s, issuer, ref.List, bitstring.MediaType, bitstring.Parse)
	if err != nil {
		return status.Unknown, time.Time{}, err
	}
	set, err := l.Bits.Set(ref.Index)
	switch {
	case err != nil:
		return status.Unknown, time.Time{}, err
	case !set:
		return status.Valid, l.Issued, nil
	case ref.Purpose == bitstring.Revocation:
		return status.Revoked, l.Issued, nil
	}
	return status.Suspended, l.Issued, nil
}

// sealed is a list of either form before its signature is checked.
type sealed[L any] interface {
	Method() did.URL
	Open(k key.Public, url string) (L, error)
}

// fetched returns the list at url, its issuer's signature verified.
func fetched[L any, S sealed[L]](ctx context.Context, s patient, issuer, url, mediaType string, parse func([]byte) (S, error)) (l L, err error) {
	raw, err := s.get(ctx, url, mediaType)
	if err != nil {
		return l, err
	}
	list, err := parse(raw)
	if err != nil {
		return l, err
	}
	k, err := s.keyOf(ctx, issuer, list.Method())
	if err != nil {
		return l, err
	}
	return list.Open(k, url)
}

func (s patient) get(ctx context.Context, url, mediaType string) ([]byte, error) {
	r, err := s.fetch.Get(ctx, url, safehttp.Want{MediaTypes: []string{mediaType}, MaxBytes: snapshot.MaxBody})
	return r.Body, err
}

func (s patient) keyOf(ctx context.Context, issuer string, method did.URL) (key.Public, error) {
	if method.DID().String() != issuer {
		return key.Public{}, reason.New(reason.StatusIssuer, "")
	}
	doc, err := s.resolver.Resolve(ctx, method.DID())
	if err != nil {
		return key.Public{}, err
	}
	return doc.Key(method, did.AssertionMethod, s.clock.Now())
}
