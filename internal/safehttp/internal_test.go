// SPDX-License-Identifier: Apache-2.0

package safehttp

import (
	"context"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// TestControlHook goes past the check of the resolved addresses, to show that the hook refuses by itself.
func TestControlHook(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var accepted atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			_ = conn.Close()
		}
	}()
	c, err := New(Config{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.connect(t.Context(), l.Addr().String(), unlisted); reason.Of(err) != reason.FetchBlocked {
		t.Errorf("got %v", err)
	}
	_ = l.Close()
	<-done
	if n := accepted.Load(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

func TestGateForgetsHosts(t *testing.T) {
	g := newGate()
	for range 3 {
		leave, err := g.enter(t.Context(), "a:443")
		if err != nil {
			t.Fatal(err)
		}
		leave()
	}
	if len(g.hosts) != 0 || len(g.all) != 0 {
		t.Errorf("%d hosts, %d places are held", len(g.hosts), len(g.all))
	}
}

// TestGateBounds fills the places of one host and then those of all.
func TestGateBounds(t *testing.T) {
	g := newGate()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range MaxInFlight {
		host := strconv.Itoa(i / MaxInFlightPerHost)
		if _, err := g.enter(t.Context(), host); err != nil {
			t.Fatal(err)
		}
		if (i+1)%MaxInFlightPerHost != 0 {
			continue
		}
		if leave, err := g.enter(over, host); err == nil {
			leave()
			t.Fatalf("host %s has more places", host)
		}
	}
	if _, err := g.enter(over, "another"); err == nil {
		t.Error("there are more places in all")
	}
	if len(g.hosts) != MaxInFlight/MaxInFlightPerHost {
		t.Errorf("%d hosts are remembered", len(g.hosts))
	}
}

// FuzzTarget holds parseTarget to its promise: what passes is what net/url reads, too.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{
		"https://example.com/", "https://example.com:8443/a?b", "https://a@b.com", "https://0x7f.1/", "https://[::1]:1/",
		"https://gate:1/", "https://exa%6dple.com", "https://example.com:443?x", "https://10.0.0.1:9",
	} {
		f.Add(s)
	}
	c, err := New(Config{Now: time.Now, Private: []string{"gate:1", "10.0.0.1:9"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		to, err := c.parseTarget(raw)
		if err != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.User != nil {
			t.Fatalf("%q passed: %v", raw, err)
		}
		host, port, err := net.SplitHostPort(to.key)
		if err != nil || host != to.url.Hostname() || (to.url.Port() != port && to.url.Port()+port != "443") {
			t.Fatalf("%q: key %q, url %v", raw, to.key, to.url)
		}
		if net.ParseIP(host) != nil && !c.private[to.key] {
			t.Fatalf("%q: an address passed", raw)
		}
	})
}
