// SPDX-License-Identifier: Apache-2.0

//go:build behalf_metrics

package main

import (
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/internal/web/metrics"
)

// figures returns what counts requests for /metrics.
func figures() (web.Metrics, error) { return metrics.New("registry") }
