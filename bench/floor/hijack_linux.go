package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/bennu-go/bennu/bench/internal/ws"
)

// hijackServer is the kind "hijack": net/http does the upgrade, then a
// goroutine of its own reads each connection.
//
// Lock order: hijackServer.mu, then hijackConn.mu.
type hijackServer struct {
	ln      *net.TCPListener
	readers sync.WaitGroup

	mu    sync.Mutex // guards the fields below and who is in which room
	conns []*hijackConn
	rooms map[string]*hijackRoom
	ended bool
}

type hijackRoom struct {
	topic   string
	members []*hijackConn
}

func listenHijack(addr netip.AddrPort) (*hijackServer, error) {
	// The heartbeat of the protocol does what TCP's keep-alive would do.
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	ln, err := config.Listen(context.Background(), "tcp", addr.String())
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	return &hijackServer{ln: ln.(*net.TCPListener), rooms: map[string]*hijackRoom{}}, nil
}

// Addr is where clients connect.
func (s *hijackServer) Addr() netip.AddrPort { return s.ln.Addr().(*net.TCPAddr).AddrPort() }

// Run serves until ctx ends, which is its regular end, closes everything and
// waits for every reader. It is called once.
func (s *hijackServer) Run(ctx context.Context) error {
	// A client that goes away in the middle of its request is no news.
	srv := &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	err := srv.Serve(s.ln)
	_ = srv.Close()

	s.mu.Lock()
	s.ended = true
	for _, c := range s.conns {
		c.end()
	}
	s.mu.Unlock()
	s.readers.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("floor: %w", err)
}

func (s *hijackServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := admit([]byte(r.URL.Path), []byte(r.URL.RawQuery))
	var key string
	if err == nil {
		key, err = ws.CheckRequest(r)
	}
	if err != nil {
		refused := err.(*ws.RefusedError)
		if refused.Status == http.StatusUpgradeRequired {
			w.Header().Set("Sec-WebSocket-Version", "13")
		}
		http.Error(w, refused.Reason, refused.Status)
		return
	}
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "this connection cannot be taken over", http.StatusInternalServerError)
		return
	}
	c, err := newHijackConn(s, nc.(*net.TCPConn))
	if err != nil {
		_ = nc.Close()
		return
	}
	// What the client sent right behind its request is in net/http's buffer,
	// which goes back to its pool when this handler returns.
	if early, _ := rw.Reader.Peek(rw.Reader.Buffered()); len(early) > 0 {
		c.partial = append([]byte(nil), early...)
	}
	if !s.add(c) {
		_ = nc.Close()
		return
	}
	_ = c.send(ws.AppendUpgrade(make([]byte, 0, 160), []byte(key))) // the reader learns of an end by itself
	// A fresh goroutine has the smallest stack; this one's has grown, and keeps
	// the request alive.
	go c.run()
}

// add begins to track c, unless the server has ended.
func (s *hijackServer) add(c *hijackConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	c.slot = int32(len(s.conns))
	s.conns = append(s.conns, c)
	s.readers.Add(1)
	return true
}

func (s *hijackServer) remove(c *hijackConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveLocked(c)
	last := len(s.conns) - 1
	s.conns[c.slot] = s.conns[last]
	s.conns[c.slot].slot = c.slot
	s.conns[last] = nil
	s.conns = s.conns[:last]
}

// join sends the reply under the lock, so that no broadcast falls between the
// two.
func (s *hijackServer) join(c *hijackConn, topic, reply []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveLocked(c)
	if !c.Send(reply) {
		return false
	}
	r, ok := s.rooms[string(topic)]
	if !ok {
		r = &hijackRoom{topic: string(topic)}
		s.rooms[r.topic] = r
	}
	c.room, c.index = r, int32(len(r.members))
	r.members = append(r.members, c)
	return true
}

func (s *hijackServer) leaveLocked(c *hijackConn) {
	r := c.room
	if r == nil {
		return
	}
	last := len(r.members) - 1
	r.members[c.index] = r.members[last]
	r.members[c.index].index = c.index
	r.members[last] = nil
	r.members = r.members[:last]
	c.room = nil
	if last == 0 {
		delete(s.rooms, r.topic)
	}
}

// shout writes under the lock: a floor has one order of broadcasts and nothing
// else to do meanwhile.
func (s *hijackServer) shout(r *hijackRoom, frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range r.members {
		// A member that cannot be written to is removed by its own reader.
		_ = c.send(frame)
	}
}
