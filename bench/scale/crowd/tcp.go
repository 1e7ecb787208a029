package crowd

import "time"

// again is how long a client waits for an acknowledgement before it says something again, in ticks.
const again = uint32(time.Second / tick)

// acknowledgeWithin is how long segments wait for more while packets keep coming.
const acknowledgeWithin = 20 * time.Millisecond

// send sends one segment of client i.
func (c *Crowd) send(i int32, flags byte, seq uint32, data []byte) {
	cl := &c.clients[i]
	s := segment{src: c.first + uint32(i)/perAddress, dst: c.server, srcPort: uint16(firstPort + i%perAddress), dstPort: c.cfg.Server.Port(),
		seq: seq, flags: flags, window: 65535, data: data}
	if flags&flagACK != 0 {
		s.ack, cl.owes = cl.rcv, 0
	}
	if cl.full {
		s.window = 0
	}
	if err := c.cfg.Link.Write(s.put(c.out[:])); err != nil && c.err == nil {
		c.err = err
	}
}

func (c *Crowd) connect(i int32) {
	cl := &c.clients[i]
	*cl = client{snd: uint32(i) * 7919, state: connecting, last: hello, spoke: c.ticks()}
	cl.una = cl.snd
	c.send(i, flagSYN, cl.snd, nil)
	cl.snd++
}

// say sends a message of client i, behind whatever has not been acknowledged.
func (c *Crowd) say(i int32, m message) {
	cl := &c.clients[i]
	b := c.bytesOf(i, m)
	cl.last, cl.spoke = m, c.ticks()
	if m == heartbeat || m == echo {
		cl.asked = cl.spoke
	}
	c.send(i, flagACK|flagPSH, cl.snd, b)
	cl.snd += uint32(len(b))
}

// sayAgain repeats the last message if the server should have acknowledged it.
func (c *Crowd) sayAgain(i int32) {
	cl := &c.clients[i]
	if cl.una == cl.snd || cl.state == gone || c.ticks()-cl.spoke < again {
		return
	}
	cl.spoke = c.ticks()
	c.counts.Again++
	if cl.last == hello {
		c.send(i, flagSYN, cl.una, nil)
		return
	}
	b := c.bytesOf(i, cl.last)
	c.send(i, flagACK|flagPSH, cl.snd-uint32(len(b)), b)
}

// pump reads what waits in the link, up to a bound, and returns how many packets there were.
func (c *Crowd) pump() (n int) {
	for ; n < 4096 && c.err == nil; n++ {
		size, err := c.cfg.Link.Read(c.in[:])
		if err != nil {
			c.err = err
		}
		if size <= 0 {
			break
		}
		if s, ok := parse(c.in[:size]); ok {
			c.receive(&s)
		}
	}
	if len(c.owing) > 0 {
		if now := time.Now(); n == 0 || now.Sub(c.flushed) > acknowledgeWithin {
			c.flushed = now
			c.acknowledge()
		}
	}
	return n
}

// acknowledge sends what the clients owe.
func (c *Crowd) acknowledge() {
	for _, i := range c.owing {
		if cl := &c.clients[i]; cl.owes > 0 && cl.state != gone {
			c.send(i, flagACK, cl.snd, nil)
		}
	}
	c.owing = c.owing[:0]
}

// receive takes one segment of the server.
func (c *Crowd) receive(s *segment) {
	i := int64(s.dst-c.first)*perAddress + int64(s.dstPort) - firstPort
	if s.src != c.server || s.srcPort != c.cfg.Server.Port() || s.dstPort < firstPort || int(s.dstPort) >= firstPort+perAddress || i < 0 || i >= int64(c.n) {
		return
	}
	c.counts.Packets++
	c.segment(int32(i), s)
}

func (c *Crowd) segment(i int32, s *segment) {
	cl := &c.clients[i]
	switch {
	case cl.mute || cl.state == gone:
		return
	case s.flags&flagRST != 0:
		c.lost(i)
		return
	case s.flags&(flagSYN|flagACK) == flagSYN|flagACK:
		c.established(i, s)
		return
	case cl.state == connecting:
		return
	}
	if s.flags&flagACK != 0 && int32(s.ack-cl.una) > 0 && int32(cl.snd-s.ack) >= 0 {
		cl.una = s.ack
	}
	if cl.full && len(s.data) > 0 {
		c.send(i, flagACK, cl.snd, nil)
		return
	}
	fin := s.flags&flagFIN != 0
	if len(s.data) > 0 || fin {
		behind := int32(cl.rcv - s.seq)
		switch {
		case behind < 0:
			c.counts.Gaps++
			c.send(i, flagACK, cl.snd, nil)
			return
		case int(behind) > len(s.data) || int(behind) == len(s.data) && !fin:
			c.counts.Duplicates++
			c.send(i, flagACK, cl.snd, nil)
			return
		}
		if data := s.data[behind:]; len(data) > 0 {
			cl.rcv += uint32(len(data))
			c.owe(i)
			c.hear(i, data)
		}
		if fin && cl.state != gone {
			cl.rcv++
			c.ended(i)
		}
	} else if s.seq == cl.rcv-1 { // a probe, to see whether the client lives
		c.send(i, flagACK, cl.snd, nil)
	}
}

// established takes the answer to SYN, which comes again if the server did not hear what followed.
func (c *Crowd) established(i int32, s *segment) {
	cl := &c.clients[i]
	if cl.state != connecting {
		c.counts.Duplicates++
		if cl.last == request && cl.una != cl.snd {
			b := c.bytesOf(i, request)
			c.counts.Again++
			c.send(i, flagACK|flagPSH, cl.snd-uint32(len(b)), b)
			return
		}
		c.send(i, flagACK, cl.snd, nil)
		return
	}
	cl.rcv, cl.una, cl.state = s.seq+1, cl.snd, upgrading
	c.say(i, request)
}

// owe notes that a segment has to be acknowledged: every second one at once.
func (c *Crowd) owe(i int32) {
	cl := &c.clients[i]
	if cl.owes++; cl.owes == 1 {
		c.owing = append(c.owing, i)
	} else if cl.owes >= 2 {
		c.send(i, flagACK, cl.snd, nil)
	}
}

// ended takes the server's FIN. After the closing handshake that is the end; else the client was lost.
func (c *Crowd) ended(i int32) {
	if c.clients[i].state != closing {
		c.lost(i)
	}
	cl := &c.clients[i]
	cl.state = gone
	c.send(i, flagACK|flagFIN, cl.snd, nil)
	cl.snd++
}

// end breaks the connection off.
func (c *Crowd) end(i int32) {
	cl := &c.clients[i]
	c.send(i, flagACK|flagRST, cl.snd, nil)
	cl.state = gone
}

func (c *Crowd) lost(i int32) {
	cl := &c.clients[i]
	if cl.state == joined {
		c.counts.Joined--
	}
	if cl.state != closing && cl.state != gone { // a reset after the closing handshake is no loss
		c.counts.Lost++
	}
	cl.state = gone
	if cl.held {
		delete(c.partial, i)
		cl.held = false
	}
}
