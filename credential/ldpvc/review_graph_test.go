// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// edited returns the document of raw changed by edit, without its proof.
func edited(t *testing.T, raw []byte, edit func(doc map[string]any)) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	edit(doc)
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestStatusEntriesOfOneName: two entries with one id are one node in RDF, so that a holder whose
// credential was revoked could have each list looked at with the index of the other.
func TestStatusEntriesOfOneName(t *testing.T) {
	g := newForge(t, dataintegrity.EdDSARDFC, key.EdDSA)
	entries := func(ids ...string) []byte {
		return g.resign(t, edited(t, g.cred, func(doc map[string]any) {
			for i, e := range doc["credentialStatus"].([]any) {
				entry := e.(map[string]any)
				entry["statusListIndex"] = fmt.Sprint(5 + i)
				if entry["id"] = ids[i]; ids[i] == "" {
					delete(entry, "id")
				}
			}
		}))
	}
	exchange := func(raw []byte) []byte {
		return edited(t, raw, func(doc map[string]any) {
			list := doc["credentialStatus"].([]any)
			a, b := list[0].(map[string]any), list[1].(map[string]any)
			a["statusListIndex"], b["statusListIndex"] = b["statusListIndex"], a["statusListIndex"]
		})
	}
	one := entries("urn:example:s", "urn:example:s")
	g.both(t, "one id", one, reason.CredentialSchemaInvalid)
	g.both(t, "one id, exchanged", exchange(one), reason.CredentialSchemaInvalid)
	for _, ids := range [][]string{{"urn:example:s", "urn:example:t"}, {"", ""}, {"urn:example:s", ""}} {
		raw := entries(ids...)
		if _, err := g.Open(context.Background(), raw, g.w.Keys); err != nil {
			t.Errorf("%q: %v", ids, err)
		}
		g.both(t, fmt.Sprintf("%q exchanged", ids), exchange(raw), reason.CredentialSignatureInvalid)
	}
	c := delegation(t, g.w)
	c.Status[1].List, c.Status[1].Index = c.Status[0].List, c.Status[0].Index
	_, err := g.Seal(context.Background(), c, g.w.Issuer)
	refused(t, "one entry of one list for both", err, reason.CredentialSchemaInvalid)
}

// TestNamesThatStandForOthers: in RDF the label of a blank node can be any other, and a prefix can be
// written out. A holder who may rename the principal holds another credential.
func TestNamesThatStandForOthers(t *testing.T) {
	g := newForge(t, dataintegrity.EdDSARDFC, key.EdDSA)
	const long, short = "https://example.org/ns/delegation#alice", "dlg:alice"
	for member, set := range map[string]func(*credential.Credential, string){
		"principal":  func(c *credential.Credential, s string) { c.OnBehalfOf.ID = s },
		"grantor":    func(c *credential.Credential, s string) { c.GrantedBy = s },
		"controller": func(c *credential.Credential, s string) { c.Controllers = []string{s} },
		"permission": func(c *credential.Credential, s string) { c.Permissions[0].ID = s },
		"evidence": func(c *credential.Credential, s string) {
			c.Evidence = []credential.Evidence{{ID: s, Type: "ConsentRecord"}}
		},
		"policy": func(c *credential.Credential, s string) { c.Policy = s },
	} {
		c := delegation(t, g.w)
		set(c, long)
		raw := g.seal(t, c)
		for _, other := range []string{"_:alice", short} {
			renamed := g.resign(t, []byte(strings.ReplaceAll(string(raw), long, other)))
			g.both(t, member+" "+other, renamed, reason.CredentialSchemaInvalid)
			set(c, other)
			_, err := g.Seal(context.Background(), c, g.w.Issuer)
			refused(t, member+" sealed", err, reason.CredentialSchemaInvalid)
		}
		// The signed name is there; the other spelling of it has the same statements.
		g.both(t, member+" respelt", []byte(strings.ReplaceAll(string(raw), long, short)), reason.CredentialSchemaInvalid)
	}
	j := newForge(t, dataintegrity.EdDSAJCS, key.EdDSA)
	c := delegation(t, j.w)
	c.Permissions[0].ID = "_:p" // there a name is what it spells
	if _, err := j.Open(context.Background(), j.seal(t, c), j.w.Keys); err != nil {
		t.Error(err)
	}
}

// TestOnePrefix: no term of the contexts but the one that names knows can begin a name (JSON-LD 1.1
// API §4.2.2 step 14.2.5).
func TestOnePrefix(t *testing.T) {
	var found []string
	var walk func(v any)
	walk = func(v any) {
		definitions, _ := v.(map[string]any)
		for name, d := range definitions {
			switch d := d.(type) {
			case string:
				if !strings.HasPrefix(name, "@") && !strings.HasPrefix(d, "@") && strings.ContainsAny(d[len(d)-1:], ":/?#[]@") {
					found = append(found, name+":")
				}
			case map[string]any:
				if d["@prefix"] == true {
					found = append(found, name+":")
				}
				walk(d["@context"])
			}
		}
	}
	for _, url := range []string{contextVC, contextDelegation} {
		var doc map[string]any
		if err := json.Unmarshal(jsonld.Context(url), &doc); err != nil {
			t.Fatal(err)
		}
		walk(doc["@context"])
	}
	if len(found) != 1 || found[0] != prefix {
		t.Errorf("prefixes %q", found)
	}
}

// TestOneNodeInManyPlaces has an issuer that gives one id to everything that has one. Whatever member a
// holder moves or copies from one of these objects to another, what opens says what was signed.
func TestOneNodeInManyPlaces(t *testing.T) {
	g := newForge(t, dataintegrity.EdDSARDFC, key.EdDSA)
	id := g.w.Holder.Method.DID().String()
	objects := func(doc map[string]any) []map[string]any {
		subject := doc["credentialSubject"].(map[string]any)
		return []map[string]any{
			doc, subject, subject["onBehalfOf"].(map[string]any), doc["evidence"].([]any)[0].(map[string]any),
			subject["delegation"].(map[string]any)["permission"].([]any)[0].(map[string]any),
			doc["credentialStatus"].([]any)[0].(map[string]any),
		}
	}
	raw := g.resign(t, edited(t, g.cred, func(doc map[string]any) {
		for _, o := range objects(doc) {
			o["id"] = id
		}
	}))
	original, err := g.Open(context.Background(), raw, g.w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	want, opened := meaning(t, original.Credential), 0
	n := len(objects(decoded(t, raw)))
	for from := range n {
		for name := range objects(decoded(t, raw))[from] {
			for to := range n {
				for _, drop := range []bool{true, false} {
					changed := edited(t, raw, func(doc map[string]any) {
						all := objects(doc)
						value := objects(decoded(t, raw))[from][name]
						if drop {
							delete(all[from], name)
						}
						if had, ok := all[to][name]; ok && name == "type" {
							value = []any{had, value}
						}
						all[to][name] = value
					})
					o, err := g.Open(context.Background(), changed, g.w.Keys)
					if err != nil {
						continue
					}
					if opened++; meaning(t, o.Credential) != want {
						t.Errorf("%s of %d in %d: it says\n%s\nand what was signed is\n%s", name, from, to, meaning(t, o.Credential), want)
					}
				}
			}
		}
	}
	t.Logf("%d open and say the same", opened)
}

func decoded(t *testing.T, raw []byte) (doc map[string]any) {
	t.Helper()
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}
