// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"net/url"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Bounds of a Collector, and of what they may collect.
const (
	maxProvider    = 2048 // bytes of the issuer identifier of an OpenID provider
	maxSubject     = 255  // characters of sub (OpenID Connect Core §2)
	MaxCollectable = 64   // delegations that one person may collect at once
)

// check refuses a collector who could never sign in.
func (c *Collector) check(signIn SignIn) error {
	if c == nil {
		return nil
	}
	if signIn == nil {
		return reason.New(reason.CredentialSchemaInvalid, "this issuer signs nobody in, so there can be no collector")
	}
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(c.Issuer) > maxProvider {
		return reason.New(reason.CredentialSchemaInvalid, "collector.issuer is not the https address of an OpenID provider")
	}
	for k := range len(c.Subject) {
		if c.Subject[k] < ' ' || c.Subject[k] > '~' {
			return reason.New(reason.CredentialSchemaInvalid, "collector.subject is not in ASCII")
		}
	}
	if c.Subject == "" || len(c.Subject) > maxSubject {
		return reason.New(reason.CredentialSchemaInvalid, "collector.subject is empty or too long")
	}
	return nil
}

// is reports whether who signed in is the collector.
func (c *Collector) is(who Person) bool {
	return c != nil && c.Issuer == who.Issuer && c.Subject == who.Subject
}

// key is where the delegations of one account are filed: under its digest, for an account is
// personal data.
func (c *Collector) key() string {
	return digestKey(prefixCollector, c.Issuer+"\x00"+c.Subject) + "/"
}

// collectable returns what who may collect now, the oldest first: what names them as its collector
// and is offered or issued. At most MaxCollectable are returned.
func (i *Issuer) collectable(ctx context.Context, who Person) ([]*Delegation, error) {
	if who.Issuer == "" || who.Subject == "" {
		return nil, nil
	}
	ids, err := i.filedUnder(ctx, (&Collector{who.Issuer, who.Subject}).key())
	if err != nil {
		return nil, err
	}
	var out []*Delegation
	for _, id := range ids {
		d, err := i.Delegation(ctx, id)
		if err != nil {
			return nil, err
		}
		if d.Request.Collector.is(who) && i.stands(d) && len(out) < MaxCollectable {
			out = append(out, d)
		}
	}
	return out, nil
}

// maxFiled bounds how many delegations of one account are looked through.
const maxFiled = 1024

func (i *Issuer) filedUnder(ctx context.Context, prefix string) ([]string, error) {
	var ids []string
	for e, err := range i.cfg.Store.Scan(ctx, prefix) {
		if err != nil {
			return nil, unavailable(err)
		}
		var p pointer
		if err := strictjson.Unmarshal(e.Value, &p); err != nil {
			return nil, reason.Wrap(reason.StorageCorrupt, "", err)
		}
		if ids = append(ids, p.Delegation); len(ids) == maxFiled {
			break
		}
	}
	return ids, nil
}

// stands reports whether d may still be collected by who has the right to. A review that ended in any way
// that is not known here is over.
func (i *Issuer) stands(d *Delegation) bool {
	s := d.At(i.cfg.Now())
	return (s == Offered || s == Issued) && (d.Review == "" || d.Review == Pending || d.Review == Approved)
}

// byState returns the delegation that issuer_state is of (OpenID4VCI 1.0 §5.1.3). Whoever signed in
// must be its collector. A state that is not known or has ended, and a delegation that may no longer
// be collected, are object.unknown.
func (i *Issuer) byState(ctx context.Context, issuerState string) (*Delegation, error) {
	d, err := i.pointed(ctx, prefixState, issuerState)
	if err == nil && !i.stands(d) {
		err = reason.New(reason.ObjectUnknown, "the offer has ended")
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}
