// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"

	"github.com/behalf-id/behalf/reason"
)

const (
	maxSecret  = 4096     // bytes in a secret
	maxKeyFile = 64 << 10 // bytes in a file with a private key
	hidden     = "[secret]"
)

// Secret is a text that shows itself only to Reveal: printed, logged or marshalled, alone or inside
// another value, it is "[secret]" or an address. Two secrets cannot be compared with ==. The zero
// Secret equals nothing, not even the empty text.
type Secret struct{ value func() string } // fmt prints the fields of a struct, and cannot look into a function

// NewSecret returns a secret of 1 to 4096 bytes of visible ASCII.
func NewSecret(text string) (Secret, error) {
	if text == "" || len(text) > maxSecret || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Secret{}, errors.New("web: a secret has 1 to 4096 bytes of visible ASCII")
	}
	return Secret{func() string { return text }}, nil
}

// ReadSecretFile returns the secret that is the whole content of the file at path, less one final
// line end. A file that group or world may read, or that is empty or malformed, is cli.config.
func ReadSecretFile(path string) (Secret, error) {
	raw, err := readPrivate(path, maxSecret+2)
	if err != nil {
		return Secret{}, err
	}
	s, err := NewSecret(strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r"))
	if err != nil {
		return Secret{}, reason.New(reason.CLIConfig, path+": is not one line of 1 to 4096 visible characters")
	}
	return s, nil
}

// readPrivate reads a file that is closed to group and world. Windows keeps that elsewhere than in
// the mode. A link to such a file is fine: that is how secrets are mounted into containers.
func readPrivate(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, path+": cannot be read", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, reason.Wrap(reason.CLIConfig, path+": cannot be read", err)
	case !info.Mode().IsRegular() || info.Size() > limit:
		return nil, reason.New(reason.CLIConfig, path+": is not a plain file, or too large")
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return nil, reason.New(reason.CLIConfig, path+": holds a secret and others may read it; chmod go= it")
	}
	raw, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, path+": cannot be read", err)
	}
	return raw, nil
}

// Reveal returns the text, for the one place that must send it. The zero Secret's is "".
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return s.value()
}

// Equal reports whether the secret is text, in a time that depends on neither.
func (s Secret) Equal(text string) bool {
	own, other := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(own[:], other[:]) == 1 && s.value != nil
}

// String returns "[secret]".
func (Secret) String() string { return hidden }

// GoString returns "[secret]".
func (Secret) GoString() string { return hidden }

// Format writes "[secret]" whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText returns "[secret]".
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue returns "[secret]".
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Bearer is the zero Problems' Bearer.
func Bearer(token Secret, next http.Handler) http.Handler { return Problems{}.Bearer(token, next) }

// Bearer lets requests through to next that carry token in the one Authorization field
// (RFC 6750 §2.1), and answers all others with 401 token.invalid. A token in the query is refused
// even if it is right: addresses end up in logs. The zero Secret lets nobody through.
func (p Problems) Bearer(token Secret, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, present := bearer(r)
		if present && token.Equal(given) && !tokenInQuery(r) {
			next.ServeHTTP(w, r)
			return
		}
		challenge := `Bearer realm="behalf"`
		if present {
			challenge += `, error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
		p.Write(w, reason.Service, reason.New(reason.TokenInvalid, "the bearer token is missing or wrong"))
	})
}

// bearer returns the token of r's one Authorization field.
func bearer(r *http.Request) (token string, ok bool) {
	fields := r.Header.Values("Authorization")
	if len(fields) != 1 || len(fields[0]) > maxSecret+16 {
		return "", false
	}
	scheme, token, ok := strings.Cut(fields[0], " ")
	return token, ok && strings.EqualFold(scheme, "Bearer")
}

// tokenInQuery reports whether the query has a parameter access_token, in any spelling.
func tokenInQuery(r *http.Request) bool {
	raw, more := r.URL.RawQuery, true
	for range MaxParams {
		var pair string
		pair, raw, more = strings.Cut(raw, "&")
		rawName, _, _ := strings.Cut(pair, "=")
		name, ok := unescape(rawName)
		if !ok || strings.EqualFold(name, "access_token") {
			return true
		}
		if !more {
			return false
		}
	}
	return true
}
