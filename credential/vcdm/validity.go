// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"strings"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// validity reads the period of validity by the names of the version (Verifiable Credentials Data
// Model 2.0 §4.9, 1.1 §4.5 and §4.6). The names of the other version are no aliases: a reader that
// passed over an expirationDate would take a credential for one without end.
func (c *check) validity(o object) (err error) {
	from, until := "validFrom", "validUntil"
	otherFrom, otherUntil := "issuanceDate", "expirationDate"
	if c.sum.Version == V1 {
		from, until, otherFrom, otherUntil = otherFrom, otherUntil, from, until
		if o.get(from) == nil {
			return c.missing(from)
		}
	}
	if o.get(otherFrom) != nil || o.get(otherUntil) != nil {
		return reason.New(reason.VCAmbiguous, "members for validity of two versions of the data model")
	}
	if c.sum.ValidFrom, err = c.instant(o, from); err != nil {
		return err
	}
	if c.sum.ValidUntil, err = c.instant(o, until); err != nil {
		return err
	}
	if !c.sum.ValidUntil.IsZero() && c.sum.ValidUntil.Before(c.sum.ValidFrom) {
		return c.wrong(until + " is earlier than " + from)
	}
	return nil
}

func (c *check) instant(o object, name string) (time.Time, error) {
	v := o.get(name)
	if v == nil {
		return time.Time{}, nil
	}
	s, ok := text(v)
	if !ok {
		return time.Time{}, c.wrong(name + " is not a string")
	}
	t, ok := parseInstant(s)
	if !ok {
		return time.Time{}, c.wrong(name + " is not a dateTimeStamp")
	}
	return t, nil
}

// maxFraction is how many digits of a fraction of a second are read. Those behind the ninth do not count.
const maxFraction = 32

// parseInstant reads a dateTimeStamp (XML Schema 1.1 part 2 §3.4.28) of the years 1 to 9999. The
// zone is required; 24:00:00 is the first instant of the next day.
func parseInstant(s string) (time.Time, bool) {
	const date, clock = len("2006-01-02"), len("2006-01-02T15:04:05")
	if len(s) <= clock || s[date] != 'T' || s[date+3] != ':' || s[date+6] != ':' || s[4] != '-' || s[7] != '-' {
		return time.Time{}, false
	}
	year, okY := number(s[:4], 1, 9999)
	month, okM := number(s[5:7], 1, 12)
	day, okD := number(s[8:10], 1, 31)
	hour, okH := number(s[11:13], 0, 24)
	minute, okMin := number(s[14:16], 0, 59)
	second, okS := number(s[17:19], 0, 59)
	nanos, rest, okF := fraction(s[clock:])
	ahead, okZ := zone(rest)
	if !(okY && okM && okD && okH && okMin && okS && okF && okZ) {
		return time.Time{}, false
	}
	if hour == 24 && (minute != 0 || second != 0 || nanos != 0) {
		return time.Time{}, false
	}
	start := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	t := start.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute +
		time.Duration(second)*time.Second + time.Duration(nanos) - ahead)
	return t, start.Day() == day
}

// fraction reads an optional fraction of a second and returns what stands behind it.
func fraction(s string) (nanos int, rest string, ok bool) {
	if s[0] != '.' {
		return 0, s, true
	}
	rest = strings.TrimLeft(s[1:], "0123456789")
	digits := s[1 : len(s)-len(rest)]
	if len(digits) == 0 || len(digits) > maxFraction {
		return 0, "", false
	}
	nanos, _ = number((digits + "00000000")[:9], 0, 999_999_999)
	return nanos, rest, true
}

// zone reads Z or an offset of at most 14 hours, and returns how far it is ahead of UTC.
func zone(s string) (time.Duration, bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != len("+14:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	h, okH := number(s[1:3], 0, 14)
	m, okM := number(s[4:6], 0, 59)
	ahead := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if !okH || !okM || ahead > 14*time.Hour {
		return 0, false
	}
	if s[0] == '-' {
		ahead = -ahead
	}
	return ahead, true
}

func number(s string, low, high int) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, n >= low && n <= high
}
