// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

const (
	tagKeySize = 32 // bytes of the secret key
	tagSize    = 16 // bytes of a tag: two persons share one by chance in 2^64 only
)

// Tag stands for a person or a delegate in the log. Who lacks the key cannot tell for whom: not
// even by trying all identifiers, as one could with a plain hash. It changes with the year and
// differs between subject and actor.
type Tag string

func (t Tag) wellFormed() bool { return digestForm(string(t), tagSize) }

// Tagger makes tags with the secret key that lies in the store. The zero Tagger makes none.
// It prints as [secret].
type Tagger struct{ key []byte }

// OpenTagger reads the key of the tags below the prefix of cfg, and makes it at first use.
// Config.Now is not used. Destroying the record makes every tag unlinkable for ever.
//
// Errors: audit.unavailable if the store failed, audit.inconsistent if the key is damaged.
func OpenTagger(ctx context.Context, cfg Config) (*Tagger, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	t, err := readTagger(ctx, cfg)
	if !errors.Is(err, store.ErrNotFound) {
		return t, err
	}
	key := make([]byte, tagKeySize)
	if _, err := io.ReadFull(cfg.Rand, key); err != nil {
		return nil, unavailable("no randomness", err)
	}
	made := cfg.Store.Commit(ctx, store.Change{Entry: store.Entry{Key: tagKeyKey(cfg.Prefix), Value: key}})
	// Whatever came of it, what is stored now is the key: another process may have been
	// faster, and a commit that failed may have been done all the same.
	if t, err = readTagger(ctx, cfg); errors.Is(err, store.ErrNotFound) {
		return nil, unavailable("the key of the tags could not be stored", made)
	}
	return t, err
}

// Subject returns the tag of a principal in the year of the given time, in UTC.
func (t *Tagger) Subject(at time.Time, identifier string) Tag {
	return t.tag("subject", at, identifier)
}

// Actor returns the tag of a delegate in the year of the given time, in UTC.
func (t *Tagger) Actor(at time.Time, identifier string) Tag { return t.tag("actor", at, identifier) }

// tag is HMAC-SHA-256(key, role ‖ 0 ‖ year ‖ 0 ‖ identifier), cut to tagSize.
func (t *Tagger) tag(role string, at time.Time, identifier string) Tag {
	if t == nil || len(t.key) == 0 || identifier == "" {
		return "" // no key tags nobody, and nobody has no tag
	}
	mac := hmac.New(sha256.New, t.key)
	for _, part := range []string{role, strconv.Itoa(at.UTC().Year())} {
		_, _ = io.WriteString(mac, part+"\x00") // a hash never returns an error
	}
	_, _ = io.WriteString(mac, identifier)
	return Tag(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:tagSize]))
}

// Format prints [secret], whatever is asked for.
func (Tagger) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[secret]") }

// LogValue is [secret].
func (Tagger) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText returns [secret].
func (Tagger) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

func readTagger(ctx context.Context, cfg Config) (*Tagger, error) {
	e, err := cfg.Store.Get(ctx, tagKeyKey(cfg.Prefix))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, store.ErrNotFound
	case err != nil:
		return nil, unavailable("the key of the tags could not be read", err)
	case len(e.Value) != tagKeySize:
		return nil, reason.New(reason.AuditInconsistent, "the key of the tags is damaged")
	}
	return &Tagger{key: e.Value}, nil
}
