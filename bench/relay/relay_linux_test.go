package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echoes is a server that sends back what it gets, over TLS.
func echoes(t *testing.T) net.Listener {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				_, _ = io.Copy(nc, nc)
			}()
		}
	}()
	return ln
}

// relays starts two of them on one address.
func relays(t *testing.T, target string) (addr string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	addr = "127.0.0.1:0"
	for range 2 {
		ln, err := listen(ctx, addr)
		if err != nil {
			t.Fatal(err)
		}
		addr = ln.Addr().String()
		go func() { done <- serve(ctx, ln, target) }()
	}
	return addr, func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return nc
}

func TestRelay(t *testing.T) {
	addr, stop := relays(t, echoes(t).Addr().String())
	sent := make([]byte, 100_000)
	_, _ = rand.Read(sent)
	clients := make([]net.Conn, 20) // both relays get some
	for i := range clients {
		clients[i] = dial(t, addr)
		go clients[i].Write(sent)
	}
	for _, nc := range clients {
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(nc, got); err != nil || string(got) != string(sent) {
			t.Fatalf("got %v, or other bytes than were sent", err)
		}
	}
	stop()
	if n, err := clients[0].Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("a client outlives the relay")
	}
}

// Who cannot be carried learns of it.
func TestRelayWithoutAServer(t *testing.T) {
	ln := echoes(t)
	ln.Close()
	addr, stop := relays(t, ln.Addr().String())
	defer stop()
	if n, err := dial(t, addr).Read(make([]byte, 1)); n > 0 || err == nil {
		t.Errorf("got %d bytes and %v, want the end", n, err)
	}
	for _, args := range [][]string{{}, {"-addr", "0.0.0.0:1", "-to", "127.0.0.1:1"}, {"-addr", "127.0.0.1:0", "-to", "10.0.0.1:443"}} {
		if err := run(t.Context(), args); err == nil {
			t.Errorf("%v: got no error", args)
		}
	}
}
