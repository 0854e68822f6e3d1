// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/base64"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// elsewhere lists the rows of category status that are not tested here, each with the reason.
var elsewhere = map[string]string{
	"STS-04": "credential/status and credential/status/bitstring; here an index is a number already",
	"STS-16": "credential/status",
	"STS-19": "credential/status/publisher",
	"STS-20": "credential/status/publisher; with HTTP and idempotency keys: issuer",
	"STS-21": "credential/status/publisher",
	"STS-23": "credential/status/publisher",
	"STS-24": "credential/status/publisher",
	"STS-25": "credential/status/publisher for memory and allocations; the HTTP end: issuer",
	"STS-26": "credential/status/publisher for ETag and max-age; the headers: issuer",
	"STS-27": "credential/status/publisher",
}

func TestAttacks(t *testing.T) {
	tests := map[string]func(*testing.T){
		"STS-01": attackBomb, "STS-02": attackCompression, "STS-03": attackIndex, "STS-08": attackPurpose,
		"STS-09": attackIssuer, "STS-10": attackIdentity, "STS-11": attackUnsigned, "STS-12": attackRollback,
		"STS-15": attackAddress, "STS-17": attackRecursion, "STS-18": attackHerd,
	}
	for name, f := range tests {
		t.Run(name, f)
	}
	t.Run("every row has its place", func(t *testing.T) {
		var file struct {
			Attacks []struct {
				ID       string `json:"id"`
				Category string `json:"category"`
			} `json:"attacks"`
		}
		if err := strictjson.Unmarshal(shared.Open(t, "data/attacks.json"), &file); err != nil {
			t.Fatal(err)
		}
		for _, a := range file.Attacks {
			if a.Category == "status" && (tests[a.ID] == nil) == (elsewhere[a.ID] == "") {
				t.Errorf("%s is tested here or elsewhere, and not both", a.ID)
			}
		}
	})
}

// encodings are the two wire forms, so that each attack on compression is made on both.
type encoding struct {
	name     string
	ref      credential.StatusRef
	compress func([]byte) []byte
	document func(w *world, compressed []byte) []byte
}

func encodings(t *testing.T) []encoding {
	return []encoding{
		{"zlib", tokenRef(7), func(data []byte) []byte { return zlibbed(t, data) }, func(w *world, compressed []byte) []byte {
			return w.jws(issuer, tokenlist.Type, fmt.Sprintf(`{"sub":%q,"iat":%d,"status_list":{"bits":2,"lst":%q}}`,
				tokenURL, w.clock.now().Unix(), base64.RawURLEncoding.EncodeToString(compressed)))
		}},
		{"gzip", bitsRef(7), func(data []byte) []byte { return gzipped(t, data) }, func(w *world, compressed []byte) []byte {
			return w.jws(issuer, bitstring.Type, listCredential(w, `"revocation"`, compressed, ""))
		}},
	}
}

func listCredential(w *world, purpose string, compressed []byte, more string) string {
	return fmt.Sprintf(`{"@context":["https://www.w3.org/ns/credentials/v2"],"id":%q,"type":["VerifiableCredential","BitstringStatusListCredential"],`+
		`"issuer":%q,"validFrom":%q,%s"credentialSubject":{"type":"BitstringStatusList","statusPurpose":%s,"encodedList":"u%s"}}`,
		bitsURL, issuer, w.clock.now().Format(time.RFC3339), more, purpose, base64.RawURLEncoding.EncodeToString(compressed))
}

func zlibbed(t *testing.T, data []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t *testing.T, data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// noise returns n bytes that compress, but not too well.
func noise(n int) []byte {
	data := make([]byte, n)
	for i := 0; i < n; i += 500 {
		data[i] = byte(i)
	}
	return data
}

func attackBomb(t *testing.T) {
	const mib = 1 << 20
	zeros := make([]byte, mib)
	gzipBomb := bytes.Repeat(gzipped(t, zeros), 1024) // 1 MiB that expands to 1 GiB
	zlibBomb := zlibPrefix(t, zeros, 1024)
	for _, e := range encodings(t) {
		bomb := gzipBomb
		if e.name == "zlib" {
			bomb = zlibBomb
		}
		for name, compressed := range map[string][]byte{
			"1 MiB to 1 GiB":     bomb[:min(len(bomb), mib)],
			"300 kB to 300 MiB":  bomb[:300<<10],
			"8 MiB and a byte":   e.compress(noise(8*mib + 1)),
			"ratio above 1000:1": e.compress(make([]byte, 4*mib)),
		} {
			t.Run(e.name+" "+name, func(t *testing.T) {
				w := newWorld(t)
				doc := e.document(w, compressed)
				w.put(e.ref.List, doc)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				w.state(e.ref, status.Unknown, reason.StatusTooLarge)
				runtime.ReadMemStats(&after)
				if spent := after.TotalAlloc - before.TotalAlloc; spent > 16*mib {
					t.Errorf("%d bytes were allocated", spent)
				}
			})
		}
		t.Run(e.name+" control: 8 MiB", func(t *testing.T) {
			w := newWorld(t)
			w.put(e.ref.List, e.document(w, e.compress(noise(8*mib))))
			w.state(e.ref, status.Valid, "")
		})
	}
}

// zlibPrefix returns the beginning of a zlib stream of n times data, built out of one compressed
// piece because each piece is like the others.
func zlibPrefix(t *testing.T, data []byte, n int) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return append([]byte{0x78, 0xda}, bytes.Repeat(out.Bytes(), n)...)
}

func attackCompression(t *testing.T) {
	list := noise(entries / 4)
	list[1], list[0] = 0, 0 // index 7 is valid in both
	var raw, preset bytes.Buffer
	fw, _ := flate.NewWriter(&raw, flate.BestCompression)
	_, _ = fw.Write(list)
	_ = fw.Close()
	zw, _ := zlib.NewWriterLevelDict(&preset, zlib.BestCompression, []byte("dictionary"))
	_, _ = zw.Write(list)
	_ = zw.Close()
	for _, e := range encodings(t) {
		good := e.compress(list)
		damaged := bytes.Clone(good)
		damaged[len(damaged)-5] ^= 1 // in the checksum of both forms
		for name, compressed := range map[string][]byte{
			"raw deflate":    raw.Bytes(),
			"truncated":      good[:len(good)-1],
			"truncated more": good[:len(good)/2],
			"no checksum":    good[:len(good)-8],
			"header alone":   good[:2],
			"nothing":        nil,
			"wrong CRC":      damaged,
			"preset":         preset.Bytes(),
			"trailing byte":  append(bytes.Clone(good), 0),
			"other form":     encodings(t)[map[string]int{"zlib": 1, "gzip": 0}[e.name]].compress(list),
		} {
			if e.name == "zlib" && name == "wrong CRC" {
				compressed = bytes.Clone(good)
				compressed[len(compressed)-1] ^= 1
			}
			t.Run(e.name+" "+name, func(t *testing.T) {
				w := newWorld(t)
				w.put(e.ref.List, e.document(w, compressed))
				w.state(e.ref, status.Unknown, reason.StatusEncoding)
			})
		}
		t.Run(e.name+" control", func(t *testing.T) {
			w := newWorld(t)
			w.put(e.ref.List, e.document(w, good))
			w.state(e.ref, status.Valid, "")
		})
	}
	t.Run("several members", func(t *testing.T) {
		e := encodings(t)[1]
		w := newWorld(t)
		members := append(e.compress(list[:999]), append(e.compress(nil), e.compress(list[999:])...)...)
		w.put(e.ref.List, e.document(w, members))
		w.state(e.ref, status.Valid, "")
		big := noise(1 << 20)
		w = newWorld(t)
		w.put(e.ref.List, e.document(w, bytes.Repeat(e.compress(big), 9)))
		w.state(e.ref, status.Unknown, reason.StatusTooLarge) // over the sum
	})
	t.Run("two zlib streams", func(t *testing.T) {
		e := encodings(t)[0]
		w := newWorld(t)
		w.put(e.ref.List, e.document(w, append(e.compress(list), e.compress(list)...)))
		w.state(e.ref, status.Unknown, reason.StatusEncoding)
	})
}

func attackIndex(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.put(bitsURL, w.bitstring(issuer, bitsURL, nil))
	w.state(tokenRef(entries-1), status.Valid, "")
	w.state(bitsRef(entries-1), status.Valid, "")
	// 2^64 does not fit the type and ends where an entry is read; its neighbour is here.
	for _, index := range []uint64{entries, entries + 1, 1 << 31, 1 << 53, 1<<64 - 1} {
		w.state(tokenRef(index), status.Unknown, reason.StatusIndex)
		w.state(bitsRef(index), status.Unknown, reason.StatusIndex)
	}
}

func attackPurpose(t *testing.T) {
	w := newWorld(t)
	plain := gzipped(t, make([]byte, entries/8))
	for purpose, code := range map[string]reason.Code{
		`"suspension"`:                reason.StatusPurpose,
		`"x"`:                         reason.StatusPurpose,
		`["suspension","x"]`:          reason.StatusPurpose,
		`""`:                          reason.StatusPurpose,
		`null`:                        reason.StatusPurpose,
		`["revocation","suspension"]`: "",
		`"revocation"`:                "",
		`{"purpose":"revocation"}`:    reason.StatusPurpose,
		`["revocation",1]`:            reason.StatusPurpose,
		`"revocation,suspension"`:     reason.StatusPurpose,
		`["suspension","revocation"]`: "",
		`["a","b","c","d","e","f","g","h","revocation"]`: reason.StatusPurpose,
	} {
		t.Run(purpose, func(t *testing.T) {
			w := newWorld(t)
			w.put(bitsURL, w.jws(issuer, bitstring.Type, listCredential(w, purpose, plain, "")))
			want := status.Unknown
			if code == "" {
				want = status.Valid
			}
			w.state(bitsRef(0), want, code)
		})
	}
	ref := bitsRef(0)
	ref.Purpose = "suspension"
	w.put(bitsURL, w.jws(issuer, bitstring.Type, listCredential(w, `"revocation"`, plain, "")))
	w.state(ref, status.Unknown, reason.StatusPurpose)
}

func attackIssuer(t *testing.T) {
	for _, form := range []string{"token", "bitstring"} {
		make := func(w *world, by string) (credential.StatusRef, []byte) {
			if form == "token" {
				return tokenRef(0), w.token(by, tokenURL, nil, nil)
			}
			return bitsRef(0), w.bitstring(by, bitsURL, nil)
		}
		t.Run(form+" signed by the attacker", func(t *testing.T) {
			w := newWorld(t)
			ref, raw := make(w, attacker)
			w.put(ref.List, raw)
			w.state(ref, status.Unknown, reason.StatusIssuer)
		})
		t.Run(form+" signed with its own certificate or key", func(t *testing.T) {
			for _, member := range []string{`"x5c":["MIIB"]`, `"jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, `"jku":"https://attacker.test/k"`, `"x5u":"https://attacker.test/c"`} {
				w := newWorld(t)
				ref, raw := make(w, issuer)
				header, rest, _ := strings.Cut(string(raw), ".")
				plain, err := base64.RawURLEncoding.DecodeString(header)
				if err != nil {
					t.Fatal(err)
				}
				changed := strings.TrimSuffix(string(plain), "}") + "," + member + "}"
				w.put(ref.List, []byte(base64.RawURLEncoding.EncodeToString([]byte(changed))+"."+rest))
				w.state(ref, status.Unknown, reason.StatusIssuer)
			}
		})
	}
	t.Run("issuer member of the issuer, signed by the attacker", func(t *testing.T) {
		w := newWorld(t)
		w.put(bitsURL, w.jws(attacker, bitstring.Type, listCredential(w, `"revocation"`, gzipped(t, make([]byte, entries/8)), "")))
		w.state(bitsRef(0), status.Unknown, reason.StatusIssuer)
	})
}

func attackIdentity(t *testing.T) {
	w := newWorld(t)
	other := "https://issuer.test/status/token/1-2"
	w.put(tokenURL, w.token(issuer, other, nil, nil))
	w.put(bitsURL, w.bitstring(issuer, other, nil))
	w.state(tokenRef(0), status.Unknown, reason.StatusSubject)
	w.state(bitsRef(0), status.Unknown, reason.StatusSubject)
	for _, near := range []string{tokenURL + "/", tokenURL + "#", strings.ToUpper(tokenURL), "https://issuer.test:443/status/token/1-1"} {
		w := newWorld(t)
		w.put(tokenURL, w.token(issuer, near, nil, nil))
		w.state(tokenRef(0), status.Unknown, reason.StatusSubject)
	}
}

func attackUnsigned(t *testing.T) {
	w := newWorld(t)
	signed := w.token(issuer, tokenURL, nil, nil)
	parts := strings.SplitN(string(signed), ".", 3)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"statuslist+jwt","kid":"did:web:issuer.test#k1"}`))
	untyped := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"did:web:issuer.test#k1"}`))
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	tampered := strings.Replace(string(payload), `"bits":2`, `"bits":1`, 1)
	for name, raw := range map[string]string{
		"alg none":           none + "." + parts[1] + ".",
		"alg none, signed":   none + "." + parts[1] + "." + parts[2],
		"no signature":       parts[0] + "." + parts[1] + ".",
		"two parts":          parts[0] + "." + parts[1],
		"JSON without proof": string(payload),
		"JSON serialization": `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`,
		"CWT":                "\xd2\x84\x43\xa1\x01\x26\xa0\x40\x40",
		"tampered":           parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(tampered)) + "." + parts[2],
		"empty":              "",
		"other typ":          string(w.jws(issuer, "jwt", string(payload))),
		"a credential":       string(w.jws(issuer, "vc+jwt", string(payload))),
		"no typ":             untyped + "." + parts[1] + "." + parts[2],
		"more parts":         string(signed) + ".x",
	} {
		t.Run(name, func(t *testing.T) {
			w.put(tokenURL, []byte(raw))
			w.restart()
			w.state(tokenRef(0), status.Unknown, reason.StatusSignature)
		})
	}
	list := w.bitstring(issuer, bitsURL, nil)
	head, _, _ := bytes.Cut(list, []byte("."))
	bare := bytes.TrimSuffix(list, list[bytes.LastIndexByte(list, '.')+1:])
	for name, raw := range map[string][]byte{"no signature": bare, "header alone": head} {
		t.Run("bitstring "+name, func(t *testing.T) {
			w.put(bitsURL, raw)
			w.restart()
			w.state(bitsRef(0), status.Unknown, reason.StatusSignature)
		})
	}
	w.restart()
	w.put(tokenURL, signed)
	w.state(tokenRef(0), status.Valid, "") // control
}

func attackRollback(t *testing.T) {
	for name, c := range map[string]struct {
		ref  credential.StatusRef
		sign func(w *world, revoked bool) []byte
	}{
		"token": {tokenRef(3), func(w *world, revoked bool) []byte {
			if revoked {
				return w.token(issuer, tokenURL, nil, map[uint64]uint8{3: 1})
			}
			return w.token(issuer, tokenURL, nil, nil)
		}},
		"bitstring": {bitsRef(3), func(w *world, revoked bool) []byte {
			if revoked {
				return w.bitstring(issuer, bitsURL, nil, 3)
			}
			return w.bitstring(issuer, bitsURL, nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			older := c.sign(w, false)
			w.clock.add(time.Second)
			newer := c.sign(w, true)
			w.put(c.ref.List, newer)
			w.state(c.ref, status.Revoked, "")
			w.put(c.ref.List, older)
			w.clock.add(280 * time.Second)
			w.src.Refresh(context.Background())
			w.state(c.ref, status.Revoked, "") // what is held still answers, and denies
			w.restart()
			w.state(c.ref, status.Unknown, reason.StatusRollback)
			w.clock.add(NegativeAge)
			w.put(c.ref.List, newer) // control: the same list again is no rollback
			w.state(c.ref, status.Revoked, "")
			w.clock.add(5 * time.Second) // the newer list is 295 s old, the older one 296 s
			w.put(c.ref.List, older)
			w.clock.add(3 * time.Second)
			w.restart()
			w.state(c.ref, status.Unknown, reason.StatusRollback)
		})
	}
}

// attackAddress: whatever the framework says, the network refuses these addresses; and where the
// framework says nothing the network is not asked.
func attackAddress(t *testing.T) {
	client, err := safehttp.New(safehttp.Config{Now: time.Now, Resolver: noNames{}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, url := range []string{
		"https://127.0.0.1/s", "https://[::1]/s", "https://169.254.169.254/latest/meta-data", "https://10.0.0.1/s",
		"data:application/statuslist+jwt,abc", "file:///etc/passwd", "http://good.test/s", "https://good.test@127.0.0.1/s",
	} {
		t.Run(url, func(t *testing.T) {
			w := newWorld(t)
			ref := credential.StatusRef{Kind: credential.TokenStatusList, List: url}
			w.state(ref, status.Unknown, reason.FetchBlocked)
			if w.fetched(url) != 0 {
				t.Error("the network was asked")
			}
			cfg := w.config()
			cfg.Fetcher = client
			cfg.Signer = func(string, string) (did.DID, bool) { return w.allowed[issuer], true }
			if w.src, err = New(cfg); err != nil {
				t.Fatal(err)
			}
			w.state(ref, status.Unknown, reason.FetchBlocked)
		})
	}
	t.Run("redirect", func(t *testing.T) {
		// That a redirect is fetch.redirect is shown in internal/safehttp; here, that the code is kept.
		w := newWorld(t)
		w.serve[tokenURL] = func(safehttp.Want) (safehttp.Response, error) {
			return safehttp.Response{}, reason.New(reason.FetchRedirect, "")
		}
		w.state(tokenRef(0), status.Unknown, reason.FetchRedirect)
	})
}

type noNames struct{}

func (noNames) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, fmt.Errorf("no such host")
}

func attackRecursion(t *testing.T) {
	w := newWorld(t)
	more := `"credentialStatus":{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"0","statusListCredential":"` + bitsURL + `"},`
	w.put(bitsURL, w.jws(issuer, bitstring.Type, listCredential(w, `"revocation"`, gzipped(t, make([]byte, entries/8)), more)))
	w.state(bitsRef(0), status.Unknown, reason.StatusRecursion)
	e := encodings(t)[0]
	w.put(tokenURL, w.jws(issuer, tokenlist.Type, fmt.Sprintf(`{"sub":%q,"iat":%d,"status":{"status_list":{"idx":0,"uri":%q}},"status_list":{"bits":2,"lst":%q}}`,
		tokenURL, w.clock.now().Unix(), tokenURL, base64.RawURLEncoding.EncodeToString(e.compress(make([]byte, entries/4))))))
	w.state(tokenRef(0), status.Unknown, reason.StatusRecursion)
	if w.fetched(bitsURL) != 1 || w.fetched(tokenURL) != 1 {
		t.Errorf("fetches %v", w.fetches)
	}
}

// attackHerd asks 10,000 times at the instant at which a list expires.
func attackHerd(t *testing.T) {
	w := newWorld(t)
	w.put(tokenURL, w.token(issuer, tokenURL, nil, nil))
	w.state(tokenRef(0), status.Valid, "")
	w.clock.add(300 * time.Second)
	body := w.token(issuer, tokenURL, nil, nil)
	release := make(chan struct{})
	w.serve[tokenURL] = func(safehttp.Want) (safehttp.Response, error) {
		<-release
		return safehttp.Response{Body: body}, nil
	}
	var wait sync.WaitGroup
	for i := range 10_000 {
		wait.Go(func() {
			if s, _, err := w.src.State(context.Background(), issuer, tokenRef(uint64(i))); err != nil || s != status.Valid {
				t.Errorf("%v %v", s, err)
			}
		})
	}
	close(release)
	wait.Wait()
	if n := w.fetched(tokenURL); n != 2 {
		t.Errorf("%d fetches, want the first and one more", n)
	}
	// Refreshes are spread over 50 to 75 % of the life of a list, within the 50 to 90 % of the row.
	l := &list{issued: w.clock.now(), until: w.clock.now().Add(300 * time.Second)}
	seen := map[int]bool{}
	for range 1000 {
		after := due(l, w.clock.now(), 0).Sub(l.issued)
		if after < 150*time.Second || after > 225*time.Second {
			t.Fatalf("refreshed after %v", after)
		}
		seen[int(after/(15*time.Second))] = true
	}
	if len(seen) < 5 {
		t.Errorf("refreshes are not spread: %v", seen)
	}
}
