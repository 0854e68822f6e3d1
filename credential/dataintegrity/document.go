// SPDX-License-Identifier: Apache-2.0

package dataintegrity

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// roomForMembers is how many members a document usually has at most: room not to allocate.
const roomForMembers = 20

// Split takes the proofs off secured, a JSON object, and returns the document without them. A
// document without proof is di.proof_missing, and so is one whose proof is null, an empty object
// or an empty array; a proof of another type is json.type; more than MaxProofs are
// di.proof_set, more than MaxSet limit.members; what is no strict JSON has the codes of
// strictjson.Check, and more than MaxDocument bytes are limit.body. The proofs are parts of
// secured; what they say was not looked at.
func Split(secured []byte) (unsecured []byte, proofs []strictjson.Value, err error) {
	members, err := checked(secured)
	if err != nil {
		return nil, nil, err
	}
	rest, value := cut(members, "proof")
	if proofs, err = proofsOf(value); err != nil {
		return nil, nil, err
	}
	return join(rest), proofs, nil
}

// Join returns unsecured, a JSON object without a proof, with proofs, which are JSON objects, as its
// proof: an object where there is one, an array in their order else. An unsecured document that has a
// proof is di.proof_set.
func Join(unsecured []byte, proofs ...[]byte) ([]byte, error) {
	members, err := checked(unsecured)
	if err != nil {
		return nil, err
	}
	if _, value := cut(members, "proof"); value != nil || len(proofs) == 0 || len(proofs) > MaxProofs {
		return nil, reason.New(reason.DIProofSet, "the document has a proof, or too many are to be added")
	}
	for _, p := range proofs {
		if err := strictjson.Check(p); err != nil {
			return nil, err
		}
	}
	return withProofs(members, proofs), nil
}

func withProofs[T ~[]byte](members []strictjson.Member, proofs []T) []byte {
	return join(append(members[:len(members):len(members)], strictjson.Member{Name: []byte("proof"), Value: set(proofs)}))
}

// set writes one proof as it is, several as an array.
func set[T ~[]byte](proofs []T) strictjson.Value {
	if len(proofs) == 1 {
		return strictjson.Value(proofs[0])
	}
	return array(proofs)
}

func array[T ~[]byte](values []T) strictjson.Value {
	out := strictjson.Value{'['}
	for i, v := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, v...)
	}
	return append(out, ']')
}

func checked(object []byte) ([]strictjson.Member, error) {
	if len(object) > MaxDocument {
		return nil, reason.New(reason.LimitBody, "")
	}
	return strictjson.CheckMembers(object, make([]strictjson.Member, 0, roomForMembers))
}

// cut returns the members but those with one of names, and the value of the first of names, or nil.
func cut(members []strictjson.Member, names ...string) (rest []strictjson.Member, value strictjson.Value) {
	rest = make([]strictjson.Member, 0, len(members)+1)
	for _, m := range members {
		switch {
		case string(m.Name) == names[0]:
			value = m.Value
		case len(names) > 1 && string(m.Name) == names[1]:
		default:
			rest = append(rest, m)
		}
	}
	return rest, value
}

// find returns the value of the member called name, or nil.
func find(members []strictjson.Member, name string) strictjson.Value {
	for _, m := range members {
		if string(m.Name) == name {
			return m.Value
		}
	}
	return nil
}

// join writes members as an object.
func join(members []strictjson.Member) []byte {
	size := 2
	for _, m := range members {
		size += len(m.Name) + len(m.Value) + 4
	}
	out := append(make([]byte, 0, size), '{')
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, m.Name), ':')
		out = append(out, m.Value...)
	}
	return append(out, '}')
}

// appendText appends s, which is valid UTF-8, as a JSON string.
func appendText[T []byte | string](dst []byte, s T) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}

// proofsOf returns the proofs that the member proof is.
func proofsOf(value strictjson.Value) ([]strictjson.Value, error) {
	switch value.Kind() {
	case 0, 'n':
		return nil, missing()
	case '{':
		for range strictjson.Members(value) {
			return []strictjson.Value{value}, nil
		}
		return nil, missing()
	case '[':
		return items(value)
	}
	return nil, reason.New(reason.JSONType, "proof is neither an object nor a set of objects")
}

func items(value strictjson.Value) (proofs []strictjson.Value, err error) {
	n := 0
	for item, err := range strictjson.Items(value) {
		switch n++; {
		case err != nil:
			return nil, err
		case item.Kind() != '{':
			return nil, reason.New(reason.JSONType, "a proof is not an object")
		case n > MaxSet:
			return nil, reason.New(reason.LimitMembers, "too many proofs to look at")
		case n <= MaxProofs:
			proofs = append(proofs, item)
		}
	}
	switch {
	case n == 0:
		return nil, missing()
	case n > MaxProofs:
		return nil, reason.New(reason.DIProofSet, "the set of proofs is too large")
	}
	return proofs, nil
}

func missing() error { return reason.New(reason.DIProofMissing, "") }
