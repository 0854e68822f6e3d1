// SPDX-License-Identifier: Apache-2.0

package safehttp

import "net/netip"

// standing says whether an operator has listed the host and port that is to be reached.
type standing uint8

const (
	unlisted standing = iota // public addresses only
	listed                   // loopback, private, unique-local and carrier-grade NAT too
)

// mayReach reports whether addr may be connected to. Addresses that are mapped, scoped,
// link-local, multicast or unspecified never may: no service that we know of needs them, and
// cloud metadata services live among them.
func mayReach(addr netip.Addr, s standing) bool {
	if !addr.IsValid() || addr.Is4In6() || addr.Zone() != "" || addr.IsUnspecified() ||
		addr.IsMulticast() || addr.IsLinkLocalUnicast() {
		return false
	}
	if addr.IsLoopback() || addr.IsPrivate() || sharedSpace().Contains(addr) {
		return s == listed
	}
	if addr.Is4() {
		return !reserved4(addr)
	}
	return public6(addr)
}

// sharedSpace is the range of carrier-grade NAT (RFC 6598).
func sharedSpace() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10)
}

// reserved4 reports whether addr is in a block that the IANA IPv4 special-purpose registry marks
// as not globally reachable, beyond those that mayReach names itself.
func reserved4(addr netip.Addr) bool {
	a := addr.As4()
	switch {
	case a[0] == 0, a[0] >= 240: // this network; reserved and broadcast
		return true
	case a[0] == 192 && a[1] == 0 && (a[2] == 0 || a[2] == 2): // protocol assignments, TEST-NET-1
		return true
	case a[0] == 192 && a[1] == 88 && a[2] == 99: // 6to4 relays, deprecated
		return true
	case a[0] == 198 && (a[1] == 18 || a[1] == 19): // benchmarking
		return true
	case a[0] == 198 && a[1] == 51 && a[2] == 100, a[0] == 203 && a[1] == 0 && a[2] == 113: // TEST-NET-2, -3
		return true
	}
	return false
}

// public6 reports whether addr is global unicast (2000::/3) and not one of the blocks in it that
// carry an IPv4 address inside, are for documentation or are not global.
func public6(addr netip.Addr) bool {
	a := addr.As16()
	switch {
	case a[0]&0xe0 != 0x20:
		return false
	case a[0] == 0x20 && a[1] == 0x01 && a[2] <= 0x01: // 2001::/23: Teredo, ORCHID, benchmarking
		return false
	case a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8: // documentation
		return false
	case a[0] == 0x20 && a[1] == 0x02: // 6to4
		return false
	case a[0] == 0x3f && a[1] == 0xff && a[2] < 0x10: // documentation, RFC 9637
		return false
	}
	return true
}
