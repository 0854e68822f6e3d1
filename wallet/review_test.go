// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"errors"
	"testing"

	"github.com/behalf-id/behalf/credential/sdjwt"
)

// noRandom runs dry after so many reads.
type noRandom struct {
	left int
	of   interface{ Read([]byte) (int, error) }
}

func (r *noRandom) Read(p []byte) (int, error) {
	if r.left--; r.left < 0 {
		return 0, errors.New("no randomness")
	}
	return r.of.Read(p)
}

// TestNoLinkWithoutARecord keeps back a link that was signed where the record of it, by which it can be taken back, could not
// be written.
func TestNoLinkWithoutARecord(t *testing.T) {
	w := newTown(t)
	w.format = sdjwt.Name
	tom, june := w.wallet(), w.wallet()
	e := w.receive(tom)
	d, err := tom.Propose(t.Context(), e, Proposal{To: june.DID(), Permissions: []Permitted{{"appointments/gp", []string{"view"}}}})
	check(t, err)
	tom.cfg.Vault.random = &noRandom{of: tom.cfg.Vault.random}
	file, record, err := d.Sign(t.Context())
	if err == nil || file != nil || record != nil {
		t.Errorf("a link of %d bytes left without a record: %v", len(file), err)
	}
}
