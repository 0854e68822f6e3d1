// SPDX-License-Identifier: Apache-2.0

package vcdm

// services reads what the data model gives a type and an optional id and leaves to others to
// define: refreshService, termsOfUse and evidence (Verifiable Credentials Data Model 2.0 §5.4 to
// §5.6). confidenceMethod and renderMethod are reserved: they are carried along and not looked at.
func (c *check) services(o object) error {
	for _, name := range [...]string{"refreshService", "termsOfUse", "evidence"} {
		entries, err := c.objects(o, name, MaxObjects)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			id := c.optionalID
			if name == "refreshService" {
				id = c.idOfVersion
			}
			if _, err := id(entry, name+".id"); err != nil {
				return err
			}
			if _, err := c.innerTypes(entry, name+".type"); err != nil {
				return err
			}
		}
	}
	return nil
}
