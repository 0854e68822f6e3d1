// SPDX-License-Identifier: Apache-2.0

package delegation

// restricted is S8.4. The controller's restrictions are pulled, never presented; they hit above
// and below the resource that they name.
func (e *evaluation) restricted() bool {
	hit := false
	for i := range e.world.Restrictions {
		r := &e.world.Restrictions[i]
		if e.restricts(r) {
			hit = true // and go on: the time taken must not tell
		}
	}
	return hit
}

func (e *evaluation) restricts(r *Restriction) bool {
	return r.Principal == e.chain[0].Credential.OnBehalfOf.ID &&
		e.names(r.Delegate) &&
		(r.Resource == "" || related(r.Resource, e.asked.Resource))
}

// names reports whether delegate is a party that acts in this chain: absent and "*" are any.
func (e *evaluation) names(delegate string) bool {
	if delegate == "" || delegate == everything || delegate == e.shown.Presenter {
		return true
	}
	for i := range e.chain {
		if e.chain[i].Credential.Delegate.ID == delegate {
			return true
		}
	}
	return false
}
