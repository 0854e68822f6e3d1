// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// portsFile remembers the port of each role: a did:web holds it, so it stays the same.
const portsFile = "ports.json"

// ports holds a listener for each role, from the opening of a world to its end.
type ports struct {
	known map[string]int
	open  map[string]net.Listener
}

// openPorts listens for roles where the world of dir always does, or at free ports the first time.
func openPorts(dir, host string, roles []string) (*ports, error) {
	p := &ports{known: map[string]int{}, open: map[string]net.Listener{}}
	path := filepath.Join(dir, portsFile)
	raw, err := os.ReadFile(path)
	if err == nil {
		err = strictjson.UnmarshalClosed(raw, &p.known)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("world: %s cannot be read; put it back, as every identifier here holds a port: %w", path, err)
	}
	before := len(p.known)
	for _, role := range roles {
		address := net.JoinHostPort(host, strconv.Itoa(p.known[role]))
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, errors.Join(portInUse(address, dir, err), p.close())
		}
		p.open[role] = l
		p.known[role] = l.Addr().(*net.TCPAddr).Port
	}
	if raw, err = strictjson.Marshal(p.known); err == nil && len(p.known) > before {
		err = sealed.WriteFile(path, raw)
	}
	return p, err
}

// origin returns the https origin of a role. It names localhost, which a did:web can hold and an
// address can not.
func (p *ports) origin(role string) string {
	return "https://localhost:" + strconv.Itoa(p.known[role])
}

// of returns the listener of a role, for its server to use.
func (p *ports) of(role string) net.Listener { return p.open[role] }

// close closes every listener, those that a server has closed already included.
func (p *ports) close() error {
	var all error
	for _, l := range p.open {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			all = errors.Join(all, err)
		}
	}
	return all
}
