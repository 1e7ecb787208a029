package proxytest

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bennu-go/bennu/internal/frame"
)

// patience bounds every wait for something that is to come.
const patience = 20 * time.Second

// ws is a WebSocket client that does by hand what browsers do.
type ws struct {
	t   testing.TB
	nc  net.Conn
	br  *bufio.Reader
	ref int
}

// dialer says how to connect. The zero value is a page of the public host over plain HTTP.
type dialer struct {
	tls    bool
	origin string            // empty: none
	header map[string]string // more of them
}

func (p *Proxy) url(secure bool) string {
	if secure {
		return "https://" + p.TLSAddr
	}
	return "http://" + p.Addr
}

// dial asks for a WebSocket. The error of a refusal is its status.
func (d dialer) dial(t testing.TB, p *Proxy) (*ws, error) {
	nc, err := net.DialTimeout("tcp", p.Addr, patience)
	if d.tls {
		nc, err = tls.Dial("tcp", p.TLSAddr, &tls.Config{RootCAs: p.Cert.Pool, ServerName: Host, NextProtos: []string{"http/1.1"}})
	}
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	header := fmt.Sprintf("GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: %s\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", Host)
	if d.origin != "" {
		header += "Origin: " + d.origin + "\r\n"
	}
	for name, value := range d.header {
		header += name + ": " + value + "\r\n"
	}
	if _, err := io.WriteString(nc, header+"\r\n"); err != nil {
		return nil, err
	}
	c := &ws{t: t, nc: nc, br: bufio.NewReader(nc)}
	res, err := http.ReadResponse(c.br, nil)
	if err != nil {
		return nil, fmt.Errorf("no answer to the upgrade: %w", err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		nc.Close()
		return nil, refused(res.StatusCode)
	}
	return c, nil
}

// refused is the status of an answer that is no upgrade.
type refused int

func (r refused) Error() string { return fmt.Sprintf("refused with %d", int(r)) }

func (d dialer) must(t testing.TB, p *Proxy) *ws {
	t.Helper()
	c, err := d.dial(t, p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *ws) write(op frame.Opcode, p []byte) {
	c.t.Helper()
	if _, err := c.nc.Write(frame.AppendMasked(nil, op, true, [4]byte{1, 2, 3, 4}, p)); err != nil {
		c.t.Fatal(err)
	}
}

// ended is the close frame of the server.
type ended struct{ code int }

func (e ended) Error() string { return fmt.Sprintf("closed with %d", e.code) }

// read returns the next message; after a close frame, that.
func (c *ws) read() (frame.Opcode, []byte, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(c.br, head); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1])
	if more := map[uint64]int{126: 2, 127: 8}[n]; more > 0 {
		size := make([]byte, 8)
		if _, err := io.ReadFull(c.br, size[8-more:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(size)
	}
	p := make([]byte, n)
	if _, err := io.ReadFull(c.br, p); err != nil {
		return 0, nil, err
	}
	op := frame.Opcode(head[0] & 15)
	if op == frame.Close {
		e := ended{1005}
		if n >= 2 {
			e.code = int(binary.BigEndian.Uint16(p))
		}
		return op, nil, e
	}
	return op, p, nil
}

// answer closes as the server asked, and waits until the connection has ended.
func (c *ws) answer(code int) {
	c.write(frame.Close, binary.BigEndian.AppendUint16(nil, uint16(code)))
	io.Copy(io.Discard, c.br)
	c.nc.Close()
}

// message is one of vsn 2.0.0.
type message struct {
	joinRef, ref, topic, event string
	payload                    json.RawMessage
}

func (m *message) UnmarshalJSON(b []byte) error {
	var joinRef, ref *string
	if err := json.Unmarshal(b, &[]any{&joinRef, &ref, &m.topic, &m.event, &m.payload}); err != nil {
		return err
	}
	if joinRef != nil {
		m.joinRef = *joinRef
	}
	if ref != nil {
		m.ref = *ref
	}
	return nil
}

// next returns the next message of an event, and drops others.
func (c *ws) next(event string) message {
	c.t.Helper()
	for {
		op, p, err := c.read()
		if err != nil {
			c.t.Fatalf("waiting for %q: %v", event, err)
		}
		var m message
		if op != frame.Text {
			continue
		}
		if err := json.Unmarshal(p, &m); err != nil {
			c.t.Fatal(err)
		}
		if m.event == event {
			return m
		}
	}
}

// push sends an event to a joined topic, with the ref "1" for a join, and returns its own.
func (c *ws) push(topic, event, payload string) (ref string) {
	c.t.Helper()
	c.ref++
	c.write(frame.Text, fmt.Appendf(nil, `["1","%d",%q,%q,%s]`, c.ref, topic, event, payload))
	return fmt.Sprint(c.ref)
}

// ask pushes and returns the response of a reply that is ok.
func (c *ws) ask(topic, event, payload string) json.RawMessage {
	c.t.Helper()
	ref := c.push(topic, event, payload)
	for {
		m := c.next("phx_reply")
		if m.ref != ref {
			continue
		}
		response, err := ok(m.payload)
		if err != nil {
			c.t.Fatal(err)
		}
		return response
	}
}

func ok(reply json.RawMessage) (json.RawMessage, error) {
	var r struct {
		Status   string
		Response json.RawMessage
	}
	if err := json.Unmarshal(reply, &r); err != nil {
		return nil, err
	}
	if r.Status != "ok" {
		return nil, errors.New("the reply is " + string(reply))
	}
	return r.Response, nil
}

func (c *ws) join(topic string) (came seen) {
	c.t.Helper()
	if err := json.Unmarshal(c.ask(topic, "phx_join", `{}`), &came); err != nil {
		c.t.Fatal(err)
	}
	return came
}

// poller is a long-poll client.
type poller struct {
	t     testing.TB
	base  string
	http  *http.Client
	token string
	ref   int
	nodes map[string]int // how often which node answered
	kept  []message
}

// client returns an HTTP client that believes the proxy's certificate, and speaks HTTP/2 where it can.
func (p *Proxy) client(t testing.TB) *http.Client {
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.Cert.Pool}, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

func poll(t testing.TB, p *Proxy, secure bool) *poller {
	t.Helper()
	c := &poller{t: t, base: p.url(secure) + "/socket/longpoll?vsn=2.0.0", http: p.client(t), nodes: map[string]int{}}
	if status := c.get(); status != http.StatusGone || c.token == "" {
		t.Fatalf("opening: status %d", status)
	}
	return c
}

type pollAnswer struct {
	Status   int
	Token    string
	Messages []string
}

func (c *poller) do(method, body string) pollAnswer {
	c.t.Helper()
	url := c.base
	if c.token != "" {
		url += "&token=" + c.token
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Host = Host
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	var a pollAnswer
	raw, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(raw, &a)
	}
	if err != nil || res.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %s: %v: %.300s", method, res.Status, err, raw)
	}
	c.nodes[res.Header.Get("X-Node")]++
	if a.Token != "" {
		c.token = a.Token
	}
	return a
}

// get polls once and keeps what comes.
func (c *poller) get() (status int) {
	c.t.Helper()
	a := c.do(http.MethodGet, "")
	for _, text := range a.Messages {
		var m message
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			c.t.Fatal(err)
		}
		c.kept = append(c.kept, m)
	}
	return a.Status
}

func (c *poller) post(topic, event, payload string) (ref string) {
	c.t.Helper()
	c.ref++
	a := c.do(http.MethodPost, fmt.Sprintf(`["1","%d",%q,%q,%s]`, c.ref, topic, event, payload))
	if a.Status != http.StatusOK {
		c.t.Fatalf("posting: status %d", a.Status)
	}
	return fmt.Sprint(c.ref)
}

// until polls until a message fits.
func (c *poller) until(fits func(m message) bool) message {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		for i, m := range c.kept {
			if fits(m) {
				c.kept = c.kept[i+1:]
				return m
			}
		}
		c.kept = nil
		if status := c.get(); status != http.StatusOK && status != http.StatusNoContent {
			c.t.Fatalf("polling: status %d", status)
		}
		if time.Now().After(deadline) {
			c.t.Fatal("polling: the message does not come")
		}
	}
}

func (c *poller) ask(topic, event, payload string) json.RawMessage {
	c.t.Helper()
	ref := c.post(topic, event, payload)
	m := c.until(func(m message) bool { return m.event == "phx_reply" && m.ref == ref })
	response, err := ok(m.payload)
	if err != nil {
		c.t.Fatal(err)
	}
	return response
}

func (c *poller) join(topic string) (came seen) {
	c.t.Helper()
	if err := json.Unmarshal(c.ask(topic, "phx_join", `{}`), &came); err != nil {
		c.t.Fatal(err)
	}
	return came
}

// binaryPush is a client's binary message of vsn 2.0.0.
func binaryPush(joinRef, ref, topic, event string, payload []byte) []byte {
	b := []byte{0, byte(len(joinRef)), byte(len(ref)), byte(len(topic)), byte(len(event))}
	return append(append(b, joinRef+ref+topic+event...), payload...)
}
