package frame

import "unicode/utf8"

// Close codes (RFC 6455 section 7.4.1 and the IANA registry) that a server sends.
const (
	CodeNormal      = 1000 // phoenix.js before 1.8.16 does not reconnect after this one
	CodeGoingAway   = 1001
	CodeProtocol    = 1002
	CodeUnsupported = 1003
	CodeInvalidData = 1007
	CodePolicy      = 1008
	CodeTooBig      = 1009
	CodeInternal    = 1011
	CodeRestart     = 1012
	CodeTryLater    = 1013
)

// MaxReason is the longest reason a close frame can carry, in bytes.
const MaxReason = maxControl - 2

// validCloseCode reports whether an endpoint may put code into a close frame. 1004 to 1006 and 1015 stand for things
// that are never sent; 1016 to 2999 belong to future versions of the protocol.
func validCloseCode(code int) bool {
	return code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
}

// parseClose reads the unmasked payload of a close frame.
func parseClose(payload []byte) (Message, *Error) {
	switch len(payload) {
	case 0:
		return Message{Op: Close}, nil
	case 1:
		return Message{}, errCloseLength
	}
	code := int(payload[0])<<8 | int(payload[1])
	if !validCloseCode(code) {
		return Message{}, errCloseCode
	}
	if !utf8.Valid(payload[2:]) {
		return Message{}, errCloseReason
	}
	return Message{Op: Close, Code: code, Data: payload[2:]}, nil
}

// ReplyCloseCode returns the code with which to answer a close frame that carried clientCode (0 for none): 1000 after
// 1000-1003, 1007-1011, anything from 3000 on and none at all, otherwise 1002.
func ReplyCloseCode(clientCode int) int {
	switch {
	case clientCode == 0,
		clientCode >= 1000 && clientCode <= 1003,
		clientCode >= 1007 && clientCode <= 1011,
		clientCode >= 3000:
		return CodeNormal
	}
	return CodeProtocol
}

// AppendClose appends a whole close frame. A code that must not stand in one (0 among them) gives a close frame without
// payload, which a client reports as 1005. A reason over [MaxReason] bytes is cut at the end of a character, and bytes
// that are not UTF-8 end it.
func AppendClose(dst []byte, code int, reason string) []byte {
	if !validCloseCode(code) {
		return AppendHeader(dst, Close, 0)
	}
	reason = validPrefix(reason, MaxReason)
	dst = AppendHeader(dst, Close, 2+len(reason))
	dst = append(dst, byte(code>>8), byte(code))
	return append(dst, reason...)
}

// validPrefix returns the longest prefix of s that is valid UTF-8 and at most limit bytes long.
func validPrefix(s string, limit int) string {
	n := 0
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if r == utf8.RuneError && size == 1 || n+size > limit {
			break
		}
		n += size
	}
	return s[:n]
}
