package ws

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// MaxHead bounds a request's line and headers, in bytes. A longer one is
// refused with status 431.
const MaxHead = 8 << 10

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// Request is an accepted upgrade request. Its fields are parts of the bytes
// that were read.
type Request struct {
	Path  []byte // of the target, before any "?"
	Query []byte // of the target, after the first "?"; nil without one
	Key   []byte // Sec-WebSocket-Key
}

// RefusedError says why a request cannot be upgraded.
type RefusedError struct {
	Status int // an HTTP status, 400 or above
	Reason string
}

func (e *RefusedError) Error() string {
	return "ws: refused with " + strconv.Itoa(e.Status) + ": " + e.Reason
}

// AppendResponse appends the whole HTTP response that tells the client.
func (e *RefusedError) AppendResponse(dst []byte) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(e.Status), 10)
	dst = append(dst, ' ')
	dst = append(dst, http.StatusText(e.Status)...)
	dst = append(dst, "\r\nConnection: close\r\n"...)
	if e.Status == http.StatusUpgradeRequired {
		dst = append(dst, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"...)
	}
	dst = append(dst, "Content-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(e.Reason)+1), 10)
	dst = append(dst, "\r\n\r\n"...)
	dst = append(dst, e.Reason...)
	return append(dst, '\n')
}

func refuse(status int, reason string) error { return &RefusedError{status, reason} }

// head gathers what decides about an upgrade, however the request was read.
type head struct {
	hosts, keys           int
	hostIsGood, keyIsGood bool
	upgrade, connection   bool
	version13             bool
}

func (h head) check() error {
	switch {
	case h.hosts != 1 || !h.hostIsGood:
		return refuse(http.StatusBadRequest, "exactly one Host header is needed")
	case !h.upgrade || !h.connection:
		return refuse(http.StatusUpgradeRequired, "this address speaks WebSocket only")
	case !h.version13:
		return refuse(http.StatusUpgradeRequired, "only Sec-WebSocket-Version 13 is spoken")
	case h.keys != 1 || !h.keyIsGood:
		return refuse(http.StatusBadRequest, "Sec-WebSocket-Key must be 16 bytes in base64")
	}
	return nil
}

// ParseRequest reads one upgrade request from the start of b and says how many
// bytes it took. Zero bytes without an error means that more must be read. An
// error is always a [*RefusedError]. It allocates nothing on success.
func ParseRequest(b []byte) (req Request, n int, err error) {
	end := bytes.Index(b[:min(len(b), MaxHead)], []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) >= MaxHead {
			return req, 0, refuse(http.StatusRequestHeaderFieldsTooLarge, "the request head is too long")
		}
		return req, 0, nil
	}
	lines := b[:end+2]
	n = end + 4

	line, lines := cutLine(lines)
	method, rest, ok1 := bytes.Cut(line, []byte(" "))
	target, proto, ok2 := bytes.Cut(rest, []byte(" "))
	if !ok1 || !ok2 || len(target) == 0 || target[0] != '/' || bytes.IndexByte(proto, ' ') >= 0 {
		return req, 0, refuse(http.StatusBadRequest, "malformed request line")
	}
	if string(proto) != "HTTP/1.1" {
		return req, 0, refuse(http.StatusHTTPVersionNotSupported, "only HTTP/1.1 can be upgraded here")
	}
	if string(method) != "GET" {
		return req, 0, refuse(http.StatusMethodNotAllowed, "an upgrade is a GET")
	}
	req.Path = target
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		req.Path, req.Query = target[:i], target[i+1:]
	}

	var h head
	for len(lines) > 0 {
		line, lines = cutLine(lines)
		name, value, ok := bytes.Cut(line, []byte(":"))
		// A space before the colon, or a folded line, is how two parsers come
		// to disagree about a request (RFC 9112 section 5).
		if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t") {
			return req, 0, refuse(http.StatusBadRequest, "malformed header line")
		}
		value = bytes.Trim(value, " \t")
		switch {
		case foldEqual(name, "host"):
			h.hosts++
			h.hostIsGood = len(value) > 0
		case foldEqual(name, "upgrade"):
			h.upgrade = h.upgrade || hasToken(value, "websocket")
		case foldEqual(name, "connection"):
			h.connection = h.connection || hasToken(value, "upgrade")
		case foldEqual(name, "sec-websocket-version"):
			h.version13 = string(value) == "13"
		case foldEqual(name, "sec-websocket-key"):
			h.keys++
			h.keyIsGood = validKey(value)
			req.Key = value
		}
	}
	if err := h.check(); err != nil {
		return req, 0, err
	}
	return req, n, nil
}

// CheckRequest applies the rules of [ParseRequest] to a request that net/http
// has read, and returns its key.
func CheckRequest(r *http.Request) (key string, err error) {
	switch {
	case r.Method != http.MethodGet:
		return "", refuse(http.StatusMethodNotAllowed, "an upgrade is a GET")
	case !r.ProtoAtLeast(1, 1) || r.ProtoMajor != 1:
		return "", refuse(http.StatusHTTPVersionNotSupported, "only HTTP/1.1 can be upgraded here")
	}
	keys := r.Header["Sec-Websocket-Key"]
	// net/http refuses a second Host itself.
	h := head{hosts: 1, hostIsGood: r.Host != "", keys: len(keys)}
	for _, v := range r.Header["Upgrade"] {
		h.upgrade = h.upgrade || hasToken([]byte(v), "websocket")
	}
	for _, v := range r.Header["Connection"] {
		h.connection = h.connection || hasToken([]byte(v), "upgrade")
	}
	for _, v := range r.Header["Sec-Websocket-Version"] {
		h.version13 = v == "13"
	}
	if len(keys) > 0 {
		key = strings.Trim(keys[0], " \t")
		h.keyIsGood = validKey([]byte(key))
	}
	return key, h.check()
}

// AppendUpgrade appends the response that switches protocols.
func AppendUpgrade(dst, key []byte) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = AppendAccept(dst, key)
	return append(dst, "\r\n\r\n"...)
}

// AppendAccept appends the accept value of a key.
func AppendAccept(dst, key []byte) []byte {
	var joined [24 + len(guid)]byte
	sum := sha1.Sum(append(append(joined[:0], key...), guid...))
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}

func validKey(key []byte) bool {
	var raw [18]byte
	if len(key) != 24 {
		return false
	}
	n, err := base64.StdEncoding.Decode(raw[:], key)
	return err == nil && n == 16
}

func cutLine(b []byte) (line, rest []byte) {
	i := bytes.Index(b, []byte("\r\n"))
	return b[:i], b[i+2:]
}

// hasToken looks for token, which is lower case, in a comma-separated list.
func hasToken(list []byte, token string) bool {
	for len(list) > 0 {
		var item []byte
		item, list, _ = bytes.Cut(list, []byte(","))
		if foldEqual(bytes.Trim(item, " \t"), token) {
			return true
		}
	}
	return false
}

// foldEqual compares without regard to ASCII case; lower is in lower case.
// bytes.EqualFold would also accept letters outside ASCII (the Kelvin sign).
func foldEqual(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
