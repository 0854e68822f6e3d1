// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"maps"
	"strings"
	"sync"

	"github.com/behalf-id/behalf/reason"
)

// active is an active context, JSON-LD 1.1 API §4.1. Once it is made it does not change.
type active struct {
	terms     map[string]*term
	own       bool // terms is this context's own, while it is being made
	vocab     string
	hasVocab  bool
	language  string
	direction string
	previous  *active // what a type-scoped context goes back to
	embedded  bool    // made from the embedded set alone, so that it can be remembered
}

// term is a term definition, §4.2.
type term struct {
	iri       string // an absolute IRI, a blank node identifier or a keyword, "" for null
	datatype  string // type mapping
	container container
	language  option
	direction option
	scoped    *value // local context, nil if there is none
	nest      string
	index     string
	absolute  bool // iri is an absolute IRI
	prefix    bool
	protected bool
	reverse   bool
}

// option is a string that can be set, also to null, which is the empty string here.
type option struct {
	set  bool
	text string
}

// or returns the option's text if it is set.
func (o option) or(text string) string {
	if o.set {
		return o.text
	}
	return text
}

// container is a set of container mappings.
type container uint8

const (
	inList container = 1 << iota
	inSet
	inGraph
	inLanguage
	inIndex
	inID
	inType
)

// fork returns a context like c that can be changed.
func (c *active) fork() *active {
	f := *c
	f.own = false
	return &f
}

func (c *active) define(name string, t *term) {
	if !c.own {
		c.terms, c.own = maps.Clone(c.terms), true
	}
	c.terms[name] = t
}

func (c *active) undefine(name string) {
	if _, found := c.terms[name]; !found {
		return
	}
	if !c.own {
		c.terms, c.own = maps.Clone(c.terms), true
	}
	delete(c.terms, name)
}

func (c *active) protects() bool {
	for _, t := range c.terms {
		if t.protected {
			return true
		}
	}
	return false
}

// engine compiles contexts and remembers what became of the embedded ones. What it remembers
// changes how fast it is and nothing else.
type engine struct {
	root *active

	mu    sync.RWMutex
	docs  map[string]*value
	known map[step]*active
}

// step is what was applied to a context.
type step struct {
	from   *active
	url    string // a context of the embedded set,
	scoped *term  // or the context of a term,
	typed  bool   // as that of a type and not of a property
}

// MaxContexts bounds how many active contexts are remembered. Beyond it all are forgotten.
const MaxContexts = 512

// MaxInclusions bounds how deep context documents name one another.
const MaxInclusions = 8

func newEngine() *engine {
	root := &active{terms: map[string]*term{}, embedded: true}
	return &engine{root: root, docs: map[string]*value{}, known: map[step]*active{}}
}

// once makes the engine with its first use.
var once = sync.OnceValue(newEngine)

// remembered is what make makes of s, made once.
func (e *engine) remembered(s step, make func() (*active, error)) (*active, error) {
	if !s.from.embedded {
		return make()
	}
	e.mu.RLock()
	c := e.known[s]
	e.mu.RUnlock()
	if c != nil {
		return c, nil
	}
	c, err := make()
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.known) >= MaxContexts {
		clear(e.known)
	}
	e.known[s] = c
	return c, nil
}

// document returns the value of @context in the embedded document of url.
func (e *engine) document(url string) (*value, error) {
	e.mu.RLock()
	v := e.docs[url]
	e.mu.RUnlock()
	if v != nil {
		return v, nil
	}
	raw := Context(url)
	if raw == nil {
		return nil, reason.New(reason.JSONLDContextUnknown, "")
	}
	doc, err := parse(raw)
	if err != nil {
		return nil, err
	}
	if v = doc.member("@context"); v == nil {
		return nil, reason.New(reason.JSONLDContextUnknown, "not a context document")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.docs[url] = v
	return v, nil
}

// MaxContextWork bounds what the contexts of one document may cost, in terms that are defined or
// copied. The contexts of a credential take some thousands when they are seen for the first time.
const MaxContextWork = 1 << 17

// session is the work on one document.
type session struct {
	engine *engine
	work   int // what is left of MaxContextWork
}

func newSession() session { return session{engine: once(), work: MaxContextWork} }

// spend takes n from the work that is left.
func (s *session) spend(n int) error {
	if s.work -= n; s.work < 0 {
		return tooMuch("contexts that are too much work")
	}
	return nil
}

// local applies the @context v of a document to c.
func (s *session) local(c *active, v *value, p Profile) (*active, error) {
	if p == Open {
		return s.apply(c, v, mode{propagate: true})
	}
	err := v.each(func(item *value) (err error) {
		if item.kind != str {
			return inline()
		}
		c, err = s.named(c, item.text, 0)
		return err
	})
	return c, err
}

// named applies the embedded context of url to c.
func (s *session) named(c *active, url string, depth int) (*active, error) {
	if depth > MaxInclusions {
		return nil, invalid("contexts that name one another")
	}
	return s.engine.remembered(step{from: c, url: url}, func() (*active, error) {
		v, err := s.engine.document(url)
		if err != nil {
			return nil, err
		}
		return s.apply(c, v, mode{propagate: true, embedded: c.embedded, depth: depth + 1})
	})
}

// ofProperty applies the property-scoped context of t, which may override protected terms.
func (s *session) ofProperty(c *active, t *term) (*active, error) {
	return s.engine.remembered(step{from: c, scoped: t}, func() (*active, error) {
		return s.apply(c, t.scoped, mode{propagate: true, override: true, embedded: c.embedded})
	})
}

// ofType applies the type-scoped context of t, which ends with the node unless it says otherwise.
func (s *session) ofType(c *active, t *term) (*active, error) {
	return s.engine.remembered(step{from: c, scoped: t, typed: true}, func() (*active, error) {
		return s.apply(c, t.scoped, mode{embedded: c.embedded})
	})
}

// iri is IRI expansion, §5.2, with no base: a relative reference comes back as it is. The result
// is "" where the context says null, and for what only looks like a keyword.
func (c *active) iri(s string, vocab bool) string {
	if s != "" && s[0] == '@' && looksLikeKeyword(s) {
		if isKeyword(s) {
			return s
		}
		return ""
	}
	if t := c.terms[s]; t != nil && (vocab || isKeyword(t.iri)) {
		return t.iri
	}
	if colon := strings.IndexByte(s, ':'); colon > 0 {
		prefix, suffix := s[:colon], s[colon+1:]
		if prefix == "_" || strings.HasPrefix(suffix, "//") {
			return s
		}
		if t := c.terms[prefix]; t != nil && t.prefix && t.iri != "" {
			return t.iri + suffix
		}
		if isScheme(prefix) {
			return s
		}
	}
	if vocab && c.hasVocab {
		return c.vocab + s
	}
	return s
}

// looksLikeKeyword reports whether s is "@" and letters.
func looksLikeKeyword(s string) bool {
	if len(s) < 2 || s[0] != '@' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

func isKeyword(s string) bool {
	switch s {
	case "@base", "@container", "@context", "@default", "@direction", "@embed", "@explicit", "@first", "@graph", "@id",
		"@import", "@included", "@index", "@json", "@language", "@list", "@nest", "@none", "@omitDefault", "@prefix",
		"@preserve", "@propagate", "@protected", "@requireAll", "@reverse", "@set", "@type", "@value", "@version", "@vocab":
		return true
	}
	return false
}
