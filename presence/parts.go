package presence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bennu-go/bennu/internal/orset"
)

// A message that fits goes in one packet: a byte that says so and the message. A longer one goes in pieces that follow each other: a byte, the message's
// random number, how many bytes of it are still to come after this piece, and the piece. Adapters keep the order, so a piece that is not
// the expected one says that something was lost, and with it the message is; the set asks again for what it misses.
const (
	wholeMessage = 0
	firstPiece   = 1
	nextPiece    = 2

	pieceHeader = 1 + 8 + 4
	minPiece    = 256 // of MaxMessage
)

var errPiece = errors.New("malformed packet")

// split hands a message to send in packets of at most limit bytes.
func split(b []byte, limit int, send func(packet []byte) error) error {
	limit = max(limit, minPiece)
	if len(b)+1 <= limit {
		return send(append([]byte{wholeMessage}, b...))
	}
	number, kind := rand.Uint64(), byte(firstPiece)
	for ; len(b) > 0; kind = nextPiece {
		n := min(len(b), limit-pieceHeader)
		p := make([]byte, 0, pieceHeader+n)
		p = append(p, kind)
		p = binary.LittleEndian.AppendUint64(p, number)
		p = binary.LittleEndian.AppendUint32(p, uint32(len(b)-n))
		if err := send(append(p, b[:n]...)); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// parts are messages that have not come whole, by number.
type parts map[uint64]*part

type part struct {
	bytes []byte
	left  int
	at    time.Duration
}

// maxParts bounds how many messages can be incomplete at a time; one more starts over.
const maxParts = 1_000

// add takes a packet and returns a message if one is complete now.
func (ps parts) add(p []byte, now time.Duration) (whole []byte, err error) {
	switch {
	case len(p) > 0 && p[0] == wholeMessage:
		return p[1:], nil
	case len(p) <= pieceHeader || p[0] != firstPiece && p[0] != nextPiece:
		return nil, fmt.Errorf("%w of %d bytes", errPiece, len(p))
	}
	first, number := p[0] == firstPiece, binary.LittleEndian.Uint64(p[1:])
	left := int(binary.LittleEndian.Uint32(p[9:]))
	p = p[pieceHeader:]
	if left > orset.DefaultMaxBytes {
		return nil, fmt.Errorf("%w: %d bytes are to come", errPiece, left)
	}
	have := ps[number]
	switch {
	case first:
		if len(ps) >= maxParts {
			clear(ps)
		}
		have = &part{}
		ps[number] = have
	case have == nil || left+len(p) != have.left: // a piece is missing
		delete(ps, number)
		return nil, nil
	}
	have.bytes, have.left, have.at = append(have.bytes, p...), left, now
	if left > 0 {
		return nil, nil
	}
	delete(ps, number)
	return have.bytes, nil
}

// forget drops what has not grown for long.
func (ps parts) forget(now, patience time.Duration) {
	for number, p := range ps {
		if now-p.at > patience {
			delete(ps, number)
		}
	}
}
