package transport

// What the session does wrong costs its connection only, wherever it was called from: the shard, a drain, who closed it.

func (c *wsConn) openSession() {
	defer c.guard("opening")
	c.session.Open(c)
}

func (c *wsConn) drainSession() {
	defer c.guard("draining")
	c.session.Drain()
}

func (c *wsConn) closeSession(why error) {
	defer c.guard("closing")
	if c.seated {
		c.seated = false
		c.ws.cfg.Limiter.counts[overWebSocket].leave(nil)
	}
	c.session.Closed(why)
}

// sit has the connection itself remember that it counts, where that is all that its seat knows: 32 bytes less for each of a million.
func (c *wsConn) sit() {
	if s, ok := c.session.(*seat); ok && s.address == nil && s.count.Load() == &c.ws.cfg.Limiter.counts[overWebSocket] {
		c.session, c.seated = s.Session, true
	}
}

// guard is deferred around what the session does.
func (c *wsConn) guard(doing string) {
	if v := recover(); v != nil {
		reportPanic(c.ws.env.Logger, "transport: "+doing+" a session", v)
		c.end(CloseInternal, "", ErrBadMessage)
	}
}
