// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// approval is a proof that a witness made for an entry of the log.
type approval struct {
	index     int // of the entry, from 0
	versionID string
	proof     proof
}

// wanting reports whether an entry of c needs witnesses and is not known to have had them.
func (c *chain) wanting() bool {
	for _, v := range c.versions[c.witnessed:] {
		if !v.rule.none() {
			return true
		}
	}
	return false
}

// witness checks the proofs of file, a did-witness.json, against what entries need. It sets
// witnessed to the number of entries before the first that lacks a proof, which is webvh.witness.
// A proof by a witness counts for its entry and all before; proofs for other logs or entries, and
// such as do not verify, count for nothing (did:webvh 1.0, Verifying Witness Proofs During Resolution).
func (c *chain) witness(ctx context.Context, file []byte, s dataintegrity.Cryptosuite, now time.Time) error {
	approvals, err := c.approvals(file, now)
	if err != nil {
		return err
	}
	reach := map[string]int{} // how many entries, from the first, each witness stands for
	for i := c.witnessed; i < len(c.versions); i++ {
		rule, have := c.versions[i].rule, 0
		for _, w := range rule.witnesses {
			if _, known := reach[w]; !known {
				reach[w] = furthest(ctx, s, approvals[w])
			}
			if reach[w] > i {
				have++
			}
		}
		if have < rule.threshold {
			return reason.New(reason.WebVHWitness, "an entry lacks proofs of witnesses")
		}
		c.witnessed = i + 1
	}
	return ctx.Err()
}

// furthest returns the number of entries that the proofs of one witness stand for: up to the last
// entry that has one which verifies.
func furthest(ctx context.Context, s dataintegrity.Cryptosuite, of []approval) int {
	reach := 0
	for _, a := range of {
		if a.index < reach {
			continue
		}
		m, err := method(a.proof.multikey)
		if err != nil {
			continue
		}
		if s.Verify(ctx, toApprove(a.versionID), a.proof.config, a.proof.value, m) == nil {
			reach = a.index + 1
		}
	}
	return reach
}

// toApprove is what a witness signs. A versionId has nothing to escape.
func toApprove(versionID string) []byte { return []byte(`{"versionId":"` + versionID + `"}`) }

// approvals reads file and returns the proofs for entries of c, by the did:key of their witness.
func (c *chain) approvals(file []byte, now time.Time) (map[string][]approval, error) {
	if len(file) > MaxWitnessFile {
		return nil, reason.New(reason.LimitDIDLog, "the file of witness proofs is too large")
	}
	if err := strictjson.Check(file); err != nil {
		return nil, err
	}
	index := make(map[string]int, len(c.versions))
	for i, v := range c.versions {
		index[v.id] = i
	}
	out, total := map[string][]approval{}, 0
	for item, err := range strictjson.Items(file) {
		if err != nil {
			return nil, err
		}
		var w struct {
			VersionID string           `json:"versionId"`
			Proof     strictjson.Value `json:"proof"`
		}
		if err := strictjson.Unmarshal(item, &w); err != nil {
			return nil, err
		}
		i, published := index[w.VersionID]
		if !published || w.Proof.Kind() != '[' {
			continue
		}
		for raw := range strictjson.Items(w.Proof) {
			if total++; total > MaxWitnessProofs {
				return nil, reason.New(reason.LimitDIDLog, "there are too many witness proofs")
			}
			if p, err := readProof(raw, now, reason.WebVHWitness); err == nil {
				id := "did:key:" + p.multikey
				out[id] = append(out[id], approval{i, w.VersionID, p})
			}
		}
	}
	return out, nil
}
