package transport

import "sync"

const readBuffer = 32 << 10

// readBuffers are borrowed while bytes move. Pointers to arrays, so that neither Get nor Put allocates.
var readBuffers = sync.Pool{New: func() any { return new([readBuffer]byte) }}

// readPlain is for connections that cannot say whether they are readable: a small buffer waits, a large one is
// borrowed once it was filled.
func (c *wsConn) readPlain() {
	small := make([]byte, 512)
	for {
		n, err := c.nc.Read(small)
		if n > 0 && !c.feed(small[:n], c.ws.env.System.Now()) || err != nil {
			return
		}
		for n == len(small) {
			big := readBuffers.Get().(*[readBuffer]byte)
			n, err = c.nc.Read(big[:])
			more := n == 0 || c.feed(big[:n], c.ws.env.System.Now())
			readBuffers.Put(big)
			if !more || err != nil {
				return
			}
			if n < readBuffer {
				break
			}
			n = len(small) // more may be waiting
		}
	}
}
