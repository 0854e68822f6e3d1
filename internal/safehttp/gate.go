// SPDX-License-Identifier: Apache-2.0

package safehttp

import (
	"context"
	"sync"
)

// gate bounds how many fetches are in flight, per host and in all.
type gate struct {
	all   chan struct{}
	mu    sync.Mutex
	hosts map[string]*queue // as many as there are hosts with a fetch in flight or waiting
}

type queue struct {
	places chan struct{}
	users  int // fetches that hold or wait for a place
}

func newGate() *gate {
	return &gate{all: make(chan struct{}, MaxInFlight), hosts: map[string]*queue{}}
}

// enter waits for a place at the host and then for one in all, so that whoever waits for a slow
// host takes no place from others. It returns ctx's error if ctx ends first.
func (g *gate) enter(ctx context.Context, host string) (leave func(), err error) {
	q := g.join(host)
	if err := take(ctx, q.places); err != nil {
		g.quit(host, q)
		return nil, err
	}
	if err := take(ctx, g.all); err != nil {
		<-q.places
		g.quit(host, q)
		return nil, err
	}
	return func() {
		<-g.all
		<-q.places
		g.quit(host, q)
	}, nil
}

func take(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) join(host string) *queue {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := g.hosts[host]
	if q == nil {
		q = &queue{places: make(chan struct{}, MaxInFlightPerHost)}
		g.hosts[host] = q
	}
	q.users++
	return q
}

func (g *gate) quit(host string, q *queue) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(g.hosts, host)
	}
}
