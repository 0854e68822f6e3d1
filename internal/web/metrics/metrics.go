// SPDX-License-Identifier: Apache-2.0

// Package metrics keeps a server's figures for Prometheus.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/behalf-id/behalf/internal/web"
)

// Metrics is a web.Metrics over a registry of its own. Its labels come from closed sets, so that no
// caller can make a new series.
type Metrics struct {
	http.Handler
	inFlight prometheus.Gauge
	requests *prometheus.CounterVec
	refusals *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

var _ web.Metrics = (*Metrics)(nil)

// New returns metrics of a role, such as "issuer", with the process's own figures and further
// collectors of the role, whose labels must come from closed sets too. It refuses a collector
// that clashes with another.
func New(role string, more ...prometheus.Collector) (*Metrics, error) {
	constant := prometheus.Labels{"role": role}
	m := &Metrics{
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "behalf_http_requests_in_flight", Help: "Requests that are being answered.", ConstLabels: constant,
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "behalf_http_requests_total", Help: "Requests answered.", ConstLabels: constant,
		}, []string{"method", "route", "class"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "behalf_http_refusals_total", Help: "Requests refused, by the true reason.", ConstLabels: constant,
		}, []string{"reason"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "behalf_http_request_seconds", Help: "Time until the answer was given.", ConstLabels: constant,
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
	}
	registry := prometheus.NewRegistry()
	all := append([]prometheus.Collector{
		m.inFlight, m.requests, m.refusals, m.seconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	}, more...)
	for _, c := range all {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	m.Handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true, MaxRequestsInFlight: 2})
	return m, nil
}

// Begin counts a request that came.
func (m *Metrics) Begin() { m.inFlight.Inc() }

// Observe counts a request that was answered.
func (m *Metrics) Observe(o web.Observation) {
	m.inFlight.Dec()
	m.requests.WithLabelValues(o.Method, o.Route, o.Class).Inc()
	m.seconds.WithLabelValues(o.Route).Observe(o.Duration.Seconds())
	if o.Reason != "" {
		m.refusals.WithLabelValues(string(o.Reason)).Inc()
	}
}
