// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/behalf-id/behalf/internal/command"

// manual is what the manual page says beside the commands.
func manual() command.Manual {
	return command.Manual{
		Environment: []command.Note{
			{Name: envPassphrase, Text: "passphrase of the wallet, for scripts; other programs of the same user may be able to read it, so that --passphrase-file is better"},
			{Name: envBackup, Text: "passphrase of a backup, where it is another than the wallet's"},
			{Name: "XDG_DATA_HOME", Text: "folder of the user's data, in which the wallet is unless --dir says otherwise; else ~/.local/share"},
			{Name: "XDG_STATE_HOME", Text: "folder in which a mark of the wallet is kept, by which an older copy of it is known; else ~/.local/state"},
			{Name: "BROWSER", Text: "program that opens addresses, such as for signing in at an issuer; else xdg-open"},
			{Name: envAccessible, Text: "if set, questions come line by line, for screen readers, as with --plain"},
			{Name: "NO_COLOR", Text: "if set, as --plain"},
			{Name: "TERM", Text: "dumb or nothing, as --plain"},
			{Name: "LC_ALL, LC_MESSAGES, LANG", Text: "language in which credentials are told, where --language is not given: Welsh for cy, else English"},
		},
		Files: []command.Note{
			{Name: "wallet.age", Text: "keys and settings, in the folder of the wallet"},
			{Name: "c-*.age, p-*.age, f-*.age", Text: "credentials, records of what was passed on, and credentials of other kinds, one each"},
			{Name: "g-*.age, w-*.age", Text: "what issuers granted for renewals, and collections that wait for an issuer"},
			{Name: "cache.age, standing.age", Text: "what can be had again from the network"},
			{Name: "remembered", Text: "says that the keyring of the computer has the passphrase; it holds nothing"},
		},
		SeeAlso: []string{"behalf-issuer(1)", "behalf-gateway(1)", "behalf-registry(1)", "behalf-sandbox(1)"},
	}
}
