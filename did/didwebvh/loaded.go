// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"strconv"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// loaded is a log that was fetched: its entries as far as they verify, and why not further.
type loaded struct {
	log     []byte
	chain   chain
	refused error
}

// choose returns the index of the version that o asks for.
func (l *loaded) choose(o did.Options) (int, error) {
	asked := 0
	for _, b := range []bool{o.VersionID != "", !o.VersionTime.IsZero(), o.VersionNumber != 0} {
		if b {
			asked++
		}
	}
	switch {
	case asked > 1:
		return 0, reason.New(reason.DIDSyntax, "a version is asked for in two ways")
	case asked == 1:
		return l.find(o)
	case l.refused != nil:
		return 0, l.refused
	}
	return len(l.chain.versions) - 1, nil
}

// find returns the index of the version that o names. If there is none among those that verify, the
// refusal of the others is the answer.
func (l *loaded) find(o did.Options) (int, error) {
	found := -1
	for i, v := range l.chain.versions {
		if o.VersionID == v.id || o.VersionNumber == i+1 || !o.VersionTime.IsZero() && !v.time.After(o.VersionTime) {
			found = i
		}
	}
	// The version of a time is the last that verifies only if none that does not may lie between.
	unsure := l.refused != nil && !o.VersionTime.IsZero() && found == len(l.chain.versions)-1
	switch {
	case found >= 0 && !unsure:
		return found, nil
	case l.refused != nil:
		return 0, l.refused
	}
	return 0, reason.Wrap(reason.DIDMethodUnsupported, "the log has no such version", did.ErrNotFound)
}

// state returns the document of version n, which must be that of id.
func (l *loaded) state(id did.DID, n int) (strictjson.Value, error) {
	v := l.chain.versions[n]
	e, err := readEntry(l.log[v.start:v.end])
	if err != nil {
		return nil, err
	}
	var w struct {
		ID string `json:"id"`
	}
	if err := strictjson.Unmarshal(e.state, &w); err != nil {
		return nil, err
	}
	if w.ID != id.String() {
		return nil, reason.New(reason.DIDDocumentMismatch, "the version is the document of another DID")
	}
	return e.state, nil
}

func (l *loaded) describe(id did.DID, n int) (did.Description, error) {
	state, err := l.state(id, n)
	if err != nil {
		return did.Description{}, err
	}
	document, err := withServices(state, id)
	if err != nil {
		return did.Description{}, err
	}
	if len(document) > did.MaxDocument {
		return did.Description{}, reason.New(reason.FetchLimit, "DID document is too large")
	}
	// What is shown need not be what is acted on, but a private key is shown to nobody.
	if _, err := did.ReadDocument(document, id, l.chain.versions[n].time); reason.Of(err) == reason.KeyPrivateMaterial {
		return did.Description{}, err
	}
	extra, err := l.chain.parameters.metadata()
	versions := l.chain.versions
	return did.Description{Document: document, Metadata: did.Metadata{
		Created: versions[0].time, Updated: versions[len(versions)-1].time,
		Deactivated: l.chain.parameters.deactivated,
		VersionID:   versions[n].id, VersionNumber: n + 1, VersionTime: versions[n].time,
		Method: extra,
	}}, err
}

// metadata returns the members that did:webvh alone has, numbers as text (did:webvh 1.0, Read).
func (p parameters) metadata() ([]byte, error) {
	type witness struct {
		ID string `json:"id"`
	}
	type witnesses struct {
		Threshold string    `json:"threshold"`
		Witnesses []witness `json:"witnesses"`
	}
	m := struct {
		SCID     string     `json:"scid"`
		Portable bool       `json:"portable"`
		TTL      string     `json:"ttl"`
		Witness  *witnesses `json:"witness,omitempty"`
		Watchers []string   `json:"watchers,omitempty"`
	}{SCID: p.scid, Portable: p.portable, TTL: strconv.FormatInt(p.ttl, 10), Watchers: p.watchers}
	if !p.witness.none() {
		m.Witness = &witnesses{Threshold: strconv.Itoa(p.witness.threshold)}
		for _, id := range p.witness.witnesses {
			m.Witness.Witnesses = append(m.Witness.Witnesses, witness{id})
		}
	}
	return strictjson.Marshal(m)
}

// service is an implicit service (did:webvh 1.0, DID URL Resolution).
type service struct {
	Context  string `json:"@context,omitempty"`
	ID       string `json:"id"`
	Type     string `json:"type"`
	Endpoint string `json:"serviceEndpoint"`
}

// withServices returns the document state with the services #files and #whois, unless it has its own.
func withServices(state strictjson.Value, id did.DID) ([]byte, error) {
	_, at, err := split(id)
	if err != nil {
		return nil, err
	}
	var w struct {
		Service []struct {
			ID string `json:"id"`
		} `json:"service"`
	}
	if err := strictjson.Unmarshal(state, &w); err != nil {
		return nil, err
	}
	add := implicit(id, at)
	for _, s := range w.Service {
		for i := range add {
			if s.ID == add[i].ID || id.String()+s.ID == add[i].ID {
				add[i].ID = ""
			}
		}
	}
	return appendServices(state, add)
}

func implicit(id did.DID, at didweb.Location) []service {
	return []service{
		{ID: id.String() + "#files", Type: "relativeRef", Endpoint: at.Base()},
		{Context: "https://identity.foundation/linked-vp/contexts/v1", ID: id.String() + "#whois", Type: "LinkedVerifiablePresentation", Endpoint: at.Base() + "whois.vp"},
	}
}

// appendServices writes state with those of add that have an id behind its own services.
func appendServices(state strictjson.Value, add []service) ([]byte, error) {
	list := []byte{'['}
	out := []byte{'{'}
	for m, err := range strictjson.Members(state) {
		if err != nil {
			return nil, err
		}
		if string(m.Name) == "service" {
			list = append(list, m.Value[1:len(m.Value)-1]...) // read as a list before
			continue
		}
		if out, err = appendMember(out, string(m.Name), m.Value); err != nil {
			return nil, err
		}
	}
	for _, s := range add {
		if s.ID == "" {
			continue
		}
		raw, err := strictjson.Marshal(s)
		if err != nil {
			return nil, err
		}
		if len(trimmed(list)) > 1 {
			list = append(list, ',')
		}
		list = append(list, raw...)
	}
	out, err := appendMember(out, "service", append(list, ']'))
	return append(out, '}'), err
}

// trimmed returns list without white space at its end.
func trimmed(list []byte) []byte {
	for len(list) > 0 && list[len(list)-1] <= ' ' {
		list = list[:len(list)-1]
	}
	return list
}
