package crowd

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// A Link carries packets, each with a virtio header before it.
type Link interface {
	// Read reads one packet into b; zero bytes if none waits.
	Read(b []byte) (int, error)
	// Write sends one packet. It does not keep b.
	Write(b []byte) error
	// Wait returns when a packet can be read, or after d.
	Wait(d time.Duration)
}

// Config of a Crowd.
type Config struct {
	// Link to the server. Required.
	Link Link
	// Server is where it listens, over IPv4. Required.
	Server netip.AddrPort
	// First address of the clients; as many follow as are needed, with 50,000 clients each. Required.
	First netip.Addr
	// Size is how many clients there may be. Required.
	Size int
	// Topics over which they spread. Zero means 1: all hear what one shouts.
	Topics int
}

const (
	perAddress = 50_000
	firstPort  = 10_000
)

// state of a client.
type state uint8

const (
	fresh state = iota
	connecting
	upgrading
	joining
	joined
	closing // the server's close frame has been answered
	gone
)

// client is one of the crowd; a test keeps its size.
type client struct {
	rcv   uint32 // the next byte expected
	snd   uint32 // the next byte to send
	una   uint32 // the first byte that the server has not acknowledged
	asked uint32 // when it sent what has not been answered, in ticks; zero: nothing
	spoke uint32 // when it last sent, in ticks
	state state
	last  message // what it sent last
	owes  uint8   // segments that it has not acknowledged
	held  bool    // has the beginning of a message in Crowd.partial
	mute  bool    // has gone without a word
	full  bool    // takes no more data, and says so
}

// Counts of what became of clients and messages.
type Counts struct {
	Joined     int // now
	Lost       int // reset by the server, or ended without a close frame
	Refused    int // answered with something else than 101, or whose join failed
	Closed     int // with a close frame
	Heartbeats int // answered
	Overdue    int // heartbeats that were due while the one before was unanswered
	Echoes     int // answered
	Wrong      int // messages that belong to another client or are none
	Broadcasts int // heard
	Again      int // packets said again, by clients
	Duplicates int // data that the server has sent twice
	Gaps       int // packets of the server that did not come in order
	Packets    int // received
}

// A Crowd is many clients.
type Crowd struct {
	cfg     Config
	began   time.Time
	server  uint32
	first   uint32
	clients []client
	n       int // of clients that have begun
	making  []int32
	counts  Counts
	codes   map[int]int
	refusal string
	partial map[int32][]byte
	owing   []int32 // have segments to acknowledge
	flushed time.Time
	in, out [MaxPacket]byte
	scratch []byte
	word    [32]byte
	err     error // of the link

	period   time.Duration // of heartbeats; zero: none
	swept    float64       // clients visited, one after the other and again
	sweptAt  time.Time
	beats    *Latency
	echoes   *Latency
	lastHear time.Time // when the last broadcast was heard
}

// New checks the configuration.
func New(cfg Config) (*Crowd, error) {
	if cfg.Topics == 0 {
		cfg.Topics = 1
	}
	switch {
	case cfg.Link == nil:
		return nil, errors.New("crowd: Config.Link is missing")
	case !cfg.Server.Addr().Is4() || !cfg.First.Is4():
		return nil, errors.New("crowd: Config.Server and Config.First must be addresses of IPv4")
	case cfg.Size < 1 || cfg.Size > 10_000_000 || cfg.Topics < 1:
		return nil, fmt.Errorf("crowd: Config.Size %d must be 1 to 10,000,000, and Config.Topics %d at least 1", cfg.Size, cfg.Topics)
	}
	return &Crowd{cfg: cfg, began: time.Now(), server: number(cfg.Server.Addr()), first: number(cfg.First), clients: make([]client, cfg.Size),
		codes: make(map[int]int), partial: make(map[int32][]byte), beats: &Latency{}, echoes: &Latency{}}, nil
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// Counts returns what happened so far.
func (c *Crowd) Counts() Counts { return c.counts }

// Codes returns how many clients the server closed with which code.
func (c *Crowd) Codes() map[int]int { return c.codes }

// Refusal is the first answer that was not 101, or not ok.
func (c *Crowd) Refusal() string { return c.refusal }

// Heartbeats has every client send one in each period, from now on, beginning after the last who did; zero ends that. It returns the latencies of those until now.
func (c *Crowd) Heartbeats(period time.Duration) *Latency {
	was := c.beats
	c.beats = &Latency{}
	c.period, c.sweptAt = period, time.Now()
	return was
}

// Run lets the clients live until done says so, or for as long as d. It returns whether it was done.
func (c *Crowd) Run(d time.Duration, done func() bool) (bool, error) {
	for end := time.Now().Add(d); ; {
		if done != nil && done() {
			return true, c.err
		}
		now := time.Now()
		if c.err != nil || !now.Before(end) {
			return false, c.err
		}
		c.sweep(now)
		if c.pump() == 0 {
			c.cfg.Link.Wait(min(time.Millisecond, end.Sub(now)))
		}
	}
}

// Connect has more clients connect and join, until n have begun, at most window at once. It ends early with an error when none gets further in 20 seconds.
func (c *Crowd) Connect(n, window int) error {
	if n > len(c.clients) {
		return fmt.Errorf("crowd: %d clients are more than Config.Size, which is %d", n, len(c.clients))
	}
	progress, before := time.Now(), 0
	checked := time.Now()
	for c.n < n || len(c.making) > 0 {
		for c.n < n && len(c.making) < window {
			i := int32(c.n)
			c.n++
			c.making = append(c.making, i)
			c.connect(i)
		}
		if _, err := c.Run(time.Millisecond, nil); err != nil {
			return err
		}
		c.made()
		now := time.Now()
		if got := c.n - len(c.making); got != before {
			progress, before = now, got
		} else if now.Sub(progress) > 20*time.Second {
			return fmt.Errorf("crowd: %d of %d clients have joined, and none more for 20 s; first refusal: %q", c.counts.Joined, n, c.refusal)
		}
		if now.Sub(checked) > time.Second/4 {
			checked = now
			for _, i := range c.making {
				c.sayAgain(i)
			}
		}
	}
	return nil
}

// made takes those out of the list who are through.
func (c *Crowd) made() {
	left := c.making[:0]
	for _, i := range c.making {
		if s := c.clients[i].state; s < joined {
			left = append(left, i)
		}
	}
	c.making = left
}

// sweep has those send a heartbeat whose turn has come.
func (c *Crowd) sweep(now time.Time) {
	if c.period == 0 || c.n == 0 {
		return
	}
	to := c.swept + float64(len(c.clients))*now.Sub(c.sweptAt).Seconds()/c.period.Seconds()
	to = min(to, c.swept+256) // answers want to be read meanwhile
	for i := int(c.swept); i < int(to); i++ {
		c.beat(int32(i % len(c.clients)))
	}
	c.sweptAt = c.sweptAt.Add(time.Duration((to - c.swept) / float64(len(c.clients)) * float64(c.period)))
	c.swept = to
}

func (c *Crowd) beat(i int32) {
	cl := &c.clients[i]
	if cl.state != joined || cl.full {
		return
	}
	if cl.asked != 0 {
		c.counts.Overdue++
		c.sayAgain(i)
		return
	}
	c.say(i, heartbeat)
}

// Echo has random clients, rate a second for as long as d, send an echo, and waits a second at most for the last answers.
func (c *Crowd) Echo(rate int, d time.Duration) (*Latency, error) {
	c.echoes = &Latency{}
	began, sent, before := time.Now(), 0, c.counts.Echoes
	x := uint64(88172645463325252)
	asked := 0
	_, err := c.Run(d, func() bool {
		for due := int(time.Since(began).Seconds() * float64(rate)); sent < due; sent++ {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			i := int32(x % uint64(c.n))
			if cl := &c.clients[i]; cl.state == joined && cl.asked == 0 && !cl.full {
				c.say(i, echo)
				asked++
			}
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	_, err = c.Run(time.Second, func() bool { return c.counts.Echoes-before >= asked })
	if missing := asked - (c.counts.Echoes - before); missing > 0 && err == nil {
		err = fmt.Errorf("crowd: %d of %d echoes did not come back", missing, asked)
	}
	return c.echoes, err
}

// Shout has client 0 broadcast, and waits until everybody who is joined to its topic and listens has heard it, or for as long as d. It returns how long that
// took and how many heard it.
func (c *Crowd) Shout(d time.Duration) (took time.Duration, heard int, err error) {
	before, want := c.counts.Broadcasts, 0
	for i := 0; i < c.n; i += c.cfg.Topics {
		if cl := &c.clients[i]; cl.state == joined && !cl.full {
			want++
		}
	}
	began := time.Now()
	c.say(0, shout)
	ok, err := c.Run(d, func() bool { return c.counts.Broadcasts-before >= want })
	heard = c.counts.Broadcasts - before
	if err == nil && !ok {
		err = fmt.Errorf("crowd: %d of %d clients heard the broadcast within %v", heard, want, d)
	}
	return c.lastHear.Sub(began), heard, err
}

func (c *Crowd) ticks() uint32 { return uint32(time.Since(c.began)/tick) + 1 }
