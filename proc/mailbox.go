package proc

// chunkSize messages and their bookkeeping fill one 128-byte allocation.
const chunkSize = 7

// chunk is a piece of a mailbox. Chunks are pooled by the System, so that a process holds none
// while its mailbox is empty and allocates none when traffic is steady.
type chunk struct {
	msgs    [chunkSize]any
	next    *chunk
	r, w    uint8
	control uint8 // bit i: msgs[i] does not count against the limit
}

// mailbox is a queue in order of arrival. The process's mutex guards it.
type mailbox struct {
	last  *chunk // whose next is the first
	n     uint32 // ordinary messages
	limit uint32
}

func (m *mailbox) empty() bool { return m.last == nil }

func (m *mailbox) push(s *System, msg any, control bool) {
	c := m.last
	if c == nil || c.w == chunkSize {
		c = s.chunks.Get().(*chunk)
		if m.last == nil {
			c.next = c
		} else {
			c.next, m.last.next = m.last.next, c
		}
		m.last = c
	}
	c.msgs[c.w] = msg
	if control {
		c.control |= 1 << c.w
	} else {
		m.n++
	}
	c.w++
}

func (m *mailbox) pop(s *System) (msg any, ok bool) {
	if m.last == nil {
		return nil, false
	}
	c := m.last.next
	msg, c.msgs[c.r] = c.msgs[c.r], nil
	if c.control&(1<<c.r) == 0 {
		m.n--
	}
	c.r++
	if c.r == c.w {
		if c == m.last {
			m.last = nil
		} else {
			m.last.next = c.next
		}
		*c = chunk{}
		s.chunks.Put(c)
	}
	return msg, true
}

// len counts every message, the uncounted ones too. It walks the chunks: for inspection only.
func (m *mailbox) len() int {
	if m.last == nil {
		return 0
	}
	n := int(m.last.w - m.last.r)
	for c := m.last.next; c != m.last; c = c.next {
		n += int(c.w - c.r)
	}
	return n
}
