package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestMain lets this test binary be the servers that TestQuick measures.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-serve") {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestQuick(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-quick", "-cpu", ""}, &out); err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		if n := strings.Count(out.String(), "| "+kind+" |"); n != len(paths) {
			t.Errorf("%s has %d rows, want %d:\n%s", kind, n, len(paths), out.String())
		}
	}
}

// All servers give the same answers, or the comparison is none.
func TestSameAnswers(t *testing.T) {
	for _, path := range paths {
		var want any
		for _, kind := range kinds {
			h, err := handlerOf(kind)
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", path.path, nil))
			var got any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%s, %s: %d %q, %v", kind, path.path, w.Code, w.Body, err)
			}
			if want == nil {
				want = got
			}
			if g, w := mustJSON(t, got), mustJSON(t, want); g != w {
				t.Errorf("%s, %s: got %s, want %s", kind, path.path, g, w)
			}
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// discard is an http.ResponseWriter that keeps nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkRequest is a request without the network: what a server adds to net/http's own work.
func BenchmarkRequest(b *testing.B) {
	for _, path := range paths {
		for _, kind := range kinds {
			b.Run("path="+strings.ReplaceAll(path.path[1:], "/", "-")+"/server="+kind, func(b *testing.B) {
				h, err := handlerOf(kind)
				if err != nil {
					b.Fatal(err)
				}
				r := httptest.NewRequest("GET", path.path, nil)
				r.Header.Set("Accept", "application/json")
				b.ReportAllocs()
				for b.Loop() {
					r2 := *r
					h.ServeHTTP(&discard{header: make(http.Header)}, &r2)
				}
			})
		}
	}
}
