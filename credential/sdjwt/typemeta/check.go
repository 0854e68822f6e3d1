// SPDX-License-Identifier: Apache-2.0

package typemeta

import (
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxWork is how many values one check may look at. One whose JSON pointer is long counts once more for
// each pointerStep bytes of it, as the pointers are kept meanwhile.
const MaxWork = 100_000

const pointerStep = 64

// Check holds claims, a JSON object with the disclosures applied, to the type: what it always hides
// must have come through a disclosure of its own, what it never hides must not. Disclosed are the
// JSON pointers into claims of the values that came through one (sdjwt.Process gives them). A
// credential that does not fit is credential.schema_invalid, too much work limit.query.
func (t *Type) Check(claims []byte, disclosed []string) error {
	return t.check(claims, disclosed, func(*Claim) error { return nil })
}

// CheckIssued is Check of a credential with all its disclosures, which must also have every claim
// that is mandatory (§9.3).
func (t *Type) CheckIssued(claims []byte, disclosed []string) error {
	return t.check(claims, disclosed, func(c *Claim) error {
		if c.Mandatory {
			return unfit("a mandatory claim is missing")
		}
		return nil
	})
}

func unfit(detail string) error { return reason.New(reason.CredentialSchemaInvalid, detail) }

func (t *Type) check(claims []byte, disclosed []string, missing func(*Claim) error) error {
	var tree map[string]any
	if err := strictjson.Unmarshal(claims, &tree); err != nil {
		return err
	}
	hidden := make(map[string]bool, len(disclosed))
	for _, d := range disclosed {
		hidden[d] = true
	}
	left := MaxWork
	for i := range t.Claims {
		c := &t.Claims[i]
		found := places(tree, c.Path, "", &left)
		if left < 0 {
			return reason.New(reason.LimitQuery, "a type asks for too much work")
		}
		if len(found) == 0 {
			if err := missing(c); err != nil {
				return err
			}
		}
		isHidden := func(at string) bool { return hidden[at] }
		isClear := func(at string) bool { return !hidden[at] }
		switch {
		case c.SD == Always && slices.ContainsFunc(found, isClear):
			return unfit("a claim that is always hidden is in the clear")
		case c.SD == Never && slices.ContainsFunc(found, isHidden):
			return unfit("a claim that is never hidden is a disclosure")
		}
	}
	return nil
}

// places returns the JSON pointers of what path selects in v, which stands at at.
func places(v any, path Path, at string, left *int) []string {
	if *left -= 1 + len(at)/pointerStep; *left < 0 {
		return nil
	}
	if len(path) == 0 {
		return []string{at}
	}
	switch v := v.(type) {
	case map[string]any:
		inner, ok := v[path[0].Name]
		if !ok || path[0].Kind != Member {
			return nil
		}
		return places(inner, path[1:], at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(path[0].Name), left)
	case []any:
		var all []string
		for i, item := range v {
			if path[0].Kind == Every || path[0].Kind == Element && path[0].Index == i {
				all = append(all, places(item, path[1:], at+"/"+strconv.Itoa(i), left)...)
			}
		}
		return all
	}
	return nil
}
