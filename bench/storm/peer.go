package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/ws"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

// ping is the payload of a flock's pings.
const ping = "are you there"

// peer is one of a flock.
type peer struct {
	flock *flock
	room  int
	topic string // as a JSON string
	head  []byte // of each broadcast, up to the payload
	conn  *wsconn.Conn
	round int         // that is to be heard next; used by the reader
	here  atomic.Bool // conn is set, and joined

	mu    sync.Mutex // guards the fields below
	ref   int
	asked int    // ref of the echo that waits for its reply, or 0
	want  string // its payload
	sent  time.Time
	beats []beat // that wait for their replies, in order
}

// beat is a heartbeat on its way.
type beat struct {
	ref  int
	sent time.Time
}

func newPeer(f *flock, i int) *peer {
	p := &peer{flock: f, room: i % f.rooms, topic: roomOf(f.name, i%f.rooms), ref: 1}
	p.head = []byte("[null,null," + p.topic + "," + phx.Shout + ",")
	return p
}

// arrive connects and joins.
func (p *peer) arrive(ctx context.Context, d wsconn.Dialer) error {
	conn, err := enter(ctx, d, p.topic)
	p.conn = conn
	return err
}

// enter connects and joins a topic.
func enter(ctx context.Context, d wsconn.Dialer, topic string) (*wsconn.Conn, error) {
	conn, err := wsconn.Dial(ctx, d)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.NC.Close() })
	defer stop()
	if _, err := conn.Ask(wsconn.AppendMessage(nil, 1, 1, topic, phx.Join, "{}")); err != nil {
		conn.NC.Close()
		return nil, fmt.Errorf("joining: %w", err)
	}
	return conn, nil
}

// read handles what comes until the connection ends.
func (p *peer) read() {
	how := p.listen()
	p.conn.NC.Close()
	if f := p.flock; !f.leaving.Load() {
		f.count(func() { f.ends[how]++ })
	}
}

func (p *peer) listen() (end string) {
	f := p.flock
	for {
		op, payload, err := p.conn.Next()
		switch {
		case err != nil:
			return wsconn.Reason(err)
		case op == ws.OpClose:
			return strconv.Itoa(p.conn.AnswerClose(payload))
		case op == ws.OpText:
			p.receive(payload)
		case op == ws.OpPong && string(payload) == ping:
			f.count(func() { f.pongs++ })
		default:
			f.stray("opcode "+strconv.Itoa(int(op)), payload)
		}
	}
}

// receive handles one message.
func (p *peer) receive(text []byte) {
	f := p.flock
	if rest, ok := bytes.CutPrefix(text, p.head); ok {
		p.broadcast(rest)
		return
	}
	m, err := phx.Parse(text)
	if err != nil {
		f.stray("no message", text)
		return
	}
	ref, now := wsconn.RefOf(m.Ref), time.Now()
	p.mu.Lock()
	switch {
	case string(m.Event) != `"phx_reply"` || ref == 0:
		defer f.stray("not ours", text)
	case string(m.Topic) == phx.Phoenix && len(p.beats) > 0 && ref == p.beats[0].ref:
		took := now.Sub(p.beats[0].sent)
		p.beats = p.beats[1:]
		defer f.count(func() { f.beats = append(f.beats, took) })
	case string(m.Topic) == p.topic && ref == p.asked && string(m.Payload) == `{"status":"ok","response":`+p.want+`}`:
		took := now.Sub(p.sent)
		p.asked = 0
		defer f.count(func() {
			f.echoes = append(f.echoes, took)
			f.answered <- struct{}{}
		})
	default:
		defer f.stray("a reply to something else", text)
	}
	p.mu.Unlock()
}

// broadcast compares a payload with the one that is next.
func (p *peer) broadcast(rest []byte) {
	if !p.isNext(rest) {
		p.flock.stray("instead of round "+strconv.Itoa(p.round), rest)
		return
	}
	p.round++
	p.flock.heardRound(p.round - 1)
}

// isNext reports whether a broadcast, without its head, is the one that is to come next.
func (p *peer) isNext(rest []byte) bool {
	var buf [64]byte
	fill := p.flock.fill
	end, ok := bytes.CutPrefix(rest, appendPayload(buf[:0], p.room, p.round))
	return ok && len(end) == len(fill)+1 && string(end[:len(fill)]) == fill && end[len(fill)] == ']'
}

// write sends an event to the room.
func (p *peer) write(event, payload string) error {
	p.mu.Lock()
	p.ref++
	ref := p.ref
	p.mu.Unlock()
	_, err := p.conn.NC.Write(wsconn.AppendMessage(nil, 1, ref, p.topic, event, payload))
	return err
}

// ask expects the reply to an echo from now on, and returns its ref.
func (p *peer) ask(payload string) (ref int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ref++
	p.asked, p.want, p.sent = p.ref, payload, time.Now()
	return p.ref
}

// echo sends one, which is unlike all others.
func (p *peer) echo(i int) error {
	payload := fmt.Sprintf(`{"client":%d,"at":%d}`, i, time.Now().UnixNano())
	_, err := p.conn.NC.Write(wsconn.AppendMessage(nil, 1, p.ask(payload), p.topic, phx.Echo, payload))
	return err
}

// heartbeat sends one. A failure is the reader's to see.
func (p *peer) heartbeat() {
	p.mu.Lock()
	p.ref++
	p.beats = append(p.beats, beat{p.ref, time.Now()})
	frame := wsconn.AppendMessage(nil, 0, p.ref, phx.Phoenix, phx.Heartbeat, "{}")
	p.mu.Unlock()
	p.conn.NC.Write(frame)
}
