// SPDX-License-Identifier: Apache-2.0

package strictjson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// verdicts are texts with the code that Check gives them; "" is accepted.
var verdicts = []struct {
	name, text string
	want       reason.Code
}{
	{"object", `{"a":1,"b":[true,false,null,"x"]}`, ""},
	{"scalar", `7`, ""},
	{"white space", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n", ""},
	{"empty containers", `{"a":{},"b":[ ]}`, ""},
	{"escapes", `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, ""},
	{"same name in two objects", `{"a":{"x":1},"b":{"x":1}}`, ""},
	{"names that only look alike", `{"a":1,"b":1,"ab":1,"a_":1,"a ":1,"à":1}`, ""},

	{"nothing", ``, reason.JSONSyntax},
	{"white space only", ` `, reason.JSONSyntax},
	{"byte-order mark", "\ufeff{}", reason.JSONSyntax},
	{"trailing value", `{} {}`, reason.JSONSyntax},
	{"trailing byte", `{}x`, reason.JSONSyntax},
	{"trailing NUL", "{}\x00", reason.JSONSyntax},
	{"trailing comma in object", `{"a":1,}`, reason.JSONSyntax},
	{"trailing comma in array", `[1,]`, reason.JSONSyntax},
	{"no colon", `{"a" 1}`, reason.JSONSyntax},
	{"no comma", `{"a":1 "b":2}`, reason.JSONSyntax},
	{"no value", `{"a":}`, reason.JSONSyntax},
	{"name without quotes", `{a:1}`, reason.JSONSyntax},
	{"single quotes", `{'a':1}`, reason.JSONSyntax},
	{"wrong closing bracket", `[1}`, reason.JSONSyntax},
	{"open object", `{"a":1`, reason.JSONSyntax},
	{"open string", `"abc`, reason.JSONSyntax},
	{"string ends in a backslash", `"abc\`, reason.JSONSyntax},
	{"unknown escape", `"\x41"`, reason.JSONSyntax},
	{"short escape", `"\u12"`, reason.JSONSyntax},
	{"escape without hex", `"\u12g4"`, reason.JSONSyntax},
	{"control character", "\"abcdefgh\x1f\"", reason.JSONSyntax},
	{"line feed in string", "\"a\nb\"", reason.JSONSyntax},
	{"comment", `{} // x`, reason.JSONSyntax},
	{"capital True", `True`, reason.JSONSyntax},
	{"half a word", `tru`, reason.JSONSyntax},
	{"word that goes on", `nullx`, reason.JSONSyntax},
	{"leading zero", `01`, reason.JSONSyntax},
	{"leading zero after minus", `-01`, reason.JSONSyntax},
	{"plus sign", `+1`, reason.JSONSyntax},
	{"minus alone", `-`, reason.JSONSyntax},
	{"no digit before the point", `.5`, reason.JSONSyntax},
	{"no digit after the point", `5.`, reason.JSONSyntax},
	{"no digit in the exponent", `5e+`, reason.JSONSyntax},
	{"hexadecimal", `0x10`, reason.JSONSyntax},
	{"NaN", `NaN`, reason.JSONSyntax},
	{"Infinity", `-Infinity`, reason.JSONSyntax},

	{"duplicate", `{"iss":"did:web:good","iss":"did:web:evil"}`, reason.JSONDuplicateName},
	{"duplicate below", `{"a":[{"cnf":{"x":1,"y":2,"x":3}}]}`, reason.JSONDuplicateName},
	{"duplicate by escape", `{"iss":1,"\u0069ss":2}`, reason.JSONDuplicateName},
	{"duplicate empty name", `{"":1,"":2}`, reason.JSONDuplicateName},
	{"case twin", `{"iss":1,"ISS":2}`, reason.JSONCaseVariant},
	{"long case twin", `{"credentialSubject":1,"credentialsubject":2}`, reason.JSONCaseVariant},
	{"long s", `{"iss":1,"i\u017f\u017f":2}`, reason.JSONCaseVariant},
	{"long s as bytes", `{"iſſ":1,"iss":2}`, reason.JSONCaseVariant},
	{"Kelvin sign", `{"kid":1,"\u212Aid":2}`, reason.JSONCaseVariant},
	{"Greek sigmas", `{"σ":1,"ς":2}`, reason.JSONCaseVariant},
	{"case twin by escape", `{"iss":1,"\u0049SS":2}`, reason.JSONCaseVariant},

	{"0xFF in value", "{\"iss\":\"did:web:\xff\"}", reason.JSONInvalidUTF8},
	{"0xFF in name", "{\"is\xffs\":1}", reason.JSONInvalidUTF8},
	{"overlong", "\"\xc0\xaf\"", reason.JSONInvalidUTF8},
	{"surrogate as bytes", "\"\xed\xa0\x80\"", reason.JSONInvalidUTF8},
	{"cut rune", "\"\xe2\x82\"", reason.JSONInvalidUTF8},
	{"high surrogate", `"\ud800"`, reason.JSONInvalidUTF8},
	{"surrogates swapped", `"\udfff\ud800"`, reason.JSONInvalidUTF8},
	{"two high surrogates", `"\ud800\ud800"`, reason.JSONInvalidUTF8},
	{"high surrogate and letter", `"\ud800abcdef"`, reason.JSONInvalidUTF8},
	{"surrogate in name", `{"\ud800":1}`, reason.JSONInvalidUTF8},

	{"largest integer", `9007199254740991`, ""},
	{"least integer", `-9007199254740991`, ""},
	{"2^53", `9007199254740992`, reason.JSONUnsafeInteger},
	{"2^53+1 below", `{"a":[9007199254740993]}`, reason.JSONUnsafeInteger},
	{"-2^53", `-9007199254740992`, reason.JSONUnsafeInteger},
	{"many digits", `1` + strings.Repeat("0", 400), reason.JSONUnsafeInteger},
	{"zero", `0`, ""},
	{"fraction", `-0.5e-3`, ""},
	{"zero with fraction", `0.0`, ""},
	{"negative zero", `-0`, reason.JSONNumberForm},
	{"negative zero with fraction", `-0.0`, reason.JSONNumberForm},
	{"negative zero with exponent", `-0e5`, reason.JSONNumberForm},
	{"infinite", `1e400`, reason.JSONNumberForm},
	{"negative infinite", `[-1E+400]`, reason.JSONNumberForm},
	{"vanishing", `1e-400`, reason.JSONNumberForm},

	{"64 deep", nested("[", "]", 64), ""},
	{"64 deep objects", nested(`{"a":`, "}", 64), ""},
	{"65 deep", nested("[", "]", 65), reason.LimitNesting},
	{"65 deep objects", nested(`{"a":`, "}", 65), reason.LimitNesting},
	{"9,999 deep", nested("[", "]", 9_999), reason.LimitNesting},
	{"10,001 deep", nested(`{"a":`, "}", 10_001), reason.LimitNesting},
	{"4,096 items", "[" + strings.Repeat("0,", 4095) + "0]", ""},
	{"4,097 items", "[" + strings.Repeat("0,", 4096) + "0]", reason.LimitMembers},
	{"4,096 members", object(4096), ""},
	{"4,097 members", object(4097), reason.LimitMembers},
	{"512 KiB", `"` + strings.Repeat("a", 512<<10) + `"`, ""},
	{"512 KiB and one", `"` + strings.Repeat("a", 512<<10+1) + `"`, reason.LimitMembers},
}

func nested(open, shut string, n int) string {
	inner := "0"
	if open == "[" {
		inner = ""
	}
	return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
}

func object(members int, more ...string) string {
	var b strings.Builder
	b.WriteString("{")
	for i := range members {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `"name%d":0`, i)
	}
	for _, m := range more {
		b.WriteString("," + m)
	}
	return b.String() + "}"
}

func TestCheck(t *testing.T) {
	for _, c := range verdicts {
		t.Run(c.name, func(t *testing.T) {
			if got := reason.Of(strictjson.Check([]byte(c.text))); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.want != "" {
				var v any
				if got := reason.Of(strictjson.Unmarshal([]byte(c.text), &v)); got != c.want {
					t.Errorf("Unmarshal: got %q, want %q", got, c.want)
				}
				if _, err := strictjson.Canonical([]byte(c.text)); reason.Of(err) != c.want {
					t.Errorf("Canonical: got %v, want %q", err, c.want)
				}
			}
		})
	}
}

// TestClashesInLargeObjects puts the two names at every distance around the size from which
// names are sorted instead of searched.
func TestClashesInLargeObjects(t *testing.T) {
	twins := map[string]reason.Code{
		`"kid":1,%s,"kid":2`:            reason.JSONDuplicateName,
		`"kid":1,%s,"\u006bid":2`:       reason.JSONDuplicateName,
		`"kid":1,%s,"KID":2`:            reason.JSONCaseVariant,
		`"kid":1,%s,"\u212aid":2`:       reason.JSONCaseVariant,
		`"kid":1,%s,"kidd":2`:           "",
		`"KID":0,"q":1,%s,"\u212aiD":2`: reason.JSONCaseVariant,
	}
	for form, want := range twins {
		for n := 1; n < 70; n++ {
			inner := object(n)
			text := "{" + fmt.Sprintf(form, inner[1:len(inner)-1]) + "}"
			if got := reason.Of(strictjson.Check([]byte(text))); got != want {
				t.Fatalf("%s with %d names between: got %q, want %q", form, n, got, want)
			}
		}
	}
}

func TestFoldTwinsAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringN(1, 12, -1).Draw(t, "a")
		b := rapid.SampledFrom([]string{strings.ToUpper(a), strings.ToLower(a), strings.ToTitle(a), a + "x"}).Draw(t, "b")
		qa, _ := json.Marshal(a)
		qb, _ := json.Marshal(b)
		want := reason.Code("")
		switch {
		case a == b:
			want = reason.JSONDuplicateName
		case strings.EqualFold(a, b):
			want = reason.JSONCaseVariant
		}
		pad := rapid.SampledFrom([]int{0, 1, 15, 40}).Draw(t, "pad")
		text := object(pad+1, string(qa)+":1", string(qb)+":2")
		if got := reason.Of(strictjson.Check([]byte(text))); got != want {
			t.Fatalf("%s: got %q, want %q", text, got, want)
		}
	})
}

func TestNestingBombCostsNothing(t *testing.T) {
	for _, bomb := range []string{strings.Repeat("[", 1_000_000), strings.Repeat(`{"a":`, 1_000_000)} {
		data := []byte(bomb)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := strictjson.Check(data)
		runtime.ReadMemStats(&after)
		if reason.Of(err) != reason.LimitNesting {
			t.Fatalf("got %v", err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<10 {
			t.Errorf("%d bytes were allocated", used)
		}
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	data := payload(t)
	if n := testing.AllocsPerRun(100, func() {
		if err := strictjson.Check(data); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type inner struct {
	KID string `json:"kid"`
}

type common struct {
	Issuer string `json:"iss"`
}

type opaque struct{ seen string }

func (o *opaque) UnmarshalJSON(b []byte) error {
	o.seen = string(b)
	if o.seen == `"bad"` {
		return reason.New(reason.DIDSyntax, "")
	}
	return nil
}

type target struct {
	common
	Exp    int64             `json:"exp"`
	Small  uint8             `json:"small"`
	Ratio  float64           `json:"ratio"`
	Flag   bool              `json:"flag"`
	At     time.Time         `json:"at"`
	List   []inner           `json:"list"`
	Map    map[string]*inner `json:"map"`
	Any    any               `json:"any"`
	Raw    strictjson.Value  `json:"raw"`
	Opaque opaque            `json:"opaque"`
	Plain  string
	Hidden string `json:"-"`
}

func TestUnmarshal(t *testing.T) {
	for text, want := range map[string]reason.Code{
		`{"iss":"a","exp":1,"ratio":1.5,"flag":true,"list":[{"kid":"k"}],"map":{"KID":{"kid":"k"},"z":{}}}`: "",
		`{"extra":null,"Extra2":{"KID":null,"list":7}}`:                                                     "",
		`{"any":null,"raw":null,"opaque":null}`:                                                             "",
		`{"any":[null,{"KID":1}]}`:                                                                          "",
		`{"hidden":1,"Hidden":2}`:                                                                           reason.JSONCaseVariant,
		`{"Hidden":2}`:                                                                                      "",

		`{"ISS":"a"}`:                           reason.JSONCaseVariant,
		`{"i\u017f\u017f":"a"}`:                 reason.JSONCaseVariant,
		`{"plain":"a"}`:                         reason.JSONCaseVariant,
		`{"list":[{"kid":"k"},{"\u212Aid":1}]}`: reason.JSONCaseVariant,
		`{"map":{"x":{"kiD":"k"}}}`:             reason.JSONCaseVariant,

		`{"exp":1.0}`:           reason.JSONNumberForm,
		`{"exp":1e3}`:           reason.JSONNumberForm,
		`{"exp":1e10}`:          reason.JSONNumberForm,
		`{"exp":-0}`:            reason.JSONNumberForm,
		`{"exp":1e400}`:         reason.JSONNumberForm,
		`{"small":256}`:         reason.JSONNumberForm,
		`{"small":-1}`:          reason.JSONNumberForm,
		`{"exp":01}`:            reason.JSONSyntax,
		`{"exp":"1700000000"}`:  reason.JSONType,
		`{"exp":true}`:          reason.JSONType,
		`{"exp":[]}`:            reason.JSONType,
		`{"exp":null}`:          reason.JSONType,
		`{"iss":null}`:          reason.JSONType,
		`{"iss":7}`:             reason.JSONType,
		`{"iss":{}}`:            reason.JSONType,
		`{"flag":""}`:           reason.JSONType,
		`{"at":null}`:           reason.JSONType,
		`{"at":"yesterday"}`:    reason.JSONType,
		`{"list":null}`:         reason.JSONType,
		`{"list":{}}`:           reason.JSONType,
		`{"list":[null]}`:       reason.JSONType,
		`{"map":{"x":null}}`:    reason.JSONType,
		`{"map":[]}`:            reason.JSONType,
		`null`:                  reason.JSONType,
		`[]`:                    reason.JSONType,
		`7`:                     reason.JSONType,
		`{"opaque":"bad"}`:      reason.DIDSyntax,
		`{"iss":"a","iss":"b"}`: reason.JSONDuplicateName,
	} {
		var v target
		if got := reason.Of(strictjson.Unmarshal([]byte(text), &v)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestUnmarshalReadsWithUnknownMembers(t *testing.T) {
	var got target
	text := `{"x":1,"iss":"a","list":[{"kid":"k","y":2}],"map":{"m":{"kid":"n"}},"opaque":[1],"exp":-5}`
	if err := strictjson.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := target{common: common{"a"}, Exp: -5, List: []inner{{"k"}}, Map: map[string]*inner{"m": {"n"}}, Opaque: opaque{"[1]"}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(target{}, opaque{})); d != "" {
		t.Error(d)
	}
}

func TestUnmarshalClosed(t *testing.T) {
	for text, want := range map[string]reason.Code{
		`{"kid":"a"}`:         "",
		`{"kid":"a","x":1}`:   reason.JSONType,
		`{"KID":"a"}`:         reason.JSONCaseVariant,
		`{"kid":"a","Kid":1}`: reason.JSONCaseVariant,
	} {
		var v inner
		if got := reason.Of(strictjson.UnmarshalClosed([]byte(text), &v)); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestMarshal(t *testing.T) {
	got, err := strictjson.Marshal(map[string]any{"b": "<&>", "a": []int{1}})
	if err != nil || string(got) != `{"a":[1],"b":"<&>"}` {
		t.Errorf("%s %v", got, err)
	}
}

func TestCanonicalVectors(t *testing.T) {
	dir := shared.Dir(t, "vectors/jcs-rfc8785")
	inputs, err := filepath.Glob(filepath.Join(dir, "input", "*.json"))
	if err != nil || len(inputs) < 6 {
		t.Fatalf("%d inputs, %v", len(inputs), err)
	}
	for _, in := range inputs {
		t.Run(filepath.Base(in), func(t *testing.T) {
			data, err := os.ReadFile(in)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join(dir, "output", filepath.Base(in)))
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(in) == "structures.json" {
				if _, err := strictjson.Canonical(data); reason.Of(err) != reason.JSONCaseVariant {
					t.Errorf("case twins: got %v", err)
				}
				data, want = withoutTwins(data), withoutTwins(want)
			}
			kept := bytes.Clone(data)
			got, err := strictjson.Canonical(data)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(bytes.TrimSpace(want)), string(got)); d != "" {
				t.Error(d)
			}
			if !bytes.Equal(data, kept) {
				t.Error("the input was changed")
			}
		})
	}
}

func TestCanonicalResultIsReadable(t *testing.T) {
	for text, want := range map[string]reason.Code{
		`[1e20]`: reason.JSONUnsafeInteger, `9007199254740993.0`: reason.JSONUnsafeInteger, `[1e21,1e3]`: "",
	} {
		if _, err := strictjson.Canonical([]byte(text)); reason.Of(err) != want {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// withoutTwins renames one of each two names of a vector that differ in case alone: they are
// refused here though RFC 8785 allows them.
func withoutTwins(data []byte) []byte {
	r := strings.NewReplacer(`"F"`, `"G"`, `"E"`, `"D"`, `"A"`, `"B"`)
	return []byte(r.Replace(string(data)))
}

// payload is about a kilobyte of a credential's JSON.
func payload(t testing.TB) []byte {
	t.Helper()
	return []byte(`{"iss":"did:web:practice.example","iat":1795341600,"exp":1826877600,"vct":"https://behalf.example/delegation/1",` +
		`"cnf":{"jwk":{"kty":"EC","crv":"P-256","x":"TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc","y":"ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ"}},` +
		`"status":{"status_list":{"idx":81223,"uri":"https://practice.example/status/token/7"}},` +
		`"_sd_alg":"sha-256","onBehalfOf":{"id":"urn:uuid:5b0e3a77-9a3c-4d7b-8a5a-3f1f6f0f3a11"},` +
		`"delegation":{"relationship":"adult-to-adult","legalBasis":"consent","jurisdiction":["GB-ENG"],"purpose":["family-requested"],` +
		`"redelegation":{"maxDepth":1,"kinds":["person"]},"prohibition":[],"permission":[` +
		`{"...":"w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs"},{"...":"Adam3v6Tb4aXj0ZLwJeHjZ5Zg1y2bK3mTzv0F2a9s8Q"},{"...":"9gZhHAhV7LZnOFZq_q7Fh8rzdqrrNM-hRWsVOlW3nuw"}]},` +
		`"note":"Zoë \u00e9crit"}`)
}
