package transport

import (
	"bufio"
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// goneWriter is the writer of a request whose client has gone.
type goneWriter struct{ *httptest.ResponseRecorder }

func (goneWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	ours, theirs := net.Pipe()
	theirs.Close()
	return ours, bufio.NewReadWriter(bufio.NewReader(ours), bufio.NewWriter(ours)), nil
}

// Clients that go before they are answered must not fill the log; a middleware in whose writer no connection can be taken over is somebody's to repair.
func TestWhoseFaultAFailedUpgradeIs(t *testing.T) {
	for _, tt := range []struct {
		name string
		w    http.ResponseWriter
		want string
	}{
		{"the client has gone", goneWriter{httptest.NewRecorder()}, "DEBUG"},
		{"the writer cannot be taken over", httptest.NewRecorder(), "WARN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
			sys := proc.NewSystem(proc.Config{Logger: log})
			defer sys.Close()
			ps := pubsub.New(pubsub.Config{System: sys, Logger: log})
			sock := &echo{}
			ws, err := NewWebSocket(Env{System: sys, PubSub: ps, Shards: NewShards(1, ps, nil), Logger: log}, sock, WebSocketConfig{ConnectConfig: ConnectConfig{CheckOrigin: OriginAny()}})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodGet, "/websocket?vsn=2.0.0", nil)
			for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "c2l4dGVlbiBieXRlcyAxNg=="} {
				r.Header.Set(name, value)
			}
			ws.ServeHTTP(tt.w, r)
			if got := out.String(); !strings.Contains(got, "level="+tt.want) || strings.Count(got, "\n") != 1 {
				t.Errorf("got log %q, want one line at %s", got, tt.want)
			}
			if len(sock.sessions) != 1 || (<-sock.sessions[0].closed) != ErrLost {
				t.Error("the session was not told that its client is lost")
			}
		})
	}
}
