package transport

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A Limiter holds [Limits] for the transports that have it in their configuration, and counts. An endpoint makes one for all its mounts.
type Limiter struct {
	limits Limits
	began  time.Time
	memory *memoryGuard
	files  func(raise bool) (limit int, ok bool)

	mu        sync.Mutex // guards the fields below
	max       int        // connections; 0: any number
	rate      bucket
	visible   bucket // of refusals that are shown by accepting
	addresses map[netip.Addr]*address
	counts    [transports]count
}

// Transports are counted apart.
const (
	overWebSocket = iota
	overLongPoll
	transports
)

func transportIndex(name string) int {
	if name == "longpoll" {
		return overLongPoll
	}
	return overWebSocket
}

// count is of one transport.
type count struct {
	limiter  *Limiter
	open     int
	accepted uint64
	refused  [limitsCount]uint64
}

// address is a client address that has connections.
type address struct {
	key  netip.Addr
	open int
}

// maxVisible is how many refusals a second are shown by accepting the connection, which costs a descriptor for as long as the closing handshake takes. The
// others get the 503.
const maxVisible = 100

// NewLimiter checks limits and makes a Limiter.
func NewLimiter(limits Limits) (*Limiter, error) {
	if err := limits.validate(); err != nil {
		return nil, err
	}
	l := &Limiter{limits: limits.withDefaults(), began: time.Now(), files: fileLimit}
	l.memory = newMemoryGuard(l.limits.MaxMemory, l.limits.MinAvailable, readMemory)
	l.rate = bucket{rate: float64(l.limits.AcceptRate), burst: float64(l.limits.AcceptBurst), level: float64(l.limits.AcceptBurst)}
	l.visible = bucket{rate: maxVisible, burst: maxVisible, level: maxVisible}
	for i := range l.counts {
		l.counts[i].limiter = l
	}
	if l.limits.MaxPerAddress > 0 {
		l.addresses = make(map[netip.Addr]*address)
	}
	l.bound(false)
	return l, nil
}

// bound decides how many connections there may be, and returns the open-file limit, if there is one.
func (l *Limiter) bound(raise bool) (files, kept int) {
	files, ok := l.files(raise)
	if !ok {
		files = 0
	}
	limit := max(l.limits.MaxConnections, 0)
	if l.limits.MaxConnections == 0 && ok {
		limit, kept = connectionsFor(files)
	}
	l.mu.Lock()
	l.max = limit
	l.mu.Unlock()
	return files, kept
}

// Prepare raises the soft open-file limit to the hard one, and logs the limits that are in force in one line. It is called before the listener accepts.
func (l *Limiter) Prepare(log *slog.Logger) {
	files, kept := l.bound(true)
	l.mu.Lock()
	limit := l.max
	l.mu.Unlock()
	attrs := []any{"max_connections", orNone(int64(limit)), "open_files", orNone(int64(files))}
	if kept > 0 {
		attrs = append(attrs, "kept_for_files_and_requests", kept)
	}
	attrs = append(attrs, "max_per_address", orNone(int64(l.limits.MaxPerAddress)), "accept_rate", orNone(int64(l.limits.AcceptRate)),
		"max_memory", orNone(l.limits.MaxMemory), "min_available_memory", orNone(int64(l.memory.minAvailable)))
	log.Info("transport: limits", attrs...)
	if files > 0 && limit > files {
		log.Warn("transport: Limits.MaxConnections is more than there can be open files: raise the limit of the process (LimitNOFILE in systemd, ulimit -n in a shell)",
			"max_connections", limit, "open_files", files)
	}
}

func orNone(n int64) string {
	if n == 0 {
		return "none"
	}
	return strconv.FormatInt(n, 10)
}

// connect asks the socket, if the limits allow it. The session that it returns gives its place back when it is closed.
func (l *Limiter) connect(env Env, socket Socket, req *ConnectRequest) (Session, error) {
	if l == nil {
		return connect(env, socket, req)
	}
	place, why, ok := l.admit(req.Request, transportIndex(req.Transport))
	if !ok {
		return nil, l.refuse(req, why)
	}
	defer func() {
		if place.Session == nil { // refused; or the callback ended its goroutine
			place.release()
		}
	}()
	session, err := connect(env, socket, req)
	if err != nil {
		return nil, err
	}
	place.Session = session
	return place, nil
}

// admit takes a place.
func (l *Limiter) admit(r *http.Request, transport int) (place *seat, why limit, ok bool) {
	now := time.Since(l.began)
	low := l.memory.low(now)
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.counts[transport]
	why, ok = l.allowsLocked(low, now)
	var addr *address
	if ok {
		addr, ok = l.addressLocked(r.RemoteAddr)
		why = limitAddress
	}
	if ok {
		ok = l.limits.AcceptRate == 0 || l.rate.take(now)
		why = limitRate
	}
	if !ok {
		l.leaveLocked(addr)
		c.refused[why]++
		return nil, why, false
	}
	c.open++
	c.accepted++
	place = &seat{address: addr}
	place.count.Store(c)
	return place, 0, true
}

func (l *Limiter) allowsLocked(low bool, now time.Duration) (why limit, ok bool) {
	switch {
	case low:
		return limitMemory, false
	case l.max > 0 && l.openLocked() >= l.max:
		return limitConnections, false
	}
	return 0, true
}

func (l *Limiter) openLocked() (n int) {
	for i := range l.counts {
		n += l.counts[i].open
	}
	return n
}

// addressLocked counts one more for an address, if it may have one. Those that are no IP address, such as of Unix sockets, are not bounded.
func (l *Limiter) addressLocked(remote string) (a *address, ok bool) {
	if l.addresses == nil {
		return nil, true
	}
	key, ok := addressKey(remote)
	if !ok {
		return nil, true
	}
	if a = l.addresses[key]; a == nil {
		a = &address{key: key}
		l.addresses[key] = a
	}
	if a.open >= l.limits.MaxPerAddress {
		return nil, false
	}
	a.open++
	return a, true
}

func (l *Limiter) leaveLocked(a *address) {
	if a == nil {
		return
	}
	if a.open--; a.open == 0 {
		delete(l.addresses, a.key)
	}
}

// addressKey is what connections of one client have in common.
func addressKey(remote string) (key netip.Addr, ok bool) {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return key, false
	}
	key = ap.Addr().Unmap().WithZone("")
	if key.Is6() {
		network, err := key.Prefix(64)
		return network.Addr(), err == nil
	}
	return key, true
}

// refuse makes the refusal, logs the first of its kind within an hour, and emits it.
func (l *Limiter) refuse(req *ConnectRequest, why limit) error {
	c := req.config
	if c.firstTime("limit " + why.String()) {
		c.logger().Warn("transport: refusing clients: "+l.explain(why)+"; not reported again for an hour", "socket", c.name, "limit", why.String())
	}
	refusal := refusedEarly(http.StatusServiceUnavailable, why.String(), nil)
	refusal.Reason, refusal.CloseCode = "busy, try again later", CloseBusy
	wait := l.limits.RetryAfter + rand.N(l.limits.RetryAfter)
	refusal.Header = http.Header{"Retry-After": {strconv.Itoa(int((wait + time.Second - 1) / time.Second))}}
	return c.refuse(req.Request, refusal)
}

func (l *Limiter) explain(why limit) string {
	switch why {
	case limitConnections:
		return fmt.Sprintf("%d are connected, which is Limits.MaxConnections, or what the open-file limit allows", l.Stats().Connections())
	case limitAddress:
		return fmt.Sprintf("one address has %d connections, which is Limits.MaxPerAddress; behind a proxy all clients have its address, so leave it off there", l.limits.MaxPerAddress)
	case limitRate:
		return fmt.Sprintf("more than %d a second begin to connect, which is Limits.AcceptRate", l.limits.AcceptRate)
	default:
		return "memory is short: " + l.memory.why()
	}
}

// showable reports whether this refusal may be shown by accepting the connection; see maxVisible.
func (l *Limiter) showable(refusal *Refusal) bool {
	if l == nil || !refusal.busy() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.visible.take(time.Since(l.began))
}

// A seat is a session that counts until it is closed.
type seat struct {
	Session
	count   atomic.Pointer[count] // nil: given back
	address *address              // nil: not bounded
}

// Closed implements Session.
func (s *seat) Closed(reason error) {
	s.release()
	s.Session.Closed(reason)
}

func (s *seat) release() {
	if c := s.count.Swap(nil); c != nil {
		c.leave(s.address)
	}
}

func (c *count) leave(a *address) {
	c.limiter.mu.Lock()
	defer c.limiter.mu.Unlock()
	c.open--
	c.limiter.leaveLocked(a)
}

// bucket allows rate a second, and burst at once.
type bucket struct {
	rate, burst, level float64
	at                 time.Duration // when level was right
}

func (b *bucket) take(now time.Duration) bool {
	if now > b.at {
		b.level = min(b.burst, b.level+b.rate*(now-b.at).Seconds())
		b.at = now
	}
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}
