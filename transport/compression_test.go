package transport

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/pubsub"
)

const plainOffer = "permessage-deflate; client_max_window_bits" // what browsers send

var compressing = WebSocketConfig{Compress: Compression{Enabled: true}}

// standardInflate is the client's side, by the standard library. The message must be whole: nothing but the cut tail is missing.
func standardInflate(t testing.TB, msg []byte) []byte {
	out, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(msg), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))))
	if err != nil {
		t.Errorf("a message of %d bytes from the server cannot be inflated: %v", len(msg), err)
	}
	return out
}

// standardDeflate is the client's side, by the standard library.
func standardDeflate(msg string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	w.Write([]byte(msg))
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// marked sets RSV1 in the frame of a client.
func marked(f []byte) []byte {
	f[0] |= 0x40
	return f
}

func deflatedFromClient(op frame.Opcode, msg string) []byte {
	return marked(fromClient(op, true, standardDeflate(msg)))
}

// fragmented is a compressed message in pieces of n bytes, with a ping before each but the first.
func fragmented(op frame.Opcode, msg string, n int) []byte {
	z := standardDeflate(msg)
	out := marked(fromClient(op, false, z[:min(n, len(z))]))
	for z = z[min(n, len(z)):]; len(z) > 0; z = z[min(n, len(z)):] {
		out = append(out, fromClient(frame.Ping, true, "p")...)
		out = append(out, fromClient(frame.Continuation, false, z[:min(n, len(z))])...)
	}
	return append(out, fromClient(frame.Continuation, true, "")...)
}

func jsonText(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `"user:%d":{"metas":[{"phx_ref":"F%dx%d"}]},`, i*7919, i*31, i*1237)
	}
	return b.String()[:n]
}

// hexNoise is text in which the first level of compression finds nothing.
func hexNoise(n int) string {
	x := uint64(88172645463325252)
	var b strings.Builder
	for b.Len() < n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		fmt.Fprintf(&b, "%016x", x)
	}
	return b.String()[:n]
}

// The rules of RFC 7692 on every path, at every pace.
func TestRFC7692(t *testing.T) {
	cat := func(frames ...[]byte) []byte { return bytes.Join(frames, nil) }
	bomb := deflatedFromClient(frame.Binary, strings.Repeat("\x00", 3_000_000))
	for _, tc := range []struct {
		name string
		send []byte
		want []string
		end  error
	}{
		{"text", deflatedFromClient(frame.Text, "hello"), []string{`text "hello"`}, nil},
		{"two messages refer to nothing of one another", cat(deflatedFromClient(frame.Text, "hello hello"), deflatedFromClient(frame.Text, "hello hello")), []string{`text "hello hello"`, `text "hello hello"`}, nil},
		{"binary, which need not be text", deflatedFromClient(frame.Binary, "\xff\xfe"), []string{`binary "\xff\xfe"`}, nil},
		{"empty message", cat(marked(fromClient(frame.Text, true, "\x00")), marked(fromClient(frame.Text, true, ""))), []string{`text ""`, `text ""`}, nil},
		{"last block", cat(marked(fromClient(frame.Text, true, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")), marked(fromClient(frame.Text, true, "\xf3\x48\xcd\xc9\xc9\x07\x00"))), []string{`text "Hello"`, `text "Hello"`}, nil},
		{"messages with and without", cat(deflatedFromClient(frame.Text, "a"), fromClient(frame.Text, true, "b"), fromClient(frame.Text, false, "c"), fromClient(frame.Continuation, true, "d"), deflatedFromClient(frame.Text, "e")),
			[]string{`text "a"`, `text "b"`, `text "cd"`, `text "e"`}, nil},
		{"fragments with pings between", fragmented(frame.Text, "hello", 3), []string{`pong "p"`, `pong "p"`, `text "hello"`}, nil},
		{"empty first fragment", cat(marked(fromClient(frame.Text, false, "")), fromClient(frame.Continuation, true, standardDeflate("hello"))), []string{`text "hello"`}, nil},
		{"large fragments", fragmented(frame.Text, hexNoise(70_000), 50_000), []string{"text of 70000"}, nil},
		{"reserved bit on a continuation", cat(marked(fromClient(frame.Text, false, "\xf2\x48")), marked(fromClient(frame.Continuation, true, "\xcd\xc9\xc9\x07\x00"))), []string{"close 1002 reserved bit set without an extension that uses it", "end"}, ErrBadMessage},
		{"reserved bit on a ping", marked(fromClient(frame.Ping, true, "")), []string{"close 1002 reserved bit set without an extension that uses it", "end"}, ErrBadMessage},
		{"reserved bit on a close", marked(clientClose(1000, "")), []string{"close 1002 reserved bit set without an extension that uses it", "end"}, ErrBadMessage},
		{"corrupt", marked(fromClient(frame.Text, true, "Hello")), []string{"close 1007 message cannot be inflated"}, ErrBadMessage},
		{"cut off", marked(fromClient(frame.Binary, true, "\x00\xff\x00\x00\xff\x48")), []string{"close 1007 message cannot be inflated"}, ErrBadMessage},
		{"not utf-8", deflatedFromClient(frame.Text, "\xce\xba\xe1\xbd\xb9\xed\xa0\x80"), []string{"close 1007 text is not UTF-8"}, ErrBadMessage},
		{"nothing after what cannot be inflated", cat(marked(fromClient(frame.Text, true, "Hello")), deflatedFromClient(frame.Text, "late"), clientClose(1007, "")), []string{"close 1007 message cannot be inflated", "end"}, ErrBadMessage},
		{"bomb", bomb, []string{"close 1009 inflated message is too big"}, ErrBadMessage},
		{"bomb in fragments", fragmented(frame.Binary, strings.Repeat("\x00", 3_000_000), len(bomb)), []string{"close 1009 inflated message is too big"}, ErrBadMessage},
		{"one byte too big", deflatedFromClient(frame.Binary, hexNoise(100_001)), []string{"close 1009 inflated message is too big"}, ErrBadMessage},
		{"as big as may be", deflatedFromClient(frame.Binary, hexNoise(100_000)), []string{"binary of 100000"}, nil},
		{"as short as may be", deflatedFromClient(frame.Binary, strings.Repeat("x", anyRatio)), []string{"binary of 4096"}, nil},
		{"too short for what it becomes", deflatedFromClient(frame.Binary, strings.Repeat("x", anyRatio+1)), []string{"close 1009 inflated message is too big"}, ErrBadMessage},
		{"message that does not decode", deflatedFromClient(frame.Text, "bad"), []string{"close 1011"}, ErrBadMessage},
		{"panic while receiving", deflatedFromClient(frame.Text, "panic"), []string{"close 1011"}, ErrBadMessage},
	} {
		for _, pace := range []struct {
			name string
			size int
		}{{"whole", 1 << 20}, {"byte by byte", 1}, {"in sevens", 7}} {
			for path, on := range paths {
				if path != "pipe" && pace.size == 1 && len(tc.send) > 10_000 {
					continue
				}
				t.Run(tc.name+"/"+pace.name+"/"+path, func(t *testing.T) {
					cfg := compressing
					cfg.MaxFrame, cfg.MaxMessage = 100_000, 100_000
					on(t, cfg, func(h *harness) {
						h.offer = plainOffer
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

// What Autobahn's categories 12 and 13 do: sizes from 16 bytes to 128 KiB, text that compresses well and hardly, whole and in fragments.
func TestEchoOfEverySizeCompressed(t *testing.T) {
	texts := map[string]func(n int) string{"repeated": func(n int) string { return strings.Repeat("abcdefgh", n/8+1)[:n] }, "JSON": jsonText, "noise": hexNoise}
	for path, on := range paths {
		for what, text := range texts {
			t.Run(path+"/"+what, func(t *testing.T) {
				cfg := compressing
				cfg.Compress.MaxRatio = -1
				on(t, cfg, func(h *harness) {
					h.offer = plainOffer
					p := h.connect("")
					for _, n := range []int{16, 64, 256, 859, 860, 1024, 4096, 8192, 16384, 32768, 65536, 131072} {
						msg := text(n)
						for _, send := range [][]byte{deflatedFromClient(frame.Text, msg), fromClient(frame.Text, true, msg)} {
							before := p.deflated
							p.pace(send, len(send))
							if op, got, err := p.read(); op != frame.Text || string(got) != msg || err != nil {
								t.Fatalf("%d bytes: got %v of %d bytes and %v", n, op, len(got), err)
							}
							if small := p.deflated > before; small != (n >= 860 && what != "noise") {
								t.Errorf("%d bytes: compressed is %v", n, small)
							}
						}
						p.pace(fragmented(frame.Binary, msg, 256), 1<<20)
						for {
							op, got, err := p.read()
							if err != nil {
								t.Fatal(err)
							}
							if op == frame.Pong {
								continue
							}
							if op != frame.Binary || string(got) != msg {
								t.Fatalf("%d bytes in fragments: got %v of %d bytes", n, op, len(got))
							}
							break
						}
					}
					h.sock.mu.Lock()
					c := h.sock.sessions[0].conn.(*wsConn)
					h.sock.mu.Unlock()
					if n := c.parser.Buffered(); n != 0 {
						t.Errorf("%d bytes are held between messages", n)
					}
					p.nc.Close()
				})
			})
		}
	}
}

func TestCompressionIsNegotiated(t *testing.T) {
	const taken = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, tc := range []struct {
		name   string
		cfg    Compression
		offers []string
		status int
		want   string
	}{
		{"off by default", Compression{}, []string{plainOffer}, 101, ""},
		{"not read when it is off", Compression{}, []string{`"`}, 101, ""},
		{"no offer", Compression{Enabled: true}, nil, 101, ""},
		{"browser", Compression{Enabled: true}, []string{plainOffer}, 101, taken},
		{"a second header", Compression{Enabled: true}, []string{"x-other; a=b", plainOffer}, 101, taken},
		{"small window", Compression{Enabled: true}, []string{"permessage-deflate; server_max_window_bits=9"}, 101, ""},
		{"small window, or none", Compression{Enabled: true}, []string{"permessage-deflate; server_max_window_bits=9, permessage-deflate"}, 101, taken},
		{"not a list", Compression{Enabled: true}, []string{"permessage-deflate;"}, 400, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			onPipes(t, WebSocketConfig{Compress: tc.cfg}, func(h *harness) {
				p, res := h.request("", func(x http.Header) { x["Sec-WebSocket-Extensions"] = tc.offers })
				if got := res.Header.Values("Sec-WebSocket-Extensions"); res.StatusCode != tc.status || strings.Join(got, "|") != tc.want {
					t.Errorf("got %d and %q, want %d and %q", res.StatusCode, got, tc.status, tc.want)
				}
				if tc.want == "" && tc.status == 101 { // then nothing may be compressed
					p.pace(marked(fromClient(frame.Text, true, "\x00")), 100)
					p.want("close 1002 reserved bit set without an extension that uses it")
				}
				p.nc.Close()
			})
		})
	}
	for _, level := range []int{-1, 10} {
		if _, err := NewWebSocket(Env{}, &echo{}, WebSocketConfig{Compress: Compression{Level: level}}); err == nil || !strings.Contains(err.Error(), "Level is") {
			t.Errorf("level %d: got %v, want an error that says what is wrong", level, err)
		}
	}
}

// Clients with and without compression, and of mounts that compress differently, get the same message from one fan-out.
func TestABroadcastReachesClientsWithAndWithoutCompression(t *testing.T) {
	for path, on := range paths {
		t.Run(path, func(t *testing.T) {
			on(t, compressing, func(h *harness) {
				plain := h.connect("")
				h.offer = plainOffer
				small := h.connect("")
				for _, p := range []*peer{plain, small} {
					p.write(fromClient(frame.Text, true, "open"))
					p.want(`text "open"`)
				}
				for _, n := range []int{10, 800, 1000, 20_000} {
					payload := `{"x":"` + strings.Repeat("x", n) + `"}`
					m, err := pubsub.NewEvent("all", "e", []byte(payload))
					if err != nil {
						t.Fatal(err)
					}
					h.env.PubSub.Broadcast(m, nil)
					for i, p := range []*peer{plain, small} {
						if _, got, err := p.read(); err != nil || string(got) != `[null,null,"all","e",`+payload+`]` {
							t.Errorf("client %d, payload of %d: got %d bytes and %v", i, n, len(got), err)
						}
					}
				}
				if plain.deflated != 0 || small.deflated != 2 {
					t.Errorf("%d and %d messages came compressed, want none and the two that are long", plain.deflated, small.deflated)
				}
				plain.nc.Close()
				small.nc.Close()
			})
		})
	}
}

// Neighbours share a write when some of them are compressed and some are not.
func TestNeighboursShareAWriteCompressed(t *testing.T) {
	for name, y := range ways {
		t.Run(name, func(t *testing.T) {
			y.on(t, WebSocketConfig{Compress: Compression{Enabled: true, Threshold: 40}}, func(h *harness) {
				h.offer = plainOffer
				neighbours50(t)(h)
			})
		})
	}
}

// The bytes that wait are counted as they go out: what compresses well waits, what does not ends a client that does not read.
func TestSlowClientsCompressed(t *testing.T) {
	const limit, size = 64 << 10, 32 << 10
	onPipes(t, WebSocketConfig{MaxQueued: limit, Compress: Compression{Enabled: true}}, func(h *harness) {
		h.offer = plainOffer
		p := h.connect("")
		synctest.Wait()
		c := waitSession(h).conn.(*wsConn)
		queued := func() int {
			synctest.Wait()
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.out == nil {
				return 0
			}
			return c.out.queued
		}
		const n = 50
		for range n { // 1.6 MB, of which a hundredth waits
			m, _ := pubsub.NewEvent("all", "e", []byte(`{"x":"`+strings.Repeat("x", size)+`"}`))
			h.env.PubSub.Broadcast(m, nil)
		}
		if q := queued(); q == 0 || q > limit/2 || !c.isOpen() {
			t.Errorf("%d bytes wait, open is %v", q, c.isOpen())
		}
		for range n {
			p.want(fmt.Sprintf("text of %d", size+30))
		}
		for range 8 { // 256 KB, none of which gets shorter
			m, _ := pubsub.NewEvent("all", "e", []byte(`{"x":"`+hexNoise(size)+`"}`))
			h.env.PubSub.Broadcast(m, nil)
			if q := queued(); q > limit+size {
				t.Errorf("%d bytes wait for a client that does not read", q)
			}
		}
		if got := <-waitSession(h).closed; got != ErrSlow {
			t.Errorf("closed with %v, want %v", got, ErrSlow)
		}
		p.nc.Close()
	})
}

// A client that is silent after compressed messages is closed like any other.
func TestIdleCompressedClientsAreClosed(t *testing.T) {
	onPipes(t, compressing, func(h *harness) {
		h.offer = plainOffer
		p := h.connect("")
		time.Sleep(50 * time.Second)
		p.write(deflatedFromClient(frame.Text, strings.Repeat("x", 2000)))
		p.want("text of 2000")
		began := time.Now()
		p.want("close 1001 idle")
		if d := time.Since(began); d < 59*time.Second || d > 62*time.Second {
			t.Errorf("closed after %v", d)
		}
		p.nc.Close()
	})
}

func TestMaxInflated(t *testing.T) {
	for _, tc := range []struct {
		message int64
		ratio   int
		n       int
		want    int64
	}{
		{0, -1, 10, frame.DefaultMaxMessage}, {-1, -1, 10, 1 << 62}, {50_000, -1, 10, 50_000},
		{0, 25, 10, 4096}, {0, 25, 164, 4100}, {0, 25, 1_000_000, frame.DefaultMaxMessage}, {-1, 25, 1_000_000, 25_000_000},
		{2000, 25, 1, 2000}, {0, math.MaxInt, 1, frame.DefaultMaxMessage}, {-1, math.MaxInt, 1 << 20, 1 << 62}, {0, 1, 5000, 5000},
	} {
		ws := &WebSocket{cfg: WebSocketConfig{MaxMessage: tc.message, Compress: Compression{MaxRatio: tc.ratio}}}
		if got := ws.maxInflated(tc.n); got != tc.want {
			t.Errorf("MaxMessage %d, MaxRatio %d: %d bytes may become %d, want %d", tc.message, tc.ratio, tc.n, got, tc.want)
		}
	}
}

// What is posted is compressed by who posts it: the shard has enough to do.
func TestWhatIsPostedIsCompressedBefore(t *testing.T) {
	onPipes(t, compressing, func(h *harness) {
		h.offer = plainOffer
		p := h.connect("")
		synctest.Wait()
		c := waitSession(h).conn
		release := h.hold()
		long, short, noisy := jsonText(5000), "short", hexNoise(5000)
		for _, text := range []string{long, short, noisy} {
			c.Shard().Post(c, NewFrame(frame.Text, []byte(text)))
		}
		sh := c.Shard()
		sh.mu.Lock()
		for i, want := range []bool{true, false, false} {
			f := sh.inbox[i].frame
			if op, _ := frame.Split(f); want != (op == frame.Continuation) || want && len(f) > len(long)/2 {
				t.Errorf("item %d waits as a frame of %d bytes, compressed is not %v", i, len(f), want)
			}
		}
		sh.mu.Unlock()
		release()
		for _, text := range []string{long, short, noisy} {
			if op, got, err := p.read(); op != frame.Text || string(got) != text || err != nil {
				t.Errorf("got %v of %d bytes and %v", op, len(got), err)
			}
		}
		if p.deflated != 1 {
			t.Errorf("%d messages came compressed, want the one that gets shorter", p.deflated)
		}
		p.nc.Close()
	})
}

// FuzzReceiveDeflated sends any bytes as a compressed message, cut anywhere into fragments, and compares with the standard library.
func FuzzReceiveDeflated(f *testing.F) {
	f.Add([]byte(standardDeflate("hello")), uint8(3), true)
	f.Add([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00"), uint8(0), false)
	f.Add([]byte("nonsense"), uint8(1), true)
	f.Add([]byte{0}, uint8(9), true)
	f.Fuzz(func(t *testing.T, msg []byte, cut uint8, text bool) {
		op := frame.Binary
		if text {
			op = frame.Text
		}
		n := min(int(cut), len(msg))
		stream := append(marked(fromClient(op, false, string(msg[:n]))), fromClient(frame.Continuation, true, string(msg[n:]))...)
		whole := marked(fromClient(op, true, string(msg)))
		if got, want := received(t, stream), received(t, whole); got != want {
			t.Fatalf("in fragments: %s; whole: %s", got, want)
		}
	})
}

// received is what a connection makes of one message.
func received(t *testing.T, stream []byte) string {
	ws := &WebSocket{cfg: WebSocketConfig{MaxMessage: 1 << 20, Compress: Compression{Enabled: true}}, deflated: frame.Limits{MaxMessage: 1 << 20, AllowRSV1: true}}
	var p frame.Parser
	for len(stream) > 0 {
		m, rest, err := p.Next(stream, &ws.deflated)
		if err != nil {
			return err.Error()
		}
		stream = rest
		if m.Op == 0 {
			continue
		}
		data, bad := inflateMessage(nil, m, ws.maxInflated(len(m.Data)))
		if bad != nil {
			return bad.Error()
		}
		return fmt.Sprintf("%v %x", m.Op, data)
	}
	t.Fatal("no message and no error")
	return ""
}
