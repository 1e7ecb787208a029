package transport

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/frame"
)

// BenchmarkLongPoll measures a POST of one message, and the poll that fetches its echo.
func BenchmarkLongPoll(b *testing.B) {
	s := newLPServer(b, &lpSocket{receive: func(e *lpEcho, op frame.Opcode, data []byte) error {
		e.mu.Lock()
		e.received = e.received[:0]
		e.mu.Unlock()
		e.write(op, string(data))
		return nil
	}}, LongPollConfig{})
	tok := s.open()
	line := `["1","2","room:1","new_msg",{"body":"` + strings.Repeat("x", 100) + `"}]`
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		s.lp.ServeHTTP(w, lpPost(tok, "application/x-ndjson", strings.NewReader(line)))
		w = httptest.NewRecorder()
		s.lp.ServeHTTP(w, lpGet(b.Context(), tok))
		if !strings.HasPrefix(w.Body.String(), `{"status":200`) {
			b.Fatal(w.Body.String())
		}
	}
}
