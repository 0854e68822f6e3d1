// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"fmt"
	"strconv"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// MaxMissed is how many versions a client may have missed and still follow the registry's log.
// One that missed more is to be set up anew.
const MaxMissed = 10_000

// maxLogPage is the size of one page of the log, which holds digests and no frameworks.
const maxLogPage = 1 << 20

// link is what the log says of one version, as far as the chain needs it.
type link struct {
	Version  int    `json:"version"`
	Previous string `json:"previous"`
	Content  string `json:"content"`
}

// join walks the registry's log from the version that was seen to the one that s names as the
// one before it. Where nothing was seen or nothing was missed there is nothing to walk, and
// Admit compares the two.
func (c *Client) join(ctx context.Context, s *trustframework.Snapshot) error {
	was, err := c.load(ctx)
	if err != nil {
		return err
	}
	version, digest := was.mark.Version, was.mark.Digest
	if version == 0 || s.Version() <= version+1 {
		return nil
	}
	if s.Version()-version > MaxMissed {
		return reason.New(reason.RegistrySplitView, fmt.Sprintf("more than %d versions were missed", MaxMissed))
	}
	for version+1 < s.Version() {
		page, err := c.page(ctx, version)
		if err != nil {
			return err
		}
		for _, l := range page {
			if l.Version != version+1 || l.Previous != digest {
				return reason.New(reason.RegistrySplitView, fmt.Sprintf("the log does not lead on from version %d as it was seen", version))
			}
			version, digest = l.Version, trustframework.ChainDigest(l.Version, l.Previous, l.Content)
			if version+1 == s.Version() {
				break
			}
		}
	}
	if s.Previous() != digest {
		return reason.New(reason.RegistrySplitView, fmt.Sprintf("version %d is not in the log that leads to it", s.Version()))
	}
	return nil
}

// page fetches the entries after a version, at least one.
func (c *Client) page(ctx context.Context, after int) ([]link, error) {
	want := safehttp.Want{MediaTypes: []string{"application/json"}, MaxBytes: maxLogPage}
	res, err := c.cfg.Fetcher.Get(ctx, c.cfg.URL+"/v1/log?after="+strconv.Itoa(after), want)
	if err != nil {
		return nil, reason.Wrap(reason.TrustRegistryUnavailable, "the registry did not give its log", err)
	}
	var doc struct {
		Entries []link `json:"entries"`
	}
	if err := strictjson.Unmarshal(res.Body, &doc); err != nil {
		return nil, err
	}
	if len(doc.Entries) == 0 {
		return nil, reason.New(reason.RegistrySplitView, fmt.Sprintf("the log ends at version %d, before the snapshot", after))
	}
	return doc.Entries, nil
}
