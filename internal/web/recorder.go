// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"

	"github.com/behalf-id/behalf/reason"
)

// recorder remembers what was answered, for log and metrics.
type recorder struct {
	http.ResponseWriter
	status int // of the answer; 0 until it is begun
	bytes  int64
	code   reason.Code // the true reason of a refusal
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// note remembers why an answer is a refusal, through whatever a role wrapped around the writer.
func note(w http.ResponseWriter, code reason.Code) {
	for range 8 {
		switch inner := w.(type) {
		case *recorder:
			inner.code = code
			return
		case interface{ Unwrap() http.ResponseWriter }:
			w = inner.Unwrap()
		default:
			return
		}
	}
}

// silent takes an answer and keeps its header and status.
type silent struct {
	header http.Header
	status int
}

func (w *silent) Header() http.Header         { return w.header }
func (w *silent) Write(p []byte) (int, error) { return len(p), nil }
func (w *silent) WriteHeader(status int)      { w.status = status }
