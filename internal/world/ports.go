// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// portsFile remembers the port of each role: a did:web holds it, so it stays the same.
const portsFile = "ports.json"

// ports holds a listener for each role until its server takes it.
type ports struct {
	known map[string]int
	open  map[string]net.Listener
}

// openPorts listens where the world of dir always does, or at free ports the first time.
func openPorts(dir, host string) (*ports, error) {
	p := &ports{known: map[string]int{}, open: map[string]net.Listener{}}
	path := filepath.Join(dir, portsFile)
	raw, err := os.ReadFile(path)
	first := errors.Is(err, os.ErrNotExist)
	if err == nil {
		err = strictjson.UnmarshalClosed(raw, &p.known)
	}
	if err != nil && !first {
		return nil, err
	}
	for _, role := range roles {
		address := net.JoinHostPort(host, strconv.Itoa(p.known[role]))
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, errors.Join(portInUse(address, dir, err), p.close())
		}
		p.open[role] = l
		p.known[role] = l.Addr().(*net.TCPAddr).Port
	}
	if raw, err = strictjson.Marshal(p.known); err == nil && first {
		err = sealed.WriteFile(path, raw)
	}
	return p, err
}

// origin returns the https origin of a role. It names localhost, which a did:web can hold and an
// address can not.
func (p *ports) origin(role string) string {
	return "https://localhost:" + strconv.Itoa(p.known[role])
}

// take hands the listener of a role to its server.
func (p *ports) take(role string) net.Listener {
	l := p.open[role]
	delete(p.open, role)
	return l
}

func (p *ports) close() error {
	var all error
	for _, l := range p.open {
		all = errors.Join(all, l.Close())
	}
	p.open = map[string]net.Listener{}
	return all
}
