package proxytest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bennu-go/bennu/internal/jstest"
)

// A Kind is a proxy by its name.
type Kind string

// The proxies that the guide names.
const (
	Nginx   Kind = "nginx"
	HAProxy Kind = "haproxy"
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Nginx, HAProxy} }

// Host is the public name that the configurations serve and the certificates are for.
const Host = "chat.example.com"

// Config of a Proxy.
type Config struct {
	// Nodes are the addresses of the two servers; the same twice for one. Required.
	Nodes [2]string
	// Idle replaces the time after which the proxy gives up on a connection without a byte. Zero means the guide's, 75 seconds.
	Idle time.Duration
	// PerAddress replaces the number of connections that one address may have. Zero means the guide's.
	PerAddress int
}

// A Proxy is a running proxy.
type Proxy struct {
	Addr    string // of plain HTTP
	TLSAddr string // of HTTPS
	Cert    jstest.Certificate
}

// Start runs a proxy until the test ends. Each answer carries X-Node, the address of the node that gave it.
func Start(t testing.TB, kind Kind, cfg Config) *Proxy {
	t.Helper()
	path, err := find(kind)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: freeAddr(t), TLSAddr: freeAddr(t), Cert: jstest.NewCertificate(t, Host)}
	dir := t.TempDir()
	var args []string
	switch kind {
	case Nginx:
		args = p.nginx(t, dir, cfg)
	case HAProxy:
		args = p.haproxy(t, dir, cfg)
	}
	// Killed with the test at the latest; its clean-up comes before.
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var output output
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatalf("proxytest: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // ended by a signal
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Logf("%s wrote:\n%s", kind, output.String())
		}
	})
	for _, addr := range []string{p.Addr, p.TLSAddr} {
		if !listens(addr, ended) {
			t.Fatalf("proxytest: %s does not listen on %s", kind, addr)
		}
	}
	return p
}

func find(kind Kind) (string, error) {
	path, err := exec.LookPath(string(kind))
	if err != nil { // Debian keeps servers where only root looks
		path, err = exec.LookPath("/usr/sbin/" + string(kind))
	}
	if err != nil {
		return "", fmt.Errorf("these tests need nginx and haproxy in front of the server (Debian: apt-get install nginx haproxy): %w", err)
	}
	return path, nil
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func listens(addr string, ended <-chan struct{}) bool {
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if nc, err := net.Dial("tcp", addr); err == nil {
			nc.Close()
			return true
		}
		select {
		case <-poll.C:
		case <-ended:
			return false
		}
	}
	return false
}

// guide reads a configuration of docs/guides/proxies and replaces what stands there by what is to stand there, in pairs. Each has to be there: so that a
// changed guide is noticed.
func guide(t testing.TB, name string, pairs ...string) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	content, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "docs", "guides", "proxies", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("proxytest: docs/guides/proxies/%s does not say %q, which the tests replace", name, pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func seconds(d time.Duration, otherwise string) string {
	if d == 0 {
		return otherwise
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

func (p *Proxy) nginx(t testing.TB, dir string, cfg Config) []string {
	here := "http {\n    access_log off;\n    add_header X-Node $upstream_addr always;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		here += fmt.Sprintf("    %s_temp_path %s;\n", kind, filepath.Join(dir, kind))
	}
	pairs := []string{
		"http {\n", here,
		"10.0.0.1:4000", cfg.Nodes[0], "10.0.0.2:4000", cfg.Nodes[1],
		"listen 80;", "listen " + p.Addr + ";", "listen 443 ", "listen " + p.TLSAddr + " ",
		"/etc/ssl/chat.crt", p.Cert.CertFile, "/etc/ssl/chat.key", p.Cert.KeyFile,
		"75s", seconds(cfg.Idle, "75s"),
		"worker_rlimit_nofile 200000;\n", "", "100000", "1000",
	}
	if cfg.PerAddress > 0 {
		pairs = append(pairs, "limit_conn addresses 500", fmt.Sprintf("limit_conn addresses %d", cfg.PerAddress))
	}
	conf := write(t, dir, "nginx.conf", guide(t, "nginx.conf", pairs...))
	globals := fmt.Sprintf("daemon off; pid %s;", filepath.Join(dir, "nginx.pid"))
	if os.Geteuid() == 0 {
		globals += " user root;" // the test's folder is nobody else's
	}
	return []string{"-p", dir, "-e", "stderr", "-c", conf, "-g", globals}
}

func (p *Proxy) haproxy(t testing.TB, dir string, cfg Config) []string {
	pairs := []string{
		"10.0.0.1:4000", cfg.Nodes[0], "10.0.0.2:4000", cfg.Nodes[1],
		"bind :80\n", "bind " + p.Addr + "\n", "bind :443 ", "bind " + p.TLSAddr + " ",
		"/etc/ssl/chat.pem", p.Cert.BothFile,
		"75s", seconds(cfg.Idle, "75s"),
		"maxconn 100000", "maxconn 1000",
		"inter 1s", "inter 100ms",
		"backend bennu\n    balance", "backend bennu\n    http-response set-header X-Node %si:%sp\n    balance",
	}
	if cfg.PerAddress > 0 {
		pairs = append(pairs, "sc0_conn_cur gt 500", fmt.Sprintf("sc0_conn_cur gt %d", cfg.PerAddress))
	}
	return []string{"-db", "-f", write(t, dir, "haproxy.cfg", guide(t, "haproxy.cfg", pairs...))}
}

// output is what a process writes, for those who ask while it does.
type output struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
