package controller

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/bennu-go/bennu/internal/codec"
)

// JSONIfChanged answers 200 with v as JSON and a weak ETag of its content, or 304 without a body if the client has it already. It saves the network, not the work.
func JSONIfChanged(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := codec.Marshal(v)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if NotModified(w, r, `W/"`+base64.RawURLEncoding.EncodeToString(sum[:15])+`"`) {
		return nil
	}
	return write(w, http.StatusOK, typeJSON, body)
}

// NotModified puts etag, as `W/"v17"` or `"v17"`, in the header of the answer and reports whether the client, which asks with GET or HEAD, has that: then 304 is
// answered and the action is done. Comparing is weak (RFC 9110, 13.1.2). An etag that is none is not used.
func NotModified(w http.ResponseWriter, r *http.Request, etag string) bool {
	opaque, rest, ok := cutTag(etag)
	if !ok || rest != "" {
		return false
	}
	w.Header().Set("Etag", etag)
	if r.Method != http.MethodGet && r.Method != http.MethodHead || !lists(strings.Join(r.Header.Values("If-None-Match"), ","), opaque) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

// lists reports whether an If-None-Match has the tag, or any.
func lists(header, opaque string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for {
		header = strings.TrimLeft(header, " \t,")
		tag, rest, ok := cutTag(header)
		if !ok {
			return false
		}
		if tag == opaque {
			return true
		}
		header = rest
	}
}

// cutTag takes an entity tag from the beginning of s; opaque is what is between its quotes.
func cutTag(s string) (opaque, rest string, ok bool) {
	s = strings.TrimPrefix(s, "W/")
	if !strings.HasPrefix(s, `"`) {
		return "", s, false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[1:i], s[i+1:], true
		case c < 0x21 || c == 0x7f:
			return "", s, false
		}
	}
	return "", s, false
}
