package transport

import (
	"crypto/sha1" // RFC 6455 asks for it; it protects nothing
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/bennu-go/bennu/internal/deflate"
	"github.com/bennu-go/bennu/internal/frame"
	"github.com/bennu-go/bennu/internal/wire"
)

// WebSocketConfig of one mount. The zero value works.
type WebSocketConfig struct {
	ConnectConfig
	// Path below the mount. Empty means "/websocket".
	Path string
	// Timeout without a byte from the client, after which it is closed with 1001. Zero means 60 seconds; phoenix.js sends a heartbeat every 30.
	Timeout time.Duration
	// MaxFrame and MaxMessage bound one frame and one message that is reassembled or inflated, in bytes. Zero means 10 MB and 8 MB. Beyond them the client is
	// closed with 1009.
	MaxFrame, MaxMessage int64
	// MaxQueued bounds the bytes that wait to be written to one client. Zero means 1 MiB. One message is always taken by an empty queue; beyond the bound the
	// client is closed with 1013.
	MaxQueued int
	// CloseTimeout bounds the wait for the client's side of the closing handshake. Zero means 5 seconds.
	CloseTimeout time.Duration
	// SendBuffer is how many bytes the kernel may hold for one client: the connection's SO_SNDBUF, set when it becomes a WebSocket, so that answers to other
	// requests keep the system's. Zero means 64 KiB; the system's own, which grows to 4 MB on Linux for a client that does not read, is negative.
	SendBuffer int
	// Compress offers permessage-deflate. The zero value is off; see [Compression] for why.
	Compress Compression
	// Limiter counts and bounds the connections of several mounts together. Nil: the endpoint's; without an endpoint, none.
	Limiter *Limiter
	// Engine that serves the connections. The zero value chooses.
	Engine Engine
}

// An Engine is a way to serve connections.
type Engine uint8

const (
	// EngineAuto takes the poller for plain TCP on Linux, and for TLS over a listener of [UnderTLS], which an endpoint has; the portable path for everything else. It
	// is the default.
	EngineAuto Engine = iota
	// EnginePortable has a goroutine read each connection: it works everywhere, over TLS too, and takes some kilobytes more.
	EnginePortable
)

func (c WebSocketConfig) withDefaults() WebSocketConfig {
	if c.Path == "" {
		c.Path = "/websocket"
	}
	if c.Timeout == 0 {
		c.Timeout = 60 * time.Second
	}
	if c.MaxQueued == 0 {
		c.MaxQueued = 1 << 20
	}
	if c.CloseTimeout == 0 {
		c.CloseTimeout = 5 * time.Second
	}
	if c.SendBuffer == 0 {
		c.SendBuffer = 64 << 10
	}
	c.Compress = c.Compress.withDefaults()
	return c
}

// WebSocket serves a Socket over RFC 6455. It is an http.Handler for the transport's path.
type WebSocket struct {
	env      Env
	socket   Socket
	cfg      WebSocketConfig
	limits   frame.Limits
	deflated frame.Limits // of connections with compression

	formats []wire.Serializer // among which a connection's is an index
}

// NewWebSocket checks the configuration.
func NewWebSocket(env Env, socket Socket, cfg WebSocketConfig) (*WebSocket, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(cfg.validate(), cfg.Compress.validate()); err != nil {
		return nil, err
	}
	cfg.bind(env, socket)
	ws := &WebSocket{env: env, socket: socket, cfg: cfg, limits: frame.Limits{MaxFrame: cfg.MaxFrame, MaxMessage: cfg.MaxMessage}}
	ws.deflated = ws.limits
	ws.deflated.AllowRSV1 = true
	supported := cfg.Serializers
	if supported == nil {
		supported = wire.DefaultSupported()
	}
	if len(supported) > 256 {
		return nil, errors.New("transport: Serializers: more than 256")
	}
	for _, s := range supported {
		ws.formats = append(ws.formats, s.Serializer)
	}
	return ws, nil
}

// Path returns the transport's path below its mount.
func (ws *WebSocket) Path() string { return ws.cfg.Path }

// ServeHTTP lets a client in, or answers why not.
func (ws *WebSocket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, err := checkUpgrade(r)
	extensions := ""
	if err == nil {
		extensions, err = ws.cfg.Compress.negotiate(r.Header)
	}
	if err != nil {
		w.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	req, err := ws.cfg.prepare(r, "websocket")
	var session Session
	if err == nil {
		session, err = ws.cfg.Limiter.connect(ws.env, ws.socket, req)
	}
	if err != nil {
		ws.refuse(w, r, key, err)
		return
	}
	nc, rest, err := ws.accept(w, r, key, extensions)
	if err != nil {
		session.Closed(ErrLost)
		level := slog.LevelDebug // the client has gone meanwhile, which it may do as often as it likes
		if errors.Is(err, http.ErrNotSupported) || errors.Is(err, http.ErrHijacked) {
			level = slog.LevelWarn // a middleware's fault
		}
		ws.env.Logger.Log(r.Context(), level, "transport: upgrading to WebSocket", "error", err)
		return
	}
	setSendBuffer(nc, ws.cfg.SendBuffer)
	c := newWSConn(ws, session, req.Serializer, nc)
	c.deflate = extensions != ""
	if stream, ok := nc.(*streamConn); ok {
		defer stream.retire()
		c.serve(rest)
		return
	}
	if ws.cfg.Engine == EngineAuto && c.handOver(rest) {
		return
	}
	go c.serve(rest)
}

func checkUpgrade(r *http.Request) (key string, err error) {
	switch {
	case isExtendedConnect(r):
		return "", checkExtendedConnect(r)
	case r.Method != http.MethodGet:
		return "", fmt.Errorf("a WebSocket begins with GET, not %s", r.Method)
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return "", fmt.Errorf("a WebSocket needs HTTP/1.1 here, or the extended CONNECT of HTTP/2, not a %s of %s", r.Method, r.Proto)
	case !headerHas(r.Header, "Connection", "upgrade"):
		return "", errors.New(`a WebSocket request needs the header "Connection: Upgrade"; does a proxy remove it?`)
	case !headerHas(r.Header, "Upgrade", "websocket"):
		return "", errors.New(`a WebSocket request needs the header "Upgrade: websocket"; does a proxy remove it?`)
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return "", errors.New(`the header "Sec-WebSocket-Version" must be 13`)
	}
	key = strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key"))
	if raw, err := base64.StdEncoding.DecodeString(key); err != nil || len(raw) != 16 {
		return "", errors.New(`the header "Sec-WebSocket-Key" must be 16 bytes in base64`)
	}
	return key, nil
}

func headerHas(h http.Header, name, token string) bool {
	for _, v := range h.Values(name) {
		for one := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(one), token) {
				return true
			}
		}
	}
	return false
}

// hijack answers 101 and takes the connection, with what the client has sent already.
func (ws *WebSocket) hijack(w http.ResponseWriter, key, subprotocol, extensions string) (nc net.Conn, rest []byte, err error) {
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "this connection cannot carry a WebSocket", http.StatusInternalServerError)
		return nil, nil, err
	}
	if n := rw.Reader.Buffered(); n > 0 {
		buffered, _ := rw.Reader.Peek(n)
		rest = append(rest, buffered...)
	}
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	answer := make([]byte, 0, 384)
	answer = append(answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	answer = base64.StdEncoding.AppendEncode(answer, sum[:])
	if subprotocol != "" {
		answer = append(append(answer, "\r\nSec-WebSocket-Protocol: "...), subprotocol...)
	}
	if extensions != "" {
		answer = append(append(answer, "\r\n"+deflate.Header+": "...), extensions...)
	}
	answer = append(answer, "\r\n\r\n"...)
	nc.SetDeadline(time.Now().Add(10 * time.Second)) // in place of the server's own deadlines
	if _, err := nc.Write(answer); err != nil {
		nc.Close()
		return nil, nil, err
	}
	nc.SetDeadline(time.Time{})
	return nc, rest, nil
}

// refuse answers with the refusal's status; or, if refusals are to be visible to browsers, accepts and closes with a code.
func (ws *WebSocket) refuse(w http.ResponseWriter, r *http.Request, key string, err error) {
	refusal := refusalOf(err)
	if !ws.cfg.VisibleRefusals || !ws.cfg.Limiter.showable(refusal) {
		refusal.answer(w, r, &ws.cfg.ConnectConfig)
		return
	}
	nc, _, herr := ws.accept(w, r, key, "")
	if herr != nil {
		return
	}
	turnAway := func() {
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(ws.cfg.CloseTimeout))
		if _, err := nc.Write(closeFrame(refusal.closeCode(), refusal.Reason)); err != nil {
			return
		}
		var p frame.Parser
		buf := make([]byte, 512)
		for { // the client's side of the closing handshake
			n, err := nc.Read(buf)
			if err != nil {
				return
			}
			for in := buf[:n]; len(in) > 0; {
				var m frame.Message
				if m, in, err = p.Next(in, nil); err != nil || m.Op == frame.Close {
					return
				}
			}
		}
	}
	if stream, ok := nc.(*streamConn); ok {
		defer stream.retire()
		turnAway()
		return
	}
	go turnAway()
}

func closeFrame(code int, reason string) []byte { return frame.AppendClose(nil, code, reason) }

func reportPanic(l *slog.Logger, what string, v any) {
	l.Error(what, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
}
