package ws

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
)

const goodHead = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\n" +
	"Host: 127.0.0.1:4100\r\n" +
	"Upgrade: websocket\r\n" +
	"Connection: keep-alive, Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Version: 13\r\n\r\n"

func TestAcceptIsTheOneOfTheRFC(t *testing.T) {
	got := string(AppendAccept(nil, []byte("dGhlIHNhbXBsZSBub25jZQ==")))
	if want := "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseRequest(t *testing.T) {
	req, n, err := ParseRequest([]byte(goodHead + "rest"))
	if err != nil || n != len(goodHead) {
		t.Fatalf("got %d bytes and %v, want %d and none", n, err, len(goodHead))
	}
	if got := string(req.Path) + " " + string(req.Query) + " " + string(req.Key); got != "/socket/websocket vsn=2.0.0 dGhlIHNhbXBsZSBub25jZQ==" {
		t.Errorf("got %q", got)
	}
	for cut := range len(goodHead) {
		if _, n, err := ParseRequest([]byte(goodHead[:cut])); n != 0 || err != nil {
			t.Fatalf("of %d bytes: got %d and %v, want to be asked for more", cut, n, err)
		}
	}
}

// Both kinds of floor must take and refuse the same requests.
var requests = []struct {
	name, old, new string
	status         int // 0: accepted
}{
	{"as it is", "", "", 0},
	{"names in any case", "Upgrade: websocket", "UPGRADE: WebSocket", 0},
	{"connection in two lines", "Connection: keep-alive, Upgrade", "Connection: keep-alive\r\nConnection: upgrade", 0},
	{"spaces around values", "Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: \t dGhlIHNhbXBsZSBub25jZQ== ", 0},
	{"several protocols offered", "Upgrade: websocket", "Upgrade: h2c, websocket", 0},
	{"not a GET", "GET ", "POST ", 405},
	{"HTTP/1.0", "HTTP/1.1", "HTTP/1.0", 505},
	{"no host", "Host: 127.0.0.1:4100\r\n", "", 400},
	{"empty host", "Host: 127.0.0.1:4100", "Host:", 400},
	{"no upgrade", "Upgrade: websocket\r\n", "", 426},
	{"another protocol", "Upgrade: websocket", "Upgrade: websockets", 426},
	{"no connection", "Connection: keep-alive, Upgrade\r\n", "", 426},
	{"connection without upgrade", "keep-alive, Upgrade", "keep-alive", 426},
	{"old version", "Version: 13", "Version: 8", 426},
	{"no key", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400},
	{"two keys", "Sec-WebSocket-Version", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version", 400},
	{"short key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==", 400},
	{"key not in base64", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j*Q==", 400},
	{"space before the colon", "Host:", "Host :", 400},
	{"folded line", "Upgrade: websocket", "Upgrade: h2c\r\n websocket", 400},
	{"two hosts", "Host: 127.0.0.1:4100", "Host: a\r\nHost: b", 400},
	{"no target", "GET /socket/websocket?vsn=2.0.0 ", "GET ", 400},
	{"whole address as target", "GET /", "GET http://127.0.0.1/", 400},
	{"space in the target", "vsn=2.0.0", "vsn=2 0", 400},
}

func TestRequestRules(t *testing.T) {
	for _, tt := range requests {
		t.Run(tt.name, func(t *testing.T) {
			head := strings.Replace(goodHead, tt.old, tt.new, 1)
			_, n, err := ParseRequest([]byte(head))
			wantStatus(t, "ParseRequest", err, tt.status)
			if err == nil && n != len(head) {
				t.Errorf("took %d bytes of %d", n, len(head))
			}
		})
	}
}

// Where net/http's reader lets a request through at all, its rules are ours.
func TestCheckRequestAgrees(t *testing.T) {
	for _, tt := range requests {
		switch tt.name {
		case "space before the colon", "folded line", "two hosts", "no target", "space in the target", "whole address as target":
			continue // decided before a handler sees them
		}
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.Replace(goodHead, tt.old, tt.new, 1))))
			if err != nil {
				t.Fatal(err)
			}
			key, err := CheckRequest(r)
			wantStatus(t, "CheckRequest", err, tt.status)
			if err == nil && key != "dGhlIHNhbXBsZSBub25jZQ==" {
				t.Errorf("got key %q", key)
			}
		})
	}
}

func wantStatus(t *testing.T, what string, err error, want int) {
	t.Helper()
	got := 0
	if refused := (*RefusedError)(nil); errors.As(err, &refused) {
		got = refused.Status
	} else if err != nil {
		t.Fatalf("%s: %v is no *RefusedError", what, err)
	}
	if got != want {
		t.Errorf("%s: got %d (%v), want %d", what, got, err, want)
	}
}

func TestParseRequestBoundsTheHead(t *testing.T) {
	long := strings.Replace(goodHead, "Host:", "X: "+strings.Repeat("x", MaxHead)+"\r\nHost:", 1)
	_, _, err := ParseRequest([]byte(long))
	wantStatus(t, "ParseRequest", err, 431)
	if _, n, err := ParseRequest([]byte(long[:MaxHead-1])); n != 0 || err != nil {
		t.Errorf("got %d and %v below the limit, want to be asked for more", n, err)
	}
}

func TestResponsesAreHTTP(t *testing.T) {
	for _, raw := range [][]byte{
		AppendUpgrade(nil, []byte("dGhlIHNhbXBsZSBub25jZQ==")),
		(&RefusedError{426, "no"}).AppendResponse(nil),
		(&RefusedError{404, "no"}).AppendResponse(nil),
	} {
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
		if err != nil {
			t.Fatalf("%s\n%v", raw, err)
		}
		if got, want := resp.Header.Get("Sec-WebSocket-Version") == "13", resp.StatusCode == 426; got != want {
			t.Errorf("status %d: names version 13: %v, want %v", resp.StatusCode, got, want)
		}
	}
}

func TestParseRequestAllocatesNothing(t *testing.T) {
	head, out := []byte(goodHead), make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		req, _, err := ParseRequest(head)
		if err != nil {
			t.Fatal(err)
		}
		out = AppendUpgrade(out[:0], req.Key)
	}); n > 0 && !race {
		t.Errorf("got %v allocations, want none", n)
	}
}

func BenchmarkUpgrade(b *testing.B) {
	head, out := []byte(goodHead), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		req, _, err := ParseRequest(head)
		if err != nil {
			b.Fatal(err)
		}
		out = AppendUpgrade(out[:0], req.Key)
	}
}

// Whatever is accepted here must also be a request to net/http, and one that
// the other floor accepts: otherwise this parser is the laxer of two.
func FuzzParseRequest(f *testing.F) {
	for _, tt := range requests {
		f.Add([]byte(strings.Replace(goodHead, tt.old, tt.new, 1)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, n, err := ParseRequest(b)
		if n < 0 || n > len(b) || err != nil && n != 0 {
			t.Fatalf("took %d of %d bytes with %v", n, len(b), err)
		}
		if n == 0 {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b[:n])))
		if err != nil {
			return // net/http is stricter about bytes that the rules here do not look at
		}
		if _, err := CheckRequest(r); err != nil {
			t.Errorf("only the epoll floor accepts %q: %v", b[:n], err)
		}
	})
}
