// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/behalf-id/behalf/internal/command/commandtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"behalf-gateway": main})
}

func TestScripts(t *testing.T) { commandtest.Scripts(t, nil, nil) }
