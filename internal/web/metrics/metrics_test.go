// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/internal/web/metrics"
	"github.com/behalf-id/behalf/reason"
)

func read(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d", w.Code)
	}
	return w.Body.String()
}

// TestClosedLabels sends what a flood of callers could make up; the number of series stays as it is.
func TestClosedLabels(t *testing.T) {
	m, err := metrics.New("issuer")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, _ *http.Request) {
		web.Problem(w, reason.Service, reason.New(reason.ObjectUnknown, ""))
	})
	s, err := web.New(web.Config{
		Name: "issuer", Handler: mux, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Metrics: m,
		Ready: func(context.Context) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	series := func() int {
		n := 0
		for line := range strings.Lines(read(t, m)) {
			if strings.HasPrefix(line, "behalf_") {
				n++
			}
		}
		return n
	}
	flood := func(from, to int) {
		for i := from; i < to; i++ {
			for _, path := range []string{"/things/%d", "/made/up/%d", "/%d?x=%[1]d"} {
				r := httptest.NewRequest("GET", fmt.Sprintf(path, i), nil)
				r.Header.Set("X-Request-ID", fmt.Sprintf("request-id-number-%d", i))
				s.Handler().ServeHTTP(httptest.NewRecorder(), r)
			}
			s.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(fmt.Sprintf("M%d", i), "/", nil))
		}
	}
	flood(0, 2)
	before := series()
	flood(2, 2000)
	if after := series(); after != before || before == 0 {
		t.Errorf("%d series became %d", before, after)
	}
	text := read(t, m)
	for _, want := range []string{
		`behalf_http_requests_total{class="4xx",method="GET",role="issuer",route="GET /things/{id}"} 2000`,
		`behalf_http_refusals_total{reason="object.unknown",role="issuer"} 8000`,
		`behalf_http_requests_in_flight{role="issuer"} 0`,
		"go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}

func TestCollectors(t *testing.T) {
	own := prometheus.NewCounter(prometheus.CounterOpts{Name: "behalf_credentials_issued_total", Help: "Credentials issued."})
	own.Inc()
	m, err := metrics.New("issuer", own)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(read(t, m), "behalf_credentials_issued_total 1") {
		t.Error("a role's own figure is missing")
	}
	if _, err := metrics.New("issuer", own, own); err == nil {
		t.Error("one collector was taken twice")
	}
}

func ExampleNew() {
	m, err := metrics.New("gateway")
	if err != nil {
		fmt.Println(err)
		return
	}
	m.Begin()
	m.Observe(web.Observation{Method: "GET", Route: "GET /v1/requests/{id}", Class: "2xx", Duration: time.Millisecond})
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	fmt.Println(strings.Contains(w.Body.String(), `behalf_http_requests_total{class="2xx",method="GET",role="gateway",route="GET /v1/requests/{id}"} 1`))
	// Output: true
}
