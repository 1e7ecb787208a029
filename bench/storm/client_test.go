package main

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/ws"
)

// server plays the other side in memory, and writes down when what came.
type server struct {
	began  time.Time
	refuse bool                                   // connections
	status string                                 // of the upgrade; empty: 101
	answer func(s *server, m phx.Message) []byte  // frames to send; nil result: none
	open   func(s *server, nc net.Conn) (on bool) // called after the upgrade; false: the connection is over

	mu  sync.Mutex // guards the field below
	log []string
}

// note writes down what happened, with the time since the beginning.
func (s *server) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, time.Since(s.began).Round(time.Millisecond).String()+" "+what)
}

func (s *server) dial(context.Context) (net.Conn, error) {
	s.note("connect")
	if s.refuse {
		return nil, syscall.ECONNREFUSED
	}
	near, far := net.Pipe()
	go s.serve(far)
	return near, nil
}

func (s *server) serve(nc net.Conn) {
	defer nc.Close()
	var in []byte
	buf := make([]byte, 1024)
	more := func() bool {
		n, err := nc.Read(buf)
		in = append(in, buf[:n]...)
		return err == nil
	}
	for {
		req, n, err := ws.ParseRequest(in)
		if err != nil {
			s.note(err.Error())
			return
		}
		if n > 0 {
			in = in[n:]
			answer := ws.AppendUpgrade(nil, req.Key)
			if s.status != "" {
				answer = []byte("HTTP/1.1 " + s.status + "\r\nContent-Length: 0\r\n\r\n")
			}
			nc.Write(answer)
			break
		}
		if !more() {
			return
		}
	}
	if s.status != "" {
		return
	}
	if s.open != nil && !s.open(s, nc) {
		return
	}
	for {
		f, n, err := ws.Next(in)
		switch {
		case err != nil:
			s.note(err.Error())
			return
		case n == 0:
			if !more() {
				return
			}
			continue
		case f.Op == ws.OpClose:
			s.note("close")
			return
		}
		in = in[n:]
		m, err := phx.Parse(f.Payload)
		if err != nil {
			s.note(err.Error())
			return
		}
		s.note(string(m.JoinRef) + " " + string(m.Event))
		if frames := s.answer(s, m); frames != nil {
			nc.Write(frames)
		}
	}
}

func text(s string) []byte { return ws.AppendFrame(nil, ws.OpText, []byte(s)) }

func replyTo(m phx.Message, status string) []byte {
	return ws.AppendFrame(nil, ws.OpText, phx.AppendReply(nil, m, status, []byte(`{}`)))
}

func ok(_ *server, m phx.Message) []byte { return replyTo(m, "ok") }

// against runs one client with one channel against s, for a while in virtual time, and returns what s wrote down.
func against(t *testing.T, s *server, d time.Duration) (log []string, tl tally) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.began = time.Now()
		c := newCrowd(s.dial, 1, func(int) []string { return []string{"room:1"} })
		ctx, cancel := context.WithCancel(t.Context())
		c.arrive(ctx, 1)
		time.Sleep(d)
		synctest.Wait()
		s.mu.Lock()
		log = slices.Clone(s.log)
		s.mu.Unlock()
		tl = c.taken()
		cancel()
		c.leave()
	})
	return log, tl
}

func TestClientReconnectsByTheTable(t *testing.T) {
	want := []string{"0s connect", "10ms connect", "60ms connect", "160ms connect", "310ms connect", "510ms connect", "760ms connect",
		"1.26s connect", "2.26s connect", "4.26s connect", "9.26s connect", "14.26s connect"}
	for _, tt := range []struct {
		name, reason string
		server       *server
	}{
		{"refused", "refused", &server{refuse: true}},
		{"no upgrade", "http 503", &server{status: "503 Service Unavailable"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, tl := against(t, tt.server, 15*time.Second)
			if !slices.Equal(want, got) {
				t.Errorf("got\n%q\nwant\n%q", got, want)
			}
			if tl.dials[tt.reason] != len(want) {
				t.Errorf("got %v, want %d times %q", tl.dials, len(want), tt.reason)
			}
		})
	}
}

func TestClientComesBackAfterEveryEnd(t *testing.T) {
	for _, tt := range []struct {
		end, code string
	}{
		{"\x88\x02\x03\xe8", "1000"}, {"\x88\x02\x03\xe9", "1001"}, {"\x88\x02\x03\xf4", "1012"}, {"\x88\x02\x11\x31", "4401"}, {"\x88\x00", "1005"}, {"", "eof"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			times := 0
			s := &server{answer: func(s *server, m phx.Message) []byte { return replyTo(m, "ok") }}
			s.open = func(s *server, nc net.Conn) bool {
				times++
				if times > 2 {
					return true
				}
				go func() {
					time.Sleep(time.Second)
					if tt.end == "" {
						nc.Close()
					} else {
						io.WriteString(nc, tt.end)
					}
				}()
				return true
			}
			got, tl := against(t, s, 10*time.Second)
			var connects []string
			for _, line := range got {
				if at, what, _ := strings.Cut(line, " "); what == "connect" {
					connects = append(connects, at)
				}
			}
			if want := []string{"0s", "1.01s", "2.02s"}; !slices.Equal(connects, want) {
				t.Errorf("got connects at %q, want %q, of\n%q", connects, want, got)
			}
			if joins := len(tl.joins); joins != 3 || tl.ends[tt.code] != 2 {
				t.Errorf("got %d joins and ends %v, want 3 and 2 with %s", joins, tl.ends, tt.code)
			}
		})
	}
}

func TestClientRejoinsByTheTable(t *testing.T) {
	joins := 0
	s := &server{answer: func(_ *server, m phx.Message) []byte {
		if joins++; joins < 6 {
			return ws.AppendFrame(nil, ws.OpText, phx.AppendReply(nil, m, "error", []byte(`{"reason":"join crashed"}`)))
		}
		if joins == 6 { // joined, and crashed at once
			return append(replyTo(m, "ok"), text("["+string(m.JoinRef)+","+string(m.JoinRef)+`,"room:1","phx_error",{}]`)...)
		}
		return replyTo(m, "ok")
	}}
	got, tl := against(t, s, 29*time.Second+500*time.Millisecond)
	want := []string{"0s connect", `0s "1" "phx_join"`, `1s "2" "phx_join"`, `3s "3" "phx_join"`, `8s "4" "phx_join"`, `18s "5" "phx_join"`, `28s "6" "phx_join"`, `29s "7" "phx_join"`}
	if !slices.Equal(want, got) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if tl.refused["join crashed"] != 5 || len(tl.joins) != 2 {
		t.Errorf("got %v refused and %d joined, want 5 and 2", tl.refused, len(tl.joins))
	}
}

func TestClientLeavesAfterAJoinThatTakesTooLong(t *testing.T) {
	s := &server{answer: func(*server, phx.Message) []byte { return nil }}
	got, tl := against(t, s, 22*time.Second)
	want := []string{"0s connect", `0s "1" "phx_join"`, `10s "1" "phx_leave"`, `11s "3" "phx_join"`, `21s "3" "phx_leave"`}
	if !slices.Equal(want, got) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if tl.refused["timeout"] != 2 {
		t.Errorf("got %v, want 2 time-outs", tl.refused)
	}
}

func TestClientHeartbeats(t *testing.T) {
	beats := 0
	s := &server{answer: func(_ *server, m phx.Message) []byte {
		if string(m.Event) == phx.Heartbeat {
			if beats++; beats == 3 {
				return nil
			}
		}
		return replyTo(m, "ok")
	}}
	got, tl := against(t, s, 125*time.Second)
	want := []string{"0s connect", `0s "1" "phx_join"`, `30s null "heartbeat"`, `1m0s null "heartbeat"`, `1m30s null "heartbeat"`,
		"2m0.01s connect", `2m0.01s "5" "phx_join"`}
	if !slices.Equal(want, got) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if tl.ends["heartbeat timeout"] != 1 || len(tl.beats) != 2 {
		t.Errorf("got ends %v and %d beats", tl.ends, len(tl.beats))
	}
}

func TestClientDropsWhatIsOutdated(t *testing.T) {
	s := &server{answer: func(_ *server, m phx.Message) []byte {
		if string(m.JoinRef) != `"1"` {
			return replyTo(m, "ok")
		}
		return slices.Concat(
			text(`["9","1","room:1","phx_reply",{"status":"ok","response":{}}]`), // of another join
			text(`["1","1","room:2","phx_reply",{"status":"ok","response":{}}]`), // of another topic
			text(`["1","1","room:1","phx_close",{}]`),                            // for good
		)
	}}
	got, tl := against(t, s, time.Minute-time.Second)
	if want := []string{"0s connect", `0s "1" "phx_join"`, `30s null "heartbeat"`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(tl.joins) > 0 {
		t.Errorf("got %d joins, want none", len(tl.joins))
	}
}

func TestCrowdCountsWhoIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{began: time.Now(), answer: ok}
		conns := make(chan net.Conn, 10)
		s.open = func(_ *server, nc net.Conn) bool {
			conns <- nc
			return true
		}
		c := newCrowd(s.dial, 3, func(i int) []string { return []string{"room:" + strconv.Itoa(i), "room:all"} })
		ctx, cancel := context.WithCancel(t.Context())
		defer c.leave()
		defer cancel()
		c.arrive(ctx, 1000)
		if _, err := c.allBack(ctx); err != nil {
			t.Fatal(err)
		}
		c.mark()
		for range 2 {
			(<-conns).Close()
		}
		limited, stop := context.WithTimeoutCause(ctx, time.Second, errors.New("the limit"))
		defer stop()
		if _, err := c.allBack(limited); err == nil {
			t.Fatal("all are said to be back while one was never gone")
		}
		if got := c.taken(); len(got.joins) != 4 || got.ends["eof"] != 2 {
			t.Errorf("got %d joins and ends %v", len(got.joins), got.ends)
		}
		(<-conns).Close()
		took, err := c.allBack(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{10 * time.Millisecond, 10 * time.Millisecond, 1010 * time.Millisecond}; !slices.Equal(took, want) {
			t.Errorf("got %v, want %v", took, want)
		}
		if !c.clients[0].join("room:more") || !c.clients[0].push(0, `"shout"`, `{"a":1}`) {
			t.Fatal("a client that is back can neither join nor push")
		}
		if _, err := c.allBack(ctx); err != nil {
			t.Fatal(err)
		}
		if err := c.await(ctx, "the push is answered", func() bool { return c.tally.replies["ok"] == 1 }); err != nil {
			t.Fatal(err)
		}
	})
}
