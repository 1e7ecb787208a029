package wire

import (
	"errors"
	"fmt"
	"strconv"
)

// A DecodeError says why a message of a client could not be read. It holds nothing of the message itself.
type DecodeError struct {
	Reason string
	Offset int // of the byte at which reading stopped
}

// Error returns the reason and where in the message it was met.
func (e *DecodeError) Error() string {
	return "wire: message does not decode at byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// What a payload or a name can be that a serializer cannot carry. Errors of the Append methods wrap one of these.
var (
	ErrNotObject   = errors.New("payload is not a JSON object")
	ErrFieldLength = errors.New("field is too long for a binary message")
	ErrNoBinary    = errors.New("serializer carries no binary payloads")
)

func notObject(kind, event string) error {
	return fmt.Errorf("wire: %s %q: %w: send an object such as {\"value\":…}, or bytes; only a reply may be any JSON value", kind, event, ErrNotObject)
}

func fieldLength(field string, n int) error {
	return fmt.Errorf("wire: %s of %d bytes: %w: %d is the most, shorten it or send JSON", field, n, ErrFieldLength, MaxField)
}

func noBinary(kind string) error {
	return fmt.Errorf("wire: %s to a client with vsn 1.0.0: %w: send JSON, or have the client connect with vsn=2.0.0", kind, ErrNoBinary)
}
