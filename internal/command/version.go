// SPDX-License-Identifier: Apache-2.0

package command

import "runtime/debug"

// Version returns the version of the module that this binary was built from, "devel" for one that
// was built from a working tree.
func Version() string { return version(debug.ReadBuildInfo()) }

func version(info *debug.BuildInfo, ok bool) string {
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
