// Package csrf makes and checks the tokens that prove that a request comes from one of our own pages.
//
// # Terms
//
// The session token is 24 random characters that stand in the session under [SessionKey]; make one with [New] when the
// session has none, and delete it when somebody logs in or out. Pages never see it as it is. A masked token is what a
// page gets: 32 characters, the session token combined with a random mask, and the 24 characters of the mask. Every
// page gets another one, so that compression beside text an attacker controls gives nothing away. A host token is the
// other form, for forms that post to another host of ours: it names that host and is signed with a key that only this
// application can derive from the session token.
//
// A request presents its token in the body under [Param] or in the header [Header], never in the query; a socket, which
// has no body, presents it as the request parameter [Param].
//
// # Order
//
// All functions are pure but for their random numbers, and may be called from any goroutine. Comparing takes the same
// time whatever the tokens hold.
//
// # Limits
//
// Only the three forms above are ever valid; an empty or malformed session token makes every presented token invalid.
// Checking a host token derives a key, which takes about 0.2 ms.
//
// # Source
//
// Plug 1.20 Plug.CSRFProtection, byte for byte: tokens of Elixir nodes with the same session and secret are valid here
// and ours there. The masks answer the BREACH attack (Gluck, Harris, Prado, 2013).
package csrf

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/bennu-go/bennu/token"
)

const (
	SessionKey = "_csrf_token"  // of the session token in the session
	Param      = "_csrf_token"  // of the presented token in the body, or among a socket's parameters
	Header     = "X-Csrf-Token" // of the presented token in the headers
)

const (
	tokenSize  = 24 // characters of a session token, and of a mask
	hiddenSize = 32 // characters of a session token under its mask
	maskedSize = hiddenSize + tokenSize
)

// New returns a new session token.
func New() string {
	var b [18]byte
	rand.Read(b[:])
	return base64.URLEncoding.EncodeToString(b[:])
}

// Mask returns a masked token for a page, another one each time. It returns "", which is never valid, for anything
// that is not a session token.
func Mask(sessionToken string) string {
	if len(sessionToken) != tokenSize {
		return ""
	}
	mask := New()
	var hidden [tokenSize]byte
	subtle.XORBytes(hidden[:], []byte(sessionToken), []byte(mask))
	return base64.URLEncoding.EncodeToString(hidden[:]) + mask
}

// Valid says whether presented is a masked token of the session token.
func Valid(sessionToken, presented string) bool {
	if len(sessionToken) != tokenSize || len(presented) != maskedSize {
		return false
	}
	var hidden, want [tokenSize]byte
	// All 32 characters must count: a line break, which the decoder skips, leaves too few bytes.
	n, err := base64.URLEncoding.Decode(hidden[:], []byte(presented[:hiddenSize]))
	if err != nil || n != tokenSize {
		return false
	}
	subtle.XORBytes(want[:], []byte(sessionToken), []byte(presented[hiddenSize:]))
	return subtle.ConstantTimeCompare(hidden[:], want[:]) == 1
}

// SignHost returns a host token, for a form of this session that posts to host, another host of this application.
// host is without a port.
func SignHost(t *token.Tokens, sessionToken, host string) (string, error) {
	if len(sessionToken) != tokenSize {
		return "", fmt.Errorf("csrf: a session token has %d characters, this one %d: take one from csrf.New", tokenSize, len(sessionToken))
	}
	return t.Uncached().SignBytes(sessionToken, []byte(New()+host))
}

// ValidFor says whether presented is a masked token of the session token or a host token for one of hosts: the host of
// the request, without its port, and whichever others are trusted. A host that begins with a dot stands for everything
// below it.
func ValidFor(t *token.Tokens, sessionToken, presented string, hosts ...string) bool {
	if len(sessionToken) != tokenSize || len(presented) <= maskedSize {
		return Valid(sessionToken, presented)
	}
	message, err := t.Uncached().VerifyBytes(sessionToken, presented)
	if err != nil || len(message) < tokenSize {
		return false
	}
	signed := strings.ToLower(string(message[tokenSize:]))
	for _, host := range hosts {
		host = strings.ToLower(host)
		if host != "" && (signed == host || host[0] == '.' && strings.HasSuffix(signed, host)) {
			return true
		}
	}
	return false
}
