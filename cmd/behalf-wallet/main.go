// SPDX-License-Identifier: Apache-2.0

// Command behalf-wallet holds delegation credentials for one person: it collects them, shows them,
// presents the least that is asked for once the person agrees, and passes parts of them on.
package main

import (
	"os"
	"time"

	"github.com/behalf-id/behalf/internal/command"
)

func main() { os.Exit(command.Main("behalf-wallet", time.Now, run)) }
