// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"time"

	"github.com/behalf-id/behalf/reason"
)

// ParseTime reads an instant: an RFC 3339 date-time of the years 1 to 9999 with capital T and
// Z or a numeric offset, a real calendar date, no leap second and at most nine digits of a
// fraction. Anything else is credential.schema_invalid. The result is in UTC.
func ParseTime(s string) (time.Time, error) {
	t, ok := instant(s)
	if !ok {
		return time.Time{}, invalid("an instant is not an RFC 3339 date-time")
	}
	return t, nil
}

// AppendTime appends t as ParseTime reads it, in UTC.
func AppendTime(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, time.RFC3339Nano)
}

// IsDate reports whether s is a real calendar date YYYY-MM-DD.
func IsDate(s string) bool {
	if len(s) != len(time.DateOnly) {
		return false
	}
	_, ok := day(s)
	return ok
}

const clock = len("2006-01-02T15:04:05")

func instant(s string) (time.Time, bool) {
	if len(s) <= clock || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	start, ok := day(s[:10])
	hour, okH := digits(s[11:13], 0, 23)
	minute, okM := digits(s[14:16], 0, 59)
	second, okS := digits(s[17:19], 0, 59)
	nanos, zone, okN := fraction(s[clock:])
	offset, okZ := offset(zone)
	if !ok || !okH || !okM || !okS || !okN || !okZ {
		return time.Time{}, false
	}
	of := time.Duration(hour)*time.Hour + time.Duration(minute-offset)*time.Minute +
		time.Duration(second)*time.Second + time.Duration(nanos)
	t := start.Add(of)
	return t, inYears(t)
}

// inYears reports whether t can be written and read again.
func inYears(t time.Time) bool {
	y := t.UTC().Year()
	return y >= 1 && y <= 9999
}

func day(s string) (time.Time, bool) {
	year, okY := digits(s[:4], 1, 9999)
	month, okM := digits(s[5:7], 1, 12)
	d, okD := digits(s[8:10], 1, 31)
	t := time.Date(year, time.Month(month), d, 0, 0, 0, 0, time.UTC)
	return t, s[4] == '-' && s[7] == '-' && okY && okM && okD && t.Day() == d
}

// fraction reads an optional fraction of a second and returns what stands behind it.
func fraction(s string) (nanos int, rest string, ok bool) {
	if s[0] != '.' {
		return 0, s, true
	}
	n, scale := 1, 100_000_000
	for ; n < len(s) && s[n] >= '0' && s[n] <= '9'; n++ {
		nanos += int(s[n]-'0') * scale
		scale /= 10
	}
	return nanos, s[n:], n > 1 && n <= 10
}

// offset returns the minutes by which a zone is ahead of UTC.
func offset(s string) (minutes int, ok bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	h, okH := digits(s[1:3], 0, 23)
	m, okM := digits(s[4:6], 0, 59)
	minutes = h*60 + m
	if s[0] == '-' {
		minutes = -minutes
	}
	return minutes, okH && okM
}

func digits(s string, low, high int) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, n >= low && n <= high
}

func invalid(detail string) error { return reason.New(reason.CredentialSchemaInvalid, detail) }
