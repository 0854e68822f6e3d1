// SPDX-License-Identifier: Apache-2.0

package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/internal/strictjson"
)

func BenchmarkCheck(b *testing.B) {
	data := payload(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := strictjson.Check(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRawTokens is one pass of the tokenizer that Check replaces.
func BenchmarkRawTokens(b *testing.B) {
	data := payload(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		d := jsontext.NewDecoder(bytes.NewReader(data))
		for {
			if _, err := d.ReadToken(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkRawValid is encoding/json's check of the syntax alone.
func BenchmarkRawValid(b *testing.B) {
	data := payload(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if !json.Valid(data) {
			b.Fatal("not valid")
		}
	}
}

// BenchmarkCheckLargeObject is 4,096 names that an attacker chose to share a prefix.
func BenchmarkCheckLargeObject(b *testing.B) {
	data := []byte(object(strictjson.MaxMembers))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := strictjson.Check(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckNestingBomb(b *testing.B) {
	data := []byte(strings.Repeat("[", 1_000_000))
	b.ReportAllocs()
	for b.Loop() {
		if strictjson.Check(data) == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkMembers(b *testing.B) {
	data := payload(b)
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range strictjson.Members(data) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	data := payload(b)
	b.ReportAllocs()
	for b.Loop() {
		var v struct {
			Iss string `json:"iss"`
			Iat int64  `json:"iat"`
			Exp int64  `json:"exp"`
		}
		if err := strictjson.Unmarshal(data, &v); err != nil {
			b.Fatal(err)
		}
	}
}
