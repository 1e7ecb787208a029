package transport

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// TestWebSocketOverHTTP2 runs in a program of its own, since net/http looks at GODEBUG once, when it starts.
func TestWebSocketOverHTTP2(t *testing.T) {
	const wanted = "http2xconnect=1"
	if strings.Contains(os.Getenv("GODEBUG"), wanted) {
		testWebSocketOverHTTP2(t)
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestWebSocketOverHTTP2$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), "GODEBUG="+wanted)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestWebSocketOverHTTP2/slow")) {
		t.Errorf("with %s: %v\n%s", wanted, err, out)
	}
}

func testWebSocketOverHTTP2(t *testing.T) {
	t.Run("echo", func(t *testing.T) {
		s := newH2Server(t, WebSocketConfig{}, nil)
		a := s.connect(t, "", nil)
		b := a.conn.open(t, "&x=1", nil) // two streams of one connection
		a.want("answer 200")
		b.want("answer 200")
		for i, st := range []*h2Stream{a, b, a} {
			text := fmt.Sprint("hello ", i)
			st.send(fromClient(frame.Text, true, text))
			st.want(text)
		}
		wantCount(t, s.env.Shards, 2)
		a.send(fromClient(frame.Ping, true, "p"))
		a.want("ping-pong p")
		a.send(clientClose(4000, ""))
		a.want("close 1000", "end")
		b.send(fromClient(frame.Text, true, "still here"))
		b.want("still here")
		b.send(fromClient(frame.Text, true, "close"))
		b.want("close 4000 asked")
		b.send(clientClose(4000, ""))
		b.want("end")
		s.wantClosed("closed", "closed")
	})
	t.Run("subprotocol", func(t *testing.T) {
		s := newH2Server(t, WebSocketConfig{ConnectConfig: ConnectConfig{Subprotocols: []string{"chat"}}}, nil)
		a := s.connect(t, "", []string{"sec-websocket-protocol", "chat"})
		a.want("answer 200")
		a.conn.nc.Close()
		s.wantClosed("transport_error")
	})
	t.Run("compression", func(t *testing.T) {
		s := newH2Server(t, compressing, nil)
		a := s.connect(t, "", []string{"sec-websocket-extensions", plainOffer})
		a.want("answer 200")
		long := jsonText(5000)
		a.send(deflatedFromClient(frame.Text, long))
		a.want("deflated " + long)
		a.send(deflatedFromClient(frame.Text, "short"))
		a.want("short")
		b := a.conn.open(t, "", nil) // does not offer it
		b.want("answer 200")
		b.send(fromClient(frame.Text, true, long))
		b.want(long)
		c := a.conn.open(t, "", []string{"sec-websocket-extensions", ";"})
		c.want("answer 400", "end")
		a.conn.nc.Close()
		s.wantClosed("transport_error", "transport_error")
	})
	t.Run("refusals", func(t *testing.T) {
		s := newH2Server(t, WebSocketConfig{}, nil)
		a := s.connect(t, "", []string{":protocol", "chat"})
		a.want("answer 400", "end")
		b := a.conn.open(t, "", []string{"sec-websocket-version", "8"})
		b.want("answer 400", "end")
		s = newH2Server(t, WebSocketConfig{ConnectConfig: ConnectConfig{VisibleRefusals: true}}, nil)
		c := s.connect(t, "&refuse=1", nil)
		c.want("answer 200", "close 4401 not you")
		c.send(clientClose(4401, ""))
		c.want("end")
	})
	t.Run("limits", func(t *testing.T) {
		limiter := limited(t, Limits{MaxConnections: 1})
		s := newH2Server(t, WebSocketConfig{Limiter: limiter}, nil)
		a := s.connect(t, "", nil)
		a.want("answer 200")
		b := a.conn.open(t, "", nil)
		b.want("answer other") // 503, which has no short form
		a.reset()
		s.wantClosed("transport_error")
		wantStats(t, limiter, TransportStats{Accepted: 1, Refused: RefusedStats{Connections: 1}}, TransportStats{})
	})
	t.Run("behind a wrapper", func(t *testing.T) {
		s := newH2Server(t, WebSocketConfig{}, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrapped{w}, r) })
		})
		a := s.connect(t, "", nil)
		a.want("answer 200")
		a.send(fromClient(frame.Text, true, "x"))
		a.want("x")
	})
	t.Run("drain and abandon", func(t *testing.T) {
		s := newH2Server(t, WebSocketConfig{}, nil)
		a := s.connect(t, "", nil)
		b := a.conn.open(t, "", nil)
		a.want("answer 200")
		b.want("answer 200")
		wantCount(t, s.env.Shards, 2)
		drained := make(chan struct{})
		go func() { defer close(drained); s.env.Shards.Drain(t.Context(), s.env, nil, DrainConfig{}) }()
		a.want("close 1012")
		a.send(clientClose(1012, ""))
		a.want("end")
		b.want("close 1012")
		s.env.Shards.Abandon() // b never answers
		b.want("end")
		<-drained
		s.wantClosed("restart", "restart")
	})
	t.Run("slow", func(t *testing.T) { // a client without room for more is closed when the queue is full, while a write is under way
		s := newH2Server(t, WebSocketConfig{MaxQueued: 1000, CloseTimeout: 50 * time.Millisecond}, nil)
		a := s.connect(t, "", nil)
		a.want("answer 200")
		big := strings.Repeat("x", 30_000) // of a window of 65,535
		for range 5 {
			a.send(fromClient(frame.Text, true, big))
		}
		s.wantClosed("slow")
		s.env.Shards.Abandon()
		wantCount(t, s.env.Shards, 0)
	})
}

// wantCount waits for n connections.
func wantCount(t *testing.T, ss *Shards, n int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 10_000 {
		if ss.Count() == n {
			return
		}
		<-tick.C
	}
	t.Fatalf("%d connections, want %d", ss.Count(), n)
}

// wrapped hides the methods of a ResponseWriter, as plugs do.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type h2Server struct {
	t    *testing.T
	addr string
	sock *echo
	env  Env
}

// newH2Server serves HTTP/2 without TLS.
func newH2Server(t *testing.T, cfg WebSocketConfig, wrap func(http.Handler) http.Handler) *h2Server {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	sys := proc.NewSystem(proc.Config{Logger: log})
	ps := pubsub.New(pubsub.Config{System: sys, Logger: log})
	s := &h2Server{t: t, sock: &echo{}}
	s.env = Env{System: sys, PubSub: ps, Shards: NewShards(2, ps, func(stack []byte, v any) { t.Errorf("panic in a shard: %v\n%s", v, stack) }), Logger: log}
	cfg.CheckOrigin = OriginAny()
	ws, err := NewWebSocket(s.env, s.sock, cfg)
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler = ws
	if wrap != nil {
		handler = wrap(handler)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	srv := &http.Server{Handler: handler, Protocols: new(http.Protocols), ErrorLog: stdlog.New(panicsIn{t}, "", 0)}
	srv.Protocols.SetUnencryptedHTTP2(true)
	served := make(chan struct{})
	go func() { defer close(served); srv.Serve(l) }()
	t.Cleanup(func() {
		s.env.Shards.Abandon()
		wantCount(t, s.env.Shards, 0)
		srv.Close()
		<-served
		sys.Close()
	})
	return s
}

// panicsIn fails the test when the server logs a panic.
type panicsIn struct{ t *testing.T }

func (p panicsIn) Write(text []byte) (int, error) {
	if bytes.Contains(text, []byte("panic")) {
		p.t.Errorf("%s", text)
	}
	return len(text), nil
}

// wantClosed waits for the ends of all sessions.
func (s *h2Server) wantClosed(reasons ...string) {
	s.t.Helper()
	s.sock.mu.Lock()
	sessions := s.sock.sessions
	s.sock.mu.Unlock()
	if len(sessions) != len(reasons) {
		s.t.Fatalf("%d sessions, want %d", len(sessions), len(reasons))
	}
	for i, session := range sessions {
		if got := <-session.closed; !strings.Contains(got.Error(), reasons[i]) {
			s.t.Errorf("session %d was closed with %v, want %s", i, got, reasons[i])
		}
	}
}

// h2Conn is a client that speaks as much HTTP/2 (RFC 9113) as the tests need: its headers use neither the table nor Huffman's code, and it reads no more of
// an answer's than the status.
type h2Conn struct {
	t       *testing.T
	nc      net.Conn
	streams chan *h2Stream // to the reader
	next    uint32
}

type h2Stream struct {
	conn *h2Conn
	id   uint32
	said chan string // what came: answers, messages, the end
	data []byte      // of the messages; used by the reader
}

const (
	h2Data     = 0
	h2Headers  = 1
	h2Reset    = 3
	h2Settings = 4
	h2GoAway   = 7

	h2Ack        = 1
	h2EndStream  = 1
	h2EndHeaders = 4

	enableConnectProtocol = 8
)

func (s *h2Server) connect(t *testing.T, query string, change []string) *h2Stream {
	t.Helper()
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	c := &h2Conn{t: t, nc: nc, streams: make(chan *h2Stream, 8), next: 1}
	io.WriteString(nc, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	c.write(h2Settings, 0, 0, nil)
	settings := make(chan map[uint16]uint32, 1)
	read := make(chan struct{})
	go func() { defer close(read); c.read(settings) }()
	t.Cleanup(func() { nc.Close(); <-read })
	if got := <-settings; got[enableConnectProtocol] != 1 {
		t.Fatalf("the server's settings %v do not allow an extended CONNECT", got)
	}
	return c.open(t, query, change)
}

func (c *h2Conn) write(kind, flags byte, stream uint32, payload []byte) {
	p := make([]byte, 9, 9+len(payload))
	binary.BigEndian.PutUint32(p, uint32(len(payload))<<8|uint32(kind))
	p[4] = flags
	binary.BigEndian.PutUint32(p[5:], stream)
	c.nc.Write(append(p, payload...))
}

// open begins a stream; change replaces or adds a header.
func (c *h2Conn) open(t *testing.T, query string, change []string) *h2Stream {
	t.Helper()
	st := &h2Stream{conn: c, id: c.next, said: make(chan string, 64)}
	c.next += 2
	c.streams <- st
	headers := [][2]string{{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":path", "/websocket?vsn=2.0.0" + query},
		{":authority", "localhost"}, {"sec-websocket-version", "13"}}
	found := false
	for i := range headers {
		if change != nil && headers[i][0] == change[0] {
			headers[i][1], found = change[1], true
		}
	}
	if change != nil && !found {
		headers = append(headers, [2]string{change[0], change[1]})
	}
	var block []byte
	for _, h := range headers {
		block = append(append(block, 0, byte(len(h[0]))), h[0]...)
		block = append(append(block, byte(len(h[1]))), h[1]...)
	}
	c.write(h2Headers, h2EndHeaders, st.id, block)
	return st
}

func (st *h2Stream) send(p []byte) {
	for ; len(p) > 16_000; p = p[16_000:] {
		st.conn.write(h2Data, 0, st.id, p[:16_000])
	}
	st.conn.write(h2Data, 0, st.id, p)
}

func (st *h2Stream) reset() { st.conn.write(h2Reset, 0, st.id, []byte{0, 0, 0, 8}) }

func (st *h2Stream) want(all ...string) {
	st.conn.t.Helper()
	for _, want := range all {
		if got := <-st.said; got != want {
			st.conn.t.Fatalf("stream %d: got %.100s, want %.100s", st.id, got, want)
		}
	}
}

// read is the client's reader. When it ends, so have all streams.
func (c *h2Conn) read(settings chan<- map[uint16]uint32) {
	streams := make(map[uint32]*h2Stream)
	br := bufio.NewReader(c.nc)
	take := func() {
		for {
			select {
			case st := <-c.streams:
				streams[st.id] = st
			default:
				return
			}
		}
	}
	defer func() {
		close(settings)
		take()
		for _, st := range streams {
			st.end()
		}
	}()
	for {
		var h [9]byte
		if _, err := io.ReadFull(br, h[:]); err != nil {
			return
		}
		payload := make([]byte, binary.BigEndian.Uint32(h[:])>>8)
		if _, err := io.ReadFull(br, payload); err != nil {
			return
		}
		take()
		st := streams[binary.BigEndian.Uint32(h[5:])]
		switch kind, flags := h[3], h[4]; {
		case kind == h2Settings && flags&h2Ack == 0:
			got := make(map[uint16]uint32)
			for p := payload; len(p) >= 6; p = p[6:] {
				got[binary.BigEndian.Uint16(p)] = binary.BigEndian.Uint32(p[2:])
			}
			c.write(h2Settings, h2Ack, 0, nil)
			settings <- got
		case kind == h2GoAway:
			return
		case st == nil:
		case kind == h2Reset:
			st.end()
			delete(streams, st.id)
		case kind == h2Headers || kind == h2Data:
			if kind == h2Headers {
				st.answer(payload)
			} else {
				st.receive(payload)
			}
			if flags&h2EndStream != 0 {
				st.end()
				delete(streams, st.id)
			}
		}
	}
}

// answer reads the status, which comes first.
func (st *h2Stream) answer(block []byte) {
	status := map[byte]string{0x88: "200", 0x8c: "400", 0x8d: "404", 0x8e: "500"}[block[0]]
	if status == "" {
		status = "other"
	}
	if status != "200" {
		st.data = nil
	}
	st.say("answer " + status)
}

func (st *h2Stream) say(what string) { st.said <- what }

func (st *h2Stream) end() { st.say("end") }

// receive reads what WebSocket frames are complete; an error's body, which begins with no such, is of no interest.
func (st *h2Stream) receive(p []byte) {
	st.data = append(st.data, p...)
	for len(st.data) >= 2 && st.data[0]&0x80 != 0 {
		n, size := int(st.data[1]), 2
		if n == 126 && len(st.data) >= 4 {
			n, size = int(binary.BigEndian.Uint16(st.data[2:])), 4
		}
		if len(st.data) < size+n {
			return
		}
		body := st.data[size : size+n]
		if st.data[0]&0x40 != 0 {
			body = append([]byte("deflated "), standardInflate(st.conn.t, body)...)
		}
		switch frame.Opcode(st.data[0] & 15) {
		case frame.Close:
			st.say(strings.TrimSpace(fmt.Sprintf("close %d %s", binary.BigEndian.Uint16(body), body[2:])))
		case frame.Pong:
			st.say("ping-pong " + string(body))
		default:
			st.say(string(body))
		}
		st.data = st.data[size+n:]
	}
}
