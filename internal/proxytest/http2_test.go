package proxytest

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/internal/browser"
)

// Clients speak HTTP/2 with the proxy and the proxy HTTP/1.1 with a node.
func TestHTTP2BetweenClientAndProxy(t *testing.T) {
	each(t, nil, Config{}, func(t *testing.T, p *Proxy, _ [2]*node) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url(true)+"/page", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = Host
		res, err := p.client(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		var came seen
		if err == nil {
			err = json.Unmarshal(body, &came)
		}
		if err != nil || res.ProtoMajor != 2 {
			t.Fatalf("got %s of %s, %v; want HTTP/2", body, res.Proto, err)
		}
		want := seen{Proto: "HTTP/1.1", Host: Host, Peer: "127.0.0.1", For: "127.0.0.1", Scheme: "https", Forwarded: Host}
		if diff := cmp.Diff(want, came); diff != "" {
			t.Error(diff)
		}
	})
}

// page joins a room over a WebSocket and writes down what it was told.
const page = `<!doctype html><title>room</title><p data-testid="proto"></p><p data-testid="joined"></p><script>
const show = (id, text) => document.querySelector("[data-testid=" + id + "]").textContent = text
show("proto", performance.getEntriesByType("navigation")[0].nextHopProtocol)
const socket = new WebSocket("wss://" + location.host + "/socket/websocket?vsn=2.0.0")
socket.onopen = () => socket.send('["1","1","room:a","phx_join",{}]')
socket.onmessage = ({data}) => show("joined", JSON.stringify(JSON.parse(data)[4].response))
socket.onclose = ({code}) => show("joined", "closed with " + code)
</script>`

// A browser that speaks HTTP/2 with the proxy has its WebSocket: with nginx over a connection of HTTP/1.1, with HAProxy on a stream of that of HTTP/2. Its page
// has the origin that the nodes' URL says, up to the port.
func TestABrowserThroughProxies(t *testing.T) {
	own := func(cfg *endpoint.Config) {
		cfg.URL = "https://localhost"
		cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(w, page)
		})
	}
	b := browser.Start(t, browser.Config{AnyCertificate: true})
	t.Run("proxy", func(t *testing.T) {
		each(t, own, Config{}, func(t *testing.T, p *Proxy, _ [2]*node) {
			w := b.Window(browser.WindowConfig{Name: t.Name()}).In(t)
			_, port, _ := net.SplitHostPort(p.TLSAddr)
			w.Open("https://localhost:" + port + "/")
			w.Until("the socket has answered", `document.querySelector("[data-testid=joined]").textContent !== ""`)
			var came seen
			if err := json.Unmarshal([]byte(w.Text("joined")), &came); err != nil {
				t.Fatalf("the page says %q", w.Text("joined"))
			}
			want := seen{Proto: "HTTP/1.1", Host: "localhost:" + port, Peer: "127.0.0.1", For: "127.0.0.1", Scheme: "https", Forwarded: "localhost:" + port}
			if diff := cmp.Diff(want, came); diff != "" {
				t.Error(diff)
			}
			if got := w.Text("proto"); got != "h2" {
				t.Errorf("the page came over %q, want h2", got)
			}
		})
	})
}
