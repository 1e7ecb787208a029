package crowd

import (
	"fmt"
	"time"
)

// StopReading has the first n members of client 0's topic after it take no more data: they say that they have no room, and answer the kernel's probes.
func (c *Crowd) StopReading(n int) {
	for k := 1; k <= n && k*c.cfg.Topics < c.n; k++ {
		i := k * c.cfg.Topics
		c.clients[i].full = true
		c.send(int32(i), flagACK, c.clients[i].snd, nil)
	}
}

// Vanish has those who read no more, and the last n of the others, end without a word, as after a loss of power: what is sent to them is answered by nobody.
func (c *Crowd) Vanish(n int) (vanished int) {
	for i := c.n - 1; i > 0; i-- {
		cl := &c.clients[i]
		if cl.state != joined || !cl.full && n <= 0 {
			continue
		}
		if !cl.full {
			n--
		}
		c.counts.Joined--
		cl.state, cl.mute, cl.asked = gone, true, 0
		vanished++
	}
	return vanished
}

// Drip has clients from to to-1 send a heartbeat byte by byte, each byte a segment and all clients in turn, and waits for the answers.
func (c *Crowd) Drip(from, to int, d time.Duration) error {
	before, sent := c.counts.Heartbeats, 0
	size := len(c.bytesOf(0, heartbeat))
	for k := range size {
		for i := int32(from); i < int32(to); i++ {
			cl := &c.clients[i]
			if cl.state != joined {
				continue
			}
			c.send(i, flagACK|flagPSH, cl.snd, c.bytesOf(i, heartbeat)[k:k+1])
			cl.snd++
			if k == size-1 {
				cl.last, cl.spoke = heartbeat, c.ticks()
				sent++
			}
			if i%256 == 0 {
				c.pump()
			}
		}
	}
	if _, err := c.Run(d, func() bool { return c.counts.Heartbeats-before >= sent }); err != nil {
		return err
	}
	if got := c.counts.Heartbeats - before; got < sent {
		return fmt.Errorf("crowd: %d of %d heartbeats that came byte by byte were answered", got, sent)
	}
	return nil
}

// Storm has client 0 broadcast 16 KB n times without waiting, and waits until everybody who listens has heard all, or for as long as d.
func (c *Crowd) Storm(n int, d time.Duration) error {
	before, want := c.counts.Broadcasts, 0
	for i := 0; i < c.n; i += c.cfg.Topics {
		if cl := &c.clients[i]; cl.state == joined && !cl.full {
			want += n
		}
	}
	end := time.Now().Add(d)
	for k := range n {
		c.say(0, roar)
		if k%2 == 1 { // no more than the server's window takes, nor than it keeps for those who listen
			if _, err := c.Run(time.Until(end), func() bool {
				return c.clients[0].una == c.clients[0].snd && c.counts.Broadcasts-before >= want/n*(k-4)
			}); err != nil {
				return err
			}
		}
	}
	_, err := c.Run(time.Until(end), func() bool { return c.counts.Broadcasts-before >= want })
	if got := c.counts.Broadcasts - before; got < want && err == nil {
		err = fmt.Errorf("crowd: %d of %d deliveries came within %v", got, want, d)
	}
	return err
}
