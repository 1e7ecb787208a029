package transport

import (
	"context"
	"encoding/base64"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/bennu-go/bennu/internal/frame"
)

func TestLongPollSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{MaxBuffered: 1000})
		// One message is always taken by an empty buffer.
		tok := s.open()
		e := s.socket.last()
		e.write(frame.Text, strings.Repeat("x", 5000))
		if a := s.get(tok); a.Status != 200 || len(a.Messages) != 1 {
			t.Fatalf("got %d with %d messages, want the large one", a.Status, len(a.Messages))
		}
		for range 10 {
			e.write(frame.Text, strings.Repeat("x", 100))
		}
		synctest.Wait()
		e.wantClosed(t)
		e.write(frame.Text, "x")
		synctest.Wait()
		e.wantClosed(t, ErrSlow)
		s.wantGone(tok) // what was buffered has been given up: the client starts afresh
		s.wantLinks(1)  // of wantGone's new session
	})
}

func TestLongPollManySessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{MaxSessions: 3})
		for range 3 {
			s.open()
		}
		a, w := s.do(lpGet(context.Background(), ""))
		if w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("got %+v in HTTP %d, want 503 with Retry-After", a, w.Code)
		}
		if n := len(s.socket.sessions); n != 3 {
			t.Errorf("connect was asked %d times, want 3", n)
		}
		time.Sleep(3 * window) // those that never came again are gone
		synctest.Wait()
		s.open()
	})
}

func TestLongPollIdleSessionCostsNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		s.open()
		synctest.Wait()
		before := runtime.NumGoroutine()
		for range 100 {
			tok := s.open()
			s.post(tok, `["x"]`)
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n > 0 {
			t.Errorf("100 idle sessions hold %d goroutines", n)
		}
	})
}

func TestLongPollFloodOfPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newLPServer(t, &lpSocket{receive: func(*lpEcho, frame.Opcode, []byte) error { <-release; return nil }}, LongPollConfig{})
		tok := s.open()
		statuses := make(chan int, 50)
		for range 50 {
			go func() {
				status, _ := s.post(tok, "[1]")
				statuses <- status
			}()
		}
		synctest.Wait()
		if n := len(statuses); n != 50-lpMaxPosts {
			t.Errorf("%d POSTs were turned away, want %d", n, 50-lpMaxPosts)
		}
		close(release)
		count := map[int]int{}
		for range 50 {
			count[<-statuses]++
		}
		if count[200] != lpMaxPosts || count[429] != 50-lpMaxPosts {
			t.Errorf("got %v, want %d times 200 and the rest 429", count, lpMaxPosts)
		}
		if status, _ := s.post(tok, "[1]"); status != 200 {
			t.Errorf("afterwards: got %d, want 200", status)
		}
	})
}

func TestLongPollBodies(t *testing.T) {
	lines := func(n int) string { return strings.TrimSuffix(strings.Repeat("[1]\n", n), "\n") }
	for _, tt := range []struct {
		name     string
		body     string
		http     int
		received int
	}{
		{"as large as allowed", "[" + strings.Repeat(" ", 998) + "]", 200, 1},
		{"too large", "[" + strings.Repeat(" ", 999) + "]", 400, 0},
		{"100 lines", lines(100), 200, 100},
		{"101 lines", lines(101), 200, 100},
		{"the line beyond is not looked at", lines(100) + "\n!", 200, 100},
		{"empty line at the end", "[1]\n", 200, 1},
		{"empty lines", "\n\r\n[1]\n\n[2]", 200, 2},
		{"nothing", "", 200, 0},
		{"base64", base64.StdEncoding.EncodeToString([]byte("abcd")), 200, 1},
		{"not base64", "[1]\n!!!", 400, 0},
		{"base64 without padding", "YWJjZA", 400, 0},
		{"text that is not UTF-8", "[\"\xFF\"]", 400, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newLPServer(t, &lpSocket{}, LongPollConfig{MaxBody: 1000})
			tok := s.open()
			_, code := s.post(tok, tt.body)
			received, _, _, _ := s.socket.last().state()
			if code != tt.http || len(received) != tt.received {
				t.Errorf("got HTTP %d and %d messages, want %d and %d", code, len(received), tt.http, tt.received)
			}
		})
	}
	t.Run("one text message that is not UTF-8", func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		if _, w := s.do(lpPost(s.open(), "application/json", strings.NewReader("{\"a\":\"\xFF\"}"))); w.Code != 400 {
			t.Errorf("got HTTP %d, want 400", w.Code)
		}
	})
	t.Run("body that breaks off", func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		r, w := io.Pipe()
		go func() {
			io.WriteString(w, "[1]\n[2")
			w.CloseWithError(io.ErrUnexpectedEOF)
		}()
		_, rec := s.do(lpPost(tok, "application/x-ndjson", r))
		if received, _, _, _ := s.socket.last().state(); rec.Code != 400 || len(received) != 0 {
			t.Errorf("got HTTP %d and %q, want 400 and nothing", rec.Code, received)
		}
	})
}

func FuzzLongPollBody(f *testing.F) {
	f.Add("application/x-ndjson", []byte("[1]\nAAAA\r\n\n[\"\xFF\"]"))
	f.Add("application/x-ndjson", []byte("!!"))
	f.Add("application/json", []byte("{}"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		messages, err := parseLPBody(contentType, body, 100)
		if err != nil {
			if messages != nil {
				t.Error("messages beside an error")
			}
			return
		}
		if len(messages) > 100 {
			t.Errorf("%d messages, want 100 at most", len(messages))
		}
		size := 0
		for _, m := range messages {
			size += len(m.data)
			if m.op == frame.Text && (!utf8.Valid(m.data) || contentType == "application/x-ndjson" && m.data[0] != '[') {
				t.Errorf("got %q as text", m.data)
			}
		}
		if size > len(body) {
			t.Errorf("%d bytes out of %d", size, len(body))
		}
	})
}

func FuzzLongPollToken(f *testing.F) {
	s := newLPServer(f, &lpSocket{}, LongPollConfig{})
	l := s.lp.(*LongPoll)
	id := newLPID()
	good, err := l.seal(id)
	if err != nil {
		f.Fatal(err)
	}
	for _, tok := range []string{good, good + "=", good[1:], "null", "", "a.b.c", "SFMyNTY.." + good} {
		f.Add(tok)
	}
	f.Fuzz(func(t *testing.T, tok string) {
		gotID, node, ok := l.unseal(tok)
		if ok != (tok == good) {
			t.Fatalf("token %q: ok = %v", tok, ok)
		}
		if ok && (gotID != id || node != l.node()) {
			t.Errorf("got %q on %q", gotID, node)
		}
	})
}
