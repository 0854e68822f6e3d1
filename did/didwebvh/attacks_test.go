// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func TestAttacks(t *testing.T) {
	t.Run("DID-13", attackRollback)
	t.Run("DID-14", attackSCID)
	t.Run("DID-17", attackWitnesses)
	t.Run("DID-18", attackTimeAndState)
	t.Run("DID-19", attackHugeLog)
}

// forger writes logs entry by entry, each with a good hash and a good proof, whatever they state.
type forger struct {
	t    testing.TB
	key  *key.Private
	scid string
	last string // versionId
	log  []byte
	n    int
	at   time.Time
}

func newForger(t testing.TB) *forger {
	return &forger{t: t, key: generate(t), at: start().Add(-240 * time.Hour)}
}

func (f *forger) multikey(k *key.Private) string {
	text, err := multiformat.EncodeKey(k.Public())
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

// first are the parameters of a first entry with the members of more.
func (f *forger) first(more string) string {
	return `{"method":"did:webvh:1.0","scid":"{SCID}","updateKeys":["` + f.multikey(f.key) + `"]` + more + `}`
}

// state is a document of the DID at host with the members of more.
func (f *forger) state(host, more string) string {
	id := "did:webvh:{SCID}:" + host
	if f.n > 0 {
		id = "did:webvh:" + f.scid + ":" + host
	}
	return `{"@context":["https://www.w3.org/ns/did/v1"],"id":"` + id + `"` + more + `}`
}

// add appends an entry with the parameters and the state given, a day after the last one.
func (f *forger) add(parameters, state string) *forger {
	f.at = f.at.Add(24 * time.Hour)
	return f.addAt(f.at.Format(time.RFC3339), parameters, state, f.key)
}

func (f *forger) addAt(stamp, parameters, state string, by key.Signer) *forger {
	f.t.Helper()
	core, err := strictjson.Canonical([]byte(`{"parameters":` + parameters + `,"state":` + state + `}`))
	if err != nil {
		f.t.Fatal(err)
	}
	e := &entry{stamp: stamp, core: core}
	if f.n == 0 {
		f.scid = digest(e.unsigned(placeholder))
		e.core, f.last = bytes.ReplaceAll(core, []byte(placeholder), []byte(f.scid)), f.scid
	}
	f.n++
	e.number = f.n
	line, err := e.sign(f.t.Context(), f.last, f.at, by)
	if err != nil {
		f.t.Fatal(err)
	}
	f.last = e.versionID
	f.log = append(append(f.log, line...), '\n')
	return f
}

func (f *forger) id() did.DID {
	f.t.Helper()
	id, err := did.Parse("did:webvh:" + f.scid + ":h.test")
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

// resolve returns what a resolver that has seen nothing says to the log.
func (f *forger) resolve(witness []byte) error {
	f.t.Helper()
	h := newHost(f.t)
	h.put(f.t, f.id(), f.log, witness)
	d, err := h.resolver(f.t).Resolve(f.t.Context(), f.id())
	if (err == nil) != (d != nil) {
		f.t.Fatalf("%v and %v", d, err)
	}
	return err
}

func (f *forger) want(name string, witness []byte, code reason.Code) {
	f.t.Helper()
	if err := f.resolve(witness); reason.Of(err) != code {
		f.t.Errorf("%s: %v, want %q", name, err, code)
	}
}

// good is a log of two entries that is accepted.
func good(t testing.TB) *forger {
	f := newForger(t)
	f.add(f.first(""), f.state("h.test", ""))
	f.add("{}", f.state("h.test", `,"alsoKnownAs":["did:web:h.test"]`))
	return f
}

func attackRollback(t *testing.T) {
	f := good(t)
	f.want("the log", nil, "")
	lines := bytes.SplitAfter(f.log, []byte("\n"))
	fork := &forger{t: t, key: f.key, scid: f.scid, log: bytes.Clone(lines[0]), n: 1, at: f.at}
	first, err := readEntry(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	fork.last = first.versionID
	fork.add("{}", fork.state("h.test", `,"alsoKnownAs":["did:web:other.test"]`))
	for name, older := range map[string][]byte{"older prefix": lines[0], "another second entry": fork.log} {
		h := newHost(t)
		h.put(t, f.id(), older, nil)
		if _, err := h.resolver(t).Resolve(t.Context(), f.id()); err != nil {
			t.Fatalf("%s by itself: %v", name, err)
		}
		h = newHost(t)
		r := h.resolver(t)
		h.put(t, f.id(), f.log, nil)
		if _, err := r.Resolve(t.Context(), f.id()); err != nil {
			t.Fatal(err)
		}
		h.put(t, f.id(), older, nil)
		for which, r := range map[string]*Resolver{"same": r, "restarted": h.resolver(t)} {
			if d, err := r.Resolve(t.Context(), f.id()); reason.Of(err) != reason.WebVHRollback || d != nil {
				t.Errorf("%s, %s resolver: %v", name, which, err)
			}
			if d, err := r.Describe(t.Context(), f.id(), did.Options{VersionNumber: 1}); reason.Of(err) != reason.WebVHRollback || d.Document != nil {
				t.Errorf("%s, %s resolver, version 1: %v", name, which, err)
			}
		}
		h.put(t, f.id(), f.log, nil)
		if _, err := r.Resolve(t.Context(), f.id()); err != nil {
			t.Errorf("the newer log again: %v", err)
		}
	}
}

func attackSCID(t *testing.T) {
	f, other := good(t), good(t)
	h := newHost(t)
	h.put(t, other.id(), f.log, nil)
	if d, err := h.resolver(t).Resolve(t.Context(), other.id()); reason.Of(err) != reason.WebVHSCID || d != nil {
		t.Errorf("another SCID in the DID: %v", err)
	}
	f.add(`{"scid":"`+f.scid+`"}`, f.state("h.test", ""))
	f.want("SCID in a later entry", nil, reason.WebVHSCID)

	f = newForger(t)
	f.add(f.first(""), f.state("h.test", `,"x":"{SCID}"`))
	f.want("placeholder replaced everywhere", nil, "")
	literal := bytes.Replace(f.log, []byte(`"x":"`+f.scid+`"`), []byte(`"x":"{SCID}"`), 1)
	e, err := readEntry(bytes.TrimSpace(literal))
	if err != nil {
		t.Fatal(err)
	}
	e.number = 1
	line, err := e.sign(t.Context(), f.scid, f.at, f.key)
	if err != nil {
		t.Fatal(err)
	}
	f.log = line
	f.want("placeholder left in one field", nil, reason.WebVHSCID)

	f = newForger(t)
	f.add(strings.Replace(f.first(""), `"{SCID}"`, `"`+other.scid+`"`, 1), f.state("h.test", ""))
	f.want("SCID of another log in the parameters", nil, reason.WebVHSCID)
	f = good(t)
	f.add("{}", strings.Replace(f.state("h.test", ""), f.scid, other.scid, 1))
	f.want("SCID of another log in a later id", nil, reason.WebVHSCID)
}

func attackWitnesses(t *testing.T) {
	ann, ben, eve := generate(t), generate(t), generate(t)
	f := newForger(t)
	rule := func(threshold string, keys ...*key.Private) string {
		list := make([]string, 0, len(keys))
		for _, k := range keys {
			list = append(list, `{"id":"did:key:`+f.multikey(k)+`"}`)
		}
		return `"witness":{"threshold":` + threshold + `,"witnesses":[` + strings.Join(list, ",") + `]}`
	}
	approve := func(file []byte, versionID string, by ...*key.Private) []byte {
		for _, k := range by {
			var err error
			if file, err = Approve(t.Context(), file, versionID, start(), k); err != nil {
				t.Fatal(err)
			}
		}
		return file
	}
	f.add(f.first(","+rule("2", ann, ben)), f.state("h.test", ""))
	one := f.last
	f.want("both", approve(nil, one, ann, ben), "")
	f.want("nobody", nil, reason.WebVHWitness)
	f.want("one witness twice", approve(nil, one, ann, ann), reason.WebVHWitness)
	f.want("one and a stranger", approve(nil, one, ann, eve), reason.WebVHWitness)
	f.want("one for another version", approve(approve(nil, one, ann), "1-"+f.scid, ben), reason.WebVHWitness)
	renamed := bytes.ReplaceAll(approve(nil, "1-"+f.scid, ann, ben), []byte("1-"+f.scid), []byte(one))
	f.want("proofs of another version under this one's name", renamed, reason.WebVHWitness)

	f.add("{"+rule("1", ann)+"}", f.state("h.test", ""))
	two := f.last
	f.want("the entry that lowers the threshold, by the lower one", approve(approve(nil, one, ann, ben), two, ann), reason.WebVHWitness)
	f.want("the entry that lowers the threshold, by the higher one", approve(nil, two, ann, ben), "")
	f.add("{}", f.state("h.test", ""))
	f.want("the entry after it", approve(approve(nil, two, ann, ben), f.last, ann), "")
	f.want("the entry after it by whom the change let go", approve(approve(nil, two, ann, ben), f.last, ben), reason.WebVHWitness)
	f.want("a later proof counts for those before", approve(approve(nil, two, ben), f.last, ann), "")
	f.add(`{"witness":{}}`, f.state("h.test", ""))
	f.want("the entry that ends witnessing", approve(nil, two, ann, ben), reason.WebVHWitness)
	f.want("the entry that ends witnessing, witnessed", approve(approve(nil, two, ben), f.last, ann), "")
	four := approve(approve(nil, two, ben), f.last, ann)
	f.add("{}", f.state("h.test", ""))
	f.want("the entry after the end", four, "")
	f.add("{"+rule("1", ben)+"}", f.state("h.test", ""))
	f.want("the entry that begins again", four, reason.WebVHWitness)
	f.want("the entry that begins again, witnessed", approve(four, f.last, ben), "")

	for name, w := range map[string]string{
		"threshold 0":               rule("0", ann),
		"threshold below 0":         rule("-1", ann),
		"threshold beyond all":      rule("2", ann),
		"threshold that overflows":  rule("9007199254740991", ann),
		"threshold with a fraction": rule("1.5", ann),
		"a witness twice":           rule("2", ann, ann),
		"no witnesses":              rule("1"),
		"no threshold":              `"witness":{"witnesses":[{"id":"did:key:` + f.multikey(ann) + `"}]}`,
		"weights":                   `"witness":{"threshold":1,"witnesses":[{"id":"did:key:` + f.multikey(ann) + `","weight":9007199254740991}]}`,
		"a witness of did:web":      `"witness":{"threshold":1,"witnesses":[{"id":"did:web:h.test"}]}`,
		"a witness of P-256":        rule("1", ann, p256(t)),
		"a bare key":                `"witness":{"threshold":1,"witnesses":[{"id":"` + f.multikey(ann) + `"}]}`,
		"65 witnesses":              rule("1", append(strangers(t, 64), ann)...),
	} {
		g := newForger(t)
		g.add(g.first(","+w), g.state("h.test", ""))
		g.want(name, approve(nil, g.last, ann, ben), reason.WebVHWitness)
	}
}

func strangers(t *testing.T, n int) []*key.Private {
	t.Helper()
	out := make([]*key.Private, n)
	for i := range out {
		out[i] = generate(t)
	}
	return out
}

func attackTimeAndState(t *testing.T) {
	for name, stamp := range map[string]string{
		"the same time":        start().Add(-216 * time.Hour).Format(time.RFC3339),
		"an earlier time":      start().Add(-217 * time.Hour).Format(time.RFC3339),
		"beyond the skew":      start().Add(MaxAhead + time.Second).Format(time.RFC3339),
		"a zone other than Z":  "2026-11-20T10:00:00+01:00",
		"no time":              "yesterday",
		"a date alone":         "2026-11-20",
		"in another calendar":  "2026-W47-5T10:00:00Z",
		"the 61st second":      "2026-11-20T10:00:61Z",
		"nothing at all":       "",
		"an escape for a line": `2026-11-20T10:00:00Z\u000a`,
	} {
		f := newForger(t)
		f.add(f.first(""), f.state("h.test", ""))
		f.addAt(stamp, "{}", f.state("h.test", ""), f.key)
		f.want(name, nil, reason.WebVHTime)
	}
	f := newForger(t)
	f.add(f.first(""), f.state("h.test", ""))
	f.addAt(start().Add(MaxAhead).Format(time.RFC3339), "{}", f.state("h.test", ""), f.key)
	f.want("within the skew", nil, "")

	f = good(t)
	f.add(`{"deactivated":true,"updateKeys":[]}`, f.state("h.test", ""))
	f.want("deactivated", nil, reason.WebVHTime)
	f = good(t)
	f.add(`{"deactivated":true}`, f.state("h.test", ""))
	f.add(`{"deactivated":false}`, f.state("h.test", ""))
	f.want("an entry after the end", nil, reason.WebVHTime)

	for name, c := range map[string]struct {
		first, then, host, more string
		want                    reason.Code
	}{
		"moved without portable":    {"", "{}", "h.test", `,"alsoKnownAs":["did:webvh:%s:old.test"]`, reason.WebVHTime},
		"moved and called not so":   {`,"portable":false`, "{}", "h.test", `,"alsoKnownAs":["did:webvh:%s:old.test"]`, reason.WebVHTime},
		"moved without a trace":     {`,"portable":true`, "{}", "h.test", "", reason.WebVHTime},
		"moved from somewhere":      {`,"portable":true`, "{}", "h.test", `,"alsoKnownAs":["did:webvh:%s:else.test"]`, reason.WebVHTime},
		"portable too late":         {"", `{"portable":true}`, "h.test", `,"alsoKnownAs":["did:webvh:%s:old.test"]`, reason.WebVHTime},
		"portable no more, at once": {`,"portable":true`, `{"portable":false}`, "h.test", `,"alsoKnownAs":["did:webvh:%s:old.test"]`, reason.WebVHTime},
		"moved by the rules":        {`,"portable":true`, "{}", "h.test", `,"alsoKnownAs":["did:webvh:%s:old.test"]`, ""},
	} {
		f := newForger(t)
		f.add(f.first(c.first), f.state("old.test", ""))
		f.add(c.then, f.state(c.host, strings.ReplaceAll(c.more, "%s", f.scid)))
		f.want(name, nil, c.want)
	}
}

func attackHugeLog(t *testing.T) {
	line := []byte(`{"versionId":"1-` + strings.Repeat("Q", hashLength) + `"}` + "\n")
	f := good(t)
	for name, log := range map[string][]byte{
		"100,000 entries": bytes.Repeat(line, 100_000),
		"10,001 entries":  bytes.Repeat(line, MaxEntries+1),
		"10,001 lines":    bytes.Repeat([]byte("\n"), MaxEntries+1),
		"one long line":   append(append(bytes.Clone(f.log), bytes.Repeat([]byte(" "), MaxLine+1)...), line...),
		"a byte too long": bytes.Repeat([]byte("                               \n"), MaxLog/32+1)[:MaxLog+1],
		"long lines":      bytes.Repeat(append(bytes.Repeat([]byte(" "), MaxLine-1), '\n'), 11),
		"10,001 entries, the last without an end": bytes.Repeat(line, MaxEntries+1)[:len(line)*(MaxEntries+1)-1],
	} {
		h := newHost(t)
		h.put(t, f.id(), log, nil)
		allocs := testing.AllocsPerRun(1, func() {
			if d, err := h.resolver(t).Resolve(t.Context(), f.id()); reason.Of(err) != reason.LimitDIDLog || d != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		if allocs > 5_000 {
			t.Errorf("%s: %.0f allocations", name, allocs)
		}
	}
	g := newForger(t)
	g.add(g.first(`,"witness":{"threshold":1,"witnesses":[{"id":"did:key:`+g.multikey(g.key)+`"}]}`), g.state("h.test", ""))
	g.want("a file of proofs too large", bytes.Repeat([]byte(" "), MaxWitnessFile+1), reason.LimitDIDLog)
	proofs := strings.Repeat(`,{}`, MaxWitnessProofs)
	g.want("too many proofs", []byte(`[{"versionId":"`+g.last+`","proof":[{}`+proofs+`]}]`), reason.LimitDIDLog)

	many := newForger(t)
	many.at = start().Add(-24 * 400 * time.Hour)
	many.add(many.first(""), many.state("h.test", ""))
	for i := range 300 {
		many.add("{}", many.state("h.test", `,"alsoKnownAs":["urn:example:`+strconv.Itoa(i)+`"]`))
	}
	counted(t, many)
}
