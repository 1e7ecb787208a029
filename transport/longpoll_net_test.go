package transport

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener is a network in memory.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// A server whose time-outs are shorter than a poll, and a client that leaves without a word.
func TestLongPollThroughServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLPServer(t, &lpSocket{}, LongPollConfig{})
		mux := http.NewServeMux()
		mux.Handle("/socket/longpoll", s.lp)
		l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
		srv := &http.Server{Handler: mux, ReadTimeout: 2 * time.Second, WriteTimeout: 3 * time.Second}
		go srv.Serve(l)
		t.Cleanup(func() { srv.Close() })
		dial := func() (send func(raw string) lpAnswer, hangUp func()) {
			here, there := net.Pipe()
			l.conns <- there
			in := bufio.NewReader(here)
			return func(raw string) lpAnswer {
				here.Write([]byte(raw))
				resp, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				var a lpAnswer
				if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
					t.Fatal(err)
				}
				return a
			}, func() { here.Close() }
		}
		get := func(tok string) string {
			return "GET /socket/longpoll?vsn=2.0.0&token=" + tok + " HTTP/1.1\r\nHost: h\r\n\r\n"
		}
		send, hangUp := dial()
		tok := *send(get("null")).Token
		began := time.Now()
		if a := send(get(tok)); a.Status != 204 || time.Since(began) < window {
			t.Errorf("got %+v after %v, want 204 after the window", a, time.Since(began))
		}
		body := `["1"]` + "\n" + `["2"]`
		post := "POST /socket/longpoll?vsn=2.0.0 HTTP/1.1\r\nHost: h\r\nX-Phoenix-Longpoll-Token: " + tok +
			"\r\nContent-Type: application/x-ndjson\r\nContent-Length: 11\r\n\r\n" + body
		if a := send(post); a.Status != 200 {
			t.Errorf("POST: got %+v", a)
		}
		if a := send(get(tok)); a.Status != 200 || strings.Join(a.Messages, "\n") != body {
			t.Errorf("got %+v", a)
		}
		hangUp()

		// The poll of a client that has hung up takes nothing.
		here, there := net.Pipe()
		l.conns <- there
		here.Write([]byte(get(tok)))
		synctest.Wait()
		here.Close()
		synctest.Wait()
		s.post(tok, `["3"]`)
		send, hangUp = dial()
		if a := send(get(tok)); a.Status != 200 || len(a.Messages) != 1 {
			t.Errorf("after hanging up: got %+v", a)
		}
		hangUp()
		srv.Shutdown(context.Background())
	})
}
