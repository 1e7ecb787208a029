package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/config"
	"github.com/bennu-go/bennu/internal/browser"
	"github.com/bennu-go/bennu/internal/jstest"
	"github.com/bennu-go/bennu/transport"
)

// demo is the application, stopped and started at one address. Its secret is a new one in each life, as with "make demo":
// the page has to fetch a new token after a restart.
type demo struct {
	t      *testing.T
	addr   string
	assets string
	engine transport.Engine
	change func(*Config)       // nil: nothing
	cert   *jstest.Certificate // nil: no TLS
	http   *http.Client
	cancel context.CancelFunc
	done   chan error
}

// path is a way on which the engine serves connections.
type path struct {
	name   string
	engine transport.Engine
	tls    bool
	change func(*Config) // of the application's settings; nil changes nothing
}

func startDemo(t *testing.T, p path) *demo {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{t: t, addr: l.Addr().String(), assets: jstest.Bundle(t, "assets"), engine: p.engine, change: p.change}
	client := &http.Transport{}
	if p.tls {
		cert := jstest.NewCertificate(t)
		d.cert, client.TLSClientConfig = &cert, &tls.Config{RootCAs: cert.Pool}
	}
	d.http = &http.Client{Transport: client}
	l.Close()
	d.start()
	t.Cleanup(d.stop)
	return d
}

func (d *demo) url() string {
	if d.cert != nil {
		return "https://" + d.addr + "/"
	}
	return "http://" + d.addr + "/"
}

func (d *demo) start() {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel, d.done = cancel, make(chan error, 1)
	addr := netip.MustParseAddrPort(d.addr)
	cfg := Config{
		Host: addr.Addr().String(), Port: addr.Port(), URL: d.url(), Secret: config.NewSecret(strings.Repeat(time.Now().String(), 2)),
		Assets: d.assets, Engine: d.engine,
	}
	if d.cert != nil {
		cfg.TLS = d.cert.Server.Clone()
	}
	if d.change != nil {
		d.change(&cfg)
	}
	parts, err := build(cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	go func() { d.done <- parts.Service.Run(ctx) }()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-poll.C {
		if response, err := d.http.Get(d.url() + "health"); err == nil {
			response.Body.Close()
			d.http.CloseIdleConnections()
			return
		}
	}
	d.t.Fatal("the demo does not answer")
}

func (d *demo) stop() {
	if d.cancel == nil {
		return
	}
	d.cancel()
	d.cancel = nil
	if err := <-d.done; err != nil && !errors.Is(err, context.Canceled) {
		d.t.Errorf("the demo ended with %v", err)
	}
}

func enter(w *browser.Window, url, name string) {
	w.Open(url)
	w.Type("name-input", name)
	w.Click("join-button")
	w.WaitAttr("status", "data-state", "connected")
}

// TestTwoWindows tells the demo's story on each path.
func TestTwoWindows(t *testing.T) {
	for _, p := range []path{
		{name: "auto"},
		{name: "portable", engine: transport.EnginePortable},
		{name: "TLS", tls: true},
		{name: "TLS, portable", engine: transport.EnginePortable, tls: true},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			twoWindows(t, p)
		})
	}
}

// twoWindows is the story that the demo tells: two people, three devices, one restart.
func twoWindows(t *testing.T, p path) {
	d := startDemo(t, p)
	b := browser.Start(t, browser.Config{AnyCertificate: p.tls})
	ada := b.Window(browser.WindowConfig{Name: "ada"})
	bob := b.Window(browser.WindowConfig{Name: "bob", Phone: true, Dark: true})

	ada.Open(d.url())
	ada.Click("join-button")
	ada.WaitText("join-error", "choose a name")
	enter(ada, d.url(), "Ada")
	ada.WaitCount("presence-user", 1)
	enter(bob, d.url(), "Bob")
	ada.WaitCount("presence-user", 2)

	t.Run("typing and messages", func(t *testing.T) {
		ada, bob := ada.In(t), bob.In(t)
		bob.Type("message-input", "Hello ")
		ada.WaitText("typing", "Bob is typing…")
		bob.Type("message-input", "Ada!\n")
		ada.WaitText("message-body", "Hello Ada!")
		if got := browser.Eval[string](ada, `document.querySelector("[data-testid=typing]").textContent`); got != "" {
			t.Errorf("got %q, want nobody typing after the message", got)
		}
		ada.Type("message-input", "Two lines:")
		ada.Press("message-input", browser.Enter, browser.Shift)
		ada.Type("message-input", "the second\n")
		bob.WaitText("message-body", "Two lines:\nthe second")
	})

	t.Run("markup stays text", func(t *testing.T) {
		ada, bob := ada.In(t), bob.In(t)
		evil := `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> **b** & "q"`
		bob.Fill("message-input", evil)
		bob.Click("send-button")
		ada.WaitText("message-body", evil)
		if browser.Eval[bool](ada, `window.hacked !== undefined || document.querySelector("#log img, #log script") !== null`) {
			t.Error("a message became markup")
		}
	})

	phone := b.Window(browser.WindowConfig{Name: "ada's second", Width: 900, Height: 700, Dark: true})
	t.Run("a second device, with the history", func(t *testing.T) {
		ada, phone := ada.In(t), phone.In(t)
		enter(phone, d.url(), "Ada")
		ada.WaitAttr("presence-user", "data-devices", "2")
		phone.WaitCount("message", 3)
		if diff := cmp.Diff(ada.Texts("message-body"), phone.Texts("message-body")); diff != "" {
			t.Error(diff)
		}
		if p.name == "auto" { // a picture of each is enough
			ada.Screenshot("demo-desktop")
			bob.In(t).Screenshot("demo-phone-dark")
		}
	})

	t.Run("too long, too fast, not invited", func(t *testing.T) {
		phone := phone.In(t)
		phone.Fill("message-input", strings.Repeat("x", 2001))
		phone.WaitText("counter", "2,001 of 2,000")
		phone.Click("send-button")
		phone.WaitText("error", "2,000 characters")
		phone.Fill("message-input", "")
		// Eight at once, in one turn of the page: by keys they might take longer than the second that the limit counts in.
		browser.Eval[bool](phone, `(() => {
			const box = document.querySelector("[data-testid=message-input]")
			for (let i = 0; i < 8; i++) {
				box.value = "spam"
				box.form.requestSubmit()
			}
			return true
		})()`)
		phone.WaitText("error", "That was quick")
		phone.WaitText("message-input", "spam") // what was refused is given back
		phone.Open(d.url() + "#private:ops")
		phone.WaitText("error", "by invitation")
		phone.Open(d.url() + "#constructor") // a name that every JavaScript object knows
		phone.WaitText("room-title", "constructor")
		phone.WaitAttr("status", "data-state", "connected")
		phone.Click("room-link-random")
		phone.WaitText("room-title", "random")
		phone.WaitAttr("status", "data-state", "connected")
		ada.In(t).WaitAttr("presence-user", "data-devices", "1")
	})

	t.Run("the server restarts under them", func(t *testing.T) {
		ada, bob := ada.In(t), bob.In(t)
		bob.Type("message-input", "kept")
		d.stop()
		ada.WaitAttr("status", "data-state", "reconnecting")
		bob.WaitAttr("status", "data-state", "reconnecting")
		bob.Press("message-input", browser.Enter)
		bob.WaitText("error", "Not connected")
		d.start()
		ada.WaitAttr("status", "data-state", "connected")
		bob.WaitAttr("status", "data-state", "connected")
		bob.WaitText("message-input", "kept")
		bob.Press("message-input", browser.Enter)
		ada.WaitText("message-body", "kept")
		ada.WaitCount("presence-user", 2)
	})

	t.Run("leaving", func(t *testing.T) {
		ada, bob := ada.In(t), bob.In(t)
		bob.Click("sign-out")
		bob.WaitFor("name-input")
		ada.WaitCount("presence-user", 1)
	})
}
