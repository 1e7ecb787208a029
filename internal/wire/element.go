package wire

import "unicode/utf8"

// What both JSON serializers read of an envelope: refs, names and the payload.

// ref reads a null, a string or a number at i, with space before it.
func (in *Inbound) ref(b []byte, i int, name string) (token []byte, next int, bad string) {
	i = skipSpace(b, i)
	if i == len(b) {
		return nil, i, cutShort
	}
	next = i
	switch c := b[i]; {
	case c == 'n':
		next, bad = scanLiteral(b, i)
		return nil, next, bad
	case c == '-' || isDigit(c):
		if next, bad = scanNumber(b, i); bad != "" {
			return nil, next, bad
		}
		token = b[i:next:next]
	case c == '"':
		end, escaped, bad := scanString(b, i+1)
		if bad != "" {
			return nil, end, bad
		}
		next = end + 1
		token = b[i:next:next]
		if escaped || !utf8.Valid(token) {
			if len(token) > 6*MaxRef { // no escape is longer than six bytes for one
				return nil, i, name + " is too long"
			}
			token = in.keep(func(dst []byte) []byte { return appendCanonical(dst, token[1:len(token)-1]) })
		}
	default:
		return nil, i, name + " is not null, a string or a number"
	}
	if len(token) > MaxRef {
		return nil, i, name + " is too long"
	}
	return token, next, ""
}

// name reads a topic or an event at i, with space before it.
func (in *Inbound) name(b []byte, i int, name string) (text []byte, next int, bad string) {
	i = skipSpace(b, i)
	if i == len(b) {
		return nil, i, cutShort
	}
	if b[i] != '"' {
		return nil, i, name + " is not a string"
	}
	end, escaped, bad := scanString(b, i+1)
	if bad != "" {
		return nil, end, bad
	}
	text = b[i+1 : end : end]
	if len(text) > 6*MaxName {
		return nil, i, name + " is too long"
	}
	if escaped || !utf8.Valid(text) {
		text = in.keep(func(dst []byte) []byte { return appendUnescaped(dst, text) })
	}
	if len(text) > MaxName {
		return nil, i, name + " is too long"
	}
	return text, end + 1, ""
}

// keep returns what write appends to the scratch memory.
func (in *Inbound) keep(write func(dst []byte) []byte) []byte {
	from := len(in.scratch)
	in.scratch = write(in.scratch)
	return in.scratch[from:len(in.scratch):len(in.scratch)]
}
