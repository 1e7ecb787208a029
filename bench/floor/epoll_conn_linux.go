package main

import (
	"syscall"

	"github.com/bennu-go/bennu/bench/internal/ws"
)

// receive reads once: epoll is level-triggered, so what is left over is
// reported again, and the second read that would only say EAGAIN is saved.
func (s *epollServer) receive(fd int32) {
	n, errno := read(fd, s.in)
	if errno == syscall.EAGAIN {
		return
	}
	if errno != 0 || n == 0 {
		s.close(fd)
		return
	}
	b := s.in[:n]
	kept, had := s.partial[fd]
	if had {
		b = append(kept, b...)
	}
	used, alive := s.consume(fd, b)
	switch {
	case !alive:
		s.close(fd)
	case used == len(b):
		if had {
			delete(s.partial, fd)
		}
	default:
		s.partial[fd] = append([]byte(nil), b[used:]...)
	}
}

// consume handles what b holds and says how much of it that was.
func (s *epollServer) consume(fd int32, b []byte) (used int, alive bool) {
	s.peer.fd = fd
	if s.conns[fd].state == upgrading {
		req, n, err := ws.ParseRequest(b)
		if err == nil && n > 0 {
			err = admit(req.Path, req.Query)
		}
		if err != nil {
			s.peer.send(err.(*ws.RefusedError).AppendResponse(nil))
			return 0, false
		}
		if n == 0 {
			return 0, true
		}
		s.out = ws.AppendUpgrade(s.out[:0], req.Key)
		if !s.peer.send(s.out) {
			return 0, false
		}
		s.conns[fd].state = open
		used = n
	}
	n, out, alive := serve(&s.peer, b[used:], s.out)
	s.out = out
	return used + n, alive
}

// send writes b, or what of it the socket takes now; the rest is written when
// the client reads on. It reports false, and closes nothing, if the client is
// gone or too far behind.
func (s *epollServer) send(fd int32, b []byte) bool {
	if len(s.pending) > 0 {
		if queue, ok := s.pending[fd]; ok {
			if len(queue)+len(b) > maxPending {
				return false
			}
			s.pending[fd] = append(queue, b...)
			return true
		}
	}
	n, errno := write(fd, b)
	if n == len(b) && errno == 0 {
		return true
	}
	if errno != 0 {
		if errno != syscall.EAGAIN {
			return false
		}
		n = 0
	}
	if len(b)-n > maxPending {
		return false
	}
	s.pending[fd] = append([]byte(nil), b[n:]...)
	return s.watch(fd, syscall.EPOLL_CTL_MOD, syscall.EPOLLIN|syscall.EPOLLOUT) == nil
}

func (s *epollServer) flush(fd int32) (alive bool) {
	queue, ok := s.pending[fd]
	if !ok {
		return true
	}
	n, errno := write(fd, queue)
	switch {
	case errno == syscall.EAGAIN:
		return true
	case errno != 0:
		s.close(fd)
		return false
	case n < len(queue):
		s.pending[fd] = queue[n:]
		return true
	}
	delete(s.pending, fd)
	if s.watch(fd, syscall.EPOLL_CTL_MOD, syscall.EPOLLIN) != nil {
		s.close(fd)
		return false
	}
	return true
}

func (s *epollServer) close(fd int32) {
	s.leave(fd)
	s.conns[fd] = epollConn{}
	delete(s.partial, fd)
	delete(s.pending, fd)
	syscall.Close(int(fd))
}

func (s *epollServer) leave(fd int32) {
	c := &s.conns[fd]
	r := c.room
	if r == nil {
		return
	}
	last := len(r.members) - 1
	moved := r.members[last]
	r.members[c.index] = moved
	s.conns[moved].index = c.index
	r.members = r.members[:last]
	c.room = nil
	if last == 0 {
		delete(s.rooms, r.topic)
	}
}

// epollPeer is the connection that is being served.
type epollPeer struct {
	s  *epollServer
	fd int32
}

func (p *epollPeer) send(frame []byte) bool { return p.s.send(p.fd, frame) }

func (p *epollPeer) Send(buf []byte) bool { return p.send(ws.Seal(buf, ws.OpText)) }

func (p *epollPeer) Joined() string {
	if r := p.s.conns[p.fd].room; r != nil {
		return r.topic
	}
	return ""
}

func (p *epollPeer) Join(topic, reply []byte) bool {
	p.s.leave(p.fd)
	if !p.Send(reply) {
		return false
	}
	r, ok := p.s.rooms[string(topic)]
	if !ok {
		r = &room{topic: string(topic)}
		p.s.rooms[r.topic] = r
	}
	c := &p.s.conns[p.fd]
	c.room, c.index = r, int32(len(r.members))
	r.members = append(r.members, p.fd)
	return true
}

func (p *epollPeer) Leave() { p.s.leave(p.fd) }

func (p *epollPeer) Shout(buf []byte) bool {
	frame := ws.Seal(buf, ws.OpText)
	r := p.s.conns[p.fd].room
	alive := true
	for i := 0; i < len(r.members); {
		fd := r.members[i]
		switch {
		case p.s.send(fd, frame):
			i++
		case fd == p.fd: // closed by the caller, who reads on it
			alive = false
			i++
		default:
			p.s.close(fd) // puts the last member, not served yet, in its place
		}
	}
	return alive
}
