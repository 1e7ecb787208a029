package frame

import "strconv"

// An Error is a reason to end a connection: the close code to send and a text for the close frame and the log.
type Error struct {
	Code   int
	Reason string
}

// Error returns the reason with the close code that goes with it.
func (e *Error) Error() string {
	return "frame: " + e.Reason + " (close code " + strconv.Itoa(e.Code) + ")"
}

// One value each, so that refusing a flood of bad frames allocates nothing.
var (
	errRSV             = &Error{CodeProtocol, "reserved bit set without an extension that uses it"}
	errOpcode          = &Error{CodeProtocol, "unknown opcode"}
	errUnmasked        = &Error{CodeProtocol, "client frame is not masked"}
	errControlFragment = &Error{CodeProtocol, "control frame is fragmented"}
	errControlLong     = &Error{CodeProtocol, "control frame is longer than 125 bytes"}
	errNothingToGoOn   = &Error{CodeProtocol, "continuation without a message to continue"}
	errInterleaved     = &Error{CodeProtocol, "new message before the last one was finished"}
	errLongForm        = &Error{CodeProtocol, "length is not in its shortest form"}
	errLengthSign      = &Error{CodeProtocol, "64-bit length has its highest bit set"}
	errCloseLength     = &Error{CodeProtocol, "close frame with a payload of one byte"}
	errCloseCode       = &Error{CodeProtocol, "close frame with a code that must not be sent"}
	errCloseReason     = &Error{CodeInvalidData, "close reason is not UTF-8"}
	errText            = &Error{CodeInvalidData, "text is not UTF-8"}
	errFrameTooBig     = &Error{CodeTooBig, "frame is too big"}
	errMessageTooBig   = &Error{CodeTooBig, "fragmented message is too big"}
)
