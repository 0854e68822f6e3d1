// SPDX-License-Identifier: Apache-2.0

package did

import (
	"context"
	"errors"
	"maps"

	"github.com/behalf-id/behalf/reason"
)

// Mux is a Resolver that asks another one by the method of the DID. The zero Mux knows no method.
type Mux struct{ methods map[string]Resolver }

// NewMux returns a Mux for methods, by method name such as "web". It refuses none at all, a nil
// resolver and a name that can be no method's.
func NewMux(methods map[string]Resolver) (*Mux, error) {
	if len(methods) == 0 {
		return nil, errors.New("did: a mux needs a method")
	}
	for name, r := range methods {
		if r == nil || !validMethod(name) {
			return nil, errors.New("did: method " + name + " has no resolver or a bad name")
		}
	}
	return &Mux{maps.Clone(methods)}, nil
}

// Resolve implements Resolver. A method that is not known is did.method_unsupported.
func (m *Mux) Resolve(ctx context.Context, id DID) (*Document, error) {
	r, err := m.method(id)
	if err != nil {
		return nil, err
	}
	return r.Resolve(ctx, id)
}

// Describe implements Describer for the methods whose resolvers do. A method that is not known, and
// one whose resolver describes nothing, is did.method_unsupported, the latter with ErrFeature.
func (m *Mux) Describe(ctx context.Context, id DID, o Options) (Description, error) {
	r, err := m.method(id)
	if err != nil {
		return Description{}, err
	}
	d, ok := r.(Describer)
	if !ok {
		return Description{}, Unsupported("documents of this method are not given out")
	}
	return d.Describe(ctx, id, o)
}

func (m *Mux) method(id DID) (Resolver, error) {
	if id.IsZero() {
		return nil, reason.New(reason.DIDSyntax, "there is no DID to resolve")
	}
	r, ok := m.methods[id.Method()]
	if !ok {
		return nil, reason.New(reason.DIDMethodUnsupported, "the DID method is not supported")
	}
	return r, nil
}
