// SPDX-License-Identifier: Apache-2.0

// Package layering holds the floor plan: which package stands on which floor.
package layering

import "strings"

// Module is the import path of the module.
const Module = "github.com/behalf-id/behalf"

// Floors lists the packages from the ground up. A package imports only packages of a lower
// floor. A line that ends in "/..." stands for the packages below a folder too.
func Floors() [][]string {
	return [][]string{
		{"reason", "store", "internal/shared", "internal/conformance", "internal/vocabulary"},
		{"internal/strictjson", "internal/safehttp", "internal/config", "internal/sealed", "internal/web", "internal/cbor", "internal/rdfc", "internal/qr", "internal/qr/scan", "key"},
		{"internal/command", "internal/command/background", "internal/jose", "internal/multiformat", "internal/web/metrics", "internal/jsonld", "store/bolt", "store/memory", "store/storetest", "audit", "key/file"},
		{"did", "internal/command/commandtest", "internal/jwe", "internal/page", "internal/signin"},
		{"credential", "credential/internal/view", "credential/internal/warm", "did/didkey", "did/didjwk", "did/didweb", "openid/dcql", "openid/dpop", "openid/attest"},
		{"credential/status", "credential/internal/wire", "credential/internal/proof", "credential/dataintegrity", "credential/vcdm", "trustframework", "openid/vci", "openid/vp"},
		{"credential/dataintegrity/internal/disclose"},
		{"credential/dataintegrity/ecdsasd", "credential/dataintegrity/bbs", "credential/issuerkeys", "did/didwebvh", "did/resolution", "credential/sdjwt/typemeta"},
		{"credential/internal/fixture", "credential/vcjwt", "credential/sdjwt", "credential/ldpvc", "credential/status/internal/wire", "delegation", "trustframework/internal/sample", "trustframework/registry", "trustframework/client"},
		{"credential/status/bitstring", "credential/status/tokenlist", "credential/status/delta", "delegation/scenario"},
		{"credential/status/publisher", "credential/status/snapshot"},
		{"issuer", "verifier", "wallet"},
		{"internal/wire", "internal/vcapi", "internal/world/login"},
		{"internal/command/server", "internal/world", "wallet/connect"},
		{"cmd/..."},
		{"test/...", "internal/layering", "internal/tidy"},
	}
}

// Floor returns the floor of the package at path, relative to the module, or -1.
func Floor(path string) int {
	for i, floor := range Floors() {
		for _, p := range floor {
			if p == path || strings.HasSuffix(p, "/...") && strings.HasPrefix(path, strings.TrimSuffix(p, "...")) {
				return i
			}
		}
	}
	return -1
}
