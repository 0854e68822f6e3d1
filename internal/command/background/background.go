// SPDX-License-Identifier: Apache-2.0

// Package background says how a terminal's background is, before a library asks the terminal.
//
// Importing github.com/charmbracelet/bubbletea, which draws forms, sends a question to the terminal while the program starts, whatever
// the program is then asked to do: it writes control sequences where nothing is drawn, takes away what was typed ahead, and waits up to five
// seconds where nobody answers, as in many recordings, containers and screen readers. It does not ask where the answer is known.
//
// The order is that of the language: of packages that are ready, the one whose path sorts first is initialised first (The Go
// Programming Language Specification, "Program initialization"), and this one needs no more than lipgloss.
package background

import "github.com/charmbracelet/lipgloss"

// Dark is true once nothing has to be asked. Our forms use the terminal's own sixteen colours, so that nothing depends on it.
var Dark = settled()

func settled() bool {
	lipgloss.SetHasDarkBackground(true)
	return lipgloss.HasDarkBackground()
}
