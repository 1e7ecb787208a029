package transport

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/google/go-cmp/cmp"
)

func TestLongPollExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		if status, code := s.post(tok, `["1","2","t","e",{}]`+"\n"+`["1","3","t","e",{}]`+"\r\n"+base64.StdEncoding.EncodeToString([]byte("\x00\xFFbin"))); status != 200 || code != 200 {
			t.Fatalf("POST: got %d in HTTP %d, want 200 in 200", status, code)
		}
		e := s.socket.last()
		received, _, _, _ := e.state()
		want := []string{`text ["1","2","t","e",{}]`, `text ["1","3","t","e",{}]`, "binary \x00\xFFbin"}
		if diff := cmp.Diff(want, received); diff != "" {
			t.Errorf("received (-want +got):\n%s", diff)
		}
		a := s.get(tok)
		if a.Status != 200 || a.Token == nil || *a.Token != tok {
			t.Fatalf("poll: got %+v, want 200 with the same token", a)
		}
		// The binary echo cannot be carried, and is missed by nobody else.
		if diff := cmp.Diff([]string{`["1","2","t","e",{}]`, `["1","3","t","e",{}]`}, a.Messages); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		if n := strings.Count(s.log.String(), "binary message"); n != 1 {
			t.Errorf("the dropped binary message was logged %d times, want once", n)
		}
		e.wantClosed(t)
	})
}

func TestLongPollHeaders(t *testing.T) {
	s := newLPServer(t, &lpSocket{}, LongPollConfig{})
	_, w := s.do(lpGet(context.Background(), ""))
	for name, want := range map[string]string{"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	r := httptest.NewRequest("OPTIONS", "/socket/longpoll", nil)
	r.Header.Set("Access-Control-Request-Headers", "x-phoenix-authtoken,content-type")
	_, w = s.do(r)
	if w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("preflight: got %d with %q", w.Code, w.Body)
	}
	for name, want := range map[string]string{"Access-Control-Allow-Headers": "x-phoenix-authtoken,content-type", "Access-Control-Allow-Methods": "get, post, options",
		"Access-Control-Max-Age": "3600", "Access-Control-Allow-Origin": "*"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, method := range []string{"PUT", "DELETE", "HEAD", "PATCH"} {
		_, w := s.do(httptest.NewRequest(method, "/socket/longpoll", nil))
		if w.Code != 400 || w.Body.Len() != 0 {
			t.Errorf("%s: got %d with %q, want 400 with nothing", method, w.Code, w.Body)
		}
	}
	if _, w := s.do(httptest.NewRequest("GET", "/socket/longpoll?a=%zz", nil)); w.Code != 400 {
		t.Errorf("query that does not decode: got %d, want 400", w.Code)
	}
}

func TestLongPollRefusals(t *testing.T) {
	origin := lpGet(context.Background(), "")
	origin.Header.Set("Origin", "https://evil.example")
	version := httptest.NewRequest("GET", "/socket/longpoll?vsn=9.0.0", nil)
	preflight := httptest.NewRequest("OPTIONS", "/socket/longpoll", nil)
	preflight.Header.Set("Origin", "https://evil.example")
	public := mustURL(t, "https://example.com")
	handler := ConnectConfig{URL: public}
	t.Run("in the body", func(t *testing.T) {
		s := newLPServer(t, &lpSocket{connect: func(*ConnectRequest) error { return Refuse(401, "who are you?") }}, LongPollConfig{ConnectConfig: handler})
		for _, r := range []string{"origin", "version", "connect", "preflight"} {
			req := lpGet(context.Background(), "")
			switch r {
			case "origin":
				req = origin
			case "version":
				req = version
			case "preflight":
				req = preflight
			}
			a, w := s.do(req)
			if w.Code != 200 || w.Body.String() != `{"status":403}` {
				t.Errorf("%s: got HTTP %d, %q, %+v", r, w.Code, w.Body, a)
			}
		}
		if s.sessions() != 0 {
			t.Error("a refused client has a session")
		}
	})
	t.Run("visible", func(t *testing.T) {
		cfg := LongPollConfig{ConnectConfig: handler}
		cfg.VisibleRefusals = true
		s := newLPServer(t, &lpSocket{connect: func(*ConnectRequest) error { return Refuse(401, `"who"`) }}, cfg)
		a := s.get("")
		if a.Status != 403 || a.Code != 4401 || a.Reason == nil || *a.Reason != `"who"` {
			t.Errorf("got %+v, want 403 with code 4401 and the reason", a)
		}
	})
	t.Run("panic", func(t *testing.T) {
		s := newLPServer(t, &lpSocket{connect: func(*ConnectRequest) error { panic("oh") }}, LongPollConfig{})
		if a := s.get(""); a.Status != 403 {
			t.Errorf("got %+v, want 403", a)
		}
		if n := strings.Count(s.log.String(), "panic=oh"); n != 1 {
			t.Errorf("the panic was logged %d times, want once", n)
		}
	})
}

func TestLongPollAuthTokenAndParams(t *testing.T) {
	var got *ConnectRequest
	s := newLPServer(t, &lpSocket{connect: func(r *ConnectRequest) error { got = r; return nil }}, LongPollConfig{ConnectConfig: ConnectConfig{AuthToken: true}})
	r := httptest.NewRequest("GET", "/socket/longpoll?vsn=1.0.0&user[id]=7&token=null", nil)
	r.Header.Set("X-Phoenix-AuthToken", "abc")
	a, _ := s.do(r)
	if a.Status != 410 || got == nil || got.AuthToken != "abc" || got.Transport != "longpoll" || got.Serializer.Vsn() != "1.0.0" {
		t.Errorf("got %+v, connect saw %+v", a, got)
	}
	if diff := cmp.Diff(map[string]any{"id": "7"}, got.Params["user"]); diff != "" {
		t.Error(diff)
	}
}

func TestLongPollToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok, other := s.open(), s.open()
		s.post(tok, `["a"]`)
		s.post(other, `["b"]`)
		r := httptest.NewRequest("GET", "/socket/longpoll?token="+tok, nil)
		if a, _ := s.do(r); a.Status != 200 || len(a.Messages) != 1 || a.Messages[0] != `["a"]` {
			t.Errorf("token as parameter: got %+v", a)
		}
		r = httptest.NewRequest("GET", "/socket/longpoll?token="+tok, nil)
		r.Header.Set("X-Phoenix-Longpoll-Token", other)
		if a, _ := s.do(r); a.Status != 200 || len(a.Messages) != 1 || a.Messages[0] != `["b"]` || *a.Token != other {
			t.Errorf("the header wins: got %+v", a)
		}
		for _, bad := range []string{"null", "x", tok + "x", tok[:len(tok)-2], strings.Repeat("a", 1<<20), "SFMyNTY.e30.", ".."} {
			if status, _ := s.post(bad, `["c"]`); status != 410 {
				t.Errorf("POST with token %.40q: got %d, want 410", bad, status)
			}
		}
		if status, _ := s.post("", `["c"]`); status != 410 {
			t.Errorf("POST without a token: got %d, want 410", status)
		}
		// The same secret, but another socket's path: no session is found through a mount that is not its own.
		cfg := LongPollConfig{Path: "/elsewhere"}
		cfg.Tokens = s.lp.(*LongPoll).cfg.Tokens
		elsewhere := newLPNode(t, s.sys, s.lp.(*LongPoll).env.PubSub, &lpSocket{}, cfg)
		if status, _ := elsewhere.post(tok, `["c"]`); status != 410 {
			t.Errorf("POST at another mount: got %d, want 410", status)
		}
	})
}

func TestLongPollWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		began := time.Now()
		poll := s.poll(context.Background(), tok)
		time.Sleep(window - time.Millisecond)
		synctest.Wait()
		select {
		case a := <-poll:
			t.Fatalf("answered %+v after %v", a, time.Since(began))
		default:
		}
		if a := <-poll; a.Status != 204 || a.Token == nil || *a.Token != tok || a.Messages == nil || len(a.Messages) != 0 {
			t.Errorf("got %+v, want 204 with the token and no messages", a)
		}
		if d := time.Since(began); d < window || d > window+time.Second {
			t.Errorf("answered after %v, want %v", d, window)
		}
		// A poll that waits is answered as soon as there is something, with all that comes together.
		poll = s.poll(context.Background(), tok)
		time.Sleep(time.Second)
		began = time.Now()
		b := &Batch{}
		for i := range 3 {
			f := wire.NewFrame(frame.Text, fmt.Appendf(nil, `["%d"]`, i))
			b.Frames = append(b.Frames, &f)
		}
		s.socket.last().conn.Send(b)
		a := <-poll
		if diff := cmp.Diff([]string{`["0"]`, `["1"]`, `["2"]`}, a.Messages); diff != "" || a.Status != 200 || time.Since(began) != 0 {
			t.Errorf("after %v: %+v\n%s", time.Since(began), a, diff)
		}
	})
}

func TestLongPollSecondPollSendsTheFirstHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		first := s.poll(context.Background(), tok)
		synctest.Wait()
		second := s.poll(context.Background(), tok)
		if a := <-first; a.Status != 204 {
			t.Errorf("first poll: got %+v, want 204", a)
		}
		s.post(tok, `["x"]`)
		if a := <-second; a.Status != 200 || len(a.Messages) != 1 {
			t.Errorf("second poll: got %+v", a)
		}
	})
}

func TestLongPollClientThatLeavesLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		ctx, cancel := context.WithCancel(context.Background())
		poll := s.poll(ctx, tok)
		synctest.Wait()
		cancel()
		if a := <-poll; a.Status != -1 {
			t.Errorf("a client that is gone got %+v", a)
		}
		s.post(tok, `["x"]`)
		if a := s.get(tok); a.Status != 200 || len(a.Messages) != 1 {
			t.Errorf("next poll: got %+v, want the message", a)
		}
	})
}

func TestLongPollInactivity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		// Polls keep it alive, for as long as one likes.
		for range 5 {
			if a := s.get(tok); a.Status != 204 {
				t.Fatalf("got %+v, want 204", a)
			}
			time.Sleep(window)
		}
		began := time.Now()
		for range 2 { // POSTs do not
			time.Sleep(window/4 - time.Millisecond)
			if status, _ := s.post(tok, `["x"]`); status != 200 {
				t.Fatalf("POST: got %d after %v without a poll", status, time.Since(began))
			}
		}
		e := s.socket.last()
		e.wantClosed(t)
		time.Sleep(window)
		synctest.Wait()
		e.wantClosed(t, ErrInactive)
		s.wantLinks(0)
		if a := s.get(tok); a.Status != 200 || len(a.Messages) != 2 {
			t.Errorf("got %+v, want what was left", a)
		}
		s.wantGone(tok)
	})
}

// The session ends between 1.5 and 3 windows after the last poll began.
func TestLongPollInactivityBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{Window: 4 * time.Second})
		tok := s.open()
		for _, gone := range []bool{false, true} { // the last poll was answered, or its client left
			began := time.Now()
			ctx, cancel := context.WithCancel(context.Background())
			poll := s.poll(ctx, tok)
			if gone {
				time.Sleep(time.Second)
				cancel()
			}
			<-poll
			cancel()
			e := s.socket.last()
			for {
				if _, closed, _, _ := e.state(); len(closed) > 0 {
					break
				}
				if time.Since(began) > time.Minute {
					t.Fatal("the session never ended")
				}
				time.Sleep(10 * time.Millisecond)
			}
			if d := time.Since(began); d < 6*time.Second || d > 12*time.Second {
				t.Errorf("ended after %v, want 6 s to 12 s", d)
			}
			e.wantClosed(t, ErrInactive)
			s.wantGone(tok)
			tok = s.open()
		}
	})
}

func (s *lpServer) wantLinks(n int) {
	s.t.Helper()
	if got := s.shards.Count(); got != n {
		s.t.Errorf("the shards know %d connections, want %d", got, n)
	}
}

func TestLongPollClose(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(e *lpEcho)
		want error
	}{
		{"disconnected", func(e *lpEcho) { e.conn.Close(CloseGoingAway, "") }, ErrDisconnected},
		{"restart", func(e *lpEcho) { e.conn.Close(CloseRestart, "") }, ErrRestart},
		{"twice", func(e *lpEcho) { e.conn.Close(CloseInternal, ""); e.conn.Close(CloseGoingAway, "") }, ErrBadMessage},
		{"abandoned", func(e *lpEcho) { e.conn.(client).abandon() }, ErrLost},
		{"drained", func(e *lpEcho) { e.conn.(client).drain() }, ErrRestart},
		{"drained twice", func(e *lpEcho) { e.conn.(client).drain(); e.conn.(client).drain() }, ErrRestart},
		{"pubsub restarted", func(e *lpEcho) { e.conn.(*lpSession).Reset() }, ErrRestart},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newLPServer(t, &lpSocket{}, LongPollConfig{})
				tok := s.open()
				poll := s.poll(context.Background(), tok)
				synctest.Wait()
				e := s.socket.last()
				began := time.Now()
				tt.end(e)
				if a := <-poll; a.Status != 410 || a.Token != nil || time.Since(began) != 0 {
					t.Errorf("the waiting poll got %+v after %v, want 410 at once", a, time.Since(began))
				}
				synctest.Wait()
				e.wantClosed(t, tt.want)
				s.wantLinks(0)
				if s.sessions() != 0 {
					t.Error("the session is still in the table")
				}
				e.write(frame.Text, "late") // after the end writes do nothing
				e.conn.Close(CloseRestart, "")
				synctest.Wait()
				e.wantClosed(t, tt.want)
				s.wantGone(tok)
			})
		})
	}
}

// What was written before Close still reaches the client.
func TestLongPollCloseAfterWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		e := s.socket.last()
		e.write(frame.Text, `["bye"]`)
		e.conn.Close(CloseGoingAway, "")
		synctest.Wait()
		e.wantClosed(t, ErrDisconnected)
		if status, _ := s.post(tok, `["x"]`); status != 410 {
			t.Errorf("POST after Close: got %d, want 410", status)
		}
		if a := s.get(tok); a.Status != 200 || len(a.Messages) != 1 {
			t.Errorf("got %+v, want the last message", a)
		}
		s.wantGone(tok)

		// A client that never comes again leaves nothing behind.
		s.open()
		e = s.socket.last()
		e.write(frame.Text, `["bye"]`)
		e.conn.Close(CloseGoingAway, "")
		time.Sleep(3 * window)
		synctest.Wait()
		if n := s.sessions(); n != 0 {
			t.Errorf("%d sessions are left in the table", n)
		}
	})
}

func TestLongPollWhileDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		s.shards.Drain(context.Background(), s.lp.(*LongPoll).env, s.socket, DrainConfig{})
		e := s.socket.last()
		e.wantClosed(t, ErrRestart)
		if _, _, drained, _ := e.state(); drained != 1 {
			t.Errorf("Drain was called %d times, want once", drained)
		}
		s.wantGone(tok)
		tok = s.open() // is let in, and told at once
		synctest.Wait()
		s.socket.last().wantClosed(t, ErrRestart)
		s.wantGone(tok)
	})
}

func TestLongPollBadMessage(t *testing.T) {
	for _, tt := range []struct {
		name    string
		receive func(*lpEcho, frame.Opcode, []byte) error
		logged  string
	}{
		{"error", func(*lpEcho, frame.Opcode, []byte) error { return errors.New("cannot be decoded") }, ""},
		{"panic", func(*lpEcho, frame.Opcode, []byte) error { panic("oh") }, "panic=oh"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newLPServer(t, &lpSocket{receive: tt.receive}, LongPollConfig{})
				tok := s.open()
				bystander := s.open()
				e := s.socket.sessions[0]
				if status, code := s.post(tok, "[\"1\"]\n[\"2\"]"); status != 410 || code != 200 {
					t.Errorf("got %d in HTTP %d, want 410 in 200", status, code)
				}
				synctest.Wait()
				e.wantClosed(t, ErrBadMessage)
				if received, _, _, _ := e.state(); len(received) != 1 {
					t.Errorf("received %q, want the first alone", received)
				}
				s.wantGone(tok)
				if a := s.get(bystander); a.Status != 204 {
					t.Errorf("another client got %+v", a)
				}
				if tt.logged != "" && strings.Count(s.log.String(), tt.logged) != 1 {
					t.Errorf("want %q in the log once:\n%s", tt.logged, s.log)
				}
			})
		})
	}
}

func TestLongPollSerializes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		socket := &lpSocket{receive: func(e *lpEcho, op frame.Opcode, data []byte) error {
			time.Sleep(time.Millisecond) // a chance to overlap
			e.write(op, string(data))
			return nil
		}}
		s := newLPServer(t, socket, LongPollConfig{})
		tok := s.open()
		done := make(chan int, 4)
		for i := range 4 {
			go func() {
				status, _ := s.post(tok, fmt.Sprintf("[%d,0]\n[%d,1]\n[%[1]d,2]", i, i))
				done <- status
			}()
		}
		for range 4 {
			if status := <-done; status != 200 {
				t.Errorf("got %d, want 200", status)
			}
		}
		e := s.socket.last()
		e.wantClosed(t)
		received, _, _, _ := e.state()
		if len(received) != 12 {
			t.Fatalf("received %q", received)
		}
		for i := 0; i < 12; i += 3 { // the lines of one POST are together and in order
			for j := range 3 {
				if want := fmt.Sprintf("%s,%d]", received[i][:len("text [0")], j); received[i+j] != want {
					t.Errorf("message %d: got %q, want %q", i+j, received[i+j], want)
				}
			}
		}
	})
}

func TestLongPollSlowHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		socket := &lpSocket{receive: func(*lpEcho, frame.Opcode, []byte) error { <-release; return nil }}
		s := newLPServer(t, socket, LongPollConfig{})
		tok := s.open()
		go func() {
			for range 3 {
				time.Sleep(5 * time.Second)
				s.get(tok) // keeps the session
			}
		}()
		first := make(chan int, 1)
		go func() {
			status, _ := s.post(tok, "[1]\n[2]")
			first <- status
		}()
		synctest.Wait()
		began := time.Now()
		if status, code := s.post(tok, "[3]"); status != 408 || code != 200 || time.Since(began) != window {
			t.Errorf("a POST behind it got %d in HTTP %d after %v, want 408 in 200 after %v", status, code, time.Since(began), window)
		}
		time.Sleep(time.Millisecond)
		close(release)
		if status := <-first; status != 408 {
			t.Errorf("the slow POST got %d, want 408", status)
		}
		if received, _, _, _ := s.socket.last().state(); len(received) != 1 {
			t.Errorf("received %q: nothing must follow a message that took too long", received)
		}
		if status, _ := s.post(tok, "[4]"); status != 200 {
			t.Errorf("the next POST got %d, want 200", status)
		}
		time.Sleep(5 * window)
		synctest.Wait()
		s.socket.last().wantClosed(t, ErrInactive)
	})
}

// A session that ends while something is received is told only afterwards.
func TestLongPollClosedWaitsForReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		socket := &lpSocket{receive: func(e *lpEcho, _ frame.Opcode, _ []byte) error {
			e.conn.Close(CloseGoingAway, "")
			<-release
			return nil
		}}
		s := newLPServer(t, socket, LongPollConfig{})
		tok := s.open()
		statuses := make(chan int, 2)
		for range 2 {
			go func() {
				status, _ := s.post(tok, "[1]\n[2]")
				statuses <- status
			}()
			synctest.Wait()
		}
		e := s.socket.last()
		e.wantClosed(t)
		close(release)
		for range 2 {
			if status := <-statuses; status != 410 {
				t.Errorf("got %d, want 410", status)
			}
		}
		synctest.Wait()
		e.wantClosed(t, ErrDisconnected)
		if received, _, _, _ := e.state(); len(received) != 1 {
			t.Errorf("received %q after the end", received)
		}
	})
}

func TestLongPollV1Body(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		body := `{"topic":"t","event":"e","payload":{},"ref":"1"}` + "\n"
		for _, contentType := range []string{"application/json", "application/x-ndjson; charset=utf-8", ""} {
			a, _ := s.do(lpPost(tok, contentType, strings.NewReader(body)))
			if a.Status != 200 {
				t.Errorf("%q: got %+v", contentType, a)
			}
		}
		received, _, _, _ := s.socket.last().state()
		if diff := cmp.Diff([]string{"text " + body, "text " + body, "text " + body}, received); diff != "" {
			t.Errorf("the body is one message (-want +got):\n%s", diff)
		}
	})
}

func TestLongPollMessagesThatNeedEscapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		e := s.socket.last()
		large := `["` + strings.Repeat("x", 1<<17) + `"]` // headers of all sizes
		for _, m := range []string{`["\u0000 \"q\" \\ </script> é 🎉"]`, strings.Repeat("y", 200), large, "", "bad \xFF utf8"} {
			e.write(frame.Text, m)
		}
		a, w := s.do(lpGet(context.Background(), tok))
		if diff := cmp.Diff([]string{`["\u0000 \"q\" \\ </script> é 🎉"]`, strings.Repeat("y", 200), large, "", "bad \uFFFD utf8"}, a.Messages); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if got := w.Header().Get("Content-Length"); got != fmt.Sprint(w.Body.Len()) {
			t.Errorf("Content-Length is %s for %d bytes", got, w.Body.Len())
		}
	})
}

func TestLongPollIgnoresControlFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		tok := s.open()
		s.socket.last().conn.Write(frame.AppendClose(nil, 1001, "bye"))
		if a := s.get(tok); a.Status != 204 {
			t.Errorf("got %+v, want 204", a)
		}
		if bytes.Contains([]byte(s.log.String()), []byte("binary")) {
			t.Error("a control frame was taken for a binary message")
		}
	})
}
