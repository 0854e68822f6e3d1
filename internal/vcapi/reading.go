// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/reason"
)

const (
	vocabulary = "https://www.w3.org/2018/credentials#"
	rdfType    = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
)

// oneReading refuses a credential that says more of its period, status or issuer than the members that
// are read here do: vc.ambiguous. A proof over RDF is one over statements, and the holder may write each
// in other words, such as the whole IRI of a term, or in another object that has the credential's id.
func oneReading(p dataintegrity.Proved, sum vcdm.Summary) error {
	if !slices.ContainsFunc(p.Proofs(), func(one dataintegrity.Proof) bool { return !strings.Contains(one.Suite, "-jcs-") }) {
		return nil
	}
	quads, err := jsonld.ToRDF(p.Document(), profile)
	if err != nil {
		return err
	}
	about, ok := root(quads, sum.ID)
	if !ok {
		return reason.New(reason.VCAmbiguous, "which statements are those of the credential cannot be told")
	}
	left := map[string]int{vocabulary + "issuer": 1, vocabulary + "credentialStatus": len(sum.Status)}
	members, err := readObject(p.Document())
	if err != nil {
		return err
	}
	for _, name := range [...]string{"validFrom", "validUntil", "issuanceDate", "expirationDate"} {
		if left[vocabulary+name] = 0; members.get(name) != nil {
			left[vocabulary+name] = 1
		}
	}
	for _, q := range quads {
		if n, looked := left[q.P.Value]; looked && q.S == about && q.G.Kind == rdfc.Default {
			if left[q.P.Value]--; n == 0 {
				return reason.New(reason.VCAmbiguous, "the period, status or issuer is stated in other words too")
			}
		}
	}
	return nil
}

// root returns the node of the credential with an id, or the one without that nothing refers to.
func root(quads []rdfc.Quad, id string) (rdfc.Term, bool) {
	if id != "" {
		return rdfc.Term{Kind: rdfc.IRI, Value: id}, true
	}
	var found []rdfc.Term
	within := map[rdfc.Term]bool{}
	for _, q := range quads {
		if q.G.Kind != rdfc.Default {
			continue
		}
		within[q.O] = true
		if q.S.Kind == rdfc.Blank && q.P.Value == rdfType && q.O.Value == vocabulary+vcdm.TypeCredential {
			found = append(found, q.S)
		}
	}
	found = slices.DeleteFunc(found, func(t rdfc.Term) bool { return within[t] })
	if len(found) != 1 {
		return rdfc.Term{}, false
	}
	return found[0], true
}
