// SPDX-License-Identifier: Apache-2.0

package typemeta

import (
	"runtime"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/reason"
)

// TestLongPointers: a name as long as a document may be, and below it as many values as are looked at,
// would take gigabytes if each value were one unit of work whatever its pointer.
func TestLongPointers(t *testing.T) {
	name := strings.Repeat("n", MaxDocument-100)
	d, err := Parse([]byte(`{"vct":"urn:x","claims":[{"path":["` + name + `",null,null]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	list := func(item string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	claims := []byte(`{"` + name + `":` + list(list("1", 100), 100) + `}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = (&Type{Claims: d.Claims}).Check(claims, nil)
	runtime.ReadMemStats(&after)
	if reason.Of(err) != reason.LimitQuery {
		t.Error(err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("%d MiB for claims of %d KiB", used>>20, len(claims)>>10)
	}
}
