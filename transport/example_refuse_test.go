package transport_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"

	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/transport"
)

// echo is a socket without channels: it sends back what it gets.
type echo struct{}

func (echo) Name() string { return "echo" }

func (echo) Connect(ctx context.Context, r *transport.ConnectRequest) (transport.Session, error) {
	if r.Params["key"] != "open sesame" {
		return nil, transport.Refuse(401, "wrong key")
	}
	return &echoSession{}, nil
}

type echoSession struct{ conn transport.Conn }

func (s *echoSession) ID() string            { return "" }
func (s *echoSession) Open(c transport.Conn) { s.conn = c }
func (s *echoSession) Drain()                {}
func (s *echoSession) Closed(error)          {}

func (s *echoSession) Receive(op frame.Opcode, data []byte) error {
	s.conn.Write(append(frame.AppendHeader(nil, op, len(data)), data...))
	return nil
}

// A socket behind long-poll, which refuses clients without the key and pages of other sites.
func ExampleNewLongPoll() {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()
	ps := pubsub.New(pubsub.Config{System: sys})
	env := transport.Env{System: sys, PubSub: ps, Shards: transport.NewShards(0, ps, nil), Logger: slog.New(slog.DiscardHandler)}
	lp, err := transport.NewLongPoll(env, echo{}, transport.LongPollConfig{ConnectConfig: transport.ConnectConfig{
		URL:             &url.URL{Scheme: "https", Host: "example.com"},
		CheckOrigin:     transport.OriginList("https://example.com", "//*.example.org"),
		VisibleRefusals: true,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	get := func(query, origin string) string {
		r := httptest.NewRequest("GET", "/socket/longpoll?"+query, nil)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		lp.ServeHTTP(w, r)
		body, _ := io.ReadAll(w.Body)
		return string(body)
	}
	fmt.Println(get("key=open+sesame", "https://example.com")[:13])
	fmt.Println(get("key=please", "https://chat.example.org"))
	fmt.Println(get("key=open+sesame", "https://evil.example"))
	// Output:
	// {"status":410
	// {"status":403,"code":4401,"reason":"wrong key"}
	// {"status":403,"code":4403,"reason":""}
}
