// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/reason"
)

func parserRows() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"JSN-01": attackDuplicate, "JSN-02": attackDuplicateHeader, "JSN-04": attackFold, "JSN-05": attackUTF8, "JSN-06": attackSurrogate,
		"JSN-08": attackInteger, "JSN-09": attackNumber, "JSN-10": attackDepth, "JSN-12": attackBody, "JSN-13": attackTypes, "JSN-16": attackMedia,
	}
}

func attackDuplicate(t *testing.T) {
	try(t,
		attack{"top", vc, spoil(`"issuer":`, `"issuer":"did:web:evil.test","issuer":`), reason.JSONDuplicateName},
		attack{"credentialSubject", vc, spoil(`"credentialSubject":{`, `"credentialSubject":{"id":"did:web:evil.test",`), reason.JSONDuplicateName},
		attack{"iss", sd, spoil(`"iss":`, `"iss":"did:web:evil.test","iss":`), reason.JSONDuplicateName},
		attack{"cnf", sd, spoil(`"jwk":`, `"jwk":{},"jwk":`), reason.JSONDuplicateName},
		attack{"_sd parent", sd, spoil(`"_sd":`, `"_sd":[],"_sd":`), reason.JSONDuplicateName},
		attack{"proof", vc, func(g *forge) { g.proofText = `{"aud":"x",` + g.marshal(g.proof)[1:] }, reason.JSONDuplicateName})
	w := newWorld(t)
	w.mustPermit(vc)
	g := w.forge(vc)
	token, err := json.Marshal(g.token())
	must(t, err)
	twice := `{"delegation_jwt":[` + string(token) + `],"delegation_jwt":[` + string(token) + `]}`
	w.expect(w.postForm(g.session, g.form(twice).Encode()), reason.JSONDuplicateName)
	fields := g.form(`{"delegation_jwt":[` + string(token) + `]}`)
	w.expect(w.postForm(g.session, fields.Encode()+"&state=x"), reason.HTTPDuplicateParam)
	w.expect(w.postForm(g.session, fields.Encode()), reason.OK) // neither had spent the session
}

func attackDuplicateHeader(t *testing.T) {
	var all []attack
	for _, p := range places {
		for _, alg := range []string{`"alg":"ES256","alg":"none"`, `"alg":"none","alg":"ES256"`} {
			all = append(all, attack{p.name + " " + alg, p.format, func(g *forge) { p.header(g, "{"+alg+`,"typ":"`+p.name+`"}`) }, reason.JSONDuplicateName})
		}
	}
	try(t, all...)
}

func attackFold(t *testing.T) {
	try(t,
		attack{"long s", sd, spoil(`"iss":`, `"i\u017f\u017f":"x","iss":`), reason.JSONCaseVariant},
		attack{"kelvin", vc, func(g *forge) { g.headerText = `{"\u212Aid":"x",` + g.marshal(g.header)[1:] }, reason.JSONCaseVariant},
		attack{"in the W3C form", vc, spoil(`"issuer":`, `"i\u017f\u017fuer":"x","issuer":`), reason.JSONCaseVariant})
}

func attackUTF8(t *testing.T) {
	try(t,
		attack{"issuer", vc, spoil(issuerID, "did:web:\xff"), reason.JSONInvalidUTF8},
		attack{"name", vc, spoil(`"relationship"`, "\"relation\xffship\""), reason.JSONInvalidUTF8},
		attack{"disclosure", sd, func(g *forge) { addDigest(g.at("delegation"), g.hide("[\"salt\",\"evidence\",\"\xff\"]")) }, reason.JSONInvalidUTF8})
	w := newWorld(t)
	s := w.ask(booking())
	w.expect(w.postForm(s, "state="+url.QueryEscape(s.request.State)+"&vp_token=%7B%22delegation_jwt%22%3A%5B%22%FF%22%5D%7D"), reason.HTTPInvalid)
}

func attackSurrogate(t *testing.T) {
	try(t,
		attack{"value", vc, spoil("adult-to-adult", `\ud800`), reason.JSONInvalidUTF8},
		attack{"pair", vc, spoil("adult-to-adult", `\udfff\ud800`), reason.JSONInvalidUTF8},
		attack{"name", vc, spoil(`"relationship"`, `"\ud800"`), reason.JSONInvalidUTF8})
}

func attackInteger(t *testing.T) {
	depth := func(n string) func(*forge) { return spoil(`"maxDepth":1`, `"maxDepth":`+n) }
	try(t,
		attack{"992", vc, depth("9007199254740992"), reason.JSONUnsafeInteger}, attack{"993", vc, depth("9007199254740993"), reason.JSONUnsafeInteger},
		attack{"negative", vc, depth("-9007199254740992"), reason.JSONUnsafeInteger}, attack{"control", sd, depth("1"), reason.OK})
}

func attackNumber(t *testing.T) {
	exp := func(v string) func(*forge) {
		return func(g *forge) { spoil(`"exp":`+g.marshal(g.claims["exp"]), `"exp":`+v)(g) }
	}
	var all []attack
	for v, want := range map[string]reason.Code{
		"1e400": reason.JSONNumberForm, "-0": reason.JSONNumberForm, "01": reason.JSONSyntax, "1.0": reason.JSONNumberForm, "1e3": reason.JSONNumberForm,
	} {
		all = append(all, attack{"exp = " + v, sd, exp(v), want})
	}
	all = append(all,
		attack{"exp = 1e10", sd, exp("1e10"), reason.JSONNumberForm}, attack{"exp = true", sd, exp("true"), reason.JSONType},
		attack{"iat as string", sd, func(g *forge) { g.claims["iat"] = "1700000000" }, reason.JSONType})
	try(t, all...)
}

func attackDepth(t *testing.T) {
	var all []attack
	for _, n := range []int{65, 9_999, 10_001, 50_000} {
		all = append(all,
			attack{fmt.Sprint("arrays ", n), vc, spoil(`"issuer":`, `"deep":`+strings.Repeat("[", n)+strings.Repeat("]", n)+`,"issuer":`), reason.LimitNesting},
			attack{fmt.Sprint("objects ", n), sd, spoil(`"iss":`, `"deep":`+strings.Repeat(`{"a":`, n)+"1"+strings.Repeat("}", n)+`,"iss":`), reason.LimitNesting})
	}
	try(t, all...)
	w := newWorld(t)
	s := w.ask(booking())
	w.expect(w.postForm(s, "state="+s.request.State+"&vp_token=%7B%22a%22:"+strings.Repeat("[", 1_000_000)), reason.LimitNesting)
	// 64 levels are syntax like any other: what is in them is looked at, and refused as no string.
	deep := strings.Repeat("[", 63) + strings.Repeat("]", 63)
	w.expect(w.postForm(s, url.Values{"state": {s.request.State}, "vp_token": {`{"a":` + deep + `}`}}.Encode()), reason.JSONType)
}

func attackBody(t *testing.T) {
	w := newWorld(t)
	s := w.ask(booking())
	large := "state=" + strings.Repeat("a", 1<<20-5)
	w.expect(w.postForm(s, large), reason.LimitBody) // (a)
	chunked := httptest.NewRequest("POST", "/vp/response/"+s.ID, struct{ *strings.Reader }{strings.NewReader(large)})
	chunked.ContentLength = -1
	chunked.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, chunked)
	w.expect(w.judgement(rec, w.leaves()), reason.LimitBody) // (b)
	// (c) a body that trickles: what the handler sees when the server's read deadline has passed
	// (web.BodyTimeout) is an error in the middle, and no time is waited here.
	trickle := httptest.NewRequest("POST", "/vp/response/"+s.ID, io.MultiReader(strings.NewReader("state="), overdue{}))
	trickle.ContentLength = 60
	trickle.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec = httptest.NewRecorder()
	w.handler.ServeHTTP(rec, trickle)
	w.expect(w.judgement(rec, w.leaves()), reason.LimitBody)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte("state=x"))
	_ = z.Close()
	packed := httptest.NewRequest("POST", "/vp/response/"+s.ID, &zipped)
	packed.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	packed.Header.Set("Content-Encoding", "gzip")
	rec = httptest.NewRecorder()
	w.handler.ServeHTTP(rec, packed)
	if got := w.judgement(rec, w.leaves()); got.status != 415 || got.code != reason.HTTPMediaType { // (d), refused before anybody is asked for
		t.Errorf("%+v", got)
	}
}

// overdue is a body whose next byte comes after the deadline.
type overdue struct{}

func (overdue) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func attackTypes(t *testing.T) {
	wrong := map[string]any{"null": nil, "array": []any{}, "object": object{}, "number": 7, "boolean": true}
	var all []attack
	for kind, v := range wrong {
		all = append(all,
			attack{"a alg " + kind, vc, setHeader("alg", v), reason.JOSEHeaderInvalid},
			attack{"a iss " + kind, sd, func(g *forge) { g.claims["iss"] = v }, reason.JSONType},
			attack{"b credentialSubject.delegation.relationship " + kind, vc, func(g *forge) { g.at("credentialSubject", "delegation")["relationship"] = v }, reason.CredentialSchemaInvalid},
			attack{"b redelegation " + kind, sd, func(g *forge) { g.at("delegation")["redelegation"] = v }, reason.CredentialSchemaInvalid})
	}
	try(t, all...)
	w := newWorld(t)
	for kind, v := range wrong { // (a), the protocol messages of the services
		for _, name := range []string{"principal", "resource", "action", "purpose", "controller"} {
			body := object{"principal": principal, "resource": "appointments", "action": "book", "purpose": "family-requested", "controller": controller}
			body[name] = v
			w.refuses("/v1/requests", body, name+" "+kind, reason.JSONType, reason.RequestMalformed)
		}
		evaluation := object{"subject": object{"type": "person", "id": principal}, "action": object{"name": "book"},
			"resource": object{"type": "appointments", "id": "1"}, "context": object{"delegation_handle": "dh_x"}}
		for _, name := range []string{"subject", "action", "resource", "context"} {
			if _, same := v.(object); same {
				continue
			}
			body := object{}
			for k, old := range evaluation {
				body[k] = old
			}
			body[name] = v
			w.refuses("/access/v1/evaluation", body, name+" "+kind, reason.JSONType, reason.JSONType)
		}
	}
}

// refuses posts a body that must be refused with one of two codes.
func (w *world) refuses(path string, body any, name string, either, or reason.Code) {
	w.Helper()
	raw, err := json.Marshal(body)
	must(w, err)
	got := w.call("POST", path, "application/json", string(raw))
	var problem struct{ Reason reason.Code }
	must(w, json.Unmarshal(got.Body.Bytes(), &problem))
	if got.Code != 400 || problem.Reason != either && problem.Reason != or {
		w.Errorf("%s: %d %s", name, got.Code, got.Body)
	}
}

func attackMedia(t *testing.T) {
	w := newWorld(t)
	body, err := json.Marshal(booking())
	must(t, err)
	if got := w.call("POST", "/v1/requests", "application/json", string(body)); got.Code != 201 {
		t.Fatalf("the base case: %d", got.Code)
	}
	for _, kind := range []string{"text/plain", "application/json; charset=utf-16", "multipart/form-data; boundary=x", ""} {
		got := w.call("POST", "/v1/requests", kind, string(body))
		if got := w.judgement(got, w.leaves()); got.status != 415 || got.code != reason.HTTPMediaType || got.problem != "/problems/unsupported-media-type" {
			t.Errorf("%s: %+v", kind, got)
		}
	}
	two := httptest.NewRequest("POST", "/v1/requests", bytes.NewReader(body))
	two.Header["Content-Type"] = []string{"application/json", "application/json"}
	two.Header.Set("Authorization", "Bearer "+clientText)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, two)
	if got := w.judgement(rec, w.leaves()); got.code != reason.HTTPInvalid || got.status != 400 {
		t.Errorf("two Content-Types: %+v", got)
	}
	s := w.ask(booking())
	got := w.call("POST", "/vp/response/"+s.ID, "application/json", `{"state":"x"}`)
	w.expect(w.judgement(got, w.leaves()), reason.HTTPMediaType)
}
