// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/credential/ldpvc"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// cacheDI bounds what is remembered of credentials with one cryptosuite, in bytes: there are five.
const cacheDI = 16 << 20

// FormatNames returns the names of all securing formats, the usual ones first.
func FormatNames() []string {
	return []string{
		sdjwt.Name, vcjwt.Name, dataintegrity.ECDSARDFC, dataintegrity.EdDSARDFC, dataintegrity.ECDSAJCS,
		dataintegrity.EdDSAJCS, ecdsasd.Name,
	}
}

// orUsual returns names, or the usual formats where there are none.
func orUsual(names []string) []string {
	if len(names) == 0 {
		return []string{sdjwt.Name, vcjwt.Name}
	}
	return names
}

// formatsOf returns the securing formats called names, in their order.
func formatsOf(names []string, holders did.Resolver, d Deps) (credential.Formats, error) {
	var out credential.Formats
	for _, name := range names {
		if !slices.Contains(FormatNames(), name) || out.Named(name) != nil {
			return nil, reason.New(reason.CLIConfig, "formats: each is one of "+strings.Join(FormatNames(), ", ")+", once")
		}
		f, err := formatOf(name, holders, d)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func formatOf(name string, holders did.Resolver, d Deps) (credential.Format, error) {
	switch name {
	case sdjwt.Name:
		return sdjwt.New(sdjwt.Config{Random: d.Random, Now: d.Now, Holders: holders})
	case vcjwt.Name:
		return vcjwt.New(vcjwt.Config{})
	}
	return ldpvc.New(ldpvc.Config{Suite: name, Now: d.Now, Random: d.Random, CacheBytes: cacheDI})
}

// listSuite returns the cryptosuite of status lists that are published with an embedded proof.
func listSuite(keys KeysConfig) (dataintegrity.Cryptosuite, error) {
	alg, err := keys.Signs()
	if err != nil {
		return nil, err
	}
	return dataintegrity.Suite(dataintegrity.Alike(dataintegrity.ECDSARDFC, alg), jsonld.Closed)
}

// listProofs returns the cryptosuites of status lists that are read.
func listProofs() (out dataintegrity.Suites, err error) {
	for _, name := range []string{dataintegrity.ECDSARDFC, dataintegrity.EdDSARDFC, dataintegrity.ECDSAJCS, dataintegrity.EdDSAJCS} {
		s, err := dataintegrity.Suite(name, jsonld.Closed)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// FormatsFor returns those of FormatNames that are signed with keys for alg.
func FormatsFor(alg key.Algorithm) []string {
	return slices.DeleteFunc(FormatNames(), func(name string) bool {
		switch name {
		case sdjwt.Name, vcjwt.Name:
			return false
		case ecdsasd.Name:
			return alg != key.ES256
		}
		return !dataintegrity.Takes(name, alg)
	})
}

// signable refuses formats that cannot be signed with keys for alg. One that there is not is for
// formatsOf to refuse.
func signable(formats []string, alg key.Algorithm) error {
	can := FormatsFor(alg)
	for _, name := range formats {
		if slices.Contains(FormatNames(), name) && !slices.Contains(can, name) {
			return reason.New(reason.CLIConfig, "formats: "+name+" is not signed with keys for "+string(alg)+"; see keys.algorithm")
		}
	}
	return nil
}
