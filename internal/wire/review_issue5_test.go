// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"testing"
)

// TestClosedKeysWriteNothing: a server that ended, or never began, makes no folder of keys behind the back of
// who removed it: opening a ring that is not there makes one.
func TestClosedKeysWriteNothing(t *testing.T) {
	s := newIssuerSite(t)
	for name, open := range map[string]func() (*Keys, error){
		"begun":     func() (*Keys, error) { return OpenKeys(t.Context(), s.cfg.Keys, s.clock.Now, rand.Reader) },
		"not begun": func() (*Keys, error) { return PrepareKeys(t.Context(), s.cfg.Keys, s.clock.Now, rand.Reader) },
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := open()
			s.check(err)
			s.check(keys.Close())
			s.check(keys.Close())
			s.check(os.RemoveAll(s.cfg.Keys.Dir))
			if _, err := keys.Ring(); err == nil && name == "not begun" {
				t.Error("a ring was opened after the end")
			}
			if _, err := os.Stat(s.cfg.Keys.Dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the folder came back: %v", err)
			}
		})
	}
}
