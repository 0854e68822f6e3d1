// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"

	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/reason"
)

func (p *Publisher) aggregationURL() string { return p.cfg.Base + "/aggregation" }

// AggregationURL returns where the aggregation is served: the status_list_aggregation_endpoint of the
// issuer's metadata (draft-ietf-oauth-status-list §9.1).
func (p *Publisher) AggregationURL() string { return p.aggregationURL() }

// Aggregation returns the addresses of all Token Status Lists, for readers that want all of them and
// so tell nobody which they need (draft-ietf-oauth-status-list §9). It is at most Renew old. Beyond
// tokenlist.MaxAggregated lists it names the newest.
func (p *Publisher) Aggregation(ctx context.Context) (*Document, error) {
	now := p.cfg.Now()
	if d := p.all.Load(); d != nil {
		if age := now.Sub(d.checked); age >= 0 && age < p.cfg.Renew {
			return d, nil
		}
	}
	var urls []string
	prefix := Prefix + "list/"
	for e, err := range p.cfg.Store.Scan(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		id, ok := parseKey(e.Key[len(prefix):])
		if !ok {
			return nil, reason.New(reason.StorageCorrupt, "the record of a status list has no such key")
		}
		if urls = append(urls, p.url(name{list: id})); len(urls) > 2*tokenlist.MaxAggregated {
			urls = append(urls[:0], urls[len(urls)-tokenlist.MaxAggregated:]...)
		}
	}
	body, err := tokenlist.Aggregate(urls[max(0, len(urls)-tokenlist.MaxAggregated):])
	if err != nil {
		return nil, err
	}
	d := &Document{Body: body, MediaType: tokenlist.MediaTypeAggregation, Issued: now, MaxAge: min(p.cfg.Renew, p.cfg.TTL/20), checked: now}
	d.tag()
	p.all.Store(d)
	return d, nil
}
