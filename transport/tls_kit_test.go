package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// way is a way to serve clients of the loopback address.
type way struct {
	engine Engine
	tls    bool
	chop   bool // the client's bytes come one at a time, TLS's own too
}

// ways are all but connections in memory.
var (
	ways = map[string]way{
		"portable":     {engine: EnginePortable},
		"poller":       {},
		"TLS portable": {engine: EnginePortable, tls: true},
		"TLS poller":   {tls: true},
	}
	polled = map[string]way{"poller": ways["poller"], "TLS poller": ways["TLS poller"]} // on Linux
)

// on runs f with an echo socket.
func (y way) on(t *testing.T, cfg WebSocketConfig, f func(h *harness)) {
	t.Helper()
	cfg.Engine = y.engine
	l, dial := y.listen(t)
	serveOn(t, l, cfg, func(h *harness) {
		h.dial = dial
		f(h)
	})
}

// listen returns a listener for net/http, and who connects to it.
func (y way) listen(t testing.TB) (l net.Listener, dial func() net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dial = y.dialTo(t, l.Addr().String())
	if y.tls {
		server, _ := y.configs()
		l = tls.NewListener(UnderTLS(l), server)
	}
	return l, dial
}

func (y way) dialTo(t testing.TB, addr string) func() net.Conn {
	_, client := y.configs()
	return func() net.Conn {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			return nil
		}
		nc.SetDeadline(time.Now().Add(30 * time.Second))
		if y.chop {
			nc = chopped{nc}
		}
		if y.tls {
			nc = tls.Client(nc, client)
		}
		return nc
	}
}

func (y way) configs() (server, client *tls.Config) {
	cert := certificate()
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	return &tls.Config{Certificates: []tls.Certificate{cert}}, &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

// certificate makes one for localhost, once.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
})

// chopped writes one byte at a time.
type chopped struct{ net.Conn }

func (c chopped) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		_, err = c.Conn.Write(p[n : n+1])
		n++
	}
	return n, err
}

// tcp returns what is under all else.
func (p *peer) tcp() *net.TCPConn {
	nc := p.nc
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	if c, ok := nc.(chopped); ok {
		nc = c.Conn
	}
	return nc.(*net.TCPConn)
}
