package transport

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/token"
)

// LongPollConfig of one mount. The zero value works.
//
// Tokens sign what finds a session again. Nodes of a cluster whose Tokens have the same secrets forward requests that come to another node than
// their session's, through PubSub. Without Tokens a secret is made at start, and clients have to come back to the same node.
type LongPollConfig struct {
	ConnectConfig
	// Path below the mount. Empty means "/longpoll".
	Path string
	// Window is how long a poll waits for messages. Zero means 10 seconds, which is less than the 20 after which phoenix.js gives up. A session without a
	// poll for 1.5 windows has ended.
	Window time.Duration
	// MaxBody of one POST in bytes. Zero means 8 MB; beyond it the answer is 400.
	MaxBody int64
	// MaxLines of one POST in x-ndjson. Zero means 100, what phoenix.js sends at most; lines beyond are ignored.
	MaxLines int
	// MaxBuffered bounds the bytes that wait for the next poll of one client. Zero means 1 MiB. One message is always taken by an empty
	// buffer; beyond the bound the session ends and the client reconnects.
	MaxBuffered int
	// MaxSessions on this node. Zero means 1,000,000; beyond it the answer is 503.
	MaxSessions int
	// Limiter counts and bounds the connections of several mounts together. Nil: the endpoint's; without an endpoint, none.
	Limiter *Limiter
	// PubSubTimeout is how long the session's node may take to show that the session lives. Zero means 2 seconds.
	PubSubTimeout time.Duration
}

func (c LongPollConfig) withDefaults() LongPollConfig {
	if c.Path == "" {
		c.Path = "/longpoll"
	}
	if c.Window <= 0 {
		c.Window = 10 * time.Second
	}
	if c.MaxBody <= 0 {
		c.MaxBody = 8_000_000
	}
	if c.MaxLines <= 0 {
		c.MaxLines = 100
	}
	if c.MaxBuffered <= 0 {
		c.MaxBuffered = 1 << 20
	}
	if c.MaxSessions <= 0 {
		c.MaxSessions = 1_000_000
	}
	if c.PubSubTimeout <= 0 {
		c.PubSubTimeout = 2 * time.Second
	}
	return c
}

// What long-poll answers carry as status.
const (
	lpOK        = http.StatusOK
	lpNothing   = http.StatusNoContent
	lpForbidden = http.StatusForbidden
	lpTimeout   = http.StatusRequestTimeout
	lpGone      = http.StatusGone
	lpTooMany   = http.StatusTooManyRequests
)

// lpBodyTimeout bounds how long the body of a POST may take to come.
const lpBodyTimeout = time.Minute

// LongPoll serves a Socket to clients that ask again and again. It is an http.Handler for the transport's path.
type LongPoll struct {
	env    Env
	socket Socket
	cfg    LongPollConfig
	salt   string // of the tokens
	spread bool   // tokens of other nodes can be read

	mu       sync.Mutex // guards sessions
	sessions map[string]*lpSession
}

// NewLongPoll checks the configuration.
func NewLongPoll(env Env, socket Socket, cfg LongPollConfig) (*LongPoll, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	l := &LongPoll{env: env, socket: socket, cfg: cfg, spread: cfg.Tokens != nil && env.PubSub != nil && env.PubSub.Distributed(),
		salt: "longpoll " + socket.Name() + " " + cfg.Path, sessions: make(map[string]*lpSession)}
	if cfg.Tokens == nil {
		l.cfg.Tokens = token.New(token.Config{Secrets: token.Secrets{token.GenerateSecret()}})
	}
	l.cfg.bind(env, socket)
	return l, nil
}

// Path is where the transport is to be found below the mount.
func (l *LongPoll) Path() string { return l.cfg.Path }

// ServeHTTP opens sessions, waits for messages and takes them. Nearly every answer has the HTTP status 200, and the one that counts in its body.
func (l *LongPoll) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// No credentials travel with it, and the origin has been checked.
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "no-store")
	if err := l.cfg.checkOrigin(r); err != nil {
		l.answerRefusal(w, err)
		return
	}
	switch r.Method {
	case http.MethodOptions:
		preflight(w, r)
		return
	case http.MethodGet, http.MethodPost:
	default:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	params, err := l.cfg.params(r)
	if err != nil {
		w.WriteHeader(refusalOf(err).Status)
		return
	}
	p := l.find(r, params)
	switch {
	case r.Method == http.MethodPost:
		l.publish(w, r, p)
	case !p.known() || !l.poll(w, r, p):
		l.open(w, r, params)
	}
}

func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Headers", strings.Join(r.Header.Values("Access-Control-Request-Headers"), ", "))
	h.Set("Access-Control-Allow-Methods", "get, post, options")
	h.Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusOK)
}

// open begins a session, or refuses to.
func (l *LongPoll) open(w http.ResponseWriter, r *http.Request, params param.Map) {
	if l.full() {
		w.Header().Set("Retry-After", strconv.Itoa(1+int(l.cfg.Window/time.Second)))
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	id := newLPID()
	tok, err := l.seal(id)
	if err != nil {
		l.env.Logger.Error("transport: making a long-poll token", "socket", l.socket.Name(), "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	req, err := l.cfg.request(r, "longpoll", params)
	var session Session
	if err == nil {
		session, err = l.cfg.Limiter.connect(l.env, l.socket, req)
	}
	if err != nil {
		l.answerRefusal(w, err)
		return
	}
	newLPSession(l, id, session, req.Serializer).open()
	answerJSON(w, appendAnswer(nil, lpGone, tok, nil))
}

func (l *LongPoll) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sessions) >= l.cfg.MaxSessions
}

// poll answers with messages as soon as there are any. It returns false if the session turned out to be gone before anything was said.
func (l *LongPoll) poll(w http.ResponseWriter, r *http.Request, p lpPlace) (answered bool) {
	ctx := r.Context()
	waiting := http.NewResponseController(w)
	waiting.SetReadDeadline(time.Time{}) // the server's deadlines are for requests that do not wait
	var status int
	var messages [][]byte
	if p.local == nil {
		status, messages = l.forwardPoll(ctx, p)
		if status == lpGone && ctx.Err() == nil {
			return false
		}
	} else {
		ticket := &lpPoll{ready: make(chan struct{}, 1)}
		wait, alive := p.local.park(ticket)
		if !alive {
			return false
		}
		if wait {
			select {
			case <-ticket.ready:
			case <-ctx.Done():
				p.local.unpark(ticket)
			}
		}
		if ctx.Err() != nil {
			return true // what is buffered stays for a poll that somebody reads
		}
		status, messages = p.local.collect(l.cfg.MaxBuffered)
	}
	if ctx.Err() != nil {
		return true
	}
	waiting.SetWriteDeadline(time.Now().Add(lpBodyTimeout))
	tok := p.token
	if status == lpGone {
		tok = ""
	}
	answerJSON(w, appendAnswer(nil, status, tok, messages))
	return true
}

// publish hands a client's messages to its session.
func (l *LongPoll) publish(w http.ResponseWriter, r *http.Request, p lpPlace) {
	if !p.known() {
		answerJSON(w, appendStatus(nil, lpGone))
		return
	}
	if p.local != nil {
		if !p.local.enter() {
			answerJSON(w, appendStatus(nil, lpTooMany))
			return
		}
		defer p.local.leave()
	}
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(lpBodyTimeout))
	messages, err := l.readBody(w, r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	http.NewResponseController(w).SetReadDeadline(time.Time{})
	var status int
	if p.local != nil {
		status = p.local.publish(r.Context(), messages)
	} else {
		status = l.forwardPublish(r.Context(), p, messages)
	}
	if r.Context().Err() == nil {
		answerJSON(w, appendStatus(nil, status))
	}
}

func (l *LongPoll) answerRefusal(w http.ResponseWriter, err error) {
	refusal := refusalOf(err)
	if refusal.busy() {
		answerBusy(w, refusal, l.cfg.VisibleRefusals)
		return
	}
	refusal.addHeader(w.Header())
	body := appendStatus(nil, lpForbidden)
	if l.cfg.VisibleRefusals {
		body = append(body[:len(body)-1], `,"code":`...)
		body = strconv.AppendInt(body, int64(refusal.closeCode()), 10)
		body = wire.AppendString(append(body, `,"reason":`...), refusal.Reason)
		body = append(body, '}')
	}
	answerJSON(w, body)
}

func answerJSON(w http.ResponseWriter, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

// appendStatus appends an answer that carries nothing else.
func appendStatus(dst []byte, status int) []byte {
	dst = append(dst, `{"status":`...)
	return append(strconv.AppendInt(dst, int64(status), 10), '}')
}

// appendAnswer appends the answer to a poll. An empty token is null.
func appendAnswer(dst []byte, status int, tok string, messages [][]byte) []byte {
	size := len(tok) + 64
	for _, m := range messages {
		size += len(m) + len(m)/8 + 3 // JSON in a JSON string: its quotes are escaped
	}
	if dst == nil {
		dst = make([]byte, 0, size)
	}
	dst = append(dst, `{"status":`...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	if tok == "" {
		dst = append(dst, `,"token":null`...)
	} else {
		dst = wire.AppendString(append(dst, `,"token":`...), tok)
	}
	dst = append(dst, `,"messages":[`...)
	for i, m := range messages {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = wire.AppendString(dst, string(m))
	}
	return append(dst, "]}"...)
}
