// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"bytes"
	"errors"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// The types of credentialSchema that are evaluated (Verifiable Credentials JSON Schema Specification §2).
const (
	TypeJSONSchema           = "JsonSchema"
	TypeJSONSchemaCredential = "JsonSchemaCredential"
)

// schemas reads credentialSchema and evaluates every one (Verifiable Credentials Data Model 2.0 §4.11).
func (c *check) schemas(o object) error {
	entries, err := c.objects(o, "credentialSchema", MaxSchemas)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		url, err := c.requiredID(entry, "credentialSchema.id")
		if err != nil {
			return err
		}
		types, err := c.innerTypes(entry, "credentialSchema.type")
		if err != nil {
			return err
		}
		content, err := c.resource(entry, url, "credentialSchema")
		if err != nil {
			return err
		}
		if content == nil {
			continue
		}
		if err := c.evaluate(url, types, content); err != nil {
			return err
		}
	}
	return nil
}

// evaluate holds the document to the schema in content, by the type that the credential gives it.
func (c *check) evaluate(url string, types []string, content []byte) error {
	switch {
	case len(content) > MaxSchemaSize:
		return unusable("a schema is too large", nil)
	case slices.Contains(types, TypeJSONSchema):
	case slices.Contains(types, TypeJSONSchemaCredential):
		inner, err := schemaOf(content)
		if err != nil {
			return err
		}
		content = inner
	case c.rules.Absent == Report:
		c.absent = append(c.absent, url)
		return nil
	default:
		return unusable("credentialSchema is of a type that is not evaluated here", nil)
	}
	schema, err := compile(url, content, c.rules.Resources)
	if err != nil {
		return err
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.raw))
	if err != nil {
		return reason.Wrap(reason.JSONSyntax, "", err)
	}
	if members, ok := instance.(map[string]any); ok {
		delete(members, "proof") // a schema speaks of what is claimed, before and after it is secured
	}
	// The cause would hold values of the credential: it is not passed on.
	if schema.Validate(instance) != nil {
		return reason.New(reason.CredentialSchemaInvalid, "the credential does not fit its credentialSchema")
	}
	return nil
}

// schemaOf returns the schema that a JsonSchemaCredential holds. Whoever put the credential among
// the resources has verified it.
func schemaOf(raw []byte) ([]byte, error) {
	o, err := open(raw)
	if err != nil {
		return nil, unusable("a JsonSchemaCredential is not a JSON object", err)
	}
	c := &check{}
	types, err := c.readTypes(o, "type")
	if err != nil || !slices.Contains(types, TypeJSONSchemaCredential) {
		return nil, unusable("a JsonSchemaCredential does not say that it is one", err)
	}
	subject, ok := objectOf(o.get("credentialSubject"))
	if kind, _ := text(subject.get("type")); !ok || kind != TypeJSONSchema {
		return nil, unusable("a JsonSchemaCredential is not about a JsonSchema", nil)
	}
	schema := subject.get("jsonSchema")
	if schema.Kind() != '{' {
		return nil, unusable("a JsonSchemaCredential holds no schema", nil)
	}
	return schema, nil
}

// compile reads a schema. It may refer to the resources and to the drafts that the library embeds.
func compile(url string, content []byte, known map[string][]byte) (*jsonschema.Schema, error) {
	doc, err := decode(content)
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(loader(known))
	if err := compiler.AddResource(url, doc); err != nil {
		return nil, unusable("a schema cannot be used", err)
	}
	schema, err := compiler.Compile(url)
	if err != nil {
		return nil, unusable("a schema cannot be used", err)
	}
	return schema, nil
}

// loader has the schemas that another may refer to. It fetches nothing.
type loader map[string][]byte

// Load implements jsonschema.URLLoader.
func (l loader) Load(url string) (any, error) {
	content, ok := l[url]
	if !ok || len(content) > MaxSchemaSize {
		return nil, errors.New("vcdm: a schema refers to one that is not known here")
	}
	return decode(content)
}

func decode(content []byte) (any, error) {
	if err := strictjson.Check(content); err != nil {
		return nil, unusable("a schema is not JSON that can be used", err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		return nil, unusable("a schema is not JSON that can be used", err)
	}
	return doc, nil
}

func unusable(detail string, cause error) error {
	return reason.Wrap(reason.SchemaUnusable, detail, cause)
}
