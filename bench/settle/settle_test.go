package settle

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
)

func TestHandlerCollectsAndAnswers(t *testing.T) {
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest("GET", Path, nil))
	var got runtime.MemStats
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("got %d and %v", w.Code, err)
	}
	if forced := got.NumForcedGC - before.NumForcedGC; forced < 3 {
		t.Errorf("got %d forced collections, want 3", forced)
	}
}

func TestHandlerRefusesOtherMethods(t *testing.T) {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest("POST", Path, nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("got %d, want 405", w.Code)
	}
}

func TestServe(t *testing.T) {
	if err := Serve(t.Context(), "0.0.0.0:0", nil); err == nil {
		t.Error("got no error for an address that others can reach")
	}
	ctx, cancel := context.WithCancel(t.Context())
	addr, done := make(chan net.Addr), make(chan error)
	go func() { done <- Serve(ctx, "127.0.0.1:0", func(a net.Addr) { addr <- a }) }()
	resp, err := http.Get("http://" + (<-addr).String() + Path)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("got %d, want 200", resp.StatusCode)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("got %v after the end, want nil", err)
	}
}
