package transport

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// echo is a socket whose sessions send back what they get, and do what some messages say.
type echo struct {
	mu       sync.Mutex
	sessions []*echoSession
}

func (e *echo) Name() string { return "echo" }
func (e *echo) Connect(ctx context.Context, r *ConnectRequest) (Session, error) {
	if r.Params["refuse"] != nil {
		return nil, Refuse(401, "not you")
	}
	s := &echoSession{closed: make(chan error, 2)}
	e.mu.Lock()
	e.sessions = append(e.sessions, s)
	e.mu.Unlock()
	return s, nil
}

type echoSession struct {
	conn    Conn
	drained bool
	member  Member
	closed  chan error
}

func (s *echoSession) ID() string { return "" }
func (s *echoSession) Open(c Conn) {
	s.conn = c
	s.member.Conn = c
	c.Shard().Join("all", &s.member, nil)
}
func (s *echoSession) Drain() { s.drained = true }
func (s *echoSession) Closed(reason error) {
	if s.conn != nil { // it was opened
		s.conn.Shard().Leave(&s.member)
	}
	s.closed <- reason
}
func (s *echoSession) Receive(op frame.Opcode, data []byte) error {
	switch string(data) {
	case "bad":
		return fmt.Errorf("bad")
	case "panic":
		panic("in receive")
	case "close":
		s.conn.Close(4000, "asked")
		return nil
	}
	buf := make([]byte, frame.MaxHeader, frame.MaxHeader+len(data))
	buf = append(buf, data...)
	s.conn.Write(buf[wire.FinishHeader(buf, frame.MaxHeader, op):])
	return nil
}

// pipeNet is a server whose connections are in memory.
type pipeNet struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipeNet) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipeNet) Close() error   { close(p.done); return nil }
func (p *pipeNet) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

type harness struct {
	t    testing.TB
	dial func() net.Conn
	sock *echo
	env  Env
	addr string // of the listener

	offer string // of extensions, by clients that connect
}

// onPipes runs f in virtual time against connections in memory.
func onPipes(t *testing.T, cfg WebSocketConfig, f func(h *harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &pipeNet{conns: make(chan net.Conn), done: make(chan struct{})}
		serveOn(t, p, cfg, func(h *harness) {
			h.dial = func() net.Conn {
				a, b := net.Pipe()
				p.conns <- b
				return a
			}
			f(h)
		})
	})
}

func serveOn(t *testing.T, l net.Listener, cfg WebSocketConfig, f func(h *harness)) {
	sock := &echo{}
	serveSocket(t, l, cfg, sock, func(h *harness) {
		h.sock = sock
		f(h)
	})
}

func serveSocket(t testing.TB, l net.Listener, cfg WebSocketConfig, sock Socket, f func(h *harness)) {
	log := slog.New(slog.DiscardHandler)
	sys := proc.NewSystem(proc.Config{Logger: log})
	ps := pubsub.New(pubsub.Config{System: sys, Logger: log})
	h := &harness{t: t, addr: l.Addr().String()}
	h.env = Env{System: sys, PubSub: ps, Shards: NewShards(2, ps, func(stack []byte, v any) { t.Errorf("panic in a shard: %v\n%s", v, stack) }), Logger: log}
	cfg.CheckOrigin = OriginAny()
	ws, err := NewWebSocket(h.env, sock, cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: ws}
	served := make(chan struct{})
	go func() { defer close(served); srv.Serve(l) }()
	f(h)
	h.env.Shards.Abandon()
	srv.Close()
	<-served
	sys.Close()
}

// paths are all ways to serve a connection.
var paths = map[string]func(*testing.T, WebSocketConfig, func(*harness)){
	"pipe": onPipes, "portable": ways["portable"].on, "poller": ways["poller"].on, "TLS portable": ways["TLS portable"].on, "TLS poller": ways["TLS poller"].on,
	"TLS poller, stream byte by byte": way{tls: true, chop: true}.on,
}

type peer struct {
	t        testing.TB
	nc       net.Conn
	br       *bufio.Reader
	deflated int // messages that came compressed
}

func (h *harness) connect(query string) *peer {
	h.t.Helper()
	p, res := h.request(query, nil)
	if res.StatusCode != 101 {
		h.t.Fatalf("upgrade: %s", res.Status)
	}
	return p
}

func (h *harness) request(query string, change func(http.Header)) (*peer, *http.Response) {
	h.t.Helper()
	nc := h.dial()
	header := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	if h.offer != "" {
		header.Set("Sec-WebSocket-Extensions", h.offer)
	}
	if change != nil {
		change(header)
	}
	var req bytes.Buffer
	fmt.Fprintf(&req, "GET /websocket?vsn=2.0.0%s HTTP/1.1\r\nHost: localhost\r\n", query)
	header.Write(&req)
	req.WriteString("\r\n")
	go nc.Write(req.Bytes())
	p := &peer{t: h.t, nc: nc, br: bufio.NewReader(nc)}
	res, err := http.ReadResponse(p.br, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return p, res
}

func (p *peer) write(b []byte) { p.nc.Write(b) }

// pace writes b in pieces, in the background.
func (p *peer) pace(b []byte, size int) {
	go func() {
		for len(b) > 0 {
			n := min(len(b), size)
			if _, err := p.nc.Write(b[:n]); err != nil {
				return
			}
			b = b[n:]
		}
	}()
}

func (p *peer) read() (op frame.Opcode, payload []byte, err error) {
	var h [2]byte
	if _, err := io.ReadFull(p.br, h[:]); err != nil {
		return 0, nil, err
	}
	if h[1]&0x80 != 0 {
		p.t.Error("the server masks its frames")
	}
	n := int(h[1])
	ext := map[int]int{126: 2, 127: 8}[n]
	if ext > 0 {
		var l [8]byte
		if _, err := io.ReadFull(p.br, l[:ext]); err != nil {
			return 0, nil, err
		}
		n = 0
		for _, b := range l[:ext] {
			n = n<<8 | int(b)
		}
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(p.br, payload)
	if err == nil && h[0]&0x40 != 0 {
		p.deflated++
		payload = standardInflate(p.t, payload)
	}
	return frame.Opcode(h[0] & 15), payload, err
}

// next describes what comes.
func (p *peer) next() string {
	op, payload, err := p.read()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.t.Error("nothing came in time")
		return "end"
	case err != nil:
		return "end"
	case op == frame.Close && len(payload) >= 2:
		return strings.TrimSpace(fmt.Sprintf("close %d %s", int(payload[0])<<8|int(payload[1]), payload[2:]))
	case op == frame.Close:
		return "close"
	case len(payload) > 40:
		return fmt.Sprintf("%v of %d", op, len(payload))
	}
	return fmt.Sprintf("%v %q", op, payload)
}

func (p *peer) want(all ...string) {
	p.t.Helper()
	for _, want := range all {
		if got := p.next(); got != want {
			p.t.Errorf("got %s, want %s", got, want)
		}
	}
}

func fromClient(op frame.Opcode, fin bool, payload string) []byte {
	return frame.AppendMasked(nil, op, fin, [4]byte{7, 1, 9, 3}, []byte(payload))
}

func clientClose(code int, reason string) []byte {
	return fromClient(frame.Close, true, string([]byte{byte(code >> 8), byte(code)})+reason)
}

// The categories of the Autobahn test suite, seen from a client; package frame has every case, here they run over a connection.
func TestRFC6455(t *testing.T) {
	big := strings.Repeat("x", 70_000)
	cat := func(frames ...[]byte) []byte { return bytes.Join(frames, nil) }
	for _, tc := range []struct {
		name string
		send []byte
		want []string
		end  error
	}{
		{"1 framing", cat(fromClient(frame.Text, true, ""), fromClient(frame.Text, true, "hi"), fromClient(frame.Binary, true, strings.Repeat("a", 126)), fromClient(frame.Text, true, big)),
			[]string{`text ""`, `text "hi"`, "binary of 126", "text of 70000"}, nil},
		{"2 pings", cat(fromClient(frame.Ping, true, ""), fromClient(frame.Ping, true, "p"), fromClient(frame.Pong, true, "unasked"), fromClient(frame.Ping, true, strings.Repeat("p", 125))),
			[]string{`pong ""`, `pong "p"`, "pong of 125"}, nil},
		{"2 ping too long", fromClient(frame.Ping, true, strings.Repeat("p", 126)), []string{"close 1002 control frame is longer than 125 bytes", "end"}, ErrBadMessage},
		{"3 reserved bits", []byte{0xA1, 0x80, 1, 2, 3, 4}, []string{"close 1002 reserved bit set without an extension that uses it", "end"}, ErrBadMessage},
		{"4 opcodes", fromClient(frame.Opcode(3), true, ""), []string{"close 1002 unknown opcode", "end"}, ErrBadMessage},
		{"5 fragments with a ping between", cat(fromClient(frame.Text, false, "a"), fromClient(frame.Ping, true, "p"), fromClient(frame.Continuation, false, "b"), fromClient(frame.Continuation, true, "c")),
			[]string{`pong "p"`, `text "abc"`}, nil},
		{"5 continuation of nothing", fromClient(frame.Continuation, true, "x"), []string{"close 1002 continuation without a message to continue", "end"}, ErrBadMessage},
		{"5 message in a message", cat(fromClient(frame.Text, false, "x"), fromClient(frame.Text, true, "y")), []string{"close 1002 new message before the last one was finished", "end"}, ErrBadMessage},
		{"6 utf-8", cat(fromClient(frame.Text, false, "\xce"), fromClient(frame.Continuation, true, "\xba")), []string{`text "κ"`}, nil},
		{"6 not utf-8", fromClient(frame.Text, true, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"), []string{"close 1007 text is not UTF-8", "end"}, ErrBadMessage},
		{"7 close", clientClose(1000, "bye"), []string{"close 1000", "end"}, ErrClosed},
		{"7 close without a code", fromClient(frame.Close, true, ""), []string{"close 1000", "end"}, ErrClosed},
		{"7 close with a code of one's own", clientClose(4001, ""), []string{"close 1000", "end"}, ErrClosed},
		{"7 close with a code that must not be sent", clientClose(1005, ""), []string{"close 1002 close frame with a code that must not be sent", "end"}, ErrBadMessage},
		{"7 half a code", fromClient(frame.Close, true, "x"), []string{"close 1002 close frame with a payload of one byte", "end"}, ErrBadMessage},
		{"7 nothing after a close", cat(clientClose(1001, ""), fromClient(frame.Text, true, "late")), []string{"close 1000", "end"}, ErrClosed},
		{"9 frame too big", cat([]byte{0x82, 0xFF, 0, 0, 0, 0, 0, 2, 0, 0, 1, 2, 3, 4}), []string{"close 1009 frame is too big", "end"}, ErrBadMessage},
		{"9 message too big", cat(fromClient(frame.Binary, false, big), fromClient(frame.Continuation, true, big)), []string{"close 1009 fragmented message is too big", "end"}, ErrBadMessage},
		{"unmasked", []byte{0x81, 1, 'x'}, []string{"close 1002 client frame is not masked", "end"}, ErrBadMessage},
		{"message that does not decode", fromClient(frame.Text, true, "bad"), []string{"close 1011"}, ErrBadMessage},
		{"panic while receiving", fromClient(frame.Text, true, "panic"), []string{"close 1011"}, ErrBadMessage},
		{"closed by the session", fromClient(frame.Text, true, "close"), []string{"close 4000 asked"}, ErrClosed},
	} {
		for _, pace := range []struct {
			name string
			size int
		}{{"whole", 1 << 20}, {"byte by byte", 1}, {"in sevens", 7}} {
			for path, on := range paths {
				if path != "pipe" && (pace.size == 1 || strings.HasSuffix(path, "byte by byte")) && len(tc.send) > 10_000 {
					continue // 70,000 system calls show nothing new
				}
				for mode, cfg := range map[string]WebSocketConfig{"plain": {}, "deflate": {Compress: Compression{Enabled: true}}} { // what is allowed or not stays so with compression
					t.Run(tc.name+"/"+pace.name+"/"+path+"/"+mode, func(t *testing.T) {
						cfg.MaxFrame, cfg.MaxMessage = 100_000, 100_000
						on(t, cfg, func(h *harness) {
							h.offer = "permessage-deflate; client_max_window_bits"
							p := h.connect("")
							p.pace(tc.send, pace.size)
							p.want(tc.want...)
							if tc.end != nil {
								if got := <-waitSession(h).closed; got != tc.end {
									t.Errorf("the session was closed with %v, want %v", got, tc.end)
								}
							}
							p.nc.Close()
						})
					})
				}
			}
		}
	}
}

func TestUpgradeRefusals(t *testing.T) {
	onPipes(t, WebSocketConfig{}, func(h *harness) {
		for name, change := range map[string]func(http.Header){
			"no upgrade":  func(x http.Header) { x.Del("Upgrade") },
			"no key":      func(x http.Header) { x.Del("Sec-Websocket-Key") },
			"short key":   func(x http.Header) { x.Set("Sec-Websocket-Key", "aGk=") },
			"old version": func(x http.Header) { x.Set("Sec-Websocket-Version", "8") },
		} {
			p, res := h.request("", change)
			if body, _ := io.ReadAll(res.Body); res.StatusCode != 400 || len(body) == 0 {
				h.t.Errorf("%s: %s %q", name, res.Status, body)
			}
			p.nc.Close()
		}
		p, res := h.request("&refuse=1", nil)
		if res.StatusCode != 401 {
			h.t.Errorf("refused by connect: %s", res.Status)
		}
		p.nc.Close()
		p, res = h.request("&vsn=9.0.0", nil)
		if res.StatusCode != 403 {
			h.t.Errorf("unknown version: %s", res.Status)
		}
		p.nc.Close()
	})
}

func TestVisibleRefusal(t *testing.T) {
	onPipes(t, WebSocketConfig{ConnectConfig: ConnectConfig{VisibleRefusals: true}}, func(h *harness) {
		p := h.connect("&refuse=1")
		p.want("close 4401 not you")
		p.write(clientClose(4401, ""))
		p.want("end")
		p.nc.Close()
	})
}

func TestIdleClientsAreClosedAndHeartbeatsKeepThem(t *testing.T) {
	onPipes(t, WebSocketConfig{}, func(h *harness) {
		p := h.connect("")
		began := time.Now()
		for range 5 {
			time.Sleep(50 * time.Second)
			p.write(fromClient(frame.Text, true, "alive"))
			p.want(`text "alive"`)
		}
		p.want("close 1001 idle")
		if d := time.Since(began) - 250*time.Second; d < 60*time.Second || d > 62*time.Second {
			t.Errorf("closed after %v of silence, want 60 s", d)
		}
		if got := <-h.sock.sessions[0].closed; got != ErrIdle {
			t.Errorf("closed with %v", got)
		}
		p.want("end") // it never answered the close
		if d := time.Since(began) - 250*time.Second; d < 64*time.Second || d > 67*time.Second {
			t.Errorf("cut off after %v, want 5 s later", d)
		}
		p.nc.Close()
	})
}

// Times without end end nothing, and do not keep the others from being watched.
func TestTimesWithoutEnd(t *testing.T) {
	onPipes(t, WebSocketConfig{Timeout: math.MaxInt64}, func(h *harness) {
		time.Sleep(time.Second) // so that the sum with the present wraps
		p := h.connect("")
		time.Sleep(100 * 24 * time.Hour)
		p.write(fromClient(frame.Text, true, "close"))
		p.want("close 4000 asked")
		began := time.Now()
		p.want("end") // it never answered the close
		if d := time.Since(began); d < 4*time.Second || d > 7*time.Second {
			t.Errorf("cut off after %v, want 5 s", d)
		}
		p.nc.Close()
	})
	onPipes(t, WebSocketConfig{CloseTimeout: math.MaxInt64}, func(h *harness) {
		time.Sleep(time.Second) // so that the sum with the present wraps
		p := h.connect("")
		p.write(fromClient(frame.Text, true, "close"))
		p.want("close 4000 asked")
		time.Sleep(100 * 24 * time.Hour)
		if h.env.Shards.Count() != 1 {
			t.Error("a client that may take as long as it likes to answer the close was cut off")
		}
		p.write(clientClose(4000, ""))
		p.want("end")
		p.nc.Close()
	})
}

func TestALostClientIsNoticed(t *testing.T) {
	for name, on := range paths {
		t.Run(name, func(t *testing.T) {
			on(t, WebSocketConfig{}, func(h *harness) {
				p := h.connect("")
				p.write(fromClient(frame.Text, false, "half a mess")) // half open, half a message
				p.nc.Close()
				if got := <-waitSession(h).closed; got != ErrLost {
					t.Errorf("closed with %v, want %v", got, ErrLost)
				}
			})
		})
	}
}

func waitSession(h *harness) *echoSession {
	h.sock.mu.Lock()
	defer h.sock.mu.Unlock()
	return h.sock.sessions[0]
}

// A client that does not read is closed with 1013 and costs no more memory than the bound; others are served meanwhile.
func TestSlowClient(t *testing.T) {
	const limit, size = 1 << 20, 64 << 10
	for name, on := range paths {
		t.Run(name, func(t *testing.T) {
			on(t, WebSocketConfig{MaxQueued: limit}, func(h *harness) {
				slow, other := h.connect(""), h.connect("")
				for _, p := range []*peer{slow, other} {
					p.write(fromClient(frame.Text, true, "open"))
					p.want(`text "open"`)
				}
				payload := []byte(`{"x":"` + strings.Repeat("x", size) + `"}`)
				got := make(chan int, 1)
				const n = 400
				read := make(chan struct{}, n)
				go func() {
					defer close(read)
					i := 0
					for ; i < n; i++ {
						if _, _, err := other.read(); err != nil {
							break
						}
						read <- struct{}{}
					}
					got <- i
				}()
				for range n {
					m, _ := pubsub.NewEvent("all", "big", payload)
					h.env.PubSub.Broadcast(m, nil)
					<-read // the other client keeps up
					h.sock.mu.Lock()
					first := h.sock.sessions[0].conn.(*wsConn)
					h.sock.mu.Unlock()
					first.mu.Lock()
					if out := first.out; out != nil && out.queued > limit+size+100 {
						t.Errorf("%d bytes wait for a client that does not read", out.queued)
					}
					first.mu.Unlock()
				}
				if i := <-got; i != n {
					t.Errorf("the other client got %d of %d", i, n)
				}
				if got := <-waitSession(h).closed; got != ErrSlow {
					t.Errorf("closed with %v, want %v", got, ErrSlow)
				}
				last := ""
				for {
					s := slow.next() // what was on its way stays whole, then comes the close
					if s == "end" {
						break
					}
					if last = s; strings.HasPrefix(s, "close") {
						slow.write(clientClose(1013, "")) // or the server waits for it
					}
				}
				if name != "pipe" && last != "close 1013 too slow" {
					t.Errorf("the last that the slow client saw was %s", last)
				}
				slow.nc.Close()
				other.nc.Close()
			})
		})
	}
}

func TestOneMessageIsAlwaysTakenByAnEmptyQueue(t *testing.T) {
	onPipes(t, WebSocketConfig{MaxQueued: 10}, func(h *harness) {
		p := h.connect("")
		synctest.Wait()
		m, _ := pubsub.NewEvent("all", "big", []byte(`{"x":"`+strings.Repeat("x", 1000)+`"}`))
		h.env.PubSub.Broadcast(m, nil)
		synctest.Wait()
		p.want("text of 1032")
		p.nc.Close()
	})
}

func TestNeighbouringMessagesShareAWrite(t *testing.T) {
	for name, y := range ways {
		t.Run(name, func(t *testing.T) { y.on(t, WebSocketConfig{}, neighbours50(t)) })
	}
}

func neighbours50(t *testing.T) func(h *harness) {
	return func(h *harness) {
		p := h.connect("")
		p.write(fromClient(frame.Text, true, "open"))
		p.want(`text "open"`)
		hold := make(chan struct{})
		for _, s := range h.env.Shards.all {
			s.PostFunc(func() { <-hold })
		}
		const n = 50
		for i := range n {
			m, _ := pubsub.NewEvent("all", "e", fmt.Appendf(nil, `{"i":%d}`, i))
			h.env.PubSub.Broadcast(m, nil)
		}
		close(hold)
		for i := range n {
			p.want(fmt.Sprintf("text %q", fmt.Sprintf(`[null,null,"all","e",{"i":%d}]`, i)))
		}
		p.nc.Close()
	}
}

func TestDrainReachesEveryConnectionInBatches(t *testing.T) {
	onPipes(t, WebSocketConfig{}, func(h *harness) {
		var peers []*peer
		for range 5 {
			peers = append(peers, h.connect(""))
		}
		synctest.Wait()
		began := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.env.Shards.Drain(context.Background(), h.env, nil, DrainConfig{Batch: 2, Interval: time.Second})
		}()
		var wg sync.WaitGroup
		for _, p := range peers {
			wg.Go(func() {
				p.want("close 1012")
				p.write(clientClose(1012, ""))
				p.want("end")
				p.nc.Close()
			})
		}
		wg.Wait()
		<-done
		if d := time.Since(began); d < 2*time.Second || d > 2100*time.Millisecond {
			t.Errorf("draining 5 in batches of 2 took %v, want 2 s", d)
		}
		for _, s := range h.sock.sessions {
			if !s.drained || <-s.closed != ErrRestart {
				t.Error("a session was not drained, or closed for another reason")
			}
		}
		late := h.connect("")
		late.want("close 1012")
		late.nc.Close()
		h.env.Shards.Accept()
	})
}

// Bytes that came with the upgrade request are not lost.
func TestBytesBehindTheUpgradeAreReplayed(t *testing.T) {
	for name, y := range ways {
		t.Run(name, func(t *testing.T) { y.on(t, WebSocketConfig{}, early(t)) })
	}
}

func early(t *testing.T) func(h *harness) {
	return func(h *harness) {
		nc := h.dial()
		req := "GET /websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
		nc.Write(append([]byte(req), fromClient(frame.Text, true, "early")...))
		p := &peer{t: t, nc: nc, br: bufio.NewReader(nc)}
		if res, err := http.ReadResponse(p.br, nil); err != nil || res.StatusCode != 101 {
			t.Fatal(res, err)
		}
		p.want(`text "early"`)
		nc.Close()
	}
}

// A flood of partial frames holds no more than the frame's limit, and the announced length reserves nothing.
func TestPartialFramesReserveNothing(t *testing.T) {
	onPipes(t, WebSocketConfig{}, func(h *harness) {
		p := h.connect("")
		p.write([]byte{0x82, 0xFF, 0, 0, 0, 0, 0, 0x90, 0, 0, 1, 2, 3, 4, 'x'}) // announces 9.4 MB
		synctest.Wait()
		h.sock.mu.Lock()
		c := h.sock.sessions[0].conn.(*wsConn)
		h.sock.mu.Unlock()
		if n := c.parser.Buffered(); n > 4096 {
			t.Errorf("%d bytes are reserved for a frame of which 1 byte has come", n)
		}
		p.nc.Close()
	})
}

// Reads are never paused: a client that does not read is still heard, or its heartbeats would die with it.
func TestReadsGoOnWhileWritesWait(t *testing.T) {
	onPipes(t, WebSocketConfig{MaxQueued: 10 << 20}, func(h *harness) {
		p := h.connect("")
		synctest.Wait()
		m, _ := pubsub.NewEvent("all", "big", []byte(`{"x":"`+strings.Repeat("x", 100_000)+`"}`))
		h.env.PubSub.Broadcast(m, nil) // nobody reads it: the pipe has no buffer
		synctest.Wait()
		for i := range 10 {
			p.write(fromClient(frame.Text, true, fmt.Sprint(i))) // blocks unless the server reads
		}
		synctest.Wait()
		p.want("text of 100032")
		for i := range 10 {
			p.want(fmt.Sprintf("text %q", fmt.Sprint(i)))
		}
		p.nc.Close()
	})
}
