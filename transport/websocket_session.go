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
	c.session.Closed(why)
}

// guard is deferred around what the session does.
func (c *wsConn) guard(doing string) {
	if v := recover(); v != nil {
		reportPanic(c.ws.env.Logger, "transport: "+doing+" a session", v)
		c.end(CloseInternal, "", ErrBadMessage)
	}
}
