// SPDX-License-Identifier: Apache-2.0

//go:build !behalf_metrics

package main

import "github.com/behalf-id/behalf/internal/web"

// figures returns nil: this build counts nothing and has no /metrics.
func figures() (web.Metrics, error) { return nil, nil }
