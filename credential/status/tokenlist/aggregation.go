// SPDX-License-Identifier: Apache-2.0

package tokenlist

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxAggregated is the number of lists that an aggregation may name.
const MaxAggregated = 1 << 12

// MediaTypeAggregation is the media type of an aggregation.
const MediaTypeAggregation = "application/json"

type aggregation struct {
	Lists []string `json:"status_lists"`
}

// Aggregate returns the Status List Aggregation of the lists at urls (draft-ietf-oauth-status-list
// §9.3). More than MaxAggregated are status.too_large.
func Aggregate(urls []string) ([]byte, error) {
	if len(urls) > MaxAggregated {
		return nil, reason.New(reason.StatusTooLarge, "too many lists for one aggregation")
	}
	return strictjson.Marshal(aggregation{append([]string{}, urls...)})
}

// ParseAggregation reads a Status List Aggregation and returns the URLs of its lists. It is not signed:
// it says where lists are and nothing of what is in them or of who signs them. What is too long is
// status.too_large, anything else that is wrong status.encoding.
func ParseAggregation(raw []byte) ([]string, error) {
	if len(raw) > wire.MaxToken {
		return nil, reason.New(reason.StatusTooLarge, "the aggregation is too long")
	}
	var a aggregation
	err := strictjson.Unmarshal(raw, &a)
	if reason.Of(err) == reason.LimitMembers || len(a.Lists) > MaxAggregated {
		return nil, reason.Wrap(reason.StatusTooLarge, "the aggregation names too many lists", err)
	}
	if err != nil {
		return nil, wire.Malformed("the aggregation cannot be read", err)
	}
	bad := func(url string) bool { return !credential.IsURI(url) }
	if a.Lists == nil || slices.ContainsFunc(a.Lists, bad) {
		return nil, wire.Malformed("status_lists is not an array of URLs", nil)
	}
	return a.Lists, nil
}
