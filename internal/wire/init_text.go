// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"strconv"
	"strings"
)

// Party is what init is told of a server that has a place in the trust framework: an issuer or a gateway.
type Party struct {
	Origin   string
	Name     string
	Listen   string
	Registry RegistrySettings // URL and Keys
}

// RegistryText returns the settings of a registry in f that listens at an address and signs under id,
// a did:web, or under its key's own did:key if id is "". What an operator may want to add stands in
// comments, as in those of the other roles.
func (f Folder) RegistryText(listen, id string) string {
	t := settingsText{folder: f}
	t.head()
	t.say("Where to listen. Without tls a proxy in front must speak https.")
	t.set("listen", listen)
	t.served("9441")
	t.gap("Every version of the framework. Back it up: a registry never goes back.")
	t.set("store", f.Store())
	t.gap("The signing keys, sealed. Keep the passphrase elsewhere.")
	t.set("keys", f.Keys().Dir)
	t.set("passphrase-file", f.Keys().Passphrase)
	t.say("The bearer token of /admin/v1.")
	t.set("admin-token-file", f.In(f.Token))
	t.gap("The did:web to sign under; left out, the key's own did:key.")
	if id == "" {
		t.line("# did: \"did:web:registry.example.org\"")
	} else {
		t.set("did", id)
	}
	t.line("# announce: [\"did:key:…\"]   # further keys that readers are told to pin")
	return t.String()
}

// IssuerText returns the settings of the issuer p in f, with a profile to begin with.
func (f Folder) IssuerText(p Party) string {
	t := settingsText{folder: f}
	t.head()
	t.say("The https address that wallets reach. It is what credentials say for ever: do not change it.")
	t.party(p)
	t.served("9442")
	t.gap("Everything that must survive: delegations, status, the audit log. Back it up; after a restore raise status.epoch.")
	t.set("store", f.Store())
	t.line("# status: {epoch: 1, ttl: 5m}   # ttl bounds how long a revocation may stay unseen")
	t.keys()
	t.line("# key-lead: 10m   # how long a new key is published before it signs")
	t.say("The bearer token of /admin/v1.")
	t.set("admin-token-file", f.In(f.Token))
	t.gap("Whose trust framework decides what may be granted. The keys are never asked from the registry itself.")
	t.registry(p.Registry)
	t.gap("What may be granted. What no profile lets through is refused, whoever asks.")
	t.line("profiles:", "  default:", "    relationships: [adult-to-adult, parent-of-child]", "    max-days: 366")
	t.gap("Where people sign in to collect what was granted to their account; left out, offers have transaction codes.")
	t.line("# login: {issuer: \"https://login.example.org\", client-id: ID, client-secret-file: FILE}")
	t.line("# wallets: {ID: {name: NAME, redirects: [\"https://wallet.example.org/callback\"]}}   # other wallets get codes on the device itself")
	t.say("Words in further languages, as wallets show them.")
	t.line("# display:", "#   cy-GB: {name: \"…\", credential: \"…\", description: \"…\", claims: {permission: \"…\"}}")
	t.line("# batch-size: 20   # copies, each with a key of its own, that a wallet may collect at once; at most 100")
	t.say("Whose word on wallets and their keys counts, and whether keys must be attested.")
	t.line("# wallet-providers: {dids: [DID], anchors-file: FILE}", "# key-attestations: {key-storage: [iso_18045_high]}")
	t.say("OpenID4VC HAIP 1.0: needs login, wallet-providers, formats [dc+sd-jwt] and certificates; see certificate-request.")
	t.line("# profile: haip", "# certificates-file: FILE")
	return t.String()
}

// GatewayText returns the settings of the gateway p in f, whose restrictions are in a file called restrictions.
func (f Folder) GatewayText(p Party, restrictions string) string {
	t := settingsText{folder: f}
	t.head()
	t.say("The https address that wallets and services reach. The gateway's did:web is made of it.")
	t.party(p)
	t.served("9443")
	t.gap("Sessions, decisions, counted uses and the audit log. Back it up.")
	t.set("store", f.Store())
	t.keys()
	t.say("The bearer token of services that ask.")
	t.set("client-token-file", f.In(f.Token))
	t.gap("Whose trust framework is in force. The keys are never asked from the registry itself.")
	t.registry(p.Registry)
	t.gap("What controllers have put in force against delegations: an array of {principal, delegate, resource, kind}.",
		"It is read anew for each decision; without it everything is denied.")
	t.set("restrictions", f.In(restrictions))
	t.say("The controller's own system, in place of the file or beside it: asked anew for each decision.")
	t.line("# restrictions-url: \"https://records.example.org/restrictions\"", "# restrictions-token-file: FILE")
	t.gap("The bearer token of staff overrides: records beside a denial, which no decision reads.",
		"Left out, there are none.")
	t.line("# overrides-token-file: FILE")
	t.line("# status-max-age: 5m   # how old a status list may be; a controller's policy can only lower it",
		"# status-poll: 1s       # how often a list in use is asked for again at the least")
	t.gap("Where browsers may be sent when a wallet has answered: octet by octet, https, no fragment.",
		"Without any there is no same-device flow.")
	t.line("# redirects: [\"https://records.example.org/back\"]")
	t.gap("How wallets know the gateway; left out, by its did:web. The framework must list it the same way.")
	t.line("# client-id: {prefix: x509_san_dns, certificate: FILE, key: FILE}   # or x509_hash",
		"# response: direct_post.jwt    # answers are encrypted",
		"# transaction-data: access     # holders prove over the very access; dc+sd-jwt alone",
		"# profile: haip                # x509_hash, direct_post.jwt and dc+sd-jwt in one")
	t.say("What is asked for, in order of preference; see docs/concepts/formats.md.")
	t.line("# formats: [dc+sd-jwt, vc+jwt]")
	return t.String()
}

// settingsText is the text of settings that is being written.
type settingsText struct {
	strings.Builder
	folder Folder
}

func (t *settingsText) line(lines ...string) {
	for _, one := range lines {
		t.WriteString(one + "\n")
	}
}

func (t *settingsText) set(name, value string) { t.line(name + ": " + strconv.Quote(value)) }

// say writes a comment.
func (t *settingsText) say(lines ...string) {
	for _, one := range lines {
		t.line("# " + one)
	}
}

// gap begins a section.
func (t *settingsText) gap(lines ...string) {
	t.line("")
	t.say(lines...)
}

func (t *settingsText) head() {
	t.say("behalf-" + t.folder.Role + ". An unknown key stops the program; every key can be set by BEHALF_" + strings.ToUpper(t.folder.Role) + "_<KEY>.")
	t.line("")
}

// party writes who the server is and where it listens.
func (t *settingsText) party(p Party) {
	t.set("origin", p.Origin)
	t.say("How people know this organisation.")
	t.set("name", p.Name)
	t.say("Where to listen. Without tls a proxy in front must speak https.")
	t.set("listen", p.Listen)
}

// served writes how every server can be served.
func (t *settingsText) served(metrics string) {
	t.line("# tls: {cert: FILE, key: FILE}", "# metrics: \"127.0.0.1:"+metrics+"\"   # /metrics; left out, for this machine alone")
}

func (t *settingsText) keys() {
	t.gap("The signing keys, sealed. Keep the passphrase elsewhere.")
	k := t.folder.Keys()
	t.line("keys:", "  dir: "+strconv.Quote(k.Dir), "  passphrase-file: "+strconv.Quote(k.Passphrase))
	if k.Algorithm != "" {
		t.line("  algorithm: " + k.Algorithm)
	}
}

func (t *settingsText) registry(r RegistrySettings) {
	t.line("registry:", "  url: "+strconv.Quote(r.URL), "  keys:")
	for _, one := range r.Keys {
		t.line("    - " + strconv.Quote(one))
	}
	t.line("# outbound: {ca: FILE, private-hosts: [\"host:port\"]}   # for a private deployment")
}
