// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/reason"
)

func check(data []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		_, err := d.ReadToken()
		if err != nil {
			return reason.Wrap(reason.JSONSyntax, "", err)
		}
		if d.StackDepth() > MaxDepth {
			return reason.New(reason.LimitNesting, "JSON is nested too deep")
		}
		if d.StackDepth() == 0 {
			return nil
		}
	}
}

func decode(data []byte, v any, opts ...json.Options) error {
	if err := check(data); err != nil {
		return err
	}
	err := json.Unmarshal(data, v, opts...)
	if se, ok := errors.AsType[*json.SemanticError](err); ok {
		return reason.Wrap(reason.JSONType, "", se)
	}
	if err != nil {
		return reason.Wrap(reason.JSONSyntax, "", err)
	}
	return nil
}
