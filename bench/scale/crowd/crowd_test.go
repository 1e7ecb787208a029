package crowd

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/ws"
)

func TestAClientIsSmall(t *testing.T) {
	if got := unsafe.Sizeof(client{}); got > 32 {
		t.Errorf("a client takes %d bytes, want 32 at most", got)
	}
}

// wire is a link to a peer that speaks TCP as little as the clients do. It loses packets, cuts data in two and sends it twice, as it is told.
type wire struct {
	t       *testing.T
	toCrowd [][]byte
	peers   map[uint64]*peer
	lose    func(s *segment) bool // a packet of a client
	cut     int                   // bytes after which an answer goes on in a new segment; zero: never
	twice   bool
	status  string // of the answer to an upgrade
	deaf    bool   // answers no heartbeat
}

type peer struct {
	rcv, snd uint32
	buf      []byte
	upgraded bool
}

func (w *wire) Read(b []byte) (int, error) {
	if len(w.toCrowd) == 0 {
		return 0, nil
	}
	n := copy(b, w.toCrowd[0])
	w.toCrowd = w.toCrowd[1:]
	return n, nil
}

func (w *wire) Wait(d time.Duration) {
	if d > 0 {
		time.Sleep(d) // in a bubble
	}
}

func (w *wire) Write(b []byte) error {
	s, ok := parse(b)
	if !ok {
		w.t.Fatalf("a client sent %x", b)
	}
	s.data = bytes.Clone(s.data)
	if w.lose != nil && w.lose(&s) {
		return nil
	}
	key := uint64(s.src)<<16 | uint64(s.srcPort)
	p := w.peers[key]
	switch {
	case s.flags&flagSYN != 0:
		if p == nil {
			p = &peer{rcv: s.seq + 1, snd: 4_000_000_000}
			w.peers[key] = p
		}
		w.answer(&s, p, flagSYN|flagACK, nil)
		p.snd = 4_000_000_001
	case p == nil || s.flags&flagRST != 0 || len(s.data) == 0:
	case s.seq != p.rcv:
		w.answer(&s, p, flagACK, nil)
	default:
		p.rcv += uint32(len(s.data))
		p.buf = append(p.buf, s.data...)
		w.read(&s, p)
	}
	return nil
}

func (w *wire) answer(to *segment, p *peer, flags byte, data []byte) {
	s := segment{src: to.dst, dst: to.src, srcPort: to.dstPort, dstPort: to.srcPort, seq: p.snd, ack: p.rcv, flags: flags, data: data}
	w.toCrowd = append(w.toCrowd, s.put(make([]byte, MaxPacket)))
	p.snd += uint32(len(data))
}

func (w *wire) send(to *segment, p *peer, data []byte) {
	for len(data) > 0 {
		n := len(data)
		if w.cut > 0 && p.upgraded {
			n = min(n, w.cut)
		}
		w.answer(to, p, flagACK|flagPSH, data[:n])
		if w.twice {
			p.snd -= uint32(n)
			w.answer(to, p, flagACK|flagPSH, data[:n])
		}
		data = data[n:]
	}
}

func (w *wire) read(s *segment, p *peer) {
	if !p.upgraded {
		if bytes.HasSuffix(p.buf, []byte("\r\n\r\n")) {
			p.buf = nil
			w.send(s, p, fmt.Appendf(nil, "HTTP/1.1 %s\r\nUpgrade: websocket\r\n\r\n", w.status))
			p.upgraded = true
		}
		return
	}
	for {
		f, n, err := ws.Next(p.buf)
		if err != nil {
			w.t.Fatalf("a client's frame: %v", err)
		}
		if n == 0 {
			return
		}
		p.buf = p.buf[n:]
		if f.Op != opText {
			continue
		}
		m, err := phx.Parse(f.Payload)
		if err != nil {
			w.t.Fatalf("a client's message %s: %v", f.Payload, err)
		}
		switch {
		case string(m.Event) == phx.Shout:
			out := ws.AppendFrame(nil, opText, phx.AppendBroadcast(nil, m))
			for key, other := range w.peers {
				w.send(&segment{dst: s.dst, src: uint32(key >> 16), dstPort: s.dstPort, srcPort: uint16(key)}, other, out)
			}
		case string(m.Event) != phx.Heartbeat || !w.deaf:
			response := []byte("{}")
			if string(m.Event) == phx.Echo {
				response = m.Payload
			}
			w.send(s, p, ws.AppendFrame(nil, opText, phx.AppendReply(nil, m, "ok", response)))
		}
	}
}

// closeAll has the peer close every connection with 1012 and FIN.
func (w *wire) closeAll() {
	for key, p := range w.peers {
		to := &segment{dst: number(server.Addr()), dstPort: server.Port(), src: uint32(key >> 16), srcPort: uint16(key)}
		w.answer(to, p, flagACK|flagFIN, []byte{0x88, 2, 1012 >> 8, 1012 & 255})
	}
}

var server = netip.MustParseAddrPort("10.0.0.1:4100")

func newCrowd(t *testing.T, w *wire, n int) *Crowd {
	w.t, w.peers = t, make(map[uint64]*peer)
	if w.status == "" {
		w.status = "101 Switching Protocols"
	}
	c, err := New(Config{Link: w, Server: server, First: netip.MustParseAddr("10.1.0.0"), Size: n})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWrongConfigs(t *testing.T) {
	good := Config{Link: &wire{}, Server: server, First: netip.MustParseAddr("10.1.0.0"), Size: 1}
	for name, change := range map[string]func(*Config){
		"no link":      func(c *Config) { c.Link = nil },
		"no size":      func(c *Config) { c.Size = 0 },
		"IPv6":         func(c *Config) { c.First = netip.IPv6Loopback() },
		"no server":    func(c *Config) { c.Server = netip.AddrPort{} },
		"topics below": func(c *Config) { c.Topics = -1 },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAWholeLife(t *testing.T) {
	for name, w := range map[string]*wire{
		"a good network":            {},
		"everything comes twice":    {twice: true},
		"answers come in pieces":    {cut: 7},
		"in pieces, and each twice": {cut: 3, twice: true},
	} {
		bubble(t, name, func(t *testing.T) {
			const n = 100
			c := newCrowd(t, w, n)
			if err := c.Connect(n, 10); err != nil {
				t.Fatal(err)
			}
			c.Heartbeats(time.Second)
			if _, err := c.Run(3*time.Second+10*time.Millisecond, nil); err != nil {
				t.Fatal(err)
			}
			beats := c.Heartbeats(0)
			if got := c.Counts(); got.Joined != n || beats.Count() < 3*n-n/10 || got.Heartbeats != beats.Count() || got.Overdue != 0 {
				t.Errorf("got %+v and %d latencies, want %d heartbeats", got, beats.Count(), 3*n)
			}
			echoes, err := c.Echo(100, time.Second)
			if err != nil || echoes.Count() != c.Counts().Echoes || echoes.Count() < 90 {
				t.Errorf("got %d echoes of 100, and the error %v", echoes.Count(), err)
			}
			if _, heard, err := c.Shout(time.Second); heard != n || err != nil {
				t.Errorf("%d of %d heard the broadcast, and the error was %v", heard, n, err)
			}
			if err := c.Drip(0, n, time.Second); err != nil {
				t.Error(err)
			}
			w.closeAll()
			if ok, err := c.Run(time.Second, func() bool { return c.Counts().Joined == 0 }); !ok || err != nil {
				t.Errorf("not all were closed: %+v, %v", c.Counts(), err)
			}
			if want := map[int]int{1012: n}; !maps.Equal(c.Codes(), want) {
				t.Errorf("got the codes %v, want %v", c.Codes(), want)
			}
			if got := c.Counts(); got.Lost+got.Wrong+got.Refused != 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestWhatIsLostIsSaidAgain(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		seen := make(map[string]bool)
		w := &wire{lose: func(s *segment) bool { // the first of each, but for what only acknowledges
			if len(s.data) == 0 && s.flags&flagSYN == 0 {
				return false
			}
			key := fmt.Sprint(s.srcPort, s.seq, s.flags)
			lose := !seen[key]
			seen[key] = true
			return lose
		}}
		c := newCrowd(t, w, 20)
		if err := c.Connect(20, 20); err != nil {
			t.Fatal(err)
		}
		if got := c.Counts(); got.Joined != 20 || got.Again < 60 {
			t.Errorf("got %+v, want 20 joined, and three messages of each said again", got)
		}
	})
}

func TestRefusals(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		c := newCrowd(t, &wire{status: "503 Service Unavailable"}, 3)
		if err := c.Connect(3, 3); err != nil {
			t.Fatal(err)
		}
		if got := c.Counts(); got.Refused != 3 || got.Joined != 0 || !bytes.HasPrefix([]byte(c.Refusal()), []byte("HTTP/1.1 503")) {
			t.Errorf("got %+v, %q", got, c.Refusal())
		}
	})
}

func TestUnansweredHeartbeatsAreOverdue(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		c := newCrowd(t, &wire{deaf: true}, 10)
		if err := c.Connect(10, 10); err != nil {
			t.Fatal(err)
		}
		c.Heartbeats(time.Second)
		if _, err := c.Run(2500*time.Millisecond, nil); err != nil {
			t.Fatal(err)
		}
		if got := c.Counts(); got.Overdue < 10 || got.Heartbeats != 0 {
			t.Errorf("got %+v, want each of 10 clients overdue", got)
		}
	})
}

func TestPeopleWhoAreGoneOrFull(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		c := newCrowd(t, &wire{}, 10)
		if err := c.Connect(10, 10); err != nil {
			t.Fatal(err)
		}
		c.StopReading(4)
		if got := c.Vanish(0); got != 4 {
			t.Errorf("%d vanished, want the 4 who read no more", got)
		}
		if got := c.Vanish(2); got != 2 {
			t.Errorf("%d vanished, want 2", got)
		}
		c.StopReading(1) // is gone already
		if _, heard, err := c.Shout(time.Second); heard != 4 || err != nil {
			t.Errorf("%d heard the broadcast, want the 4 who listen; %v", heard, err)
		}
		if err := c.Storm(20, time.Second); err != nil {
			t.Error(err)
		}
		if got := c.Counts(); got.Joined != 4 || got.Broadcasts != 4+4*20 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestPercentiles(t *testing.T) {
	l := &Latency{}
	for i := range uint32(100_000) {
		l.add(i)
	}
	for p, want := range map[float64]time.Duration{50: 500 * time.Millisecond, 99: 990 * time.Millisecond, 100: time.Second} {
		if got := l.Percentile(p); got < want-want/60 || got > want+want/60 {
			t.Errorf("the %v-th percentile is %v, want %v and 1.6 %% more at most", p, got, want)
		}
	}
	if got := (&Latency{}).Percentile(99); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestPacketsComeBack(t *testing.T) {
	s := segment{src: 1, dst: 2, srcPort: 3, dstPort: 4, seq: 5, ack: 6, flags: flagACK, window: 7, data: []byte("data")}
	got, ok := parse(s.put(make([]byte, MaxPacket)))
	if !ok || !reflect.DeepEqual(got, s) {
		t.Errorf("got %+v, %v", got, ok)
	}
	if b := s.put(make([]byte, MaxPacket)); checksum(b[virtioSize:virtioSize+ipSize]) != 0 {
		t.Error("the header's checksum is wrong")
	}
}

func FuzzParse(f *testing.F) {
	s := segment{src: 1, dst: 2, data: []byte("data")}
	f.Add(s.put(make([]byte, MaxPacket)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, ok := parse(b)
		if ok && len(s.data) > len(b)-dataAt {
			t.Errorf("%d bytes of data in a packet of %d", len(s.data), len(b))
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add(ws.AppendFrame(nil, opText, []byte("text")))
	f.Add(ws.AppendFrame(nil, opText, make([]byte, 70_000)))
	f.Add([]byte{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		op, payload, size, ok := frame(b)
		if !ok || size == 0 {
			return
		}
		if size > len(b) || len(payload) > size-2 || op != b[0]&15 {
			t.Errorf("op %d, %d bytes of payload, size %d of %d bytes", op, len(payload), size, len(b))
		}
		for cut := range min(size, 32) {
			if _, _, n, ok := frame(b[:cut]); n != 0 || !ok {
				t.Errorf("the first %d bytes of %d were taken for a frame", cut, size)
			}
		}
	})
}

func BenchmarkSay(b *testing.B) {
	c, err := New(Config{Link: discard{}, Server: server, First: netip.MustParseAddr("10.1.0.0"), Size: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		c.say(0, heartbeat)
	}
}

type discard struct{}

func (discard) Read([]byte) (int, error) { return 0, nil }
func (discard) Write([]byte) error       { return nil }
func (discard) Wait(time.Duration)       {}
