package transport

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

// Content types and messages of TLS 1.3 (RFC 8446, 5.1 and 4).
const (
	tlsAlert     = 21
	tlsHandshake = 22
	tlsData      = 23
	tlsKeyUpdate = 24
)

// hand is a client of TLS 1.3 whose records are made by hand, so that it can send what crypto/tls does not: crypto/tls makes the handshake only.
type hand struct {
	net.Conn
	in, out    tlsHalf
	plain      []byte // decrypted and not yet read
	keyUpdates int    // of the server
}

// handshake connects by hand.
func handshake(t *testing.T, h *harness) *hand {
	t.Helper()
	_, conf := way{tls: true}.configs()
	var log bytes.Buffer
	conf.KeyLogWriter, conf.MinVersion = &log, tls.VersionTLS13
	tcp := way{}.dialTo(t, h.addr)()
	c := tls.Client(tcp, conf)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	p := &hand{Conn: tcp}
	suite := c.ConnectionState().CipherSuite
	p.in.start(suite, logged(t, log.String(), "SERVER_TRAFFIC_SECRET_0"))
	p.out.start(suite, logged(t, log.String(), "CLIENT_TRAFFIC_SECRET_0"))
	return p
}

// logged finds a secret in a key log.
func logged(t *testing.T, log, label string) []byte {
	t.Helper()
	for line := range strings.Lines(log) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == label {
			secret, err := hex.DecodeString(f[2])
			if err != nil {
				t.Fatal(err)
			}
			return secret
		}
	}
	t.Fatalf("no %s was logged", label)
	return nil
}

// peer speaks WebSocket over it.
func (p *hand) peer(t *testing.T, query string) *peer {
	t.Helper()
	h := &harness{t: t, dial: func() net.Conn { return p }}
	return h.connect(query)
}

// record encrypts and sends one record.
func (p *hand) record(kind byte, data []byte) { p.Conn.Write(p.out.seal(kind, data)) }

// keyUpdate tells of new keys, in as many records as there are parts, and takes them.
func (p *hand) keyUpdate(request bool, parts int) {
	m := []byte{tlsKeyUpdate, 0, 0, 1, 0}
	if request {
		m[4] = 1
	}
	for i := range parts {
		p.record(tlsHandshake, m[i*len(m)/parts:(i+1)*len(m)/parts])
	}
	p.out.next()
}

// Write sends p in records as large as they may be.
func (p *hand) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := min(len(rest), 1<<14)
		if _, err := p.Conn.Write(p.out.seal(tlsData, rest[:n])); err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
	return len(b), nil
}

// alerted is the end of a connection with an alert other than close_notify, for which it is io.EOF.
type alerted byte

func (a alerted) Error() string { return fmt.Sprintf("alert %d", byte(a)) }

// Read decrypts what comes.
func (p *hand) Read(b []byte) (int, error) {
	for len(p.plain) == 0 {
		if err := p.take(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.plain)
	p.plain = p.plain[n:]
	return n, nil
}

// take reads the next record.
func (p *hand) take() error {
	var header [5]byte
	if _, err := io.ReadFull(p.Conn, header[:]); err != nil {
		return fmt.Errorf("without a word: %w", err)
	}
	body := make([]byte, int(header[3])<<8|int(header[4]))
	if _, err := io.ReadFull(p.Conn, body); err != nil {
		return fmt.Errorf("in the middle of a record: %w", err)
	}
	kind, data, err := p.in.open(header[:], body)
	switch {
	case err != nil:
		return err
	case kind == tlsData:
		p.plain = append(p.plain, data...)
	case kind == tlsHandshake && data[0] == tlsKeyUpdate:
		p.in.next()
		p.keyUpdates++
	case kind == tlsAlert && data[1] == 0:
		return io.EOF
	case kind == tlsAlert:
		return alerted(data[1])
	default:
		return fmt.Errorf("a record of kind %d: %x", kind, data)
	}
	return nil
}

// tlsHalf encrypts or decrypts one direction.
type tlsHalf struct {
	suite  uint16
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

func (f *tlsHalf) start(suite uint16, secret []byte) {
	f.suite, f.secret, f.seq = suite, secret, 0
	size := 32
	if suite == tls.TLS_AES_128_GCM_SHA256 {
		size = 16
	}
	key := f.expand("key", size)
	f.iv = f.expand("iv", 12)
	var err error
	if suite == tls.TLS_CHACHA20_POLY1305_SHA256 {
		f.aead, err = chacha20poly1305.New(key)
	} else {
		var block cipher.Block
		if block, err = aes.NewCipher(key); err == nil {
			f.aead, err = cipher.NewGCM(block)
		}
	}
	if err != nil {
		panic(err)
	}
}

// next changes the keys.
func (f *tlsHalf) next() { f.start(f.suite, f.expand("traffic upd", len(f.secret))) }

// expand is HKDF-Expand-Label (RFC 8446, 7.1) without a context.
func (f *tlsHalf) expand(label string, n int) []byte {
	info := append([]byte{byte(n >> 8), byte(n), byte(len("tls13 ") + len(label))}, "tls13 "+label...)
	sum := sha256.New
	if len(f.secret) == sha512.Size384 {
		sum = sha512.New384
	}
	out, err := hkdf.Expand(sum, f.secret, string(append(info, 0)), n)
	if err != nil {
		panic(err)
	}
	return out
}

func (f *tlsHalf) nonce() []byte {
	nonce := bytes.Clone(f.iv)
	for i := range 8 {
		nonce[len(nonce)-1-i] ^= byte(f.seq >> (8 * i))
	}
	f.seq++
	return nonce
}

func (f *tlsHalf) seal(kind byte, data []byte) []byte {
	inner := append(bytes.Clone(data), kind)
	n := len(inner) + f.aead.Overhead()
	header := []byte{tlsData, 3, 3, byte(n >> 8), byte(n)}
	return f.aead.Seal(header, f.nonce(), inner, header)
}

func (f *tlsHalf) open(header, body []byte) (kind byte, data []byte, err error) {
	inner, err := f.aead.Open(nil, f.nonce(), body, header)
	if err != nil || len(inner) == 0 {
		return 0, nil, fmt.Errorf("record %d does not open: %w", f.seq-1, err)
	}
	return inner[len(inner)-1], inner[:len(inner)-1], nil
}
